import OTLP
import Storage
import Testing

@testable import Telemetry

/// A request that is divided keeps every record with all of its fields.
struct RequestSplitterTests {
    private static let kinds: [KeyValue] = [
        KeyValue("text", .string("ü")), KeyValue("whole", .int(.min)),
        KeyValue("part", .double(0.5)),
        KeyValue("flag", .bool(true)), KeyValue("none", .empty), KeyValue("raw", .bytes([0, 255])),
        KeyValue("list", .array([.int(1), .string("")])),
        KeyValue("tree", .kvlist([KeyValue("a", .array([.bool(false)]))])),
    ]

    private static func resource(_ name: String) -> Resource {
        Resource(
            attributes: [KeyValue("service.name", .string(name))] + kinds,
            droppedAttributes: 1
        )
    }

    private static func scope(_ name: String) -> Scope {
        Scope(name: name, version: "2", attributes: kinds, droppedAttributes: 3)
    }

    private static func span(_ number: UInt64) -> OTLP.Span {
        OTLP.Span(
            traceID: TraceID(high: 1, low: number),
            spanID: SpanID(number),
            parentSpanID: SpanID(9),
            traceState: "a=b",
            flags: 0x101,
            name: "span \(number)",
            kind: 3,
            startTime: number,
            endTime: number + 1,
            attributes: kinds,
            droppedAttributes: 2,
            events: [SpanEvent(time: 5, name: "event", attributes: kinds, droppedAttributes: 3)],
            droppedEvents: 4,
            links: [
                SpanLink(
                    traceID: TraceID(high: 2, low: 3),
                    spanID: SpanID(4),
                    traceState: "c=d",
                    flags: 5,
                    attributes: kinds,
                    droppedAttributes: 6
                )
            ],
            droppedLinks: 7,
            status: SpanStatus(code: 2, message: "broken")
        )
    }

    private static func log(_ number: UInt64) -> LogRecord {
        LogRecord(
            time: number,
            observedTime: 8,
            severityNumber: 17,
            severityText: "ERROR",
            body: .kvlist(kinds),
            attributes: kinds,
            droppedAttributes: 9,
            flags: 1,
            traceID: TraceID(high: 3, low: 4),
            spanID: SpanID(5),
            eventName: "event \(number)"
        )
    }

    private static let exemplar = Exemplar(
        time: 4,
        value: .double(1.5),
        traceID: TraceID(high: 5, low: 6),
        spanID: SpanID(7),
        filteredAttributes: kinds
    )

    private static func number(_ time: UInt64) -> NumberPoint {
        NumberPoint(
            attributes: kinds,
            startTime: 1,
            time: time,
            flags: 1,
            value: .int(-5),
            exemplars: [exemplar]
        )
    }

    private static func histogram(_ time: UInt64) -> HistogramPoint {
        HistogramPoint(
            attributes: kinds,
            startTime: 1,
            time: time,
            flags: 1,
            count: 3,
            sum: 4.5,
            minimum: 1,
            maximum: 2,
            bucketCounts: [1, 2],
            bounds: [1.5],
            exemplars: [exemplar]
        )
    }

    private static func exponential(_ time: UInt64) -> ExponentialHistogramPoint {
        ExponentialHistogramPoint(
            attributes: kinds,
            startTime: 1,
            time: time,
            flags: 1,
            count: 9,
            sum: 4.5,
            minimum: 1,
            maximum: 2,
            scale: 3,
            zeroCount: 1,
            zeroThreshold: 0.25,
            positive: BucketRun(offset: -2, counts: [1, 2]),
            negative: BucketRun(offset: 3, counts: [5]),
            exemplars: [exemplar]
        )
    }

    private static func summary(_ time: UInt64) -> SummaryPoint {
        SummaryPoint(
            attributes: kinds,
            startTime: 1,
            time: time,
            flags: 1,
            count: 2,
            sum: 3.5,
            quantiles: [Quantile(quantile: 0.5, value: 2)]
        )
    }

    private static func metric(_ name: String, _ data: MetricData) -> Metric {
        Metric(name: name, description: "what", unit: "1", metadata: kinds, data: data)
    }

    private static let traces = ["a", "b"].map { name in
        ResourceSpans(
            resource: resource(name),
            scopes: [
                ScopeSpans(scope: scope("x"), spans: [span(1), span(2), span(3)], schemaURL: "s1"),
                ScopeSpans(scope: scope("y"), spans: [span(4), span(5)], schemaURL: "s2"),
            ],
            schemaURL: "r-\(name)"
        )
    }

    private static let logs = ["a", "b"].map { name in
        ResourceLogs(
            resource: resource(name),
            scopes: [
                ScopeLogs(scope: scope("x"), records: [log(1), log(2), log(3)], schemaURL: "s1"),
                ScopeLogs(scope: scope("y"), records: [log(4), log(5)], schemaURL: "s2"),
            ],
            schemaURL: "r-\(name)"
        )
    }

