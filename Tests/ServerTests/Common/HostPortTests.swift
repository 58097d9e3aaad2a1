import Testing

@testable import Server

/// Addresses as people write them, and settings that cannot work.
struct HostPortTests {
    @Test(arguments: [
        ("127.0.0.1:4318", "127.0.0.1", 4318), ("localhost:0", "localhost", 0),
        ("[::1]:65535", "::1", 65535), ("0.0.0.0:80", "0.0.0.0", 80),
    ])
    func readsAddresses(_ text: String, _ host: String, _ port: Int) throws {
        let address = try HostPort(text)
        #expect(address == HostPort(host: host, port: port))
        #expect(address.description == text)
    }

    @Test(arguments: [
        ("", "port is missing"), ("127.0.0.1", "port is missing"), ("[::1]", "port is missing"),
        (":4318", "host is missing"), ("[]:4318", "host is missing"),
        ("::1:4318", "in brackets"), ("[::1:4318", "not closed"), ("a:", "not a number"),
        ("a:65536", "not a number"), ("a:-1", "not a number"), ("a:+1", "not a number"),
        ("a:4318x", "not a number"), ("[::1]4318", "port is missing"),
        ("a:99999999999999999999", "not a number"),
    ])
    func saysWhatIsWrong(_ text: String, _ reason: String) throws {
        let error = try #require(throws: HoldfastServerError.self) { try HostPort(text) }
        #expect(error.code == .configuration)
        #expect(error.message.contains(reason), "\(error.message)")
        #expect(error.remedy.contains("127.0.0.1:4318"))
    }

    @Test(arguments: [
        ("127.0.0.1", true), ("127.8.9.10", true), ("localhost", true), ("LocalHost", true),
        ("::1", true), ("0.0.0.0", false), ("::", false), ("10.0.0.1", false),
        ("127.0.0.1.example.com", false), ("127.example.com", false), ("127.0.0", false),
    ])
    func knowsLoopback(_ host: String, _ isLoopback: Bool) {
        #expect(HostPort(host: host, port: 1).isLoopback == isLoopback)
    }

    @Test func defaultsAreThoseOfTheDocumentation() throws {
        let configuration = ServerConfiguration()
        #expect("\(configuration.http)" == "127.0.0.1:4318")
        #expect("\(configuration.grpc)" == "127.0.0.1:4317")
        #expect(configuration.maxRequestBytes == 64 << 20)
        #expect(configuration.defaultSpace == "default")
        try configuration.validate()
    }

    private static let unusable: [@Sendable (inout ServerConfiguration) -> Void] = [
        { $0.maxRequestBytes = 0 }, { $0.maxRequestBytes = 4 << 30 },
        { $0.maxConcurrentRequests = 0 }, { $0.maxBytesInFlight = 64 << 20 },
        { $0.eventLoopThreads = 0 }, { $0.tlsCertificate = "cert.pem" },
        { $0.tlsKey = "key.pem" },
    ]

    @Test(arguments: unusable.indices)
    func refusesSettingsThatCannotWork(_ index: Int) throws {
        var configuration = ServerConfiguration()
        Self.unusable[index](&configuration)
        let error = try #require(throws: HoldfastServerError.self) {
            try configuration.validate()
        }
        #expect(error.code == .configuration)
        #expect(!error.remedy.isEmpty)
    }
}
