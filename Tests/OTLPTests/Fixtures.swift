import OTLP

/// Requests in which every field of every message is set, and odd values where there can be any.
enum Fixtures {
    static let values: [KeyValue] = [
        KeyValue("string", "a\"b\\c\n\u{1}é漢😀"),
        KeyValue("empty.string", ""),
        KeyValue("true", true),
        KeyValue("false", false),
        KeyValue("zero", 0),
        KeyValue("min", .int(.min)),
        KeyValue("max", .int(.max)),
        KeyValue("double", 1.5),
        KeyValue("whole.double", 3.0),
        KeyValue("tiny", .double(.leastNonzeroMagnitude)),
        KeyValue("huge", .double(.greatestFiniteMagnitude)),
        KeyValue("third", .double(1.0 / 3)),
        KeyValue("negative.zero", .double(-0.0)),
        KeyValue("infinity", .double(.infinity)),
        KeyValue("minus.infinity", .double(-.infinity)),
        KeyValue("bytes", .bytes([0, 1, 254, 255])),
        KeyValue("no.bytes", .bytes([])),
        KeyValue("empty", .empty),
        KeyValue("array", ["x", 1, 1.0, true, .empty, .bytes([7]), [], ["nested", [2]]]),
        KeyValue("empty.array", []),
        KeyValue(
            "kvlist",
            .kvlist([
                KeyValue("k", "v"), KeyValue("$double", "not a marker"), KeyValue("$$", 1),
                KeyValue("k", "again"), KeyValue("", .empty), KeyValue("\"\\", .kvlist([])),
                KeyValue("deep", .kvlist([KeyValue("a", [.kvlist([KeyValue("b", -1)])])])),
                KeyValue("inf", .double(.infinity)),
            ])
        ),
        KeyValue("duplicate", 1),
        KeyValue("duplicate", 2),
        KeyValue("", "empty key"),
    ]

    static let resource = Resource(
        attributes: [KeyValue("service.name", "checkout")] + values,
        droppedAttributes: 3
    )

    static let scope = Scope(
        name: "instrumentation",
        version: "1.2.3",
        attributes: [KeyValue("scope.key", "scope value"), KeyValue("list", [1, 2])],
        droppedAttributes: 4
    )

    static let traceID = TraceID(high: 0x0102_0304_0506_0708, low: 0xf0e0_d0c0_b0a0_9080)

    static let span = Span(
        traceID: traceID,
        spanID: SpanID(0xa1a2_a3a4_a5a6_a7a8),
        parentSpanID: SpanID(0x0000_0000_0000_0001),
        traceState: "vendor=value",
        flags: 0x8000_0301,
        name: "GET /cart",
        kind: 3,
        startTime: 1_764_000_000_000_000_001,
        endTime: .max,
        attributes: values,
        droppedAttributes: 5,
        events: [
            SpanEvent(
                time: 1_764_000_000_000_000_002,
                name: "exception",
                attributes: values,
                droppedAttributes: 6
            ),
            SpanEvent(name: ""),
        ],
        droppedEvents: 7,
        links: [
            SpanLink(
                traceID: TraceID(high: 0, low: 1),
                spanID: SpanID(.max),
                traceState: "a=b",
                flags: 0x300,
                attributes: values,
                droppedAttributes: 8
            )
        ],
        droppedLinks: 9,
        status: SpanStatus(code: 2, message: "went wrong")
    )

    static let plainSpan = Span(traceID: TraceID(high: 1, low: 2), spanID: SpanID(3), name: "plain")

    static let traces = [
        ResourceSpans(
            resource: resource,
            scopes: [
                ScopeSpans(scope: scope, spans: [span, plainSpan], schemaURL: "scope schema"),
                ScopeSpans(spans: [plainSpan]),
            ],
            schemaURL: "resource schema"
        ),
        ResourceSpans(),
        ResourceSpans(scopes: [ScopeSpans(spans: [plainSpan])]),
    ]

    static let log = LogRecord(
        time: 11,
        observedTime: 12,
        severityNumber: 17,
        severityText: "ERROR",
        body: .kvlist(values),
        attributes: values,
        droppedAttributes: 13,
        flags: 0x101,
        traceID: traceID,
        spanID: SpanID(14),
        eventName: "device.lost"
    )

    static let logs = [
        ResourceLogs(
            resource: resource,
            scopes: [
                ScopeLogs(
                    scope: scope,
                    records: [
                        log, LogRecord(), LogRecord(body: "text"), LogRecord(body: ["a", 1]),
                    ],
                    schemaURL: "s"
                )
            ],
            schemaURL: "r"
        ),
        ResourceLogs(scopes: [ScopeLogs(records: values.map { LogRecord(body: $0.value) })]),
    ]

