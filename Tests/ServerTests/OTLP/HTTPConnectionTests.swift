import Telemetry
import Testing

@testable import Server

/// What a connection does with several requests, and how it ends.
@Suite(.timeLimit(.minutes(1)))
struct HTTPConnectionTests {
    private static func export(_ path: String, _ body: [UInt8], staysOpen: Bool = true) -> [UInt8] {
        HTTPProbe.head(
            "POST",
            path,
            [("Content-Type", "application/x-protobuf"), ("Content-Length", "\(body.count)")],
            staysOpen: staysOpen
        ) + body
    }

    private static func get(_ path: String, staysOpen: Bool = true) -> [UInt8] {
        HTTPProbe.head("GET", path, [("Content-Length", "0")], staysOpen: staysOpen)
    }

    @Test func answersRequestsThatCameTogetherInOrder() async throws {
        let ingest = FakeIngest { request throws(IngestFailure) in
            if request.body == [2] { throw IngestFailure(.malformed, "no", remedy: "none") }
            return IngestReceipt()
        }
        let requests = [
            Self.export("/v1/traces", [1]), Self.get("/livez"), Self.export("/v1/logs", [2]),
            Self.export("/v1/metrics", [3]), Self.get("/nothing"), Self.get("/livez"),
            Self.get("/v1/traces"), Self.export("/v1/traces", [4], staysOpen: false),
        ]
        try await withServer(ingest) { _, addresses in
            let statuses = try await HTTPProbe(addresses.http).statuses(requests.flatMap { $0 })
            #expect(statuses == [200, 200, 400, 200, 404, 200, 405, 200])
        }
        #expect(ingest.requests.map(\.body) == [[1], [2], [3], [4]])
    }

    @Test func answersBeforeTheRestOfARefusedBody() async throws {
        let configure: (inout ServerConfiguration) -> Void = { $0.maxRequestBytes = 1_000 }
        let large = [UInt8](repeating: 7, count: 500_000)
        try await withServer(configure: configure) { _, addresses in
            let requests = [
                Self.export("/v1/traces", large), Self.export("/v1/traces", [1]),
                Self.export("/v1/traces", large, staysOpen: false),
            ]
            let statuses = try await HTTPProbe(addresses.http).statuses(requests.flatMap { $0 })
            #expect(statuses == [413, 200, 413])
        }
    }

    @Test func answersASenderThatHasEndedItsSide() async throws {
        let entered = Gate()
        let release = Gate()
        let ingest = FakeIngest { _ in
            entered.open()
            await release.wait()
            return IngestReceipt()
        }
        try await withServer(ingest) { _, addresses in
            let requests = Self.export("/v1/traces", [1]) + Self.export("/v1/logs", [2])
            async let statuses = HTTPProbe(addresses.http).statuses(requests, endsSending: true)
            await entered.wait()
            release.open()
            let answered = try await statuses
            #expect(answered == [200, 200])
        }
        #expect(ingest.requests.count == 2)
    }

    @Test func answersWhatCameBeforeNonsense() async throws {
        let entered = Gate()
        let release = Gate()
        let ingest = FakeIngest { _ in
            entered.open()
            await release.wait()
            return IngestReceipt()
        }
        try await withServer(ingest) { _, addresses in
            let bytes = Self.export("/v1/traces", [1]) + Array("nonsense\r\n\r\n".utf8)
            async let statuses = HTTPProbe(addresses.http).statuses(bytes)
            await entered.wait()
            release.open()
            let answered = try await statuses
            #expect(answered == [200, 400])
        }
    }

    @Test(arguments: ["//v1/traces", "/v1/traces/", "/v1/traces?x=1"])
    func forgivesHowThePathIsWritten(_ path: String) async throws {
        try await withServer { _, addresses in
            let answer = try await HTTPProbe(addresses.http).post(path, body: [1])
            #expect(answer.status == 200)
        }
    }

    @Test(arguments: ["/v2/traces", "/traces", "/api/v1/traces"])
    func leavesOtherPathsToTheRoutes(_ path: String) async throws {
        try await withServer { _, addresses in
            let answer = try await HTTPProbe(addresses.http).post(path, body: [1])
            #expect(answer.status == 404)
            #expect(answer.text.hasPrefix(#"{"error":"#))
        }
    }

    @Test func saysWhenItAnswered() async throws {
        try await withServer { _, addresses in
            let answer = try await HTTPProbe(addresses.http).post("/v1/traces", body: [1])
            let date = try #require(answer.headers["date"])
            let form = /\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT/
            #expect(try form.wholeMatch(in: date) != nil)
        }
    }

    // MARK: - How long a connection is kept

    private static let lastRequests: [(String, Int)] = [
        ("GET /livez HTTP/1.0\r\n\r\n", 200),
        ("GET /nothing HTTP/1.0\r\n\r\n", 404),
        ("GET /v1/traces HTTP/1.0\r\n\r\n", 405),
        (
            "POST /v1/traces HTTP/1.0\r\nContent-Type: application/x-protobuf\r\n"
                + "Content-Length: 1\r\nExpect: 100-continue\r\n\r\n\u{1}",
            200
        ),
        ("GET /livez HTTP/1.1\r\nHost: test\r\nConnection: Close\r\n\r\n", 200),
    ]

    @Test(arguments: lastRequests)
    func closesTheConnectionAfterTheAnswer(_ request: String, _ status: Int) async throws {
        try await withServer { _, addresses in
            let answer = try await HTTPProbe(addresses.http).exchange(Array(request.utf8))
            #expect(answer.status == status)
            #expect(answer.headers["connection"] == "close")
            #expect(answer.headers["content-length"] == "\(answer.body.count)")
            #expect(answer.headers["transfer-encoding"] == nil)
        }
    }

    @Test(arguments: ["/livez", "/v1/traces"])
    func keepsAConnectionOfHTTP10WhenAskedTo(_ path: String) async throws {
        try await withServer { _, addresses in
            let kept = "GET \(path) HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"
            let last = "GET /livez HTTP/1.0\r\n\r\n"
            let answer = try await HTTPProbe(addresses.http).exchange(Array((kept + last).utf8))
            #expect(answer.headers["connection"] == "keep-alive")
            // What follows the first answer is its body and the second one.
            #expect(answer.text.lowercased().contains("connection: close"))
        }
    }

    @Test func answersHEADWithoutABody() async throws {
        try await withServer { _, addresses in
            let requests =
                HTTPProbe.head("HEAD", "/v1/traces", [], staysOpen: true)
                + Self.export("/v1/traces", [1], staysOpen: false)
            let statuses = try await HTTPProbe(addresses.http).statuses(requests)
            #expect(statuses == [405, 200])
        }
    }
}
