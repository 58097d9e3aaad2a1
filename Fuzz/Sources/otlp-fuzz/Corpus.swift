import OTLP

/// What a body is decoded as.
enum Decoder: Int, CaseIterable {
    case tracesProtobuf, logsProtobuf, metricsProtobuf, tracesJSON, logsJSON, metricsJSON

    var isJSON: Bool { rawValue >= Decoder.tracesJSON.rawValue }
}

/// Valid requests to start from: small ones, so that a case costs microseconds, which together hold
/// every field.
struct Corpus {
    private(set) var bodies: [[[UInt8]]] = []

    init() {
        for decoder in Decoder.allCases {
            switch decoder {
            case .tracesProtobuf:
                bodies.append(Corpus.traces.map { OTLPEncoder.protobuf(traces: $0) })
            case .logsProtobuf: bodies.append(Corpus.logs.map { OTLPEncoder.protobuf(logs: $0) })
            case .metricsProtobuf:
                bodies.append(Corpus.metrics.map { OTLPEncoder.protobuf(metrics: $0) })
            case .tracesJSON: bodies.append(Corpus.traces.map { OTLPEncoder.json(traces: $0) })
            case .logsJSON: bodies.append(Corpus.logs.map { OTLPEncoder.json(logs: $0) })
            case .metricsJSON: bodies.append(Corpus.metrics.map { OTLPEncoder.json(metrics: $0) })
            }
        }
    }

    func bodies(for decoder: Decoder) -> [[UInt8]] { bodies[decoder.rawValue] }

    private static let scalars = [
        KeyValue("s", "text \"quoted\" \\ \n \u{7f} é 😀"), KeyValue("b", true),
        KeyValue("i", .int(.min)), KeyValue("d", 1.25), KeyValue("nan", .double(.nan)),
        KeyValue("bytes", .bytes([0, 128, 255])), KeyValue("", .empty),
    ]
    private static let nested = [
        KeyValue("a", ["x", 1, .double(.infinity), [], [["deep"]], .bytes([1])]),
        KeyValue(
            "m",
            .kvlist([KeyValue("$k", "v"), KeyValue("k", .kvlist([KeyValue("k", [1])]))])
        ),
    ]
    private static let traceID = TraceID(high: 0x0102_0304_0506_0708, low: 0x090a_0b0c_0d0e_0f10)

    private static let traces: [[ResourceSpans]] = [
        [],
        group(Span(traceID: traceID, spanID: SpanID(1), name: "plain", kind: 2, startTime: 5)),
        group(Span(traceID: traceID, spanID: SpanID(2), name: "s", attributes: scalars)),
        group(Span(traceID: traceID, spanID: SpanID(3), name: "n", attributes: nested)),
        group(
            Span(
                traceID: traceID,
                spanID: SpanID(4),
                parentSpanID: SpanID(1),
                traceState: "a=b",
                flags: 0x101,
                name: "rich",
                kind: 3,
                startTime: 1_764_000_000_000_000_000,
                endTime: .max,
                droppedAttributes: 1,
                events: [SpanEvent(time: 1, name: "e", attributes: nested, droppedAttributes: 2)],
                droppedEvents: 3,
                links: [
                    SpanLink(
                        traceID: traceID,
                        spanID: SpanID(5),
                        traceState: "c=d",
                        flags: 1,
                        attributes: [KeyValue("l", 1)],
                        droppedAttributes: 4
                    )
                ],
                droppedLinks: 5,
                status: SpanStatus(code: 2, message: "bad")
            )
        ),
    ]

    private static func group(_ span: Span) -> [ResourceSpans] {
        [
            ResourceSpans(
                resource: Resource(attributes: [KeyValue("service.name", "x")]),
                scopes: [
                    ScopeSpans(
                        scope: Scope(name: "n", version: "v", attributes: [KeyValue("k", 1)]),
                        spans: [span, span],
                        schemaURL: "u"
                    )
                ],
                schemaURL: "r"
            )
        ]
    }

    private static let logs: [[ResourceLogs]] = [
        group(LogRecord(time: 1, body: "text")),
        group(LogRecord(body: .kvlist(nested + scalars), attributes: nested)),
        group(
            LogRecord(
                time: 1,
                observedTime: 2,
                severityNumber: 9,
                severityText: "INFO",
                body: ["a", 1],
                attributes: scalars,
                droppedAttributes: 3,
                flags: 1,
                traceID: traceID,
                spanID: SpanID(1),
                eventName: "event"
            )
        ),
    ]

    private static func group(_ log: LogRecord) -> [ResourceLogs] {
        [
            ResourceLogs(
                resource: Resource(
                    attributes: [KeyValue("service.name", "x")],
                    droppedAttributes: 1
                ),
                scopes: [ScopeLogs(scope: Scope(name: "n"), records: [log, log])]
            )
        ]
    }

    private static let exemplars = [
        Exemplar(
            time: 1,
            value: .double(1),
            traceID: traceID,
            spanID: SpanID(1),
            filteredAttributes: [KeyValue("k", [1])]
        )
    ]
    private static let metrics: [[ResourceMetrics]] = [
        group(.gauge([NumberPoint(attributes: scalars, time: 1, value: .double(1))])),
        group(
            .sum(
                [NumberPoint(startTime: 1, time: 2, value: .int(-1), exemplars: exemplars)],
                temporality: 2,
                isMonotonic: true
            )
        ),
        group(
            .histogram(
                [
                    HistogramPoint(
                        time: 1,
                        count: 3,
                        sum: 1,
                        minimum: 0,
                        maximum: 2,
                        bucketCounts: [1, 2, 0],
                        bounds: [0.5, 1.5],
                        exemplars: exemplars
                    )
                ],
                temporality: 1
            )
        ),
        group(
            .exponentialHistogram(
                [
                    ExponentialHistogramPoint(
                        time: 1,
                        count: 3,
                        sum: 1,
                        scale: -2,
                        zeroCount: 1,
                        zeroThreshold: 0.5,
                        positive: BucketRun(offset: -5, counts: [1, 300]),
                        negative: BucketRun(offset: 5, counts: [1])
                    )
                ],
                temporality: 2
            )
        ),
        group(
            .summary([
                SummaryPoint(count: 1, sum: 2, quantiles: [Quantile(quantile: 0.5, value: 1)])
            ])
        ),
    ]

    private static func group(_ data: MetricData) -> [ResourceMetrics] {
        [
            ResourceMetrics(scopes: [
                ScopeMetrics(metrics: [
                    Metric(name: "m", description: "d", unit: "1", metadata: nested, data: data)
                ])
            ])
        ]
    }
}
