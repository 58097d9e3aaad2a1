import Foundation
import Testing

@testable import RedisBus

/// Passwords, certificates, and servers that are none.
@Suite(
    .enabled(if: RedisServer.isInstalled, "redis-server is not installed"),
    .timeLimit(.minutes(2))
)
struct RedisAccessTests {
    /// Why a bus of this configuration does not get anywhere.
    private func failure(_ configuration: RedisBusConfiguration) async -> RedisBusError? {
        let bus = RedisBus(configuration)
        await eventually { bus.lastFailures.subscribing != nil }
        #expect(bus.statistics.subscriptions == 0)
        return bus.lastFailures.subscribing
    }

    private func works(_ configuration: RedisBusConfiguration) async throws {
        let bus = await connectedBus(configuration)
        let inbox = Inbox(bus)
        try await bus.publish([7])
        await eventually { inbox.received == [[7]] }
    }

    @Test func aPasswordOpensTheServerAndNothingElseDoes() async throws {
        let server = try RedisServer(["--requirepass", "open sesame"])
        var configuration = server.configuration
        configuration.password = "open sesame"
        try await works(configuration)
        configuration.password = "wrong"
        guard case .refused(let text) = await failure(configuration) else {
            Issue.record("a wrong password was not refused")
            return
        }
        #expect(text.hasPrefix("WRONGPASS"))
        configuration.password = nil
        guard case .refused(let reply) = await failure(configuration) else {
            Issue.record("no password was not refused")
            return
        }
        #expect(reply.hasPrefix("NOAUTH"))
        let bus = RedisBus(configuration)
        await #expect(throws: RedisBusError.refused(reply)) { try await bus.publish([1]) }
    }

    @Test func aUserMayUseItsChannelAndNoOther() async throws {
        let rights = "node on >secret resetchannels &mine -@all +subscribe +publish +ping"
        let server = try RedisServer(["--user"] + rights.split(separator: " ").map(String.init))
        var configuration = server.configuration
        configuration.username = "node"
        configuration.password = "secret"
        configuration.channel = "mine"
        try await works(configuration)
        configuration.channel = "theirs"
        guard case .refused(let text) = await failure(configuration) else {
            Issue.record("a forbidden channel was not refused")
            return
        }
        #expect(text.hasPrefix("NOPERM"))
    }

    @Test func encryptionChecksWhoTheOtherSideIs() async throws {
        let certificates = try Certificates()
        let server = try RedisServer(
            isEncrypted: true,
            certificates.serverArguments + ["--tls-auth-clients", "no"]
        )
        var configuration = server.configuration
        var tls = RedisTLS()
        tls.trustedCertificatesFile = certificates.path("ca.crt")
        configuration.tls = tls
        // The certificate names the address 127.0.0.1 and the host "cache.test".
        try await works(configuration)
        configuration.tls?.serverName = "cache.test"
        try await works(configuration)
        configuration.tls?.serverName = "other.test"
        guard case .tls(let mismatch) = await failure(configuration) else {
            Issue.record("a certificate for another host was accepted")
            return
        }
        #expect(mismatch == "hostname mismatch")
        configuration.tls?.verifiesServer = false
        try await works(configuration)
        configuration.tls = RedisTLS()
        guard case .tls = await failure(configuration) else {
            Issue.record("a certificate of an unknown authority was accepted")
            return
        }
        configuration.tls?.trustedCertificatesFile = certificates.path("absent")
        guard case .tls = await failure(configuration) else {
            Issue.record("a missing file was accepted")
            return
        }
        // Plain words to an encrypted port.
        configuration.tls = nil
        #expect(await failure(configuration) != nil)
    }

    @Test func aServerMayAskForACertificateToo() async throws {
        let certificates = try Certificates()
        let server = try RedisServer(
            isEncrypted: true,
            certificates.serverArguments + ["--tls-auth-clients", "yes"]
        )
        var configuration = server.configuration
        var tls = RedisTLS()
        tls.trustedCertificatesFile = certificates.path("ca.crt")
        configuration.tls = tls
        #expect(await failure(configuration) != nil)
        configuration.tls?.certificateFile = certificates.path("node.crt")
        configuration.tls?.privateKeyFile = certificates.path("node.key")
        try await works(configuration)
    }

