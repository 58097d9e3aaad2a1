import Dispatch
import OTLP
import Storage
import Testing

@testable import Telemetry

/// Traces are found by what their spans' events say, in memory and in segments.
struct EventSearchTests {
    /// A request of spans that have these events; the number of each trace is its position, from 1.
    private static func request(_ spans: [[SpanEvent]]) -> IngestRequest {
        let made = spans.enumerated().map { index, events in
            OTLP.Span(
                traceID: TraceID(high: 7, low: UInt64(index + 1)),
                spanID: SpanID(1),
                name: "op",
                startTime: UInt64(index + 1) * 1_000_000,
                endTime: UInt64(index + 1) * 1_000_000 + 500,
                // The third span says itself what the first one's event says.
                attributes: index == 2 ? [KeyValue("exception.type", "IOError")] : [],
                events: events
            )
        }
        let body = OTLPEncoder.protobuf(traces: [
            ResourceSpans(
                resource: Resource(attributes: [KeyValue("service.name", "shop")]),
                scopes: [ScopeSpans(spans: made)]
            )
        ])
        return IngestRequest(space: "default", signal: .traces, encoding: .protobuf, body: body)
    }

    /// Traces by the attributes of their spans.
    private typealias Find = (_ attributes: [(key: String, value: String)]) throws -> [UInt64]

    /// Runs `body` with a node that has the spans, in memory or in a segment.
    private static func withSpans(
        _ spans: [[SpanEvent]],
        flushed: Bool,
        _ body: (_ find: Find) throws -> Void
    ) async throws {
        var limits = Limits()
        if flushed { limits.memtableFlushBytes = 1 }
        try await withNode(limits) { node, _ in
            _ = try await node.ingest(request(spans))
            node.maintenanceThread.sync {}
            try body { attributes in
                var search = TraceSearch()
                search.service = "shop"
                search.attributes = attributes
                return try node.searchTraces(search, space: "default").map(\.id.low)
            }
        }
    }

    private static let quoted = #""exception.type":"IOError""#
    private static let spans: [[SpanEvent]] = [
        [
            SpanEvent(time: 1, name: "started"),
            SpanEvent(
                time: 2,
                name: "exception",
                attributes: [
                    KeyValue("exception.type", "IOError"), KeyValue("code", 7),
                    KeyValue("fatal", true),
                ]
            ),
        ],
        [SpanEvent(time: 1, name: "retry")],
        [],
        [
            SpanEvent(
                time: 1,
                name: "odd",
                attributes: [KeyValue("od\"d", "x"), KeyValue("$money", 1), KeyValue("list", [7])]
            )
        ],
        [SpanEvent(time: 1, name: "quotes", attributes: [KeyValue("text", .string(quoted))])],
    ]

    /// What is known of a segment's events after the first search answers the second.
    @Test(arguments: [false, true])
    func attributesAndNamesOfEventsAreFound(flushed: Bool) async throws {
        try await Self.withSpans(Self.spans, flushed: flushed) { (find: Find) throws in
            for _ in 0..<2 {
                #expect(try find([("exception.type", "IOError")]) == [3, 1])
                #expect(try find([("exception.type", "EOF")]) == [])
                #expect(try find([("code", "7")]) == [1])
                #expect(try find([("fatal", "true"), ("code", "7")]) == [1])
                #expect(try find([("event", "exception"), ("exception.type", "IOError")]) == [1])
                #expect(try find([("event", "retry")]) == [2])
                #expect(try find([("event", "none")]) == [])
                #expect(try find([("od\"d", "x")]) == [4])
                #expect(try find([("$money", "1")]) == [4])
                #expect(try find([("list", "7")]) == [])
                #expect(try find([("text", Self.quoted)]) == [5])
                #expect(try find([("nowhere", "x")]) == [])
            }
        }
    }

    @Test(arguments: [false, true])
    func anEventMayHaveManyAttributes(flushed: Bool) async throws {
        let attributes = (0..<100).map { KeyValue("key \($0)", .int(Int64($0))) }
        let events = [SpanEvent(time: 1, name: "wide", attributes: attributes)]
        try await Self.withSpans([events, []], flushed: flushed) { (find: Find) throws in
            #expect(try find([("key 99", "99")]) == [1])
            #expect(try find([("key 0", "0"), ("key 50", "50")]) == [1])
            #expect(try find([("key 99", "0")]) == [])
            #expect(try find([("key 100", "100")]) == [])
        }
    }
}
