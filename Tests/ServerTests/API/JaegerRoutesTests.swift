import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import OTLP
import Storage
import Telemetry
import Testing

@testable import Server

@Suite("The routes of Jaeger")
struct JaegerRoutesTests {
    /// Runs `body` against the routes of a node with a cache.
    private func withRoutes(
        _ body: @escaping @Sendable (TelemetryNode, any TestClientProtocol) async throws -> Void
    ) async throws {
        let directory = try TemporaryDirectory()
        let node = try TelemetryNode(
            configuration: NodeConfiguration(dataDirectory: directory.path),
            logger: quietLogger
        )
        defer { node.close() }
        let cache = AnswerCache(byteLimit: 1 << 20)
        node.observer = cache
        let router = Router(context: HoldfastRequestContext.self)
        let gatekeeper = Gatekeeper(tokens: nil, checksOrigin: false, defaultSpace: "default")
        router.add(middleware: DoorMiddleware(gatekeeper: gatekeeper))
        let runner = QueryRunner(node: node, cache: cache, logger: quietLogger)
        JaegerRoutes(runner: runner).add(to: router)
        try await Application(responder: router.buildResponder()).test(.router) { client in
            try await body(node, client)
        }
    }

    private func object(
        _ client: any TestClientProtocol,
        _ uri: String,
        expecting status: HTTPResponse.Status = .ok
    ) async throws -> [String: Any] {
        let response = try await client.executeRequest(
            uri: uri,
            method: .get,
            headers: [:],
            body: nil
        )
        #expect(response.status == status, "\(uri)")
        let parsed = try JSONSerialization.jsonObject(with: Data(response.body.readableBytesView))
        return try #require(parsed as? [String: Any])
    }

    private static let second: UInt64 = 1_000_000_000

    /// Stores a trace of one span for each of `starts`, numbered from 1.
    private func store(_ starts: [UInt64], in node: TelemetryNode) async throws {
        let spans = starts.enumerated().map { index, start in
            Span(
                traceID: TraceID(high: 0, low: UInt64(index) + 1),
                spanID: SpanID(1),
                name: "op",
                startTime: start,
                endTime: start + 10
            )
        }
        let body = OTLPEncoder.protobuf(traces: [ResourceSpans(scopes: [ScopeSpans(spans: spans)])])
        _ = try await node.ingest(
            IngestRequest(space: "default", signal: .traces, encoding: .protobuf, body: body)
        )
    }

    // MARK: - Time

    @Test("without an end, what is looked back from is now")
    func looksBackFromNow() async throws {
        try await withRoutes { node, client in
            let now = SystemClock().now()
            try await store([now - 600 * Self.second, now - 7_200 * Self.second], in: node)
            for (query, count) in [
                ("lookback=1h", 1), ("lookback=3h", 2), ("lookback=5m", 0), ("lookback=custom", 2),
                ("", 2), ("lookback=1h&start=0", 2), ("lookback=1h&end=\(now / 1_000)", 1),
                ("lookback=1h&end=\((now - 7_000 * Self.second) / 1_000)", 1),
            ] {
                let answer = try await object(client, "/api/traces?\(query)")
                #expect((answer["data"] as? [Any])?.count == count, "\(query)")
            }
        }
    }

    @Test("an answer about the time before now is not kept")
    func keepsNothingAboutNow() async throws {
        try await withRoutes { node, client in
            try await store([SystemClock().now()], in: node)
            for (query, isKept) in [("lookback=1h", false), ("lookback=custom", true)] {
                let response = try await client.executeRequest(
                    uri: "/api/traces?\(query)",
                    method: .get,
                    headers: [:],
                    body: nil
                )
                #expect((response.headers[.eTag] != nil) == isKept, "\(query)")
            }
        }
    }

    // MARK: - Errors

    @Test("errors of the first API are in its envelope")
    func answersErrorsOfTheFirstAPI() async throws {
        try await withRoutes { _, client in
            let answer = try await object(client, "/api/traces/ff", expecting: .notFound)
            #expect(answer["data"] is NSNull)
            for name in ["total", "limit", "offset"] { #expect(answer[name] as? Int == 0) }
            let errors = try #require(answer["errors"] as? [[String: Any]])
            #expect(errors.count == 1)
            #expect(errors.first?["code"] as? Int == 404)
            let own = try #require(answer["error"] as? [String: Any])
            #expect(own["code"] as? String == "not_found")
            #expect(own["message"] as? String == errors.first?["msg"] as? String)
            #expect(own["grpcCode"] == nil)
        }
    }

    @Test(
        "errors of version 3 have the codes of its gateway",
        arguments: [
            ("/api/v3/traces/ff", .notFound, 5), ("/api/v3/traces/nonsense", .badRequest, 3),
            ("/api/v3/traces?query.filter=x", .badRequest, 3),
        ] as [(String, HTTPResponse.Status, Int)]
    )
    func answersErrorsOfVersion3(
        _ uri: String,
        _ status: HTTPResponse.Status,
        _ code: Int
    ) async throws {
        try await withRoutes { _, client in
            let answer = try await object(client, uri, expecting: status)
            #expect(Array(answer.keys) == ["error"])
            let error = try #require(answer["error"] as? [String: Any])
            #expect(error["grpcCode"] as? Int == code)
            #expect(error["httpCode"] as? Int == status.code)
            #expect((error["message"] as? String)?.isEmpty == false)
            #expect((error["remedy"] as? String)?.isEmpty == false)
        }
    }
}
