import OTLP
import Telemetry

/// The body of the answer to an export request that was stored.
enum ExportAnswer {
    /// Answers stay far below the 4 MiB that clients accept.
    private static let messageBytesMax = 8 << 10

    /// The Export...ServiceResponse; it is empty in protobuf unless something was refused.
    static func body(
        _ receipt: IngestReceipt,
        _ signal: Signal,
        _ encoding: WireEncoding
    ) -> [UInt8] {
        guard receipt.rejectedRecords != 0 || !receipt.message.isEmpty else {
            return encoding == .protobuf ? [] : Array("{}".utf8)
        }
        let response = ExportResponse(
            rejected: receipt.rejectedRecords,
            message: APIError.shortened(receipt.message, to: messageBytesMax),
            signal: signal
        )
        return switch encoding {
        case .protobuf: response.protobuf()
        case .json: response.json()
        }
    }
}

extension IngestReceipt {
    /// How the answer is counted.
    var outcome: DoorOutcome { rejectedRecords == 0 ? .stored : .partial }
}
