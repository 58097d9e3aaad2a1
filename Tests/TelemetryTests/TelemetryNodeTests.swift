import OTLP
import Storage
import Synchronization
import Testing

@testable import Telemetry

/// Requests in, answers out, through one node.
struct TelemetryNodeTests {
    /// Limits under which every request is flushed soon.
    private static let eager: Limits = {
        var limits = Limits()
        limits.memtableFlushBytes = 1
        return limits
    }()

    private static func span(
        trace: UInt64,
        span: UInt64,
        parent: UInt64 = 0,
        name: String = "op",
        start: UInt64 = 1_000,
        attributes: [KeyValue] = [],
        error: Bool = false
    ) -> OTLP.Span {
        OTLP.Span(
            traceID: TraceID(high: 7, low: trace),
            spanID: SpanID(span),
            parentSpanID: SpanID(parent),
            name: name,
            kind: 2,
            startTime: start,
            endTime: start + 500,
            attributes: attributes,
            status: SpanStatus(code: error ? 2 : 0, message: error ? "broken" : "")
        )
    }

    private static func request(_ service: String, _ spans: [OTLP.Span]) -> IngestRequest {
        let resource = Resource(attributes: [
            KeyValue("service.name", .string(service)), KeyValue("host.cores", .int(4)),
        ])
        let body = OTLPEncoder.protobuf(traces: [
            ResourceSpans(
                resource: resource,
                scopes: [ScopeSpans(scope: Scope(name: "lib", version: "1"), spans: spans)]
            )
        ])
        return IngestRequest(space: "default", signal: .traces, encoding: .protobuf, body: body)
    }

    private static let everyKind: [KeyValue] = [
        KeyValue("http.request.method", .string("GET")),
        KeyValue("http.response.status_code", .int(200)),
        KeyValue("http.route", .int(5)), KeyValue("text", .string("")),
        KeyValue("whole", .int(.min)),
        KeyValue("part", .double(1)), KeyValue("flag", .bool(false)), KeyValue("none", .empty),
        KeyValue("raw", .bytes([0, 255])),
        KeyValue("list", .array([.int(1), .double(2), .string("ü")])),
        KeyValue("tree", .kvlist([KeyValue("a", .array([.bool(true)]))])),
    ]

    @Test(arguments: [false, true])
    func aSpanComesBackAsItWasSent(flushed: Bool) async throws {
        try await withNode(flushed ? Self.eager : Limits()) { node, directory in
            var span = Self.span(
                trace: 1,
                span: 2,
                parent: 3,
                attributes: Self.everyKind,
                error: true
            )
            span.traceState = "a=b"
            span.flags = 0x101
            span.events = [
                SpanEvent(
                    time: 5,
                    name: "exception",
                    attributes: Self.everyKind,
                    droppedAttributes: 1
                )
            ]
            span.links = [
                SpanLink(
                    traceID: TraceID(high: 1, low: 2),
                    spanID: SpanID(3),
                    attributes: Self.everyKind
                )
            ]
            let receipt = try await node.ingest(Self.request("shop", [span]))
            #expect(receipt.rejectedRecords == 0)
            let found = try #require(try node.trace(span.traceID, space: "default"))
            try Self.expectEqual(found, span)
            node.close()
            let reopened = try openNode(directory)
            defer { reopened.close() }
            try Self.expectEqual(
                try #require(try reopened.trace(span.traceID, space: "default")),
                span
            )
        }
    }

    private static func expectEqual(_ found: FoundTrace, _ span: OTLP.Span) throws {
        let only = try #require(found.spans.first)
        #expect(found.spans.count == 1)
        let byKey = { (attributes: [KeyValue]) in attributes.sorted { $0.key < $1.key } }
        #expect(byKey(only.span.attributes) == byKey(span.attributes))
        var plain = only.span
        plain.attributes = span.attributes
        #expect(plain == span)
        #expect(only.origin.serviceName == "shop")
        #expect(only.origin.resource.attributes.count == 2)
        #expect(only.origin.scope == Scope(name: "lib", version: "1"))
    }

    @Test func aResentRequestMakesNoSecondSpan() async throws {
        try await withNode(Self.eager) { node, _ in
            let request = Self.request(
                "shop",
                [Self.span(trace: 1, span: 1), Self.span(trace: 1, span: 2)]
            )
            for _ in 0..<4 { _ = try await node.ingest(request) }
            let found = try #require(try node.trace(TraceID(high: 7, low: 1), space: "default"))
            #expect(found.spans.map(\.span.spanID.rawValue) == [1, 2])
        }
    }