    static let exemplars = [
        Exemplar(
            time: 21,
            value: .double(2.5),
            traceID: traceID,
            spanID: SpanID(22),
            filteredAttributes: values
        ),
        Exemplar(value: .int(-4)),
        Exemplar(),
    ]

    static let numberPoints = [
        NumberPoint(
            attributes: values,
            startTime: 31,
            time: 32,
            flags: 1,
            value: .int(.min),
            exemplars: exemplars
        ),
        NumberPoint(value: .double(0)),
        NumberPoint(value: .int(0)),
        NumberPoint(time: 33),
    ]

    static let histogramPoints = [
        HistogramPoint(
            attributes: values,
            startTime: 41,
            time: 42,
            flags: 1,
            count: 6,
            sum: 0,
            minimum: -1.5,
            maximum: 9,
            bucketCounts: [1, 2, 3],
            bounds: [0.5, 10],
            exemplars: exemplars
        ),
        HistogramPoint(count: 1),
        HistogramPoint(count: 7, bucketCounts: [7]),
    ]

    static let exponentialPoints = [
        ExponentialHistogramPoint(
            attributes: values,
            startTime: 51,
            time: 52,
            flags: 1,
            count: 10,
            sum: 1,
            minimum: 2,
            maximum: 3,
            scale: -7,
            zeroCount: 4,
            zeroThreshold: 0.001,
            positive: BucketRun(offset: -3, counts: [1, 0, 300, .max]),
            negative: BucketRun(offset: .max, counts: [5]),
            exemplars: exemplars
        ),
        ExponentialHistogramPoint(scale: 20),
    ]

    static let summaryPoints = [
        SummaryPoint(
            attributes: values,
            startTime: 61,
            time: 62,
            flags: 1,
            count: 3,
            sum: 4.5,
            quantiles: [Quantile(quantile: 0, value: 0), Quantile(quantile: 0.99, value: 5)]
        ),
        SummaryPoint(),
    ]

    static let metrics = [
        ResourceMetrics(
            resource: resource,
            scopes: [
                ScopeMetrics(
                    scope: scope,
                    metrics: [
                        Metric(
                            name: "gauge",
                            description: "described",
                            unit: "By",
                            metadata: values,
                            data: .gauge(numberPoints)
                        ),
                        Metric(
                            name: "sum",
                            data: .sum(numberPoints, temporality: 2, isMonotonic: true)
                        ),
                        Metric(
                            name: "histogram",
                            data: .histogram(histogramPoints, temporality: 1)
                        ),
                        Metric(
                            name: "exponential",
                            data: .exponentialHistogram(exponentialPoints, temporality: 2)
                        ),
                        Metric(name: "summary", data: .summary(summaryPoints)),
                        Metric(name: "no points", data: .gauge([])),
                    ],
                    schemaURL: "s"
                )
            ],
            schemaURL: "r"
        ),
        ResourceMetrics(
            scopes: [ScopeMetrics(metrics: [Metric(name: "m", data: .gauge([NumberPoint()]))])]
        ),
    ]
}

extension Fixtures {
    // Every field and every kind of value again, but only once each.

    static var compactTraces: [ResourceSpans] {
        var compact = span
        compact.events = [SpanEvent(time: 1, name: "e", attributes: few, droppedAttributes: 2)]
        compact.links[0].attributes = few
        var group = traces[0]
        group.resource.attributes = few
        group.scopes = [ScopeSpans(scope: scope, spans: [compact], schemaURL: "s")]
        return [group, ResourceSpans()]
    }

    static var compactLogs: [ResourceLogs] {
        var compact = log
        compact.attributes = few
        return [
            ResourceLogs(
                resource: Resource(attributes: few),
                scopes: [ScopeLogs(scope: scope, records: [compact, LogRecord(body: "text")])]
            )
        ]
    }

    static var compactMetrics: [ResourceMetrics] {
        let exemplar = Exemplar(
            time: 1,
            value: .double(2),
            traceID: traceID,
            spanID: SpanID(3),
            filteredAttributes: few
        )
        var number = numberPoints[0]
        number.exemplars = [exemplar]
        var histogram = histogramPoints[0]
        (histogram.attributes, histogram.exemplars) = (few, [])
        var exponential = exponentialPoints[0]
        (exponential.attributes, exponential.exemplars) = (few, [])
        var quantiles = summaryPoints[0]
        quantiles.attributes = few
        let metrics = [
            Metric(name: "m", description: "d", unit: "1", metadata: few, data: .gauge([number])),
            Metric(name: "h", data: .histogram([histogram], temporality: 1)),
            Metric(name: "e", data: .exponentialHistogram([exponential], temporality: 2)),
            Metric(name: "s", data: .summary([quantiles])),
        ]
        return [ResourceMetrics(scopes: [ScopeMetrics(scope: scope, metrics: metrics)])]
    }

