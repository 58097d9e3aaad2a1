import GRPCNIOTransportHTTP2
import NIOSSL
import OTLP
import Telemetry
import Testing

@testable import Server

/// Both doors behind a certificate that openssl has made for the test.
@Suite(.timeLimit(.minutes(1)))
struct TLSTests {
    /// A certificate for localhost and its key.
    private struct Identity {
        let directory: TemporaryDirectory
        var certificate: String { directory.path + "/cert.pem" }
        var key: String { directory.path + "/key.pem" }

        init() throws {
            directory = try TemporaryDirectory()
            try directory.run([
                "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                "-addext", "subjectAltName=DNS:localhost", "-keyout", "key.pem", "-out",
                "cert.pem",
            ])
        }

        func configure(_ configuration: inout ServerConfiguration) {
            configuration.tlsCertificate = certificate
            configuration.tlsKey = key
        }
    }

    private static func context(
        trusting identity: Identity,
        atMost version: TLSVersion? = nil
    ) throws -> NIOSSLContext {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.trustRoots = .file(identity.certificate)
        configuration.minimumTLSVersion = .tlsv1
        configuration.maximumTLSVersion = version
        return try NIOSSLContext(configuration: configuration)
    }

    @Test(arguments: [TLSVersion.tlsv12, .tlsv13])
    func servesHTTP(_ version: TLSVersion) async throws {
        let identity = try Identity()
        let context = try Self.context(trusting: identity, atMost: version)
        try await withServer(configure: identity.configure) { _, addresses in
            let probe = HTTPProbe(addresses.http, tls: context)
            let body = [UInt8](repeating: 3, count: 500_000)
            let answer = try await probe.post("/v1/traces", body: body)
            #expect(answer.status == 200)
        }
    }

    @Test func servesGRPC() async throws {
        let identity = try Identity()
        let ingest = FakeIngest()
        try await withServer(ingest, configure: identity.configure) { _, addresses in
            var probe = GRPCProbe(addresses.grpc)
            probe.security = .tls { config in
                config.trustRoots = .certificates([
                    .file(path: identity.certificate, format: .pem)
                ])
            }
            let answer = try await probe.export(.logs, [1, 2])
            #expect(answer.isEmpty)
        }
        #expect(ingest.requests.map(\.body) == [[1, 2]])
    }

    @Test func refusesOldVersionsAndPlainText() async throws {
        let identity = try Identity()
        let old = try Self.context(trusting: identity, atMost: .tlsv11)
        try await withServer(configure: identity.configure) { _, addresses in
            await #expect(throws: (any Error).self) {
                try await HTTPProbe(addresses.http, tls: old).get("/livez")
            }
            await #expect(throws: (any Error).self) {
                try await HTTPProbe(addresses.http).get("/livez")
            }
        }
    }

    // MARK: - Files

    private func startupError(
        certificate: String,
        key: String
    ) async throws -> HoldfastServerError? {
        await #expect(throws: HoldfastServerError.self) {
            try await withServer(
                configure: { configuration in
                    configuration.tlsCertificate = certificate
                    configuration.tlsKey = key
                },
                body: { _, _ in }
            )
        }
    }

    @Test func namesTheFileThatCannotBeUsed() async throws {
        let identity = try Identity()
        let other = try Identity()
        let missing = identity.directory.path + "/none.pem"
        let garbage = try identity.directory.write("garbage.pem", "not a certificate")
        for path in [missing, garbage, identity.key] {
            let error = try await startupError(certificate: path, key: identity.key)
            #expect(error?.code == .file)
            #expect(error?.message.contains("\(path) (--tls-cert)") == true)
        }
        for path in [missing, garbage, identity.certificate, other.key] {
            let error = try await startupError(certificate: identity.certificate, key: path)
            #expect(error?.code == .file)
            #expect(error?.message.contains("\(path) (--tls-key)") == true)
            #expect(error?.remedy.isEmpty == false)
        }
    }
}
