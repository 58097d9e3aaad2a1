public import OTLP
import Parquet
import Storage

/// Told what changed, so that answers made before can be forgotten.
public protocol CommitObserver: Sendable {
    /// Batches have become visible to queries, and their senders have not been told yet.
    ///
    /// Runs on the commit thread, which everyone waits for: it must be quick.
    func committed(_ touched: [TouchedTelemetry])

    /// Anything in a space may have changed: telemetry was dropped, replayed or recovered.
    func changed(space: String)
}

/// What a batch touched.
public struct TouchedTelemetry: Sendable {
    /// The space it went to.
    public let space: String
    /// What it held.
    public let signal: Signal
    /// The services that its records are of.
    public private(set) var services: Set<String> = []
    /// The buckets of its spans' traces.
    public private(set) var traces = TraceBuckets()

    /// What the rows of a batch touch.
    init(space: String, signal: Signal, _ rows: DecodedBatch) {
        self.space = space
        self.signal = signal
        for table in rows.tables {
            let origin =
                switch signal {
                case .traces: SpanTable.Position.origin
                case .logs: LogTable.Position.origin
                case .metrics: MetricTables.Position.origin
                }
            addServices(table.columns[origin])
            if signal == .traces { addTraces(table.columns[SpanTable.Position.traceID]) }
        }
    }

    private mutating func addServices(_ column: Column) {
        guard case .text(let text) = column else { return }
        // Records of a service come in runs: most codes are like the one before.
        var last = TextColumn.null
        for code in text.codes where code != last {
            last = code
            if code == TextColumn.null { continue }
            services.insert(String(decoding: text.dictionary[code], as: UTF8.self))
        }
    }

    private mutating func addTraces(_ column: Column) {
        guard case .identifier(let ids) = column else { return }
        for row in 0..<ids.words.count / 2 { traces.insert(low: ids.words[2 * row + 1]) }
    }
}

/// A set of traces that may hold a few more: each stands for its bucket.
public struct TraceBuckets: Sendable, Equatable {
    /// How many buckets there are.
    public static let count = 4_096

    private var words = [UInt64](repeating: 0, count: count / 64)

    /// No trace.
    public init() {}

    /// The bucket of a trace: the low bits of its id, which the trace context specification wants
    /// to be random.
    public static func bucket(of id: TraceID) -> Int { Int(id.low & UInt64(count - 1)) }

    mutating func insert(low: UInt64) {
        words[Int(low >> 6 & 63)] |= 1 << (low & 63)
    }

    /// Adds the traces of `other`.
    public mutating func formUnion(_ other: TraceBuckets) {
        for index in words.indices { words[index] |= other.words[index] }
    }

    /// Calls `body` with each bucket, in order.
    public func forEach(_ body: (Int) -> Void) {
        for (index, word) in words.enumerated() {
            var rest = word
            while rest != 0 {
                body(index * 64 + rest.trailingZeroBitCount)
                rest &= rest - 1
            }
        }
    }
}
