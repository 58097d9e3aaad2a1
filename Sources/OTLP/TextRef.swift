/// A run of bytes inside a decoded request: either in the request body itself (zero copy) or in the
/// decoder's scratch (unescaped JSON strings, structured values rendered as JSON text).
public struct TextRef: Hashable, Sendable {
    /// Bit 63: 1 when the bytes are in the scratch; bits 32 to 62: offset; bits 0 to 31: byte count.
    public let rawValue: UInt64

    /// No bytes.
    public static let empty = TextRef(rawValue: 0)

    /// The reference of these bits.
    @inlinable public init(rawValue: UInt64) { self.rawValue = rawValue }

    /// A reference to `count` bytes at `offset`.
    @inlinable public init(inScratch: Bool, offset: Int, count: Int) {
        rawValue = (inScratch ? 1 << 63 : 0) | UInt64(offset) << 32 | UInt64(count)
    }

    /// Whether the bytes are in the scratch.
    @inlinable public var isInScratch: Bool { rawValue >> 63 == 1 }
    /// Where the bytes start.
    @inlinable public var offset: Int { Int(rawValue >> 32 & 0x7fff_ffff) }
    /// How many bytes there are.
    @inlinable public var count: Int { Int(rawValue & 0xffff_ffff) }
    /// Whether there are none.
    @inlinable public var isEmpty: Bool { rawValue & 0xffff_ffff == 0 }
}

/// What an attribute's value is.
public enum ValueKind: UInt8, Sendable {
    /// An `AnyValue` without a value.
    case empty
    /// Payload: a `TextRef`.
    case string
    /// Payload: 0 or 1.
    case bool
    /// Payload: the bit pattern of an `Int64`.
    case int
    /// Payload: the bit pattern of a `Double`.
    case double
    /// Payload: a `TextRef` of the raw bytes.
    case bytes
    /// Payload: a `TextRef` of JSON text in the scratch (see `ValueJSON`): an array or a key-value
    /// list.
    case json
}

/// Key-value pairs back to back; a record owns a range of them.
public struct AttributeColumns: Sendable {
    /// The keys.
    public var keys: [TextRef] = []
    /// What each value is.
    public var kinds: [ValueKind] = []
    /// What the kind says.
    public var payloads: [UInt64] = []

    /// No pairs.
    public init() {}

    /// Pairs.
    public var count: Int { keys.count }
}

/// The bytes behind every `TextRef` of one request.
public struct RequestText: Sendable {
    /// The request as it came.
    public var body: [UInt8]
    /// What the decoder wrote besides.
    public var scratch: [UInt8] = []

    /// A text without scratch.
    public init(body: [UInt8]) { self.body = body }

    /// The bytes of `ref`.
    @inlinable public subscript(ref: TextRef) -> ArraySlice<UInt8> {
        let range = ref.offset..<(ref.offset + ref.count)
        return ref.isInScratch ? scratch[range] : body[range]
    }
}
