/// A value of any type OTLP knows.
public enum AnyValue: Sendable, Hashable {
    /// A value that is present but holds nothing.
    case empty
    /// Text.
    case string(String)
    /// A truth value.
    case bool(Bool)
    /// A 64-bit integer.
    case int(Int64)
    /// A 64-bit floating-point number.
    case double(Double)
    /// Raw bytes.
    case bytes([UInt8])
    /// A list of values.
    case array([AnyValue])
    /// Key-value pairs in order; keys should be, but need not be, distinct.
    case kvlist([KeyValue])
}

/// A key and its value.
public struct KeyValue: Sendable, Hashable {
    /// The key, not empty in well-formed telemetry.
    public var key: String
    /// The value.
    public var value: AnyValue

    /// A pair.
    public init(_ key: String, _ value: AnyValue) {
        self.key = key
        self.value = value
    }
}

extension AnyValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByFloatLiteral, ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral
{
    /// A string.
    public init(stringLiteral value: String) { self = .string(value) }
    /// An integer.
    public init(integerLiteral value: Int64) { self = .int(value) }
    /// A double.
    public init(floatLiteral value: Double) { self = .double(value) }
    /// A truth value.
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    /// A list.
    public init(arrayLiteral elements: AnyValue...) { self = .array(elements) }
}
