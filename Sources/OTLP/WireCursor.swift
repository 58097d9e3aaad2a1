// The protobuf wire format, read in place. A cursor is a window `position..<end` of the body; the
// bytes themselves are passed to every call, so that a cursor is a plain value. Invariant, set up by
// the initialiser and kept by every method: 0 <= position <= end <= bytes.count. Each unchecked read
// below follows a comparison of `position` against `end`. Lengths from outside are compared with
// `end - position` and never added first.

/// The body of a request.
typealias Bytes = Swift.Span<UInt8>

/// A window of a protobuf message.
struct WireCursor {
    private(set) var position: Int
    let end: Int

    /// All of `bytes`.
    init(_ bytes: Bytes) {
        position = 0
        end = bytes.count
    }

    /// A window that another cursor over the same bytes has vouched for.
    @inline(__always)
    private init(position: Int, end: Int) {
        self.position = position
        self.end = end
    }

    /// A window cut earlier by `message`, to be read again.
    init(_ bytes: Bytes, window: Range<Int>) {
        precondition(window.lowerBound >= 0 && window.upperBound <= bytes.count)
        self.init(position: window.lowerBound, end: window.upperBound)
    }

    @inline(__always) var isAtEnd: Bool { position == end }

    @inline(__always) var window: Range<Int> { position..<end }

    // MARK: - Scalars

    @inline(__always)
    mutating func varint(_ bytes: Bytes) throws(OTLPError) -> UInt64 {
        if position < end {
            let byte = unsafe bytes[unchecked: position]
            if byte < 0x80 {
                position &+= 1
                return UInt64(byte)
            }
        }
        return try longVarint(bytes)
    }

    /// The next tag; its field number is not 0.
    @inline(__always)
    mutating func tag(_ bytes: Bytes) throws(OTLPError) -> UInt32 {
        if position < end {
            let byte = unsafe bytes[unchecked: position]
            if byte < 0x80, byte >= 0x08 {
                position &+= 1
                return UInt32(byte)
            }
        }
        return try longTag(bytes)
    }

    @inline(__always)
    mutating func fixed64(_ bytes: Bytes) throws(OTLPError) -> UInt64 {
        guard end &- position >= 8 else { throw .malformed("truncated fixed64", at: position) }
        let value = unsafe bytes.bytes.unsafeLoadUnaligned(
            fromUncheckedByteOffset: position,
            as: UInt64.self
        )
        position &+= 8
        return UInt64(littleEndian: value)
    }

    @inline(__always)
    mutating func fixed32(_ bytes: Bytes) throws(OTLPError) -> UInt32 {
        guard end &- position >= 4 else { throw .malformed("truncated fixed32", at: position) }
        let value = unsafe bytes.bytes.unsafeLoadUnaligned(
            fromUncheckedByteOffset: position,
            as: UInt32.self
        )
        position &+= 4
        return UInt32(littleEndian: value)
    }

    /// uint32, int32 and enumerations: the low 32 bits of a varint.
    @inline(__always)
    mutating func varint32(_ bytes: Bytes) throws(OTLPError) -> UInt32 {
        UInt32(truncatingIfNeeded: try varint(bytes))
    }

    /// sint32.
    mutating func zigzag32(_ bytes: Bytes) throws(OTLPError) -> Int32 {
        let raw = try varint32(bytes)
        return Int32(bitPattern: raw >> 1) ^ -Int32(bitPattern: raw & 1)
    }

    // MARK: - Lengths

    /// Cuts the next length-delimited field out of this window.
    @inline(__always)
    mutating func message(_ bytes: Bytes) throws(OTLPError) -> WireCursor {
        let length = try varint(bytes)
        guard length <= UInt64(truncatingIfNeeded: end &- position) else {
            throw .malformed("length goes past the end of its message", at: position)
        }
        let start = position
        position = start &+ Int(truncatingIfNeeded: length)
        return WireCursor(position: start, end: position)
    }

    /// A string or bytes field, where it lies.
    @inline(__always)
    mutating func text(_ bytes: Bytes) throws(OTLPError) -> TextRef {
        let field = try message(bytes)
        return field.reference
    }

    /// This window as a reference into the body.
    @inline(__always)
    var reference: TextRef {
        TextRef(
            rawValue: UInt64(truncatingIfNeeded: position) << 32
                | UInt64(truncatingIfNeeded: end &- position)
        )
    }

    /// A trace id.
    @inline(__always)
    mutating func traceID(_ bytes: Bytes) throws(OTLPError) -> RecordID {
        var field = try message(bytes)
        guard field.end &- field.position == 16 else {
            return RecordID(state: field.isAtEnd ? .absent : .wrongLength)
        }
        let high = try field.fixed64(bytes).byteSwapped
        let low = try field.fixed64(bytes).byteSwapped
        return RecordID(high: high, low: low, state: .present)
    }

    /// A span id, in the low word.
    @inline(__always)
    mutating func spanID(_ bytes: Bytes) throws(OTLPError) -> RecordID {
        var field = try message(bytes)
        guard field.end &- field.position == 8 else {
            return RecordID(state: field.isAtEnd ? .absent : .wrongLength)
        }
        return RecordID(low: try field.fixed64(bytes).byteSwapped, state: .present)
    }

    // MARK: - The slow paths

    @inline(never)
    private mutating func longVarint(_ bytes: Bytes) throws(OTLPError) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while position < end {
            let byte = unsafe bytes[unchecked: position]
            position &+= 1
            value |= UInt64(byte & 0x7f) << shift
            if byte < 0x80 {
                guard shift < 63 || byte <= 1 else { break }
                return value
            }
            shift += 7
            guard shift <= 63 else { break }
        }
        throw .malformed("truncated or over-long varint", at: position)
    }

    @inline(never)
    private mutating func longTag(_ bytes: Bytes) throws(OTLPError) -> UInt32 {
        let start = position
        let raw = try longVarint(bytes)
        guard raw >= 8, let tag = UInt32(exactly: raw) else {
            throw .malformed("impossible field number", at: start)
        }
        return tag
    }

    /// Steps over an unknown field.
    ///
    /// The same field with another wire type, if `Field` has one, is a contradiction and not an
    /// extension.
    @inline(never)
    mutating func skip<Field: WireField>(
        _ tag: UInt32,
        unknownTo _: Field.Type,
        _ bytes: Bytes
    ) throws(OTLPError) {
        let number = tag & ~7
        for type in [WireType.varint, WireType.fixed64, WireType.bytes, WireType.fixed32]
        where Field(rawValue: number | type) != nil {
            throw .malformed("wrong wire type for a known field", at: position)
        }
        try step(over: tag, bytes)
    }

    /// Steps over the field that follows its tag.
    mutating func step(over tag: UInt32, _ bytes: Bytes) throws(OTLPError) {
        switch tag & 7 {
        case WireType.varint: _ = try varint(bytes)
        case WireType.fixed64: _ = try fixed64(bytes)
        case WireType.bytes: _ = try message(bytes)
        case WireType.fixed32: _ = try fixed32(bytes)
        default: throw .malformed("groups and unknown wire types are not accepted", at: position)
        }
    }
}