    private static let few = [KeyValue("k", ["x", 1])]
}

/// One of the three signals in one of the two encodings.
struct Format: Sendable, CustomStringConvertible {
    var signal: Signal
    var isJSON: Bool

    static let all = Signal.allCases.flatMap { signal in
        [Format(signal: signal, isJSON: false), Format(signal: signal, isJSON: true)]
    }

    var description: String { "\(signal.rawValue) \(isJSON ? "JSON" : "protobuf")" }

    /// The rich request in this format.
    var body: [UInt8] {
        switch (signal, isJSON) {
        case (.traces, false): OTLPEncoder.protobuf(traces: Fixtures.traces)
        case (.traces, true): OTLPEncoder.json(traces: Fixtures.traces)
        case (.logs, false): OTLPEncoder.protobuf(logs: Fixtures.logs)
        case (.logs, true): OTLPEncoder.json(logs: Fixtures.logs)
        case (.metrics, false): OTLPEncoder.protobuf(metrics: Fixtures.metrics)
        case (.metrics, true): OTLPEncoder.json(metrics: Fixtures.metrics)
        }
    }

    /// A smaller request in this format that still has every field.
    var compactBody: [UInt8] {
        switch (signal, isJSON) {
        case (.traces, false): OTLPEncoder.protobuf(traces: Fixtures.compactTraces)
        case (.traces, true): OTLPEncoder.json(traces: Fixtures.compactTraces)
        case (.logs, false): OTLPEncoder.protobuf(logs: Fixtures.compactLogs)
        case (.logs, true): OTLPEncoder.json(logs: Fixtures.compactLogs)
        case (.metrics, false): OTLPEncoder.protobuf(metrics: Fixtures.compactMetrics)
        case (.metrics, true): OTLPEncoder.json(metrics: Fixtures.compactMetrics)
        }
    }

    /// Decodes a body and gives the invariant that does not hold, if any.
    func violation(
        of body: [UInt8],
        limits: DecodeLimits = DecodeLimits()
    ) throws(OTLPError) -> String? {
        switch (signal, isJSON) {
        case (.traces, false): try OTLPDecoder.spans(protobuf: body, limits: limits).violation()
        case (.traces, true): try OTLPDecoder.spans(json: body, limits: limits).violation()
        case (.logs, false): try OTLPDecoder.logs(protobuf: body, limits: limits).violation()
        case (.logs, true): try OTLPDecoder.logs(json: body, limits: limits).violation()
        case (.metrics, false): try OTLPDecoder.metrics(protobuf: body, limits: limits).violation()
        case (.metrics, true): try OTLPDecoder.metrics(json: body, limits: limits).violation()
        }
    }
}

/// Protobuf written by hand, independently of the encoder.
enum Wire {
    static func varint(_ value: UInt64) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = value
        while rest > 127 {
            bytes.append(UInt8(rest & 127) | 128)
            rest >>= 7
        }
        return bytes + [UInt8(rest)]
    }

    static func field(_ number: Int, _ contents: [UInt8]...) -> [UInt8] {
        let body = contents.flatMap { $0 }
        return varint(UInt64(number << 3 | 2)) + varint(UInt64(body.count)) + body
    }

    static func field(_ number: Int, _ text: String) -> [UInt8] { field(number, Array(text.utf8)) }

    static func field(_ number: Int, varint value: UInt64) -> [UInt8] {
        varint(UInt64(number << 3)) + varint(value)
    }

    static func field(_ number: Int, fixed64 value: UInt64) -> [UInt8] {
        varint(UInt64(number << 3 | 1))
            + (0..<8).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
    }

    static func field(_ number: Int, fixed32 value: UInt32) -> [UInt8] {
        varint(UInt64(number << 3 | 5))
            + (0..<4).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
    }

    static let traceID = field(1, [UInt8](1...16))
    static let spanID = field(2, [UInt8](1...8))

    /// A trace request of one scope with these spans.
    static func request(spans: [UInt8]...) -> [UInt8] {
        field(1, field(2, spans.map { field(2, $0) }.flatMap { $0 }))
    }

    /// A trace request of one good span with these further fields.
    static func span(_ fields: [UInt8]...) -> [UInt8] {
        request(spans: traceID + spanID + fields.flatMap { $0 })
    }

    /// A span attribute "k" whose AnyValue has these bytes.
    static func attribute(_ value: [UInt8]) -> [UInt8] { field(9, field(1, "k"), field(2, value)) }
}
