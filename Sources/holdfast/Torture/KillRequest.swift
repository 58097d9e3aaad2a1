import Foundation
import OTLP

/// What a kill campaign puts on the wire: every record carries the number of its batch and its place in it, where
/// `KillReadback` finds them again.
///
/// Spans and log records: the low word of the trace id holds the batch, the span id the place. Points: the attribute
/// `batch`, and the place as the value.
struct KillRequest {
    /// Traces of one batch at most; a trace never belongs to two batches.
    static let tracesPerBatch = 4
    /// Bytes of the one value of a poisoned batch; above `KillLimits.poisonedValueBytes`.
    static let poisonBytes = 6_000
    static let numbers = "torture.numbers"
    static let histograms = "torture.histograms"
    /// Poisoned batches of all rounds are sent under one name.
    static let poisonService = "poison"

    /// Batches of several spaces share the journal.
    static let secondSpace = "other"

    static func space(ofBatch number: Int) -> String {
        number % 3 == 0 ? secondSpace : "default"
    }

    static func service(round: Int) -> String { "round-\(round)" }

    static func batch(of trace: TraceID) -> Int { Int(trace.low) / tracesPerBatch }

    /// Which of the traces of a batch a record belongs to.
    static func trace(ofRecord index: Int, batch: Int) -> Int {
        index % (1 + batch % tracesPerBatch)
    }

    let batch: KillLedger.Batch
    /// The high word of trace ids, the same for one store.
    let store: UInt64
    /// When the records happened, Unix nanoseconds.
    let time: UInt64

    /// The request in protobuf.
    func body(_ random: inout SeededGenerator) -> [UInt8] {
        let padding = String(repeating: "p", count: random.pick([0, 10, 100, 1_000]))
        switch batch.signal {
        case .traces: return OTLPEncoder.protobuf(traces: [spans(padding, &random)])
        case .logs: return OTLPEncoder.protobuf(logs: [logs(padding, &random)])
        case .metrics: return OTLPEncoder.protobuf(metrics: [metrics()])
        }
    }

    private var resource: Resource {
        let name = batch.isPoisoned ? Self.poisonService : Self.service(round: batch.round)
        return Resource(attributes: [KeyValue("service.name", .string(name))])
    }

    private func trace(_ index: Int) -> TraceID {
        TraceID(
            high: store,
            low: UInt64(
                batch.number * Self.tracesPerBatch
                    + Self.trace(ofRecord: index, batch: batch.number)
            )
        )
    }

    private func spans(_ padding: String, _ random: inout SeededGenerator) -> ResourceSpans {
        let spans = (0..<batch.records).map { index in
            let start = time + UInt64(index)
            let event = SpanEvent(time: start, name: "step \(index % 5)")
            return Span(
                traceID: trace(index),
                spanID: SpanID(UInt64(index) + 1),
                name: "operation \(index % 7)",
                kind: 2,
                startTime: start,
                endTime: start + 1_000,
                attributes: [
                    KeyValue("padding", .string(padding + random.hex(8))),
                    KeyValue("index", .int(Int64(index))),
                ],
                events: index % 3 == 0 ? [event] : []
            )
        }
        return ResourceSpans(
            resource: resource,
            scopes: [ScopeSpans(scope: Scope(name: "torture"), spans: spans)]
        )
    }

    private func logs(_ padding: String, _ random: inout SeededGenerator) -> ResourceLogs {
        let records = (0..<batch.records).map { index in
            LogRecord(
                time: time + UInt64(index),
                severityNumber: 9,
                body: .string(
                    batch.isPoisoned
                        ? String(repeating: "x", count: Self.poisonBytes)
                        : "record \(index) \(padding)\(random.hex(8))"
                ),
                traceID: trace(0),
                spanID: SpanID(UInt64(index) + 1)
            )
        }
        return ResourceLogs(
            resource: resource,
            scopes: [ScopeLogs(scope: Scope(name: "torture"), records: records)]
        )
    }

    /// Numbers at even places, histograms at odd ones: rows of two tables in one batch.
    private func metrics() -> ResourceMetrics {
        let name = [KeyValue("batch", .string("\(batch.number)"))]
        let even = stride(from: 0, to: batch.records, by: 2).map { index in
            NumberPoint(attributes: name, time: time + UInt64(index), value: .int(Int64(index)))
        }
        let odd = stride(from: 1, to: batch.records, by: 2).map { index in
            HistogramPoint(attributes: name, time: time + UInt64(index), count: UInt64(index))
        }
        var metrics = [Metric(name: Self.numbers, unit: "1", data: .gauge(even))]
        if !odd.isEmpty {
            let delta = Temporality.delta.rawValue
            metrics.append(
                Metric(name: Self.histograms, unit: "1", data: .histogram(odd, temporality: delta))
            )
        }
        return ResourceMetrics(
            resource: resource,
            scopes: [ScopeMetrics(scope: Scope(name: "torture"), metrics: metrics)]
        )
    }
}
