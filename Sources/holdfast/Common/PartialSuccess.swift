/// What an Export...ServiceResponse in protobuf says about records that were not taken.
struct PartialSuccess: Equatable {
    private(set) var rejected: Int64 = 0
    private(set) var message = ""

    /// Nil when everything was taken, or `body` is something else.
    init?(response body: some Collection<UInt8>) {
        // Response.partial_success = 1; rejected = 1 and error_message = 2 of that.
        var fields = MessageFields(ArraySlice(body))
        guard let partial = fields.next(), partial.number == 1 else { return nil }
        for field in MessageFields(partial.bytes) {
            switch field.number {
            case 1: rejected = Int64(bitPattern: field.integer)
            case 2: message = String(decoding: field.bytes, as: UTF8.self)
            default: return nil
            }
        }
        guard rejected != 0 || !message.isEmpty else { return nil }
    }
}
