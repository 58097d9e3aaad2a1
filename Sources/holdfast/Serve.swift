import ArgumentParser
import Logging
import Server
import Storage
import Telemetry

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Runs a node.
struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Take telemetry over OTLP, keep it durably, and answer queries.",
        discussion: """
            Opens the data directory (made when missing), recovers what an earlier process left, and \
            listens until SIGTERM or SIGINT.

              holdfast serve
              holdfast serve --data /var/lib/holdfast --http 0.0.0.0:4318 --grpc 0.0.0.0:4317 \\
                  --tls-cert cert.pem --tls-key key.pem --token-file tokens
            """
    )

    @Option(help: "The data directory.")
    var data = "./holdfast-data"

    @Option(help: "Address of OTLP/HTTP, the APIs and the web pages.")
    var http = "127.0.0.1:4318"

    @Option(help: "Address of OTLP/gRPC.")
    var grpc = "127.0.0.1:4317"

    @Option(help: "Certificate (PEM) for TLS on both ports.")
    var tlsCert: String?

    @Option(help: "Private key (PEM) of the certificate.")
    var tlsKey: String?

    @Option(
        help: ArgumentHelp(
            "File of tokens, TOKEN or NAME:TOKEN a line, # before a comment, that only its owner may read (chmod 600). "
                + "Every request for data must then carry one: Authorization: Bearer TOKEN.",
            valueName: "file"
        )
    )
    var tokenFile: String?

    @Option(help: "Largest request in MiB, as sent and once inflated; at most 64.")
    var maxRequestMib = 64

    @Option(help: "Rows kept in memory before they are written to segments, in MiB.")
    var memtableMib = 48

    @Option(help: "Rows are written to segments after this many seconds at the latest.")
    var memtableAgeSeconds = 300

    @Option(help: "Answers kept for whoever asks the same, in MiB; 0 keeps none.")
    var cacheMib = 32

    @Option(help: "Drop telemetry older than this many hours. Default: keep it.")
    var retentionHours: Int?

    @Option(help: "Drop the oldest telemetry of a space above this many GiB. Default: keep it.")
    var retentionGib: Int?

    @Flag(help: "Start without files of the journal that are gone for good; logs what was in them.")
    var acceptLostBatches = false

    @Option(help: "Least severe message to log: debug, info, notice, warning, error.")
    var logLevel = "notice"

    @Option(name: .customLong("limit"), help: .hidden)
    var limits: [NodeLimit] = []

    func validate() throws {
        guard (1...64).contains(maxRequestMib), (1...65_536).contains(memtableMib) else {
            throw ValidationError("--max-request-mib takes 1 to 64, --memtable-mib 1 to 65536.")
        }
        guard (0...65_536).contains(cacheMib) else {
            throw ValidationError("--cache-mib takes 0 to 65536.")
        }
        let amounts = 1...1_000_000
        guard retentionHours.map(amounts.contains) ?? true,
            retentionGib.map(amounts.contains) ?? true, amounts.contains(memtableAgeSeconds)
        else {
            throw ValidationError(
                "--retention-hours, --retention-gib and --memtable-age-seconds take 1 to 1000000."
            )
        }
        guard Logger.Level(rawValue: logLevel) != nil else {
            throw ValidationError("--log-level takes debug, info, notice, warning or error.")
        }
    }

    func run() async throws {
        let memory = FreedMemory()
        defer { memory.stop() }
        var logger = Logger(label: "holdfast") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = Logger.Level(rawValue: logLevel) ?? .notice
        var settings = ServerConfiguration()
        settings.http = try HostPort(http)
        settings.grpc = try HostPort(grpc)
        settings.tlsCertificate = tlsCert
        settings.tlsKey = tlsKey
        settings.tokenFile = tokenFile
        settings.maxRequestBytes = maxRequestMib << 20
        settings.cacheBytesMax = cacheMib << 20
        var configuration = NodeConfiguration(dataDirectory: data)
        configuration.spaces = [settings.defaultSpace]
        configuration.limits.memtableFlushBytes = memtableMib << 20
        configuration.limits.memtableBytesMax = memtableMib << 22
        configuration.limits.memtableAgeMaxSeconds = memtableAgeSeconds
        configuration.retentionSeconds = retentionHours.map { $0 * 3_600 }
        configuration.acceptsLostBatches = acceptLostBatches
        configuration.retentionBytes = retentionGib.map { $0 << 30 }
        for limit in limits { limit.apply(&configuration) }
        let node = try TelemetryNode(configuration: configuration, logger: logger)
        let server = NodeServer(configuration: settings, node: node, logger: logger)
        let scheme = tlsCert == nil ? "http" : "https"
        async let served: Void = server.run()
        if let addresses = try? await server.addresses {
            print(
                "holdfast is ready: \(scheme)://\(addresses.http)  (OTLP/gRPC on \(addresses.grpc))"
            )
            Self.flushOutput()
        }
        try await served
    }

    /// Standard output is not a terminal when a supervisor reads it: say that we are ready now.
    private static func flushOutput() { fflush(nil) }
}