    @Test(arguments: [false, true])
    func searchFindsTracesByEveryCondition(flushed: Bool) async throws {
        try await withNode(flushed ? Self.eager : Limits()) { node, _ in
            for index in UInt64(1)...40 {
                _ = try await node.ingest(
                    Self.request(
                        index % 2 == 0 ? "even" : "odd",
                        [
                            Self.span(
                                trace: index,
                                span: index,
                                name: "op\(index % 4)",
                                start: index * 1_000_000,
                                attributes: [
                                    KeyValue("http.route", .string("/r\(index % 5)")),
                                    KeyValue("n", .int(Int64(index))),
                                    KeyValue("who", .string("u\(index)")),
                                ],
                                error: index % 10 == 0
                            )
                        ]
                    )
                )
            }
            let find = { (change: (inout TraceSearch) -> Void) throws -> [UInt64] in
                var search = TraceSearch()
                search.limit = 100
                change(&search)
                return try node.searchTraces(search, space: "default").map(\.id.low)
            }
            #expect(try find { $0.limit = 3 } == [40, 39, 38])
            #expect(
                try find {
                    $0.service = "even"; $0.limit = 2
                } == [40, 38]
            )
            #expect(try find { $0.service = "none" } == [])
            #expect(try find { $0.operation = "op3" }.count == 10)
            #expect(try find { $0.attributes = [("error", "true")] } == [40, 30, 20, 10])
            #expect(try find { $0.attributes = [("http.route", "/r0")] }.count == 8)
            #expect(try find { $0.attributes = [("n", "17")] } == [17])
            #expect(try find { $0.attributes = [("who", "u5"), ("n", "5")] } == [5])
            #expect(
                try find {
                    $0.attributes = [("host.cores", "4")]; $0.limit = 1
                } == [40]
            )
            #expect(try find { $0.attributes = [("span.kind", "server")] }.count == 40)
            #expect(
                try find {
                    $0.start = 10_000_000; $0.end = 12_000_000
                } == [12, 11, 10]
            )
            #expect(try find { $0.durationMin = 501 } == [])
            #expect(try find { $0.durationMax = 500 }.count == 40)
            #expect(try node.services(space: "default") == ["even", "odd"])
            #expect(try node.operations(of: "odd", space: "default").map(\.name) == ["op1", "op3"])
        }
    }

    @Test func dependenciesJoinParentsThatArrivedElsewhere() async throws {
        try await withNode(Self.eager) { node, _ in
            _ = try await node.ingest(
                Self.request("back", [Self.span(trace: 1, span: 2, parent: 1, error: true)])
            )
            _ = try await node.ingest(Self.request("front", [Self.span(trace: 1, span: 1)]))
            _ = try await node.ingest(
                Self.request("back", [Self.span(trace: 1, span: 3, parent: 2)])
            )
            let found = try node.dependencies(.min ... .max, space: "default")
            #expect(found.map(\.parent) == ["front"])
            #expect(found.map(\.child) == ["back"])
            #expect(found.map(\.callCount) == [1])
            #expect(found.map(\.errorCount) == [1])
        }
    }

    @Test(arguments: [false, true])
    func logsComeNewestFirstPageByPage(flushed: Bool) async throws {
        try await withNode(flushed ? Self.eager : Limits()) { node, _ in
            for batch in 0..<5 {
                let records = (0..<10).map { index in
                    // Every second time is shared by two records.
                    LogRecord(
                        time: UInt64(1_000 + (batch * 10 + index) / 2),
                        severityNumber: index == 0 ? 17 : 9,
                        body: .string("message \(batch * 10 + index) of many"),
                        attributes: [KeyValue("index", .int(Int64(index)))],
                        traceID: TraceID(high: 1, low: UInt64(batch + 1)),
                        spanID: SpanID(9)
                    )
                }
                let body = OTLPEncoder.protobuf(logs: [
                    ResourceLogs(
                        resource: Resource(attributes: [
                            KeyValue("service.name", .string("s\(batch % 2)"))
                        ]),
                        scopes: [ScopeLogs(records: records)]
                    )
                ])
                _ = try await node.ingest(
                    IngestRequest(space: "default", signal: .logs, encoding: .protobuf, body: body)
                )
            }
            var search = LogSearch()
            search.limit = 7
            var seen: [String] = []
            var times: [UInt64] = []
            repeat {
                let page = try node.searchLogs(search, space: "default")
                for log in page.logs {
                    if case .string(let text) = log.record.body { seen.append(text) }
                    times.append(log.record.time)
                }
                search.cursor = page.nextCursor
            } while search.cursor != nil
            #expect(seen.count == 50)
            #expect(Set(seen).count == 50)
            #expect(times == times.sorted(by: >))
            let count = { (change: (inout LogSearch) -> Void) throws -> Int in
                var search = LogSearch()
                change(&search)
                return try node.searchLogs(search, space: "default").logs.count
            }
            #expect(try count { $0.text = "message 7 " } == 1)
            #expect(try count { $0.text = "Message" } == 0)
            #expect(try count { $0.severity = "error" } == 5)
            #expect(try count { $0.service = "s1" } == 20)
            #expect(try count { $0.traceID = TraceID(high: 1, low: 3) } == 10)
            #expect(try count { $0.attributes = [("index", "4")] } == 5)
            #expect(try count { $0.start = 1_020 } == 10)
        }
    }

    @Test(arguments: [false, true])
    func metricsComeBackAsSeries(flushed: Bool) async throws {
        try await withNode(flushed ? Self.eager : Limits()) { node, _ in
            for time in UInt64(1)...6 {
                let points = ["a", "b"].map { host in
                    NumberPoint(
                        attributes: [KeyValue("host", .string(host))],
                        time: time * 1_000_000_000,
                        value: .double(Double(time) + (host == "b" ? 100 : 0))
                    )
                }
                let body = OTLPEncoder.protobuf(metrics: [
                    ResourceMetrics(
                        resource: Resource(attributes: [KeyValue("service.name", .string("shop"))]),
                        scopes: [
                            ScopeMetrics(metrics: [
                                Metric(name: "load", unit: "1", data: .gauge(points))
                            ])
                        ]
                    )
                ])
                let request = IngestRequest(
                    space: "default",
                    signal: .metrics,
                    encoding: .protobuf,
                    body: body
                )
                _ = try await node.ingest(request)
                _ = try await node.ingest(request)
            }
            #expect(try node.metricNames(space: "default").map(\.name) == ["load"])
            var search = MetricSearch(name: "load")
            let series = try node.metricRange(search, space: "default")
            #expect(
                series.map { $0.points.map(\.value) } == [
                    (1...6).map { MetricValue.double(Double($0)) },
                    (101...106).map { MetricValue.double(Double($0)) },
                ]
            )
            search.start = 2_000_000_000
            search.step = 2_000_000_000
            let stepped = try node.metricRange(search, space: "default")
            #expect(stepped.first?.points.map(\.value) == [.double(3), .double(5), .double(6)])
        }
    }

    /// Also when it has a value, or a shape that has always a count; and structured attributes and the resource tell
    /// series apart.
    @Test(arguments: [false, true])
    func aPointWithoutARecordedValueIsNone(flushed: Bool) async throws {
        try await withNode(flushed ? Self.eager : Limits()) { node, _ in
            let attributes = [KeyValue("raw", .bytes([1])), KeyValue("list", .array([.int(1)]))]
            let body = OTLPEncoder.protobuf(
                metrics: ["a", "b"].map { host in
                    ResourceMetrics(
                        resource: Resource(attributes: [KeyValue("host.name", .string(host))]),
                        scopes: [
                            ScopeMetrics(metrics: [
                                Metric(
                                    name: "load",
                                    unit: "1",
                                    data: .gauge([
                                        NumberPoint(
                                            attributes: attributes,
                                            time: 1,
                                            value: .int(7)
                                        ),
                                        NumberPoint(
                                            attributes: attributes,
                                            time: 2,
                                            flags: 1,
                                            value: .int(0)
                                        ),
                                    ])
                                ),
                                Metric(
                                    name: "spread",
                                    data: .histogram(
                                        [HistogramPoint(time: 2, flags: 1)],
                                        temporality: 1
                                    )
                                ),
                            ])
                        ]
                    )
                }
            )
            _ = try await node.ingest(
                IngestRequest(
                    space: "default",
                    signal: .metrics,
                    encoding: .protobuf,
                    body: body
                )
            )
            let series = try node.metricRange(MetricSearch(name: "load"), space: "default")
            #expect(series.map { $0.points.map(\.value) } == [[.int(7)], [.int(7)]])
            #expect(
                Set(series.map { $0.origin.resource.attributes }) == [
                    [KeyValue("host.name", .string("a"))], [KeyValue("host.name", .string("b"))],
                ]
            )
            let labels = Dictionary(uniqueKeysWithValues: try #require(series.first).labels)
            #expect(labels["raw"] == #"{"$bytes":"AQ=="}"# && labels["list"] == "[1]")
            #expect(series.first?.unit == "1")
            #expect(try node.metricRange(MetricSearch(name: "spread"), space: "default").isEmpty)
        }
    }

    @Test(arguments: [false, true])
    func integersThatNoDoubleHoldsComeBackExactly(flushed: Bool) async throws {
        try await withNode(flushed ? Self.eager : Limits()) { node, _ in
            let value = (Int64(1) << 53) + 1
            let point = NumberPoint(time: 1_000_000_000, value: .int(value))
            let body = OTLPEncoder.protobuf(metrics: [
                ResourceMetrics(scopes: [
                    ScopeMetrics(metrics: [Metric(name: "large", unit: "", data: .gauge([point]))])
                ])
            ])
            _ = try await node.ingest(
                IngestRequest(
                    space: "default",
                    signal: .metrics,
                    encoding: .protobuf,
                    body: body
                )
            )
            let series = try node.metricRange(MetricSearch(name: "large"), space: "default")
            #expect(series.first?.points.map(\.value) == [.int(value)])
        }
    }

    @Test(arguments: [false, true])
    func timesOfAnySizeAreKept(flushed: Bool) async throws {
        try await withNode(flushed ? Self.eager : Limits()) { node, directory in
            let starts: [UInt64] = [0, 1, 1 << 63, .max - 600, UInt64(Int64.max)]
            for (index, start) in starts.enumerated() {
                let span = Self.span(trace: UInt64(index + 1), span: 1, start: start & ~0x3ff)
                _ = try await node.ingest(Self.request("shop", [span]))
            }
            let gauge = Metric(
                name: "far",
                data: .gauge(starts.map { NumberPoint(time: $0, value: .int(1)) })
            )
            let body = OTLPEncoder.protobuf(metrics: [
                ResourceMetrics(scopes: [ScopeMetrics(metrics: [gauge])])
            ])
            _ = try await node.ingest(
                IngestRequest(
                    space: "default",
                    signal: .metrics,
                    encoding: .protobuf,
                    body: body
                )
            )
            #expect(try node.searchTraces(TraceSearch(), space: "default").count == starts.count)
            var search = MetricSearch(name: "far")
            search.start = .min + 1
            search.step = 1
            #expect(try node.metricRange(search, space: "default").count == 1)
            node.close()
            let reopened = try openNode(directory)
            defer { reopened.close() }
            let found = try reopened.searchTraces(TraceSearch(), space: "default")
            #expect(found.count == starts.count)
        }
    }

    @Test func aSeverityIsKnownByItsNumberWhateverItsText() async throws {
        try await withNode { node, _ in
            let severities: [(Int32, String)] = [
                (13, "Warning"), (16, ""), (0, "warn"), (9, "INFO"),
            ]
            let records = severities.map { number, text in
                LogRecord(time: 1, severityNumber: number, severityText: text, body: .string(text))
            }
            let body = OTLPEncoder.json(logs: [ResourceLogs(scopes: [ScopeLogs(records: records)])])
            _ = try await node.ingest(
                IngestRequest(space: "default", signal: .logs, encoding: .json, body: body)
            )
            var search = LogSearch()
            (search.start, search.end, search.severity) = (.min, .max, "WARN")
            #expect(try node.searchLogs(search, space: "default").logs.count == 3)
        }
    }

    @Test(arguments: [
        "", "1", "1.", "-1", "1.all.1", "1.All", "1.f.0", "1.f.-1", "1.f", "1.+f.1", "1.F.1",
        "1.0f.1", "1.f.99999999999999999999", "1.10000000000000000.1", "1.f.1.1", "01.all",
        // Of a program that counted by time only.
        "1544712660000000000-3",
    ])
    func whatIsNoCursorIsRefused(text: String) {
        #expect(LogCursor(text) == nil)
    }

    /// Times past 2262 are negative numbers.
    @Test(arguments: [
        "0.all", "1544712660000000000.0.1", "-1.ffffffffffffffff.9223372036854775807",
        "-9223372036854775808.all",
    ])
    func aCursorReadsBack(text: String) {
        #expect(LogCursor(text)?.description == text)
    }

    @Test func badRequestsAreRefusedAndStoreNothing() async throws {
        try await withNode { node, _ in
            let malformed = IngestRequest(
                space: "default",
                signal: .traces,
                encoding: .protobuf,
                body: [0xff, 0xff]
            )
            let failure = await #expect(throws: IngestFailure.self) {
                try await node.ingest(malformed)
            }
            #expect(failure?.code == .malformed)
            var elsewhere = Self.request("shop", [Self.span(trace: 1, span: 1)])
            elsewhere.space = "nowhere"
            let unknown = await #expect(throws: IngestFailure.self) {
                try await node.ingest(elsewhere)
            }
            #expect(unknown?.code == .unknownSpace)
            let mixed = Self.request(
                "shop",
                [Self.span(trace: 1, span: 0), Self.span(trace: 1, span: 4)]
            )
            let receipt = try await node.ingest(mixed)
            #expect(receipt.rejectedRecords == 1)
            #expect(!receipt.message.isEmpty)
            #expect(try node.status().acknowledged.spans == 1)
            #expect(try node.services(space: "default") == ["shop"])
        }
    }
}
