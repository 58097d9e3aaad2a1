import ArgumentParser
import Foundation
import NIOCore
import NIOHPACK
import NIOPosix
import NIOSSL
import OTLP

/// What requests carry, as an argument.
enum SignalArgument: String, ExpressibleByArgument, CaseIterable {
    case traces
    case logs
    case metrics

    /// The same for the wire format.
    var signal: Signal {
        switch self {
        case .traces: .traces
        case .logs: .logs
        case .metrics: .metrics
        }
    }

    /// The path of the call that takes such requests over gRPC.
    var grpcPath: String {
        let service =
            switch self {
            case .traces: "trace.v1.Trace"
            case .logs: "logs.v1.Logs"
            case .metrics: "metrics.v1.Metrics"
            }
        return "/opentelemetry.proto.collector.\(service)Service/Export"
    }
}

/// What an endpoint speaks, named as OTEL_EXPORTER_OTLP_PROTOCOL names it.
enum ProtocolArgument: String, ExpressibleByArgument, CaseIterable {
    case http = "http/protobuf"
    case grpc

    /// Where a server of our own listens for it.
    var defaultURL: String {
        switch self {
        case .http: "http://127.0.0.1:4318"
        case .grpc: "http://127.0.0.1:4317"
        }
    }
}

/// Sends a file of export requests and measures what it costs the server.
struct BenchIngest: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ingest",
        abstract: "Send a file of OTLP requests as fast as the server takes them.",
        discussion: """
            The file holds repeated (length as little-endian u32, protobuf body). Refusals (429, 503, UNAVAILABLE) are \
            sent again when the server says. Any endpoint of OTLP over HTTP or gRPC will do:

              holdfast bench ingest --file traces.bin --signal traces --pid 4711
              holdfast bench ingest --file traces.bin --signal traces --protocol grpc \\
                  --url http://127.0.0.1:4317
              holdfast bench ingest --file logs.gz.bin --signal logs --gzip \\
                  --records-per-request 500
            """
    )

    @OptionGroup var server: ServerOptions

    @Option(help: "The file of requests.")
    var file: String

    @Option(help: "What the requests carry.")
    var signal: SignalArgument

    @Option(
        name: .customLong("protocol"),
        help: "What the endpoint speaks; grpc is at port 4317 unless --url says otherwise."
    )
    var wire = ProtocolArgument.http

    @Option(help: "The path to post to over HTTP (default: /v1/SIGNAL).")
    var path: String?

    @Option(help: "How many keep-alive connections.")
    var connections = 4

    @Flag(help: "The bodies are gzipped: say so in Content-Encoding or grpc-encoding.")
    var gzip = false

    @Option(help: "Send no faster than this; latencies then count from when a request was due.")
    var requestsPerSecond: Double?

    @Option(help: "Send only the first requests.")
    var limit: Int?

    @Option(help: "Take this for the number of records in each request instead of counting them.")
    var recordsPerRequest: Int?

    @Option(help: "The server's process, to measure its CPU and memory.")
    var pid: Int?

    @Option(help: "Seconds to wait at the end, so that --pid counts background work too.")
    var settle = 0.0

    @Option(help: "Seconds to look for a server that went away; 0 gives up at once.")
    var reconnect = 10.0

    @Option(help: "Append the index of every acknowledged request to this file, a line each.")
    var ledger: String?

    @Flag(help: "Print the result as JSON.")
    var json = false

    func validate() throws {
        guard (1...4096).contains(connections) else {
            throw ValidationError("--connections is 1 to 4096.")
        }
        guard requestsPerSecond ?? 1 > 0 else {
            throw ValidationError("--requests-per-second is above 0.")
        }
        guard limit ?? 1 > 0 else { throw ValidationError("--limit is above 0.") }
        guard wire == .http || path == nil else {
            throw ValidationError("--path is for http/protobuf: over gRPC it is always the same.")
        }
        guard settle >= 0, reconnect >= 0 else {
            throw ValidationError("seconds are not negative.")
        }
    }

    func run() async throws {
        let requests = try RequestFile(path: file, limit: limit)
        let counts: [Int]
        if let recordsPerRequest {
            counts = Array(repeating: recordsPerRequest, count: requests.entries.count)
        } else if gzip {
            throw ValidationError(
                "--gzip needs --records-per-request: gzipped records are not counted."
            )
        } else {
            counts = try requests.recordCounts(signal.signal)
        }
        let isCounted = signal == .metrics && recordsPerRequest == nil
        let plan = try plan(requests)
        let before = try pid.map { try ProcessUsage(pid: $0) }
        let ownBefore = try ProcessUsage(pid: Int(getpid()))
        let outcome = try await send(plan)
        let own = try ProcessUsage(pid: Int(getpid())).since(ownBefore)
        if settle > 0 { try await Task.sleep(for: .seconds(settle)) }
        // The server may have been killed on purpose: then there is nothing to measure.
        let after = pid.flatMap { try? ProcessUsage(pid: $0) }
        var used: ProcessUsage?
        if let before, let after { used = after.since(before) }
        let report = IngestReport(
            outcome: outcome,
            counts: counts,
            entries: requests.entries,
            samples: isCounted && outcome.acknowledged.count == requests.entries.count
                ? try requests.sampleCount() : nil,
            used: used,
            own: own,
            pathAndSignal: "\(file) (\(signal.rawValue)) to \(plan.target)"
        )
        try report.show(json: json)
        guard outcome.failure == nil, outcome.rejected.isEmpty else { throw ExitCode.failure }
    }

    private func send(_ plan: IngestRun.Plan) async throws -> IngestRun.Outcome {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let descriptor = open(file, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw CommandFailure("\(file) cannot be read") }
        let handle = NIOFileHandle(_deprecatedTakingOwnershipOfDescriptor: descriptor)
        let outcome = try await IngestRun(plan: plan, file: handle, loop: group.next()).run()
        try await group.shutdownGracefully()
        return outcome
    }

    private func plan(_ requests: RequestFile) throws -> IngestRun.Plan {
        let client = try server.client(defaultURL: wire.defaultURL)
        guard let parts = URLComponents(string: client.base), let host = parts.host else {
            throw ValidationError("--url is \(client.base); give it like \(wire.defaultURL).")
        }
        let isSecure = parts.scheme == "https"
        let framing: IngestRun.Plan.Framing
        let port: Int
        let path: String
        var tls = client.tls
        switch wire {
        case .http:
            port = parts.port ?? (isSecure ? 443 : 80)
            path = self.path ?? parts.path + "/v1/\(signal.rawValue)"
            framing = .http(head: head(client, "\(host):\(port)", path))
        case .grpc:
            guard parts.path.isEmpty else {
                throw ValidationError("--url is \(client.base); over gRPC it has no path.")
            }
            port = parts.port ?? 4317
            path = signal.grpcPath
            framing = .grpc(
                headers: headers(client, "\(host):\(port)", isSecure: isSecure),
                isGzip: gzip
            )
            tls.applicationProtocols = ["h2"]
        }
        return IngestRun.Plan(
            host: host.trimmingCharacters(in: ["[", "]"]),
            port: port,
            tls: isSecure ? try NIOSSLContext(configuration: tls) : nil,
            framing: framing,
            target: "\(isSecure ? "https" : "http")://\(host):\(port)\(path)",
            requests: requests,
            connections: connections,
            requestsPerSecond: requestsPerSecond,
            reconnectSeconds: reconnect,
            ledger: try openLedger()
        )
    }

    /// The head of a request over HTTP, without Content-Length and the empty line.
    private func head(_ client: APIClient, _ authority: String, _ path: String) -> String {
        var head =
            "POST \(path) HTTP/1.1\r\nHost: \(authority)\r\nUser-Agent: holdfast-bench\r\n"
        head += "Content-Type: application/x-protobuf\r\nX-Holdfast-Space: \(client.space)\r\n"
        if let token = client.token { head += "Authorization: Bearer \(token)\r\n" }
        if gzip { head += "Content-Encoding: gzip\r\n" }
        return head
    }

    /// The headers of a call over gRPC.
    private func headers(
        _ client: APIClient,
        _ authority: String,
        isSecure: Bool
    ) -> HPACKHeaders {
        var headers = HPACKHeaders([
            (":method", "POST"), (":scheme", isSecure ? "https" : "http"),
            (":path", signal.grpcPath), (":authority", authority),
            ("content-type", "application/grpc"), ("te", "trailers"),
            ("user-agent", "holdfast-bench"), ("x-holdfast-space", client.space),
        ])
        if let token = client.token {
            headers.add(name: "authorization", value: "Bearer \(token)")
        }
        if gzip { headers.add(name: "grpc-encoding", value: "gzip") }
        return headers
    }

    private func openLedger() throws -> FileHandle? {
        guard let ledger else { return nil }
        let descriptor = open(ledger, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw CommandFailure("\(ledger) cannot be written") }
        return FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    }
}
