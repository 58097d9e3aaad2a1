import OTLP
import Telemetry
import Testing

@testable import Server

/// OTLP/HTTP over a live socket: what is refused, byte for byte.
@Suite(.timeLimit(.minutes(1)))
struct HTTPRefusalTests {
    // MARK: - Status bodies

    @Test func answersMalformedInProtobuf() async throws {
        let ingest = FakeIngest(failing: IngestFailure(.malformed, "bad", remedy: "Fix it."))
        try await withServer(ingest) { server, addresses in
            let answer = try await HTTPProbe(addresses.http).post("/v1/traces", body: [1])
            #expect(answer.status == 400)
            #expect(answer.headers["content-type"] == "application/x-protobuf")
            #expect(answer.headers["retry-after"] == nil)
            let type = Array("type.googleapis.com/google.rpc.BadRequest".utf8)
            // field_violations { description: "bad" }
            let detail: [UInt8] = [0x0a, 5, 0x12, 3] + Array("bad".utf8)
            let any = [0x0a, UInt8(type.count)] + type + [0x12, UInt8(detail.count)] + detail
            let message = Array("bad. Fix it.".utf8)
            #expect(
                answer.body
                    == [0x08, 3, 0x12, UInt8(message.count)] + message
                    + [0x1a, UInt8(any.count)] + any
            )
            #expect(server.metrics.requests(.traces, .http, .malformed) == 1)
        }
    }

    @Test func answersMalformedInJSON() async throws {
        let ingest = FakeIngest(failing: IngestFailure(.malformed, "bad", remedy: "Fix it."))
        try await withServer(ingest) { _, addresses in
            let answer = try await HTTPProbe(addresses.http)
                .post("/v1/logs", "application/json", body: [1])
            #expect(answer.status == 400)
            #expect(answer.headers["content-type"] == "application/json")
            #expect(
                answer.text == """
                    {"code":3,"message":"bad. Fix it.","details":[{"@type":\
                    "type.googleapis.com/google.rpc.BadRequest",\
                    "fieldViolations":[{"description":"bad"}]}]}
                    """
            )
        }
    }

    struct Mapping: Sendable, CustomTestStringConvertible {
        var code: IngestFailure.Code
        var seconds: Int?
        var status: Int
        var rpcCode: Int
        var retryAfter: String?
        var outcome: DoorOutcome

        var testDescription: String { "\(code)" }
    }

    static let mappings = [
        Mapping(code: .malformed, status: 400, rpcCode: 3, outcome: .malformed),
        Mapping(code: .unknownSpace, status: 404, rpcCode: 5, outcome: .unknownSpace),
        Mapping(code: .tooLarge, status: 413, rpcCode: 8, outcome: .tooLarge),
        Mapping(
            code: .overloaded,
            seconds: 7,
            status: 429,
            rpcCode: 14,
            retryAfter: "7",
            outcome: .overloaded
        ),
        Mapping(
            code: .diskFull,
            seconds: 30,
            status: 503,
            rpcCode: 14,
            retryAfter: "30",
            outcome: .diskFull
        ),
        Mapping(
            code: .unavailable,
            status: 503,
            rpcCode: 14,
            retryAfter: "1",
            outcome: .unavailable
        ),
    ]

    @Test(arguments: mappings)
    func tellsTheClientWhatToDo(_ mapping: Mapping) async throws {
        let failure = IngestFailure(
            mapping.code,
            "no",
            remedy: "Wait.",
            retryAfter: mapping.seconds
        )
        try await withServer(FakeIngest(failing: failure)) { server, addresses in
            let answer = try await HTTPProbe(addresses.http)
                .post("/v1/metrics", "application/json", body: [1])
            #expect(answer.status == mapping.status)
            #expect(answer.headers["retry-after"] == mapping.retryAfter)
            #expect(answer.text.hasPrefix(#"{"code":\#(mapping.rpcCode),"message":"no. Wait.""#))
            if let seconds = mapping.retryAfter {
                #expect(answer.text.contains(#""retryDelay":"\#(seconds)s""#))
            } else {
                #expect(!answer.text.contains("RetryInfo"))
            }
            #expect(server.metrics.requests(.metrics, .http, mapping.outcome) == 1)
        }
    }

    // MARK: - Types

    @Test(arguments: [nil, "text/plain", "application/grpc", "application/jsonx", ""])
    func refusesOtherContentTypes(_ contentType: String?) async throws {
        let ingest = FakeIngest()
        try await withServer(ingest) { server, addresses in
            let answer = try await HTTPProbe(addresses.http)
                .post("/v1/traces", contentType, body: [1])
            #expect(answer.status == 415)
            #expect(answer.headers["content-type"] == "application/json")
            #expect(answer.text.contains("application/x-protobuf or application/json"))
            #expect(server.metrics.requests(.traces, .http, .unsupported) == 1)
        }
        #expect(ingest.requests.isEmpty)
    }

    @Test(arguments: ["zstd", "deflate", "gzip, gzip", "br"])
    func refusesOtherContentEncodings(_ packing: String) async throws {
        let ingest = FakeIngest()
        try await withServer(ingest) { _, addresses in
            let answer = try await HTTPProbe(addresses.http)
                .post("/v1/traces", headers: [("Content-Encoding", packing)], body: [1])
            #expect(answer.status == 415)
            #expect(answer.headers["content-type"] == "application/x-protobuf")
            #expect(answer.text.contains("Send gzip"))
        }
        #expect(ingest.requests.isEmpty)
    }

    // MARK: - Sizes

    @Test func takesABodyAtTheLimit() async throws {
        let ingest = FakeIngest()
        let configure: (inout ServerConfiguration) -> Void = { $0.maxRequestBytes = 1000 }
        try await withServer(ingest, configure: configure) { _, addresses in
            let body = [UInt8](repeating: 1, count: 1000)
            let packed = try #require(Gzip.deflated(body))
            let probe = HTTPProbe(addresses.http)
            #expect(try await probe.post("/v1/traces", body: body).status == 200)
            #expect(try await probe.postChunked("/v1/traces", chunks: [body]).status == 200)
            let inflated = try await probe.post(
                "/v1/traces",
                headers: [("Content-Encoding", "gzip")],
                body: packed
            )
            #expect(inflated.status == 200)
        }
        #expect(ingest.requests.map(\.body.count) == [1000, 1000, 1000])
    }

    @Test func refusesABodyOverTheLimit() async throws {
        let ingest = FakeIngest()
        let configure: (inout ServerConfiguration) -> Void = { $0.maxRequestBytes = 1000 }
        try await withServer(ingest, configure: configure) { server, addresses in
            let body = [UInt8](repeating: 1, count: 1001)
            let probe = HTTPProbe(addresses.http)
            for answer in [
                try await probe.post("/v1/traces", "application/json", body: body),
                try await probe.post(
                    "/v1/traces",
                    "application/json",
                    headers: [("Content-Encoding", "gzip")],
                    body: try #require(Gzip.deflated(body))
                ),
            ] {
                #expect(answer.status == 413)
                #expect(answer.headers["retry-after"] == nil)
                #expect(
                    answer.text == """
                        {"code":8,"message":"the body is larger than 1000 bytes, as sent or once \
                        inflated. Send smaller batches, or raise --max-request-mib, up to 64."}
                        """
                )
            }
            let chunked = try await probe.postChunked("/v1/traces", chunks: [body])
            #expect(chunked.status == 413)
            #expect(server.metrics.requests(.traces, .http, .tooLarge) == 3)
        }
        #expect(ingest.requests.isEmpty)
    }

    @Test func refusesABombWithoutRoomForIt() async throws {
        let bomb = try #require(Gzip.deflated([UInt8](repeating: 0, count: 256 << 20)))
        #expect(bomb.count < 1 << 20)
        let configure: (inout ServerConfiguration) -> Void = { $0.maxRequestBytes = 1 << 20 }
        try await withServer(configure: configure) { _, addresses in
            let answer = try await HTTPProbe(addresses.http)
                .post("/v1/traces", headers: [("Content-Encoding", "gzip")], body: bomb)
            #expect(answer.status == 413)
        }
    }

    @Test func refusesDamagedGzip() async throws {
        let packed = try #require(Gzip.deflated([UInt8](0...255)))
        var damaged = packed
        damaged[20] ^= 0xff
        let ingest = FakeIngest()
        try await withServer(ingest) { _, addresses in
            let probe = HTTPProbe(addresses.http)
            for (body, message) in [
                (damaged, "damaged"), (Array(packed.dropLast(4)), "too early"),
                (packed + Array("tail".utf8), "follow the gzip body"), ([], "too early"),
                (Array("plain".utf8), "not gzip"),
            ] {
                let answer = try await probe.post(
                    "/v1/traces",
                    "application/json",
                    headers: [("Content-Encoding", "gzip")],
                    body: body
                )
                #expect(answer.status == 400)
                #expect(answer.text.contains(message), "\(answer.text)")
            }
        }
        #expect(ingest.requests.isEmpty)
    }

    // MARK: - Connections that break

    @Test func storesNothingOfABodyThatDoesNotArrive() async throws {
        let chunked = HTTPProbe.head(
            "POST",
            "/v1/traces",
            [("Content-Type", "application/x-protobuf"), ("Transfer-Encoding", "chunked")]
        )
        let counted = HTTPProbe.head(
            "POST",
            "/v1/traces",
            [("Content-Type", "application/x-protobuf"), ("Content-Length", "1000")]
        )
        let ingest = FakeIngest()
        try await withServer(ingest) { server, addresses in
            let probe = HTTPProbe(addresses.http)
            for bytes in [
                counted, counted + [UInt8](repeating: 1, count: 999), chunked,
                chunked + Array("3\r\nabc\r\n".utf8), chunked + Array("9\r\nabc".utf8),
            ] {
                let answer = try? await probe.exchange(bytes, endsSending: true)
                #expect(answer?.status != 200)
            }
            #expect(server.metrics.requests(.traces, .http, .aborted) == 5)
        }
        #expect(ingest.requests.isEmpty)
    }

    // MARK: - Admission

    @Test func refusesMoreRequestsThanAllowed() async throws {
        let entered = Gate()
        let release = Gate()
        let ingest = FakeIngest { _ in
            entered.open()
            await release.wait()
            return IngestReceipt()
        }
        let configure: (inout ServerConfiguration) -> Void = { $0.maxConcurrentRequests = 1 }
        try await withServer(ingest, configure: configure) { server, addresses in
            let probe = HTTPProbe(addresses.http)
            async let first = probe.post("/v1/traces", body: [1])
            await entered.wait()
            let second = try await probe.post("/v1/traces", body: [2])
            #expect(second.status == 429)
            #expect(second.headers["retry-after"] == "1")
            release.open()
            #expect(try await first.status == 200)
            #expect(try await probe.post("/v1/traces", body: [3]).status == 200)
            #expect(server.metrics.requests(.traces, .http, .overloaded) == 1)
        }
    }

    @Test func givesBackWhatRequestsTook() async throws {
        let configure: (inout ServerConfiguration) -> Void = { configuration in
            configuration.maxRequestBytes = 1000
            configuration.maxBytesInFlight = 2000
        }
        try await withServer(configure: configure) { _, addresses in
            let probe = HTTPProbe(addresses.http)
            for _ in 0..<5 {
                let body = [UInt8](repeating: 1, count: 1000)
                #expect(try await probe.post("/v1/traces", body: body).status == 200)
                #expect(
                    try await probe.postChunked("/v1/logs", chunks: [body, body]).status == 413
                )
            }
            let metrics = try await probe.get("/metrics").text
            #expect(metrics.contains("holdfast_requests_in_flight 0\n"))
            #expect(metrics.contains("holdfast_request_bytes_in_flight 0\n"))
        }
    }

    // MARK: - Paths

    @Test(arguments: [
        "/v1/profiles", "/v1development/profiles", "/v1/", "/v1/traces/x", "//v1/profiles?x=1",
    ])
    func answersPathsOfOTLPThatItDoesNotServe(_ path: String) async throws {
        try await withServer { _, addresses in
            let probe = HTTPProbe(addresses.http)
            let json = try await probe.post(path, "application/json; charset=utf-8", body: [1])
            #expect(json.status == 404)
            #expect(json.headers["content-type"] == "application/json")
            #expect(json.text.hasPrefix(#"{"code":5,"message":"there is nothing at "#))
            for contentType in ["application/x-protobuf", "text/plain", nil] {
                let answer = try await probe.post(path, contentType, body: [1])
                #expect(answer.status == 404)
                #expect(answer.headers["content-type"] == "application/x-protobuf")
                #expect(answer.body.prefix(3) == [0x08, 5, 0x12])
            }
        }
    }

    // MARK: - Methods

    @Test func refusesOtherMethodsInItsOwnWords() async throws {
        try await withServer { _, addresses in
            let answer = try await HTTPProbe(addresses.http).get("/v1/traces")
            #expect(answer.status == 405)
            #expect(answer.headers["allow"] == "POST")
            #expect(answer.text.hasPrefix(#"{"code":12,"message":"GET is not possible here"#))
        }
    }
}
