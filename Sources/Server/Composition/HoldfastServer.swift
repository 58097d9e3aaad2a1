package import Logging
import ServiceLifecycle
package import Telemetry
import UnixSignals

/// The doors of Holdfast, from opening to closing.
///
/// On SIGTERM or SIGINT both doors stop accepting; requests in flight finish, for at most
/// `shutdownGrace`; then the `shutdown` closure is called, whatever happened before, and once it
/// has returned and no request is left `run()` returns. A request that is stuck in the pipeline at
/// that moment must be let go by `shutdown`.
package final class HoldfastServer: Service {
    private let board = ListeningBoard()
    private let group: ServiceGroup
    private let logger: Logger

    /// What the doors count about themselves.
    let metrics = DoorMetrics()

    /// A server that has not opened anything yet.
    ///
    /// - Parameters:
    ///   - configuration: Where the doors are, and their limits.
    ///   - ingest: Where export requests go.
    ///   - routes: What else is answered over HTTP.
    ///   - readiness: What `/readyz` reports; ready means that all of it is well.
    ///   - samples: What `/metrics` shows besides the numbers of the doors.
    ///   - logger: Where the server tells what it does.
    ///   - handlesSignals: Whether SIGTERM and SIGINT stop the server.
    ///   - shutdown: Called once when the doors are closed, also when they never opened.
    package init(
        configuration: ServerConfiguration,
        ingest: any TelemetryIngest,
        routes: [any RouteGroup] = [],
        readiness: @escaping @Sendable () async -> [ReadinessCheck] = { [] },
        metrics samples: @escaping @Sendable () async -> [MetricSample] = { [] },
        logger: Logger,
        handlesSignals: Bool = true,
        shutdown: @escaping @Sendable () async -> Void = {}
    ) {
        let doors = DoorsService(
            configuration: configuration,
            ingest: ingest,
            routes: routes,
            readiness: readiness,
            samples: samples,
            metrics: metrics,
            board: board,
            logger: logger
        )
        // Services are stopped from last to first.
        var settings = ServiceGroupConfiguration(
            services: [ClosingService(shutdown: shutdown), doors],
            gracefulShutdownSignals: handlesSignals ? [.sigterm, .sigint] : [],
            logger: logger
        )
        settings.maximumGracefulShutdownDuration = configuration.shutdownGrace
        group = ServiceGroup(configuration: settings)
        self.logger = logger
    }

    /// Where the server listens; waits until both doors are open.
    ///
    /// - Throws: what `run()` throws, or `CancellationError`, if the server ends before that.
    package var addresses: ServerAddresses {
        get async throws { try await board.addresses }
    }

    /// Opens the doors and serves until the server is told to stop.
    ///
    /// - Throws: `HoldfastServerError` if the configuration, a file or an address is unusable.
    package func run() async throws {
        do {
            try await group.run()
        } catch {
            board.ended(error)
            guard error is CancellationError, !Task.isCancelled else { throw error }
            logger.warning("Requests were cut off: they did not finish within the shutdown grace")
        }
        board.ended(CancellationError())
    }

    /// Does what SIGTERM does; returns at once.
    package func beginGracefulShutdown() async { await group.triggerGracefulShutdown() }
}
