import Hummingbird
import HummingbirdCore
import HummingbirdTLS
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle

/// Listens for OTLP/HTTP, the APIs and the web pages.
struct HTTPDoor: Service {
    private let application: Application<RouterResponder<HoldfastRequestContext>>
    private let address: HostPort

    /// Longer than exporters keep an idle connection, so that they close it and not we.
    private static let idleTimeout = TimeAmount.seconds(120)

    init(
        configuration: ServerConfiguration,
        tokens: TokenBook?,
        routes: [any RouteGroup],
        metrics: DoorMetrics,
        tls: TLSFiles?,
        board: ListeningBoard,
        group: MultiThreadedEventLoopGroup,
        logger: Logger
    ) throws {
        let router = Router(
            context: HoldfastRequestContext.self,
            options: .autoGenerateHeadEndpoints
        )
        router.add(
            middleware: DoorMiddleware(
                tokens: tokens,
                checksOrigin: configuration.http.isLoopback,
                defaultSpace: configuration.defaultSpace,
                metrics: metrics
            )
        )
        for group in routes { group.add(to: router) }
        router.refuseOtherMethods()

        let plain = HTTPServerBuilder.http1(
            configuration: HTTP1Channel.Configuration(idleTimeout: Self.idleTimeout)
        )
        address = configuration.http
        application = Application(
            router: router,
            server: try tls.map { try .tls(plain, tlsConfiguration: $0.http) } ?? plain,
            configuration: ApplicationConfiguration(
                address: .hostname(configuration.http.host, port: configuration.http.port),
                backlog: 1024
            ),
            onServerRunning: { channel in
                guard let address = HostPort(channel.localAddress) else { return }
                board.opened(http: address)
            },
            eventLoopGroupProvider: .shared(group),
            logger: logger
        )
    }

    /// Serves until told to stop, then lets requests in flight finish.
    ///
    /// - Throws: `HoldfastServerError` if the address cannot be listened on.
    func run() async throws {
        do {
            try await application.run()
        } catch {
            throw HoldfastServerError(listening: error, at: address, flag: "--http") ?? error
        }
    }
}
