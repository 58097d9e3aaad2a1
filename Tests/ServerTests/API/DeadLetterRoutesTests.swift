import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import OTLP
import Storage
import Testing

@testable import Server
@testable import Telemetry

@Suite("The routes of dead letters")
struct DeadLetterRoutesTests {
    /// Runs `body` against the routes of a node; one log record longer than `valueBytesMax` is a letter.
    private func withLetter(
        _ valueBytesMax: Int,
        _ body: @escaping @Sendable (any TestClientProtocol, String) async throws -> Void
    ) async throws {
        let directory = try TemporaryDirectory()
        var configuration = NodeConfiguration(dataDirectory: directory.path)
        configuration.limits.memtableFlushBytes = 1
        configuration.limits.segmentValueBytesMax = 1_000
        let environment = Environment(clock: StoppedClock())
        let node = try TelemetryNode(
            configuration: configuration,
            environment: environment,
            logger: quietLogger
        )
        let records = [LogRecord(time: 1, body: .string(String(repeating: "x", count: 2_000)))]
        _ = try await node.ingest(
            IngestRequest(
                space: "default",
                signal: .logs,
                encoding: .protobuf,
                body: OTLPEncoder.protobuf(logs: [
                    ResourceLogs(scopes: [ScopeLogs(records: records)])
                ])
            )
        )
        node.maintenanceThread.sync {}
        node.close()
        configuration.limits.segmentValueBytesMax = valueBytesMax
        let reopened = try TelemetryNode(
            configuration: configuration,
            environment: environment,
            logger: quietLogger
        )
        defer { reopened.close() }
        let router = Router(context: HoldfastRequestContext.self)
        let runner = QueryRunner(node: reopened, cache: nil, logger: quietLogger)
        DeadLetterRoutes(runner: runner).add(to: router)
        try await Application(responder: router.buildResponder()).test(.router) { client in
            let list = try await object(client, "/api/dead-letters")
            let letters = try #require(list["deadLetters"] as? [[String: Any]])
            #expect(letters.count == 1)
            try await body(client, try #require(letters.first?["id"] as? String))
        }
    }

    /// No letter is ever due: what is replayed, the test replays.
    private struct StoppedClock: WallClock {
        func now() -> UInt64 { 1_800_000_000_000_000_000 }
    }

    private func object(
        _ client: any TestClientProtocol,
        _ uri: String,
        _ method: HTTPRequest.Method = .get,
        expecting status: HTTPResponse.Status = .ok
    ) async throws -> [String: Any] {
        let response = try await client.executeRequest(
            uri: uri,
            method: method,
            headers: [:],
            body: nil
        )
        #expect(response.status == status, "\(method) \(uri)")
        let parsed = try JSONSerialization.jsonObject(with: Data(response.body.readableBytesView))
        return try #require(parsed as? [String: Any])
    }

    private func errorCode(_ answer: [String: Any]) -> String? {
        (answer["error"] as? [String: Any])?["code"] as? String
    }

    @Test("a letter is listed and shown with the request that it holds")
    func shows() async throws {
        try await withLetter(1_000) { client, id in
            let letter = try await object(client, "/api/dead-letters/\(id)")
            #expect(letter["id"] as? String == id)
            #expect(letter["space"] as? String == "default")
            #expect(letter["signal"] as? String == "logs")
            #expect(letter["attempts"] as? Int == 0)
            #expect((letter["error"] as? String)?.contains("2000 bytes") == true)
            #expect((letter["since"] as? String).flatMap { UInt64($0) } != nil)
            #expect((letter["nextAttempt"] as? String).flatMap { UInt64($0) } != nil)
            #expect((letter["request"] as? [String: Any])?["resourceLogs"] != nil)
            #expect(letter["payload"] == nil)
        }
    }

    @Test("a replay that fails is 422 and keeps the letter")
    func refusesReplay() async throws {
        try await withLetter(1_000) { client, id in
            let answer = try await object(
                client,
                "/api/dead-letters/\(id)/replay",
                .post,
                expecting: .unprocessableContent
            )
            #expect(errorCode(answer) == "refused")
            let letter = try await object(client, "/api/dead-letters/\(id)")
            #expect(letter["attempts"] as? Int == 1)
        }
    }

    @Test("a replay succeeds as often as it is asked for")
    func replays() async throws {
        try await withLetter(1 << 20) { client, id in
            for _ in 0..<2 {
                let answer = try await object(client, "/api/dead-letters/\(id)/replay", .post)
                #expect(answer["replayed"] as? Bool == true)
            }
            let gone = try await object(client, "/api/dead-letters/\(id)", expecting: .notFound)
            #expect(errorCode(gone) == "not_found")
        }
    }

    @Test("a discarded letter is gone")
    func discards() async throws {
        try await withLetter(1_000) { client, id in
            let answer = try await object(client, "/api/dead-letters/\(id)", .delete)
            #expect(answer["discarded"] as? Bool == true)
            for (path, method) in [("", HTTPRequest.Method.delete), ("", .get), ("/replay", .post)]
            {
                let uri = "/api/dead-letters/\(id)\(path)"
                let gone = try await object(client, uri, method, expecting: .notFound)
                #expect(errorCode(gone) == "not_found")
            }
        }
    }

    @Test("what is no id is refused, and so is the page of another site")
    func refuses() async throws {
        try await withLetter(1_000) { client, id in
            let bad = try await object(client, "/api/dead-letters/1-1", expecting: .badRequest)
            #expect(errorCode(bad) == "malformed")
            for (path, method) in [("", HTTPRequest.Method.delete), ("/replay", .post)] {
                let response = try await client.executeRequest(
                    uri: "/api/dead-letters/\(id)\(path)",
                    method: method,
                    headers: [.origin: "http://evil.example"],
                    body: nil
                )
                #expect(response.status == .forbidden)
            }
        }
    }
}
