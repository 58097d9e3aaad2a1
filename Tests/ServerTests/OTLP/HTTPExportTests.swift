import OTLP
import Telemetry
import Testing

@testable import Server

/// OTLP/HTTP over a live socket: what is stored, and what the answer says.
@Suite(.timeLimit(.minutes(1)))
struct HTTPExportTests {
    @Test(arguments: Signal.allCases)
    func storesEverySignal(_ signal: Signal) async throws {
        let ingest = FakeIngest()
        try await withServer(ingest) { server, addresses in
            let answer = try await HTTPProbe(addresses.http)
                .post("/v1/\(signal.rawValue)", body: [1, 2, 3])
            #expect(answer.status == 200)
            #expect(answer.headers["content-type"] == "application/x-protobuf")
            #expect(answer.headers["content-length"] == "0")
            #expect(answer.body.isEmpty)
            #expect(server.metrics.requests(signal, .http, .stored) == 1)
        }
        let request = try #require(ingest.requests.first)
        #expect(request.signal == signal)
        #expect(request.encoding == .protobuf)
        #expect(request.space == "default")
        #expect(request.body == [1, 2, 3])
    }

    @Test(arguments: [
        "application/json", "application/json; charset=utf-8", "Application/JSON;charset=UTF-8",
    ])
    func answersJSONInJSON(_ contentType: String) async throws {
        let ingest = FakeIngest()
        try await withServer(ingest) { _, addresses in
            let answer = try await HTTPProbe(addresses.http)
                .post("/v1/logs", contentType, body: Array("{}".utf8))
            #expect(answer.status == 200)
            #expect(answer.headers["content-type"] == "application/json")
            #expect(answer.text == "{}")
        }
        #expect(ingest.requests.first?.encoding == .json)
    }

    @Test func storesAnEmptyRequest() async throws {
        try await withServer { _, addresses in
            let answer = try await HTTPProbe(addresses.http).post("/v1/traces")
            #expect(answer.status == 200)
            #expect(answer.body.isEmpty)
        }
    }

    @Test(arguments: ["gzip", "GZIP", "x-gzip"])
    func inflatesGzip(_ packing: String) async throws {
        let body = [UInt8](repeating: 7, count: 300_000)
        let packed = try #require(Gzip.deflated(body))
        let ingest = FakeIngest()
        try await withServer(ingest) { _, addresses in
            let answer = try await HTTPProbe(addresses.http)
                .post("/v1/traces", headers: [("Content-Encoding", packing)], body: packed)
            #expect(answer.status == 200)
            #expect(answer.headers["content-encoding"] == nil)
        }
        #expect(ingest.requests.first?.body == body)
    }

    @Test(arguments: ["identity", "none"])
    func takesPlainBodiesThatSaySo(_ packing: String) async throws {
        let ingest = FakeIngest()
        try await withServer(ingest) { _, addresses in
            let answer = try await HTTPProbe(addresses.http)
                .post("/v1/traces", headers: [("Content-Encoding", packing)], body: [5])
            #expect(answer.status == 200)
        }
        #expect(ingest.requests.first?.body == [5])
    }

    @Test func takesBodiesOfUnknownLength() async throws {
        let chunks = (0..<50).map { [UInt8](repeating: $0, count: 20_000) }
        let ingest = FakeIngest()
        try await withServer(ingest) { _, addresses in
            let answer = try await HTTPProbe(addresses.http)
                .postChunked("/v1/metrics", chunks: chunks)
            #expect(answer.status == 200)
        }
        #expect(ingest.requests.first?.body == chunks.flatMap { $0 })
    }

    @Test func sendsTheSpaceAlong() async throws {
        let ingest = FakeIngest()
        try await withServer(ingest) { _, addresses in
            let answer = try await HTTPProbe(addresses.http)
                .post("/v1/traces", headers: [("X-Holdfast-Space", "team-a")], body: [1])
            #expect(answer.status == 200)
        }
        #expect(ingest.requests.first?.space == "team-a")
    }

