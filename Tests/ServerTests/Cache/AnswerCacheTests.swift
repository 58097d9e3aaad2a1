import HTTPTypes
import Hummingbird
import HummingbirdTesting
import OTLP
import Storage
import TagCache
import Telemetry
import Testing

@testable import Server

/// Questions to a real node through the cache: nothing fresh is hidden, nothing else is forgotten.
@Suite("Answers from the cache")
struct AnswerCacheTests {
    private struct Bench: Sendable {
        let node: TelemetryNode
        let cache: AnswerCache
        let client: any TestClientProtocol

        func ask(
            _ uri: String,
            _ headers: HTTPFields = [:]
        ) async throws -> TestResponse {
            try await client.executeRequest(uri: uri, method: .get, headers: headers, body: nil)
        }

        func text(_ uri: String, _ headers: HTTPFields = [:]) async throws -> String {
            String(buffer: try await ask(uri, headers).body)
        }

        func store(_ signal: Signal, _ body: [UInt8]) async throws {
            let request = IngestRequest(
                space: "default",
                signal: signal,
                encoding: .protobuf,
                body: body
            )
            _ = try await node.ingest(request)
        }

        func storeSpan(_ service: String, trace: UInt64, span: UInt64) async throws {
            try await storeSpans(service, traces: trace...trace, span: span)
        }

        /// One span of each trace, in one batch.
        func storeSpans(_ service: String, traces: ClosedRange<UInt64>, span: UInt64) async throws {
            let spans = traces.map { trace in
                Span(
                    traceID: TraceID(high: 1, low: trace),
                    spanID: SpanID(span),
                    name: "operation \(span % 3)",
                    kind: 2,
                    startTime: 1_000 * span,
                    endTime: 1_000 * span + 10
                )
            }
            try await store(
                .traces,
                OTLPEncoder.protobuf(traces: [
                    ResourceSpans(resource: resource(service), scopes: [ScopeSpans(spans: spans)])
                ])
            )
        }

        func storeLog(_ service: String, trace: UInt64, time: UInt64) async throws {
            let record = LogRecord(
                time: time,
                body: .string("line \(time)"),
                traceID: TraceID(high: 1, low: trace)
            )
            try await store(
                .logs,
                OTLPEncoder.protobuf(logs: [
                    ResourceLogs(
                        resource: resource(service),
                        scopes: [ScopeLogs(records: [record])]
                    )
                ])
            )
        }

        func storePoint(_ service: String, _ name: String, time: UInt64) async throws {
            let metric = Metric(
                name: name,
                data: .gauge([NumberPoint(time: time, value: .int(Int64(time)))])
            )
            try await store(
                .metrics,
                OTLPEncoder.protobuf(metrics: [
                    ResourceMetrics(
                        resource: resource(service),
                        scopes: [ScopeMetrics(metrics: [metric])]
                    )
                ])
            )
        }

        private func resource(_ service: String) -> Resource {
            Resource(attributes: [KeyValue("service.name", .string(service))])
        }
    }

    private func withBench(
        _ body: @escaping @Sendable (Bench) async throws -> Void
    ) async throws {
        let directory = try TemporaryDirectory()
        var configuration = NodeConfiguration(dataDirectory: directory.path)
        configuration.limits.memtableFlushBytes = 20_000
        let node = try TelemetryNode(configuration: configuration, logger: quietLogger)
        defer { node.close() }
        let cache = AnswerCache(byteLimit: 8 << 20)
        node.observer = cache
        let router = Router(context: HoldfastRequestContext.self)
        let gatekeeper = Gatekeeper(tokens: nil, checksOrigin: false, defaultSpace: "default")
        router.add(middleware: DoorMiddleware(gatekeeper: gatekeeper))
        let runner = QueryRunner(node: node, cache: cache, logger: quietLogger)
        let routes: [any RouteGroup] = [
            JaegerRoutes(runner: runner), LogRoutes(runner: runner), MetricRoutes(runner: runner),
            NodeRoutes(runner: runner),
        ]
        for group in routes { group.add(to: router) }
        try await Application(responder: router.buildResponder()).test(.router) { client in
            try await body(Bench(node: node, cache: cache, client: client))
        }
    }

    private static let services = ["front-end", "checkout", "größe/1", ""]

    private static func trace(_ number: UInt64) -> String {
        TraceID(high: 1, low: number).description
    }

