import Dispatch
import OTLP
import Storage
import Testing

@testable import Telemetry

/// Which callers are found, however long before the time asked for they began.
struct DependencyTests {
    private static let minute: UInt64 = 60_000_000_000
    private static let noon: UInt64 = 1_764_072_000_000_000_000

    /// A request of one span; its times are minutes after noon.
    private static func request(
        _ service: String,
        trace: UInt64,
        span: UInt64,
        parent: UInt64 = 0,
        _ times: ClosedRange<Int64>
    ) -> IngestRequest {
        let time = { (minutes: Int64) in
            noon &+ UInt64(bitPattern: minutes &* Int64(bitPattern: minute))
        }
        let made = OTLP.Span(
            traceID: TraceID(high: 7, low: trace),
            spanID: SpanID(span),
            parentSpanID: SpanID(parent),
            name: "op",
            startTime: time(times.lowerBound),
            endTime: time(times.upperBound)
        )
        let body = OTLPEncoder.protobuf(traces: [
            ResourceSpans(
                resource: Resource(attributes: [KeyValue("service.name", .string(service))]),
                scopes: [ScopeSpans(spans: [made])]
            )
        ])
        return IngestRequest(space: "default", signal: .traces, encoding: .protobuf, body: body)
    }

    @Test(arguments: [false, true])
    func aCallerThatStillRunsIsFoundWheneverItBegan(flushed: Bool) async throws {
        var limits = Limits()
        if flushed { limits.memtableFlushBytes = 1 }
        try await withNode(limits) { node, _ in
            for request in [
                // Began two days before, and goes on.
                Self.request("batch", trace: 1, span: 1, -2_880...60),
                Self.request("worker", trace: 1, span: 2, parent: 1, 1...2),
                // Ended before, and began less than an hour before.
                Self.request("sender", trace: 2, span: 1, -59 ... -58),
                Self.request("receiver", trace: 2, span: 2, parent: 1, 1...2),
                // Of another time, and of nobody that is known.
                Self.request("worker", trace: 1, span: 3, parent: 1, -600 ... -599),
                Self.request("worker", trace: 3, span: 2, parent: 1, 1...2),
            ] {
                _ = try await node.ingest(request)
                node.maintenanceThread.sync {}
            }
            let times = Int64(Self.noon)...Int64(Self.noon + 10 * Self.minute)
            let found = try node.dependencies(times, space: "default")
            #expect(found.map(\.parent) == ["batch", "sender"])
            #expect(found.map(\.child) == ["worker", "receiver"])
            #expect(found.map(\.callCount) == [1, 1])
        }
    }

    /// Only the pages that may hold what is looked for are read.
    @Test func aChunkIsCutToThePartsThatMayHoldAValue() async throws {
        var limits = Limits()
        limits.memtableFlushBytes = 1
        try await withNode(limits) { node, _ in
            _ = try await node.ingest(Self.request("batch", trace: 1, span: 1, -60...60))
            node.maintenanceThread.sync {}
            let chunks = try node.snapshot("default").chunks(
                table: TelemetryTables.spans,
                timeField: SpanTable.Position.start,
                overlapping: .min ... .max
            )
            let chunk = try #require(chunks.first)
            let end = Int64(Self.noon + 60 * Self.minute)
            #expect(try chunk.parts(SpanTable.Position.end, from: end).map(\.rows) == [0..<1])
            #expect(try chunk.parts(SpanTable.Position.end, from: end + 1).isEmpty)
        }
    }
}