    private static let metrics = ["a", "b"].map { name in
        ResourceMetrics(
            resource: resource(name),
            scopes: [
                ScopeMetrics(
                    scope: scope("x"),
                    metrics: [
                        metric("gauge", .gauge([number(1), number(2)])),
                        metric("sum", .sum([number(3)], temporality: 2, isMonotonic: true)),
                        metric(
                            "histogram",
                            .histogram([histogram(4), histogram(5)], temporality: 1)
                        ),
                    ],
                    schemaURL: "s1"
                ),
                ScopeMetrics(
                    scope: scope("y"),
                    metrics: [
                        metric(
                            "exponential",
                            .exponentialHistogram([exponential(6), exponential(7)], temporality: 1)
                        ),
                        metric("summary", .summary([summary(8), summary(9), summary(10)])),
                    ],
                    schemaURL: "s2"
                ),
            ],
            schemaURL: "r-\(name)"
        )
    }

    /// Every record as text of OTLP/JSON, alone in its group: two requests with the same records have the
    /// same texts.
    private static func singles(_ model: RequestModel) -> [String] {
        let texts: [[UInt8]]
        switch model {
        case .traces(let groups):
            texts = groups.flatMap { group in
                group.scopes.flatMap { scope in
                    scope.spans.map { span in
                        var (one, only) = (group, scope)
                        only.spans = [span]
                        one.scopes = [only]
                        return OTLPEncoder.json(traces: [one])
                    }
                }
            }
        case .logs(let groups):
            texts = groups.flatMap { group in
                group.scopes.flatMap { scope in
                    scope.records.map { record in
                        var (one, only) = (group, scope)
                        only.records = [record]
                        one.scopes = [only]
                        return OTLPEncoder.json(logs: [one])
                    }
                }
            }
        case .metrics(let groups):
            texts = groups.flatMap { group in
                group.scopes.flatMap { scope in
                    scope.metrics.flatMap(points).map { metric in
                        var (one, only) = (group, scope)
                        only.metrics = [metric]
                        one.scopes = [only]
                        return OTLPEncoder.json(metrics: [one])
                    }
                }
            }
        }
        return texts.map { String(decoding: $0, as: UTF8.self) }
    }

    /// The metric once for each of its points.
    private static func points(_ metric: Metric) -> [Metric] {
        let data: [MetricData] =
            switch metric.data {
            case .gauge(let points): points.map { .gauge([$0]) }
            case .sum(let points, let temporality, let isMonotonic):
                points.map { .sum([$0], temporality: temporality, isMonotonic: isMonotonic) }
            case .histogram(let points, let temporality):
                points.map { .histogram([$0], temporality: temporality) }
            case .exponentialHistogram(let points, let temporality):
                points.map { .exponentialHistogram([$0], temporality: temporality) }
            case .summary(let points): points.map { .summary([$0]) }
            }
        return data.map {
            var one = metric
            one.data = $0
            return one
        }
    }

    private static func record(_ signal: Signal, _ encoding: WireEncoding) -> JournalRecord {
        let payload =
            switch (signal, encoding) {
            case (.traces, .protobuf): OTLPEncoder.protobuf(traces: traces)
            case (.traces, .json): OTLPEncoder.json(traces: traces)
            case (.logs, .protobuf): OTLPEncoder.protobuf(logs: logs)
            case (.logs, .json): OTLPEncoder.json(logs: logs)
            case (.metrics, .protobuf): OTLPEncoder.protobuf(metrics: metrics)
            case (.metrics, .json): OTLPEncoder.json(metrics: metrics)
            }
        return JournalRecord(
            kind: BatchCodec.kind(signal, encoding),
            space: "team-a",
            receivedAt: 77,
            payload: payload
        )
    }

    /// Divides until nothing can be divided.
    private static func leaves(_ record: JournalRecord) -> [JournalRecord] {
        guard let (first, second) = RequestSplitter.split(record) else { return [record] }
        return leaves(first) + leaves(second)
    }

    @Test(arguments: Signal.allCases, [WireEncoding.protobuf, .json])
    func everyRecordKeepsItsFields(signal: Signal, encoding: WireEncoding) throws {
        let whole = Self.record(signal, encoding)
        let model = try RequestModel(signal, encoding, whole.payload)
        switch model {
        case .traces(let groups): #expect(groups == Self.traces)
        case .logs(let groups): #expect(groups == Self.logs)
        case .metrics(let groups): #expect(groups == Self.metrics)
        }
        let expected = Self.singles(model)
        #expect(expected.count == (signal == .metrics ? 20 : 10))
        let leaves = Self.leaves(whole)
        #expect(leaves.count == expected.count)
        let found = try leaves.flatMap { leaf in
            #expect(leaf.space == "team-a" && leaf.receivedAt == 77)
            #expect(leaf.kind == BatchCodec.kind(signal, .protobuf))
            return Self.singles(try RequestModel(signal, .protobuf, leaf.payload))
        }
        #expect(found == expected)
    }

    @Test func whatCannotBeDividedIsNot() {
        let one = OTLPEncoder.protobuf(logs: [
            ResourceLogs(scopes: [ScopeLogs(records: [LogRecord(time: 1)])])
        ])
        for (kind, payload) in [(3, one), (3, []), (3, [0xff, 0xff]), (200, one)]
            as [(UInt8, [UInt8])]
        {
            let record = JournalRecord(
                kind: kind,
                space: "default",
                receivedAt: 0,
                payload: payload
            )
            #expect(RequestSplitter.split(record) == nil)
        }
    }
}