    @Test func defaultsToTheConfiguredSpace() async throws {
        let ingest = FakeIngest()
        try await withServer(ingest, configure: { $0.defaultSpace = "lab" }) { _, addresses in
            _ = try await HTTPProbe(addresses.http).post("/v1/traces", body: [1])
        }
        #expect(ingest.requests.first?.space == "lab")
    }

    // MARK: - Partial success

    @Test func tellsPartialSuccessInProtobuf() async throws {
        let ingest = FakeIngest { _ in IngestReceipt(rejectedRecords: 3, message: "bad ids") }
        try await withServer(ingest) { server, addresses in
            let answer = try await HTTPProbe(addresses.http).post("/v1/traces", body: [1])
            #expect(answer.status == 200)
            // partial_success { rejected_spans: 3 error_message: "bad ids" }
            #expect(answer.body == [0x0a, 11, 0x08, 3, 0x12, 7] + Array("bad ids".utf8))
            #expect(server.metrics.requests(.traces, .http, .partial) == 1)
        }
    }

    @Test(arguments: [
        (Signal.traces, "rejectedSpans"), (.logs, "rejectedLogRecords"),
        (.metrics, "rejectedDataPoints"),
    ])
    func tellsPartialSuccessInJSON(_ signal: Signal, _ field: String) async throws {
        let ingest = FakeIngest { _ in IngestReceipt(rejectedRecords: 3, message: "bad ids") }
        try await withServer(ingest) { _, addresses in
            let answer = try await HTTPProbe(addresses.http)
                .post("/v1/\(signal.rawValue)", "application/json", body: [1])
            #expect(answer.status == 200)
            let expected = #"{"partialSuccess":{"\#(field)":"3","errorMessage":"bad ids"}}"#
            #expect(answer.text == expected)
        }
    }

    @Test func tellsAWarning() async throws {
        let ingest = FakeIngest { _ in IngestReceipt(message: "old field") }
        try await withServer(ingest) { server, addresses in
            let answer = try await HTTPProbe(addresses.http).post("/v1/traces", body: [1])
            #expect(answer.body == [0x0a, 11, 0x12, 9] + Array("old field".utf8))
            #expect(server.metrics.requests(.traces, .http, .stored) == 1)
        }
    }

    @Test func shortensLongMessages() async throws {
        let message = String(repeating: "é", count: 50_000)
        let ingest = FakeIngest { _ in IngestReceipt(rejectedRecords: 1, message: message) }
        try await withServer(ingest) { _, addresses in
            let answer = try await HTTPProbe(addresses.http)
                .post("/v1/traces", "application/json", body: [1])
            #expect(answer.body.count < 9000)
            #expect(answer.text.contains("éé") && !answer.text.contains("\u{fffd}"))
        }
    }

    // MARK: - Packed answers

    @Test func packsLongAnswersWhenAsked() async throws {
        let ingest = FakeIngest { _ in
            IngestReceipt(rejectedRecords: 1, message: String(repeating: "x", count: 4000))
        }
        try await withServer(ingest) { _, addresses in
            let probe = HTTPProbe(addresses.http)
            let plain = try await probe.post("/v1/traces", body: [1])
            #expect(plain.headers["content-encoding"] == nil)
            let packed = try await probe.post(
                "/v1/traces",
                headers: [("Accept-Encoding", "br, gzip")],
                body: [1]
            )
            #expect(packed.headers["content-encoding"] == "gzip")
            #expect(packed.headers["vary"] == "Accept-Encoding")
            var inflater = try GzipInflater(limit: 100_000)
            try packed.body.withUnsafeBytes { try inflater.push($0) }
            #expect(try inflater.finish() == plain.body)
        }
    }

    @Test func keepsShortAnswersPlain() async throws {
        try await withServer { _, addresses in
            let answer = try await HTTPProbe(addresses.http).post(
                "/v1/traces",
                "application/json",
                headers: [("Accept-Encoding", "gzip")],
                body: [1]
            )
            #expect(answer.headers["content-encoding"] == nil)
            #expect(answer.text == "{}")
        }
    }
}
