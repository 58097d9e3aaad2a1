import GRPCCore
import OTLP
import Testing

@testable import Server

/// Who is let in.
@Suite(.timeLimit(.minutes(1)))
struct TokenTests {
    private static let book = """
        # people
        s3cret-of-ops
        ci:s3cret-of-ci

          agent : s3cret-of-agents
        """

    @Test(arguments: [
        (nil, nil), ("", nil), ("Bearer", nil), ("Bearer ", nil), ("Basic s3cret-of-ci", nil),
        ("Bearer s3cret-of-ci", "ci"), ("bearer   s3cret-of-ci ", "ci"),
        ("Bearer s3cret-of-ops", "line 2"), ("Bearer s3cret-of-agents", "agent"),
        ("Bearer s3cret-of-c", nil), ("Bearer s3cret-of-cii", nil), ("Bearer ci", nil),
        ("Bearer ci:s3cret-of-ci", nil), ("Bearer # people", nil),
        ("s3cret-of-ci", nil), ("Bearer S3CRET-OF-CI", nil),
    ])
    func knowsItsTokens(_ authorization: String?, _ principal: String?) throws {
        let book = try TokenBook(text: Self.book, path: "tokens")
        #expect(book.principal(authorization: authorization) == principal)
    }

    @Test(arguments: ["", "# nothing\n\n", "name:\n", ":token\n"])
    func refusesFilesWithoutTokens(_ text: String) throws {
        #expect(throws: HoldfastServerError.self) { try TokenBook(text: text, path: "tokens") }
    }

    // MARK: - Files

    @Test(arguments: [0o644, 0o640, 0o604])
    func refusesFilesThatOthersCanRead(_ mode: Int) async throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write("tokens", "s3cret", mode: mode)
        let error = try #require(throws: HoldfastServerError.self) { try TokenBook(file: path) }
        #expect(error.code == .file)
        #expect(error.message.contains(path) && error.message.contains("--token-file"))
        #expect(error.remedy == "Run: chmod 600 \(path)")
        let started = await #expect(throws: HoldfastServerError.self) {
            try await withServer(configure: { $0.tokenFile = path }) { _, _ in }
        }
        #expect(started == error)
    }

    @Test func refusesMissingFilesAndDirectories() throws {
        let directory = try TemporaryDirectory()
        for path in [directory.path + "/none", directory.path] {
            let error = try #require(throws: HoldfastServerError.self) {
                try TokenBook(file: path)
            }
            #expect(error.message.contains(path))
        }
    }

    // MARK: - Over the wire

    /// Runs a server that wants tokens.
    private func withGuardedServer(
        _ ingest: FakeIngest = FakeIngest(),
        body: (HoldfastServer, ServerAddresses) async throws -> Void
    ) async throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write("tokens", Self.book, mode: 0o600)
        try await withServer(ingest, configure: { $0.tokenFile = path }, body: body)
    }

    @Test(arguments: [
        [], [("Authorization", "Bearer nonsense")], [("Authorization", "Bearer s3cret-of-c")],
        [("Authorization", "s3cret-of-ci")],
    ])
    func refusesExportsOverHTTP(_ headers: [(String, String)]) async throws {
        let ingest = FakeIngest()
        try await withGuardedServer(ingest) { server, addresses in
            let answer = try await HTTPProbe(addresses.http)
                .post("/v1/traces", headers: headers, body: [1])
            #expect(answer.status == 401)
            #expect(answer.headers["www-authenticate"] == "Bearer")
            #expect(answer.headers["content-type"] == "application/x-protobuf")
            #expect(answer.body.prefix(3) == [0x08, 16, 0x12])
            #expect(server.metrics.requests(.traces, .http, .unauthenticated) == 1)
        }
        #expect(ingest.requests.isEmpty)
    }

    @Test func letsTheRightTokenIn() async throws {
        try await withGuardedServer { _, addresses in
            let headers = [("Authorization", "Bearer s3cret-of-ci")]
            let probe = HTTPProbe(addresses.http)
            let stored = try await probe.post("/v1/traces", headers: headers)
            #expect(stored.status == 200)
            let metrics = try await probe.get("/metrics", headers: headers)
            #expect(metrics.status == 200)
        }
    }

    @Test func guardsEverythingButTheProbes() async throws {
        try await withGuardedServer { _, addresses in
            let probe = HTTPProbe(addresses.http)
            #expect(try await probe.get("/livez").status == 200)
            #expect(try await probe.get("/readyz").status == 200)
            for path in ["/metrics", "/nowhere", "/livez/x", "//livez"] {
                let answer = try await probe.get(path)
                #expect(answer.status == 401)
                #expect(answer.headers["www-authenticate"] == "Bearer")
                #expect(answer.text.hasPrefix(#"{"error":{"code":"unauthenticated","message":"#))
            }
        }
    }

    @Test(arguments: [nil, "Bearer nonsense", "Bearer s3cret-of-c", "s3cret-of-ci"])
    func refusesExportsOverGRPC(_ authorization: String?) async throws {
        let ingest = FakeIngest()
        try await withGuardedServer(ingest) { server, addresses in
            let refusal = try await GRPCProbe(addresses.grpc).refusal(
                .traces,
                [UInt8](repeating: 1, count: 500_000),
                metadata: authorization.map { ["authorization": .string($0)] } ?? [:]
            )
            #expect(refusal.error.code == .unauthenticated)
            #expect(refusal.details.prefix(3) == [0x08, 16, 0x12])
            #expect(server.metrics.requests(.traces, .grpc, .unauthenticated) == 1)
        }
        #expect(ingest.requests.isEmpty)
    }

    @Test func letsTheRightTokenInOverGRPC() async throws {
        try await withGuardedServer { _, addresses in
            let answer = try await GRPCProbe(addresses.grpc)
                .export(metadata: ["authorization": "Bearer s3cret-of-ops"])
            #expect(answer.isEmpty)
        }
    }
}