    private static let questions: [String] =
        [
            "/api/services", "/api/v3/services", "/api/operations", "/api/traces?limit=50",
            "/api/traces?service=checkout&limit=5",
            "/api/traces?service=checkout&operation=operation%201",
            "/api/v3/traces?query.service_name=front-end", "/api/dependencies",
            "/api/v3/trace-summaries?query.service_name=front-end&query.search_depth=3",
            "/api/services/checkout/operations", "/api/operations?service=gr%C3%B6%C3%9Fe%2F1",
            "/api/logs", "/api/logs?service=checkout", "/api/logs?traceId=\(trace(3))",
            "/api/metrics/names", "/api/metrics/range?name=heat",
            "/api/metrics/range?name=load&service=checkout", "/api/metrics/series?name=load",
        ]
        + (1...6 as ClosedRange<UInt64>).flatMap {
            ["/api/traces/\(trace($0))", "/api/v3/traces/\(trace($0))"]
        }

    /// What is asked for anew: never from the cache.
    private static let anew: HTTPFields = [.cacheControl: "no-store"]

    @Test("whatever was acknowledged is in the next answer", arguments: [1, 2, 3] as [UInt64])
    func hidesNothing(seed: UInt64) async throws {
        try await withBench { bench in
            var chance = seed
            func draw(_ count: Int) -> Int {
                chance = chance &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return Int(chance >> 33) % count
            }
            for step in 1...80 as ClosedRange<UInt64> {
                let service = Self.services[draw(Self.services.count)]
                let trace = UInt64(1 + draw(6))
                switch draw(3) {
                case 0: try await bench.storeSpan(service, trace: trace, span: step)
                case 1: try await bench.storeLog(service, trace: trace, time: step)
                default:
                    let name = ["heat", "load"][draw(2)]
                    try await bench.storePoint(service, name, time: step * 1_000_000_000)
                }
                for _ in 0..<12 {
                    let question = Self.questions[draw(Self.questions.count)]
                    let kept = try await bench.text(question)
                    let new = try await bench.text(question, Self.anew)
                    #expect(kept == new, "seed \(seed), step \(step): \(question)")
                }
            }
            let figures = bench.cache.statistics
            #expect(figures.hits > 50)
            #expect(figures.evictions.invalidated > 50)
        }
    }

    @Test("a commit makes nothing stale but what it touched")
    func forgetsNothingElse() async throws {
        try await withBench { bench in
            try await bench.storeSpan("front-end", trace: 1, span: 1)
            try await bench.storeSpan("checkout", trace: 2, span: 2)
            try await bench.storeLog("front-end", trace: 1, time: 1)
            let kept = [
                "/api/traces?service=front-end", "/api/traces/\(Self.trace(1))",
                "/api/logs?service=front-end", "/api/services", "/api/operations?service=front-end",
                "/api/metrics/names",
            ]
            let forgotten = ["/api/traces", "/api/traces?service=checkout", "/api/dependencies"]
            for question in kept + forgotten { _ = try await bench.ask(question) }
            let before = bench.cache.statistics
            try await bench.storeSpan("checkout", trace: 2, span: 3)
            for question in kept { _ = try await bench.ask(question) }
            #expect(bench.cache.statistics.hits == before.hits + kept.count)
            for question in forgotten { _ = try await bench.ask(question) }
            #expect(bench.cache.statistics.loads == before.loads + forgotten.count)
        }
    }

    @Test("an answer of more traces than an entry has room for tags is told all the same")
    func tellsWhatItCannotKeep() async throws {
        try await withBench { bench in
            try await bench.storeSpans("checkout", traces: 1...5_000, span: 1)
            for _ in 0..<2 {
                let answer = try await bench.ask("/api/traces?service=checkout&limit=6000")
                #expect(answer.status == .ok)
                let traces = String(buffer: answer.body).ranges(of: "\"traceID\"").count
                #expect(traces >= 5_000)
            }
        }
    }

    @Test("a span of another service makes an answer stale that holds its trace")
    func forgetsTracesThatGrow() async throws {
        try await withBench { bench in
            try await bench.storeSpan("front-end", trace: 1, span: 1)
            let question = "/api/traces?service=front-end"
            let before = try await bench.text(question)
            #expect(!before.contains("checkout"))
            try await bench.storeSpan("checkout", trace: 1, span: 2)
            let after = try await bench.text(question)
            #expect(after.contains("checkout"))
        }
    }

