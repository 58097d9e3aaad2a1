import Hummingbird
import OTLP
import Testing

@testable import Server

/// What all routes have in common: errors, origins, spaces, health and metrics.
@Suite(.timeLimit(.minutes(1)))
struct RouteTests {
    /// Routes as other parts of the server would add them.
    private struct SampleRoutes: RouteGroup {
        struct Unforeseen: Error {}

        func add(to router: Router<HoldfastRequestContext>) {
            router.get("/api/space") { _, context in context.space }
            router.post("/api/space") { _, context in context.space }
            router.get("/api/things/:id") { _, context -> String in
                guard context.parameters.get("id") == "1" else {
                    throw APIError.notFound("no such thing", remedy: "List the things.")
                }
                return "one"
            }
            router.get("/api/broken") { _, _ -> String in throw Unforeseen() }
            router.get("/api/foreign") { _, _ -> String in
                throw HTTPError(.badRequest, message: "not like that")
            }
        }
    }

    private func withRoutes(
        host: String = "127.0.0.1",
        _ body: (HTTPProbe) async throws -> Void
    ) async throws {
        let configure: (inout ServerConfiguration) -> Void = { $0.http.host = host }
        try await withServer(routes: [SampleRoutes()], configure: configure) { _, addresses in
            let address = HostPort(host: "127.0.0.1", port: addresses.http.port)
            try await body(HTTPProbe(address))
        }
    }

    // MARK: - Errors

