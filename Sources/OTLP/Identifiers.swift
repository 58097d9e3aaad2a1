/// The 16-byte id of a trace.
///
/// All zero means "none".
public struct TraceID: Sendable, Hashable, CustomStringConvertible {
    /// The first eight bytes, big-endian.
    public var high: UInt64
    /// The last eight bytes, big-endian.
    public var low: UInt64

    /// No trace.
    public static let none = TraceID(high: 0, low: 0)

    /// The id of these two big-endian words.
    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// Whether this is the id of no trace.
    public var isNone: Bool { high | low == 0 }

    /// The 32 lower-case hexadecimal digits.
    public var description: String {
        var digits: [UInt8] = []
        JSONText.appendHex(high, to: &digits)
        JSONText.appendHex(low, to: &digits)
        return String(decoding: digits, as: UTF8.self)
    }
}

/// The 8-byte id of a span.
///
/// All zero means "none".
public struct SpanID: Sendable, Hashable, CustomStringConvertible {
    /// The eight bytes, big-endian.
    public var rawValue: UInt64

    /// No span.
    public static let none = SpanID(0)

    /// The id of this big-endian word.
    public init(_ rawValue: UInt64) { self.rawValue = rawValue }

    /// Whether this is the id of no span.
    public var isNone: Bool { rawValue == 0 }

    /// The 16 lower-case hexadecimal digits.
    public var description: String {
        var digits: [UInt8] = []
        JSONText.appendHex(rawValue, to: &digits)
        return String(decoding: digits, as: UTF8.self)
    }
}