    @Test("two hundred who ask the same cost one scan")
    func scansOnce() async throws {
        try await withBench { bench in
            for span in 1...50 as ClosedRange<UInt64> {
                try await bench.storeSpan("checkout", trace: span, span: span)
            }
            try await withThrowingTaskGroup(of: String.self) { group in
                for _ in 0..<200 {
                    group.addTask { try await bench.text("/api/traces?service=checkout") }
                }
                var answers: Set<String> = []
                for try await answer in group { answers.insert(answer) }
                #expect(answers.count == 1)
            }
            let figures = bench.cache.statistics
            #expect(figures.loads == 1)
            #expect(figures.hits + figures.coalesced == 199)
        }
    }

    @Test("an answer says how old it is and is not sent again to who has it")
    func tellsItsAge() async throws {
        try await withBench { bench in
            try await bench.storeSpan("checkout", trace: 1, span: 1)
            let first = try await bench.ask("/api/services")
            #expect(first.headers[.age].flatMap { Int($0) } != nil)
            #expect(first.headers[.cacheControl] == "no-cache")
            let tag = try #require(first.headers[.eTag])
            let again = try await bench.ask("/api/services", [.ifNoneMatch: tag])
            #expect(again.status == .notModified)
            #expect(again.body.readableBytes == 0)
            #expect(again.headers[.eTag] == tag)
            try await bench.storeSpan("new", trace: 2, span: 2)
            let changed = try await bench.ask("/api/services", [.ifNoneMatch: tag])
            #expect(changed.status == .ok)
            #expect(changed.headers[.eTag] != tag)
        }
    }

    @Test("packed and plain answers are kept apart")
    func packs() async throws {
        try await withBench { bench in
            for span in 1...30 as ClosedRange<UInt64> {
                try await bench.storeSpan("checkout", trace: span, span: span)
            }
            for _ in 0..<2 {
                let packed = try await bench.ask("/api/traces", [.acceptEncoding: "gzip"])
                #expect(packed.headers[.contentEncoding] == "gzip")
                let plain = try await bench.ask("/api/traces")
                #expect(plain.headers[.contentEncoding] == nil)
                #expect(plain.headers[.eTag] == packed.headers[.eTag])
            }
            #expect(bench.cache.statistics.loads == 2)
        }
    }

    @Test("a space that changed as a whole keeps no answer")
    func forgetsASpace() async throws {
        try await withBench { bench in
            try await bench.storeSpan("checkout", trace: 1, span: 1)
            for question in Self.questions { _ = try await bench.ask(question) }
            bench.cache.changed(space: "default")
            let before = bench.cache.statistics
            for question in Self.questions { _ = try await bench.ask(question) }
            #expect(bench.cache.statistics.hits == before.hits)
        }
    }

    @Test("a service that sends again after its space changed is listed")
    func listsWhoReturns() async throws {
        try await withBench { bench in
            try await bench.storeSpan("checkout", trace: 1, span: 1)
            // As when retention has dropped its spans.
            bench.cache.changed(space: "default")
            _ = try await bench.ask("/api/services")
            let before = bench.cache.statistics
            try await bench.storeSpan("checkout", trace: 2, span: 2)
            _ = try await bench.ask("/api/services")
            #expect(bench.cache.statistics.loads == before.loads + 1)
        }
    }

    @Test("failures are not kept")
    func keepsNoFailure() async throws {
        try await withBench { bench in
            let question = "/api/traces/\(Self.trace(9))"
            for _ in 0..<2 {
                let answer = try await bench.ask(question)
                #expect(answer.status == .notFound)
            }
            let refused = try await bench.ask("/api/traces?limit=nonsense")
            #expect(refused.status == .badRequest)
            #expect(bench.cache.statistics.entries == 0)
        }
    }

    @Test("GET /api/cache tells the figures")
    func tellsItsFigures() async throws {
        try await withBench { bench in
            _ = try await bench.ask("/api/services")
            _ = try await bench.ask("/api/services")
            let figures = try await bench.text("/api/cache")
            for member in [
                #""hits":1"#, #""misses":1"#, #""coalesced":0"#, #""staleServed":0"#,
                #""entries":1"#,
                #""evictions":{"capacity":0,"#, #""bytes":"#,
            ] { #expect(figures.contains(member), "\(member) in \(figures)") }
        }
    }
}
