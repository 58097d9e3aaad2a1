import GRPCCore
import GRPCNIOTransportHTTP2
import NIOCore
import NIOPosix
import OTLP
import ServiceLifecycle

/// Listens for OTLP/gRPC.
struct GRPCDoor: Sendable {
    private let server: GRPCServer<HTTP2ServerTransport.Posix>
    private let address: HostPort

    init(
        configuration: ServerConfiguration,
        services: OTLPServices,
        tls: TLSFiles?,
        group: MultiThreadedEventLoopGroup
    ) throws(HoldfastServerError) {
        address = configuration.grpc
        let transport = HTTP2ServerTransport.Posix(
            address: try Self.resolved(configuration.grpc),
            transportSecurity: tls?.grpc ?? .plaintext,
            config: Self.transportConfiguration(services),
            eventLoopGroup: group
        )
        server = GRPCServer(transport: transport, services: [services])
    }

    /// Serves until told to stop, then lets calls in flight finish.
    ///
    /// - Parameter whenOpen: called with the bound address once the door is open.
    /// - Throws: `HoldfastServerError` if the address cannot be listened on.
    func run(whenOpen: @escaping @Sendable (HostPort) -> Void) async throws {
        // A failure to listen is thrown by `serve`, with its cause.
        let announcing = Task { [server] in
            if let bound = try? await server.transport.listeningAddress,
                let address = HostPort(bound)
            {
                whenOpen(address)
            }
        }
        do {
            try await withGracefulShutdownHandler {
                try await server.serve()
            } onGracefulShutdown: {
                server.beginGracefulShutdown()
            }
            await announcing.value
        } catch let error as RuntimeError where error.code == .serverIsStopped {
            // A server that was stopped before it listened never has an address: nobody may wait for one.
            return
        } catch {
            await announcing.value
            throw HoldfastServerError(listening: error, at: address, flag: "--grpc") ?? error
        }
    }

    // MARK: - Configuration

    private static func transportConfiguration(
        _ services: OTLPServices
    ) -> HTTP2ServerTransport.Posix.Config {
        .defaults { config in
            config.compression.enabledAlgorithms = [.gzip]
            // The gate has refused what is too large before the transport looks at it.
            config.rpc.maxRequestPayloadSize = services.maxRequestBytes
            config.http2.targetWindowSize = 1 << 20
            config.http2.maxFrameSize = 1 << 17
            config.http2.maxConcurrentStreams = 256
            // Exporters keep their one connection alive with pings; that is no abuse.
            config.connection.keepalive.clientBehavior.allowWithoutCalls = true
            config.connection.keepalive.clientBehavior.minPingIntervalWithoutCalls = .seconds(10)
            config.channelDebuggingCallbacks.onAcceptHTTP2Stream = { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        gate(services),
                        position: .first
                    )
                }
            }
        }
    }

    private static func gate(_ services: OTLPServices) -> GRPCMessageGate {
        GRPCMessageGate(
            maxMessageBytes: services.maxRequestBytes,
            admission: services.admission,
            tokens: services.tokens
        ) { path, refusal in
            let signal = Signal.allCases.first {
                path == "/\(OTLPServices.method($0).fullyQualifiedMethod)"
            }
            guard let signal else { return }
            services.metrics.record(
                DoorMetrics.Exchange(
                    signal: signal,
                    transport: .grpc,
                    outcome: refusal.outcome,
                    wireBytes: 0,
                    bodyBytes: 0,
                    duration: nil
                )
            )
        }
    }

    /// The transport wants an address where the command line may have a name.
    private static func resolved(
        _ address: HostPort
    ) throws(HoldfastServerError) -> GRPCNIOTransportHTTP2.SocketAddress {
        do {
            let resolved = try NIOCore.SocketAddress.makeAddressResolvingHost(
                address.host,
                port: address.port
            )
            let host = resolved.ipAddress ?? address.host
            if case .v6 = resolved { return .ipv6(host: host, port: address.port) }
            return .ipv4(host: host, port: address.port)
        } catch {
            throw HoldfastServerError(listening: error, at: address, flag: "--grpc")
                ?? HoldfastServerError(
                    .listen,
                    "\(address) (--grpc) is not an address",
                    remedy: "Write host:port, such as 127.0.0.1:4317."
                )
        }
    }
}

extension HostPort {
    /// The bound address of the gRPC transport.
    fileprivate init?(_ address: GRPCNIOTransportHTTP2.SocketAddress) {
        if let ipv4 = address.ipv4 {
            self.init(host: ipv4.host, port: ipv4.port)
        } else if let ipv6 = address.ipv6 {
            self.init(host: ipv6.host, port: ipv6.port)
        } else {
            return nil
        }
    }
}
