/// What an Export...ServiceResponse in protobuf says about records that were not taken.
struct PartialSuccess: Equatable {
    private(set) var rejected: Int64 = 0
    private(set) var message = ""

    /// Nil when everything was taken, or `body` is something else.
    init?(response body: some Collection<UInt8>) {
        var outer = ArraySlice(body)
        guard Self.varint(&outer) == 0x0a, let length = Self.varint(&outer),
            length <= UInt64(outer.count)
        else {
            return nil
        }
        var inner = outer.prefix(Int(length))
        while !inner.isEmpty {
            switch Self.varint(&inner) {
            case 0x08:
                guard let count = Self.varint(&inner) else { return nil }
                rejected = Int64(bitPattern: count)
            case 0x12:
                guard let length = Self.varint(&inner), length <= UInt64(inner.count) else {
                    return nil
                }
                message = String(decoding: inner.prefix(Int(length)), as: UTF8.self)
                inner = inner.dropFirst(Int(length))
            default: return nil
            }
        }
        guard rejected != 0 || !message.isEmpty else { return nil }
    }

    private static func varint(_ bytes: inout ArraySlice<UInt8>) -> UInt64? {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while shift < 64, let byte = bytes.popFirst() {
            value |= UInt64(byte & 0x7f) << shift
            if byte < 0x80 { return value }
            shift += 7
        }
        return nil
    }
}
