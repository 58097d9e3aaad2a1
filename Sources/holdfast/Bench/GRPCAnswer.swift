import Foundation
import NIOCore
import NIOHPACK
import NIOHTTP2

/// What a gRPC server answers to a call, as its frames arrive.
struct GRPCAnswer {
    private var httpStatus = ""
    private var status: Int?
    private var message = ""
    private var retryDelay: RetryDelay?
    /// The first bytes of the answer's message: whether it is compressed, and how long it is.
    private var prefix: [UInt8] = []

    private static let prefixCount = 5

    private static let names = [
        "OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND",
        "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
        "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS",
        "UNAUTHENTICATED",
    ]

    /// Takes the headers or the trailers.
    mutating func take(_ fields: HPACKHeaders) {
        if let text = fields.first(name: ":status") { httpStatus = text }
        if let text = fields.first(name: "grpc-status") { status = Int(text) }
        if let text = fields.first(name: "grpc-message") {
            message = text.removingPercentEncoding ?? text
        }
        if let text = fields.first(name: "grpc-status-details-bin") {
            retryDelay = RetryDelay(status: Self.decoded(base64: text))
        }
    }

    /// Takes bytes of the message.
    mutating func take(_ bytes: ByteBuffer) {
        prefix += bytes.readableBytesView.prefix(Self.prefixCount - prefix.count)
    }

    /// What the whole answer means for the request.
    var verdict: IngestAnswer {
        guard let status else {
            // Something that is no gRPC server, such as a proxy, answers in HTTP alone.
            let waits = ["429", "502", "503", "504"].contains(httpStatus)
            return waits
                ? .refused(retryAfter: nil)
                : .rejected(status: "HTTP \(httpStatus)", message: "the answer has no grpc-status")
        }
        switch status {
        case 0: return .acknowledged(hasBody: prefix.dropFirst().contains { $0 != 0 })
        // What OTLP has a client send again; not CANCELLED, which some servers say to what is too large.
        case 4, 10, 11, 14, 15: return .refused(retryAfter: retryDelay?.seconds)
        case 8 where retryDelay != nil: return .refused(retryAfter: retryDelay?.seconds)
        default:
            let name = Self.names.indices.contains(status) ? Self.names[status] : "\(status)"
            return .rejected(status: name, message: message)
        }
    }

    /// What it means when a server resets the stream of a call instead of answering.
    static func verdict(ofReset code: HTTP2ErrorCode) -> IngestAnswer {
        code == .refusedStream || code == .enhanceYourCalm
            ? .refused(retryAfter: nil)
            : .rejected(status: "RST_STREAM", message: "the server reset the stream: \(code)")
    }

    /// Bytes of a header, which come with or without padding.
    private static func decoded(base64 text: String) -> [UInt8] {
        let padding = String(repeating: "=", count: (4 - text.utf8.count % 4) % 4)
        guard let bytes = Data(base64Encoded: text + padding) else { return [] }
        return [UInt8](bytes)
    }
}

/// When a server wants a refused call again: the RetryInfo in a google.rpc.Status.
struct RetryDelay: Equatable {
    /// 0 where the server leaves it open.
    let seconds: Double

    /// Nil when the status has no RetryInfo.
    init?(status: [UInt8]) {
        // Status.details = 3, Any.type_url = 1, Any.value = 2, RetryInfo.retry_delay = 1.
        let details = MessageFields(status[...]).filter { $0.number == 3 }
        let retryInfo = details.map { Array(MessageFields($0.bytes)) }.first { fields in
            fields.contains { $0.number == 1 && Self.isRetryInfo($0.bytes) }
        }
        guard let retryInfo else { return nil }
        seconds = retryInfo.filter { $0.number == 2 }
            .flatMap { Array(MessageFields($0.bytes)) }.filter { $0.number == 1 }
            .reduce(0) { $0 + Self.length($1.bytes) }
    }

    private static func isRetryInfo(_ url: ArraySlice<UInt8>) -> Bool {
        String(decoding: url, as: UTF8.self).hasSuffix("/google.rpc.RetryInfo")
    }

    /// A google.protobuf.Duration in seconds: Duration.seconds = 1, Duration.nanos = 2.
    private static func length(_ duration: ArraySlice<UInt8>) -> Double {
        MessageFields(duration).reduce(0) { sum, field in
            let number = Double(Int64(bitPattern: field.integer))
            return sum + (field.number == 1 ? number : number / 1e9)
        }
    }
}
