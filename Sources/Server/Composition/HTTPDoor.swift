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

    init(
        configuration: ServerConfiguration,
        routes: [any RouteGroup],
        exports: ExportDoor,
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
            middleware: DoorMiddleware(gatekeeper: exports.gatekeeper, metrics: exports.metrics)
        )
        for group in routes { group.add(to: router) }
        for route in router.routes { exports.metrics.expect(route: "\(route.path)") }
        router.refuseOtherMethods()

        let plain = HTTPServerBuilder { HTTPConnection(responder: $0, exports: exports) }
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
