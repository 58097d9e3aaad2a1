/// The fields of a protobuf message one by one, as far as it is well-formed.
struct MessageFields: Sequence, IteratorProtocol {
    /// A field, whatever its type.
    struct Field {
        let number: UInt64
        /// Of a varint.
        var integer: UInt64 = 0
        /// Of text, bytes or a message.
        var bytes: ArraySlice<UInt8> = []
    }

    private var rest: ArraySlice<UInt8>

    init(_ message: ArraySlice<UInt8>) { rest = message }

    mutating func next() -> Field? {
        guard let key = varint() else { return nil }
        switch key & 7 {
        case 0: return varint().map { Field(number: key >> 3, integer: $0) }
        case 1: return skip(8, key)
        case 2:
            guard let count = varint(), count <= UInt64(rest.count) else { return nil }
            defer { rest = rest.dropFirst(Int(count)) }
            return Field(number: key >> 3, bytes: rest.prefix(Int(count)))
        case 5: return skip(4, key)
        default: return nil
        }
    }

    private mutating func skip(_ count: Int, _ key: UInt64) -> Field? {
        guard rest.count >= count else { return nil }
        rest = rest.dropFirst(count)
        return Field(number: key >> 3)
    }

    private mutating func varint() -> UInt64? {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while shift < 64, let byte = rest.popFirst() {
            value |= UInt64(byte & 0x7f) << shift
            if byte < 0x80 { return value }
            shift += 7
        }
        return nil
    }
}
