import GRPCCore
import HTTPTypes
import OTLP
import Telemetry

// One refusal, told in three ways: as an HTTP response whose body is a google.rpc.Status, as the
// status of an RPC, and as an outcome to count.

extension APIError {
    /// What the pipeline refuses.
    init(_ failure: IngestFailure, limit: Int) {
        let (status, code, waits): (HTTPResponse.Status, String, Bool) =
            switch failure.code {
            case .malformed: (.badRequest, "malformed", false)
            case .unknownSpace: (.notFound, "unknown_space", false)
            case .tooLarge: (.contentTooLarge, "too_large", false)
            case .overloaded: (.tooManyRequests, "overloaded", true)
            case .diskFull: (.serviceUnavailable, "disk_full", true)
            case .unavailable: (.serviceUnavailable, "unavailable", true)
            }
        self.init(
            status,
            code: code,
            failure.message,
            remedy: failure.remedy,
            retryAfter: waits ? max(1, failure.retryAfter ?? 1) : nil
        )
    }

    /// A body that cannot be inflated.
    init(_ error: GzipError, limit: Int) {
        switch error {
        case .tooLarge: self = .tooLarge(limit: limit)
        case .outOfMemory: self = .overloaded
        case .corrupt, .truncated, .trailingGarbage:
            self = .badRequest(error.message, remedy: "Send a whole gzip body, or none.")
        }
    }

    static let unsupportedMediaType = APIError(
        .unsupportedMediaType,
        code: "unsupported_media_type",
        "the Content-Type of the request is not one of OTLP",
        remedy: "Send application/x-protobuf or application/json."
    )

    static let unsupportedEncoding = APIError(
        .unsupportedMediaType,
        code: "unsupported_encoding",
        "the Content-Encoding of the request is not served",
        remedy: "Send gzip, or the plain body without Content-Encoding."
    )

    /// How the refusal is counted.
    var outcome: DoorOutcome {
        switch code {
        case "unknown_space": .unknownSpace
        case "too_large": .tooLarge
        case "unsupported_media_type", "unsupported_encoding", "method_not_allowed": .unsupported
        case "unauthenticated", "forbidden_origin": .unauthenticated
        case "overloaded": .overloaded
        case "disk_full": .diskFull
        case "unavailable": .unavailable
        case "internal": .failed
        default: .malformed
        }
    }
}

// MARK: - google.rpc.Status

extension APIError {
    /// More would not fit into the headers that gRPC clients accept.
    private static let statusMessageBytesMax = 1024

    /// The code of gRPC that says the same.
    private var rpcCode: RPCError.Code {
        switch status {
        case .badRequest, .unsupportedMediaType: .invalidArgument
        case .unauthorized: .unauthenticated
        case .forbidden: .permissionDenied
        case .notFound: .notFound
        case .methodNotAllowed: .unimplemented
        case .contentTooLarge: .resourceExhausted
        case .tooManyRequests, .serviceUnavailable: .unavailable
        default: .internalError
        }
    }

    /// The number of that code.
    var rpcCodeNumber: Int { rpcCode.rawValue }

    /// The body of the response in OTLP.
    var rpcStatus: RPCStatus {
        let text = Self.shortened("\(message). \(remedy)", to: Self.statusMessageBytesMax)
        var details: [RPCStatus.Detail] = []
        if let retryAfter {
            details = [.retryInfo(delayMilliseconds: Int64(clamping: retryAfter) * 1000)]
        } else if rpcCode == .invalidArgument {
            let description = Self.shortened(message, to: Self.statusMessageBytesMax)
            details = [.badRequest([.init(description: description)])]
        }
        return RPCStatus(code: Int32(rpcCode.rawValue), message: text, details: details)
    }

    /// The response over HTTP, in the encoding of the request.
    func statusAnswer(_ encoding: WireEncoding) -> WholeAnswer {
        let body =
            switch encoding {
            case .protobuf: rpcStatus.protobuf()
            case .json: rpcStatus.json()
            }
        var fields = responseHeaders
        fields[.contentType] = encoding.contentType
        return WholeAnswer(status, fields, body: body)
    }

    /// The response to a request over HTTP whose path no export has.
    func statusAnswer(to request: HTTPRequest) -> WholeAnswer {
        statusAnswer(WireEncoding(contentType: request.headerFields[.contentType]) ?? .protobuf)
    }

    /// The end of an RPC.
    var rpcError: RPCError {
        let status = rpcStatus
        return RPCError(
            code: rpcCode,
            message: status.message,
            metadata: ["grpc-status-details-bin": .binary(status.protobuf())]
        )
    }

    /// Text cut between characters so that it has at most `limit` bytes.
    static func shortened(_ text: String, to limit: Int) -> String {
        guard text.utf8.count > limit else { return text }
        var end = text.utf8.index(text.startIndex, offsetBy: limit)
        while end > text.startIndex, end.samePosition(in: text) == nil {
            end = text.utf8.index(before: end)
        }
        return String(text[..<end])
    }
}
