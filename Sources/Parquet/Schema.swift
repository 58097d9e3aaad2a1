/// What one leaf value is, in memory and on disk.
public enum LeafType: Hashable, Sendable {
    /// BOOLEAN. In memory 0 or 1.
    case bool
    /// INT32, signed.
    case int32
    /// INT32 with INTEGER(32, unsigned). In memory a number that is not negative.
    case uint32
    /// INT64, signed.
    case int64
    /// INT64 with TIMESTAMP(MICROS, UTC).
    case timestampMicros
    /// FLOAT. In memory the bit pattern of a `Double` of the same value.
    case float
    /// DOUBLE. In memory its bit pattern.
    case double
    /// BYTE_ARRAY with STRING: UTF-8 text.
    case string
    /// BYTE_ARRAY with JSON: UTF-8 text.
    case json
    /// BYTE_ARRAY without a logical type.
    case bytes
    /// A binary identifier of 8 or 16 bytes, written as lower-case hexadecimal text (STRING) so
    /// that every engine can join on it, and kept as big-endian words in memory.
    case hex(byteCount: Int)
}

/// How the values of a leaf are laid out in pages.
public enum ValueEncoding: Hashable, Sendable {
    /// Chosen from the values: a dictionary for repeated text, deltas for integers.
    case automatic
    case plain
    case dictionary
    case deltaBinaryPacked
    case deltaLengthByteArray
    case deltaByteArray
    case byteStreamSplit
}

/// One column of a table: a leaf, or a list or map of leaves.
public struct Field: Hashable, Sendable {
    /// The nesting of a field.
    public indirect enum Shape: Hashable, Sendable {
        /// One value a row, absent in some rows when `optional`.
        case leaf(LeafType, optional: Bool)
        /// LIST of required values; never null, possibly empty.
        case list(LeafType)
        /// LIST of structs whose members are leaves; never null, possibly empty.
        case structs([Field])
        /// MAP from text to required values; never null, possibly empty.
        case map(LeafType)
    }

    /// Unique in its schema.
    public let name: String
    /// What a row has of it.
    public let shape: Shape
    /// How its leaves are laid out in pages.
    public var encoding: ValueEncoding
    /// Whether row groups carry a split-block bloom filter of this leaf's values.
    public var hasBloomFilter: Bool
    /// Whether row groups carry a column index and an offset index, so that pages can be pruned.
    public var hasPageIndex: Bool

    /// A field, by default with a page index and an encoding chosen from the values.
    public init(
        _ name: String,
        _ shape: Shape,
        encoding: ValueEncoding = .automatic,
        bloomFilter: Bool = false,
        pageIndex: Bool = true
    ) {
        self.name = name
        self.shape = shape
        self.encoding = encoding
        self.hasBloomFilter = bloomFilter
        self.hasPageIndex = pageIndex
    }
}

/// The fields of a table, in file order.
public struct Schema: Hashable, Sendable {
    /// The fields in file order.
    public let fields: [Field]
    private let positions: [String: Int]

    /// A table of these fields.
    public init(_ fields: [Field]) {
        self.fields = fields
        self.positions = Dictionary(
            fields.enumerated().map { ($1.name, $0) },
            uniquingKeysWith: { first, _ in first }
        )
    }

    /// The position of the field called `name`, or nil.
    public func index(of name: String) -> Int? { positions[name] }
}