    @Test(arguments: ["HTTP/1.1 400 Bad Request\r\n\r\n", "*-7\r\n", "$x\r\n"])
    func somethingElseOnThePortIsNotTakenForRedis(greeting: String) async throws {
        let listener = try Listener()
        listener.answerOnce(with: Array(greeting.utf8))
        let failure = await failure(patientConfiguration(port: listener.port))
        guard case .notRedis = failure else {
            Issue.record("\(String(describing: failure))")
            return
        }
    }

    @Test func anEndlessReplyIsGivenUp() async throws {
        let listener = try Listener()
        listener.answerOnce(
            with: Array("$99999999\r\n".utf8) + [UInt8](repeating: 1, count: 200_000)
        )
        let failure = await failure(patientConfiguration(port: listener.port))
        #expect(failure == .notRedis("a reply is longer than 65536 bytes"))
    }

    @Test func nobodyOnThePortIsUnreachable() async throws {
        let port = try RedisServer.freePort()
        let failure = await failure(patientConfiguration(port: port))
        #expect(failure == .unreachable("Connection refused"))
    }

    @Test func repliesOfAllKindsAreRead() throws {
        var reader = try RedisReader()
        try reader.feed(Array("+OK\r\n-ERR no\r\n:7\r\n$-1\r\n*2\r\n$1\r\na\r\n*0\r\n$2".utf8))
        var replies: [RedisReply] = []
        while let reply = try reader.next() { replies.append(reply) }
        #expect(
            replies == [
                .status("OK"), .error("ERR no"), .integer(7), .nothing,
                .array([.bytes([97]), .array([])]),
            ]
        )
        try reader.feed(Array("\r\nbc\r\n".utf8))
        let last = try reader.next()
        #expect(last == .bytes([98, 99]))
    }

    @Test(arguments: [
        RedisReply.integer(1), .nothing, .status("OK"), .array([]), .array([.integer(1)]),
        .array([.bytes(Array("message".utf8)), .bytes([1]), .bytes([2])]),
        .array([.bytes(Array("message".utf8)), .bytes([99])]),
        .array([.bytes(Array("message".utf8)), .bytes([99]), .integer(1)]),
        .array([.bytes(Array("future".utf8)), .bytes([99]), .bytes([1])]),
        .array([.bytes(Array("subscribe".utf8)), .bytes([1]), .integer(1)]),
    ])
    func aReplyThatNoBusKnowsIsUnknown(reply: RedisReply) {
        #expect(RedisPush(reply, channel: "c") == .unknown)
    }
}

/// An authority and a certificate for this machine, made for one test.
private final class Certificates {
    private let directory = FileManager.default.temporaryDirectory
        .appending(path: "redis-bus-\(UInt64.random(in: 0 ... .max))")

    init() throws {
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        try Data("subjectAltName=IP:127.0.0.1,DNS:cache.test".utf8)
            .write(to: directory.appending(path: "names"))
        try openssl(
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-keyout",
            "ca.key",
            "-out",
            "ca.crt",
            "-days",
            "2",
            "-subj",
            "/CN=authority"
        )
        try openssl(
            "req",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-keyout",
            "node.key",
            "-out",
            "node.csr",
            "-subj",
            "/CN=node"
        )
        try openssl(
            "x509",
            "-req",
            "-in",
            "node.csr",
            "-CA",
            "ca.crt",
            "-CAkey",
            "ca.key",
            "-CAcreateserial",
            "-days",
            "2",
            "-extfile",
            "names",
            "-out",
            "node.crt"
        )
    }

    deinit { try? FileManager.default.removeItem(at: directory) }

    func path(_ file: String) -> String { directory.appending(path: file).path }

    var serverArguments: [String] {
        [
            "--tls-cert-file", path("node.crt"), "--tls-key-file", path("node.key"),
            "--tls-ca-cert-file", path("ca.crt"),
        ]
    }

    private func openssl(_ arguments: String...) throws {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["openssl"] + arguments
        process.currentDirectoryURL = directory
        process.standardError = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        if process.terminationStatus != 0 { throw CocoaError(.executableLoad) }
    }
}