    @Test func answersErrorsInOneShape() async throws {
        try await withRoutes { probe in
            let missing = try await probe.get("/api/things/2")
            #expect(missing.status == 404)
            #expect(missing.headers["content-type"] == "application/json")
            #expect(
                missing.text == """
                    {"error":{"code":"not_found","message":"no such thing",\
                    "remedy":"List the things."}}
                    """
            )
            let nowhere = try await probe.get("/no/where")
            #expect(nowhere.status == 404)
            #expect(nowhere.text.hasPrefix(#"{"error":{"code":"not_found","#))
            let foreign = try await probe.get("/api/foreign")
            #expect(foreign.status == 400)
            #expect(foreign.text.contains(#""code":"malformed","message":"not like that""#))
            let broken = try await probe.get("/api/broken")
            #expect(broken.status == 500)
            #expect(broken.text.contains(#""code":"internal""#))
            #expect(!broken.text.contains("Unforeseen"))
        }
    }

    @Test func answersOtherMethods() async throws {
        try await withRoutes { probe in
            let answer = try await probe.send("DELETE", "/api/things/1")
            #expect(answer.status == 405)
            #expect(answer.headers["allow"] == "GET, HEAD")
            #expect(answer.text.hasPrefix(#"{"error":{"code":"method_not_allowed","#))
            let head = try await probe.send("HEAD", "/api/things/1")
            #expect(head.status == 200)
            #expect(head.body.isEmpty)
            for path in ["/api/things/2", "/no/where", "/v1/traces"] {
                let refused = try await probe.send("HEAD", path)
                #expect(refused.status >= 404)
                #expect(refused.body.isEmpty)
            }
        }
    }

    @Test func answersGarbage() async throws {
        try await withRoutes { probe in
            let answer = try await probe.exchange(Array("NOT HTTP AT ALL\r\n\r\n".utf8))
            #expect(answer.status == 400)
        }
    }

    // MARK: - Spaces

    @Test func tellsRoutesTheSpace() async throws {
        try await withRoutes { probe in
            let plain = try await probe.get("/api/space")
            #expect(plain.text == "default")
            let named = try await probe.get("/api/space", headers: [("x-holdfast-space", "a")])
            #expect(named.text == "a")
        }
    }

    // MARK: - Origins

    @Test(arguments: [
        (nil, true), ("http://localhost:3000", true), ("http://127.0.0.1:4318", true),
        ("https://[::1]", true), ("HTTP://LOCALHOST", true), ("null", false), ("", false),
        ("http://example.com", false), ("http://localhost.example.com", false),
        ("http://127.0.0.1.example.com", false), ("http://example.com:80@localhost", false),
        ("http://[::1", false), ("http://[::1]x", false), ("file://localhost", false),
        ("http://localhost/path", false), ("localhost", false), ("http:localhost", false),
    ])
    func knowsOrigins(_ origin: String?, _ isAllowed: Bool) {
        #expect(OriginCheck.allows(origin) == isAllowed)
    }

    @Test func keepsForeignPagesFromChangingAnything() async throws {
        try await withRoutes { probe in
            let foreign = [("Origin", "http://example.com")]
            let refused = try await probe.post("/api/space", headers: foreign)
            #expect(refused.status == 403)
            #expect(refused.text.hasPrefix(#"{"error":{"code":"forbidden_origin","#))
            let export = try await probe.post("/v1/traces", headers: foreign)
            #expect(export.status == 403)
            #expect(export.body.prefix(3) == [0x08, 7, 0x12])
            let read = try await probe.get("/api/space", headers: foreign)
            #expect(read.status == 200)
            let own = [("Origin", "http://localhost:8080")]
            let allowed = try await probe.post("/api/space", headers: own)
            #expect(allowed.status == 200)
        }
    }

    @Test func leavesOriginsToTheNetworkOtherwise() async throws {
        try await withRoutes(host: "0.0.0.0") { probe in
            let foreign = [("Origin", "http://example.com")]
            let answer = try await probe.post("/api/space", headers: foreign)
            #expect(answer.status == 200)
        }
    }

    // MARK: - Health and metrics

    @Test(arguments: [true, false])
    func reportsReadiness(_ isWell: Bool) async throws {
        let readiness: @Sendable () async -> [ReadinessCheck] = {
            [
                ReadinessCheck("journal", ok: true, detail: "12 ms"),
                ReadinessCheck("disk", ok: isWell, detail: "91 % used"),
            ]
        }
        try await withServer(readiness: readiness) { _, addresses in
            let probe = HTTPProbe(addresses.http)
            let alive = try await probe.get("/livez")
            #expect(alive.status == 200)
            #expect(alive.text == #"{"ok":true}"#)
            let answer = try await probe.get("/readyz")
            #expect(answer.status == (isWell ? 200 : 503))
            #expect(
                answer.text == """
                    {"ok":\(isWell),"checks":[{"name":"journal","ok":true,"detail":"12 ms"},\
                    {"name":"disk","ok":\(isWell),"detail":"91 % used"}]}
                    """
            )
        }
    }

    @Test func showsMetrics() async throws {
        let samples: @Sendable () async -> [MetricSample] = {
            [MetricSample("own_total", help: "Own.", kind: .counter, value: 5)]
        }
        try await withServer(routes: [SampleRoutes()], samples: samples) { _, addresses in
            let probe = HTTPProbe(addresses.http)
            _ = try await probe.post("/v1/traces", body: [1, 2, 3])
            _ = try await probe.get("/api/space")
            _ = try await probe.get("/api/things/2")
            _ = try await probe.get("/api/nothing")
            _ = try await GRPCProbe(addresses.grpc).export(.logs, [1, 2])
            let answer = try await probe.get("/metrics")
            #expect(answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8")
            let lines = answer.text.split(separator: "\n").map(String.init)
            for line in [
                "# TYPE holdfast_export_requests_total counter",
                #"holdfast_export_requests_total{signal="traces",transport="http",outcome="stored"} 1"#,
                #"holdfast_export_wire_bytes_total{signal="traces",transport="http"} 3"#,
                #"holdfast_export_body_bytes_total{signal="logs",transport="grpc"} 2"#,
                "# TYPE holdfast_export_duration_seconds histogram",
                #"holdfast_export_duration_seconds_count{signal="traces",transport="http"} 1"#,
                "# TYPE holdfast_query_duration_seconds histogram",
                #"holdfast_query_duration_seconds_bucket{route="/api/space",le="+Inf"} 1"#,
                #"holdfast_query_duration_seconds_count{route="/api/space"} 1"#,
                // What nobody has asked for is there, too.
                #"holdfast_query_duration_seconds_count{route="/api/broken"} 0"#,
                #"holdfast_query_duration_seconds_sum{route="/api/broken"} 0"#,
                "own_total 5",
            ] {
                #expect(lines.contains(line), "\(line)")
            }
            #expect(lines.count { $0.hasPrefix("holdfast_query_duration_seconds_count") } == 4)
        }
    }

    @Test func showsEveryOutcomeFromTheStart() {
        let lines = PrometheusText.render(DoorMetrics().samples()).split(separator: "\n")
        for signal in Signal.allCases {
            for transport in Transport.allCases {
                for outcome in DoorOutcome.allCases {
                    let labels =
                        #"signal="\#(signal.rawValue)",transport="\#(transport.rawValue)","#
                        + #"outcome="\#(outcome.rawValue)""#
                    #expect(lines.contains("holdfast_export_requests_total{\(labels)} 0"))
                }
            }
        }
    }

    @Test func readsWhatTheKernelSaysOfTheProcess() throws {
        let fields = (3...40).map { "\($0)" }.joined(separator: " ")
        let figures = try #require(
            ProcessFigures(
                process: "7 (odd) name) \(fields)\n",
                system: "cpu  1 2 3\nbtime 1700000000\nprocesses 9\n",
                ticksPerSecond: 100,
                pageBytes: 4_096,
                openFiles: 12
            )
        )
        #expect(
            PrometheusText.render(figures.samples()).split(separator: "\n")
                .filter { !$0.hasPrefix("#") } == [
                    "process_cpu_seconds_total 0.29", "process_resident_memory_bytes 98304",
                    "process_start_time_seconds 1700000000.22", "process_open_fds 12",
                ]
        )
        let nothing = ProcessFigures(
            process: "7 (name",
            system: "",
            ticksPerSecond: 100,
            pageBytes: 1,
            openFiles: nil
        )
        #expect(nothing == nil)
    }

    @Test func knowsItsOwnProcess() throws {
        let figures = try #require(ProcessFigures())
        #expect(figures.residentBytes > 1 << 20)
        #expect(figures.startSeconds > 1_600_000_000)
        #expect((figures.openFiles ?? 0) > 2)
    }

    @Test func writesPrometheusText() {
        let text = PrometheusText.render([
            MetricSample(
                "a_total",
                help: "Of \\ and\nlines.",
                kind: .counter,
                labels: [.init("x", "q\"\\\n")],
                value: 1
            ),
            MetricSample(
                "h_bucket",
                help: "H.",
                kind: .histogram,
                labels: [.init("le", "+Inf")],
                value: 2
            ),
            MetricSample("a_total", help: "", kind: .counter, value: 0.25),
            MetricSample("h_sum", help: "H.", kind: .histogram, value: .infinity),
        ])
        #expect(
            text == #"""
                # HELP a_total Of \\ and\nlines.
                # TYPE a_total counter
                a_total{x="q\"\\\n"} 1
                a_total 0.25
                # HELP h H.
                # TYPE h histogram
                h_bucket{le="+Inf"} 2
                h_sum +Inf

                """#
        )
    }
}
