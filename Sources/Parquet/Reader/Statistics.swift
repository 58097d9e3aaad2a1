/// A bound, in the order of its leaf's type.
public enum StatisticValue: Sendable, Hashable {
    /// Of booleans, integers and timestamps.
    case int(Int64)
    /// Of floating-point numbers.
    case double(Double)
    /// Of text, JSON, bytes and (as hexadecimal text) identifiers; not exact when it was cut.
    case bytes([UInt8], isExact: Bool = true)

    /// The stored bound of a leaf of type `type`, or nil when it is malformed.
    init?(stored bytes: [UInt8], _ type: LeafType, isExact: Bool) {
        func word<Word: FixedWidthInteger>(_: Word.Type) -> Word? {
            guard bytes.count == MemoryLayout<Word>.size else { return nil }
            return bytes.reversed().reduce(0) { $0 << 8 | Word(truncatingIfNeeded: $1) }
        }
        switch type {
        case .bool:
            guard bytes.count == 1, bytes[0] <= 1 else { return nil }
            self = .int(Int64(bytes[0]))
        case .int32:
            guard let value = word(UInt32.self) else { return nil }
            self = .int(Int64(Int32(bitPattern: value)))
        case .uint32:
            guard let value = word(UInt32.self) else { return nil }
            self = .int(Int64(value))
        case .int64, .timestampMicros:
            guard let value = word(UInt64.self) else { return nil }
            self = .int(Int64(bitPattern: value))
        case .float:
            guard let value = word(UInt32.self) else { return nil }
            self = .double(Double(Float(bitPattern: value)))
        case .double:
            guard let value = word(UInt64.self) else { return nil }
            self = .double(Double(bitPattern: value))
        case .string, .json, .bytes, .hex:
            self = .bytes(bytes, isExact: isExact)
        }
        if case .double(let value) = self, value.isNaN { return nil }
    }

    /// Whether the value certainly comes before `other`; false when they cannot be compared.
    func isBelow(_ other: StatisticValue) -> Bool {
        switch (self, other) {
        case (.int(let left), .int(let right)): left < right
        case (.double(let left), .double(let right)): left < right
        case (.bytes(let left, _), .bytes(let right, _)): left.lexicographicallyPrecedes(right)
        default: false
        }
    }
}

/// What is known about the values of one leaf in one row group.
public struct Statistics: Sendable, Equatable {
    /// No value is below it; nil when unknown or when there are no values.
    public let min: StatisticValue?
    /// No value is above it; nil when unknown or when there are no values.
    public let max: StatisticValue?
    /// Nulls, and for lists the empty lists too; nil when unknown.
    public let nullCount: Int?
}
