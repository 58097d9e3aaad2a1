import OTLP
import Storage

/// Turns requests into rows: at the door, and again when the journal is replayed.
///
/// The journal keeps the request as it came, so the rows of a batch are a function of its record.
enum BatchCodec {
    /// A decoded request.
    struct Decoded {
        var rows: DecodedBatch
        var records: Int
        var rejections: Rejections
    }

    /// The journal's kind of a request.
    ///
    /// The numbers are on disk.
    static func kind(_ signal: Signal, _ encoding: WireEncoding) -> UInt8 {
        let base: UInt8 =
            switch signal {
            case .traces: 1
            case .logs: 3
            case .metrics: 5
            }
        return base + (encoding == .json ? 1 : 0)
    }

    /// What a kind stands for, or nil when this program does not know it.
    static func signal(kind: UInt8) -> (Signal, WireEncoding)? {
        switch kind {
        case 1: (.traces, .protobuf)
        case 2: (.traces, .json)
        case 3: (.logs, .protobuf)
        case 4: (.logs, .json)
        case 5: (.metrics, .protobuf)
        case 6: (.metrics, .json)
        default: nil
        }
    }

    static func decode(
        _ signal: Signal,
        _ encoding: WireEncoding,
        _ body: [UInt8],
        receivedAt: UInt64
    ) throws(OTLPError) -> Decoded {
        switch signal {
        case .traces:
            let spans =
                switch encoding {
                case .protobuf: try OTLPDecoder.spans(protobuf: body)
                case .json: try OTLPDecoder.spans(json: body)
                }
            return Decoded(
                rows: DecodedBatch(tables: spans.count == 0 ? [] : [SpanTable.rows(spans)]),
                records: spans.count,
                rejections: spans.rejections
            )
        case .logs:
            let logs =
                switch encoding {
                case .protobuf: try OTLPDecoder.logs(protobuf: body)
                case .json: try OTLPDecoder.logs(json: body)
                }
            return Decoded(
                rows: DecodedBatch(
                    tables: logs.count == 0 ? [] : [LogTable.rows(logs, receivedAt: receivedAt)]
                ),
                records: logs.count,
                rejections: logs.rejections
            )
        case .metrics:
            let metrics =
                switch encoding {
                case .protobuf: try OTLPDecoder.metrics(protobuf: body)
                case .json: try OTLPDecoder.metrics(json: body)
                }
            return Decoded(
                rows: DecodedBatch(tables: MetricTables.rows(metrics, receivedAt: receivedAt)),
                records: metrics.count,
                rejections: metrics.rejections
            )
        }
    }

    /// What the engine asks of journaled requests.
    static let decoder = BatchDecoder(
        decode: replay,
        decodeAll: replayAll,
        split: RequestSplitter.split
    )

    /// The rows of journaled requests, decoded on all processors.
    private static func replayAll(
        _ records: [JournalRecord]
    ) throws(StorageError) -> [BatchDecoder.Outcome] {
        try Parallel.map(records.count) { index throws(StorageError) in
            try replay(records[index])
        }
    }

    /// The rows of a journaled request.
    static func replay(_ record: JournalRecord) throws(StorageError) -> BatchDecoder.Outcome {
        guard let (signal, encoding) = signal(kind: record.kind) else {
            throw StorageError(
                .restore,
                "the journal holds a batch of kind \(record.kind), which this program does not know",
                remedy: "run the newer version of holdfast that wrote it"
            )
        }
        do throws(OTLPError) {
            return .rows(
                try decode(signal, encoding, record.payload, receivedAt: record.receivedAt).rows
            )
        } catch {
            return .poisoned("the request cannot be decoded any more: \(error)")
        }
    }
}
