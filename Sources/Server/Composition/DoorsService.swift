import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import Telemetry

/// Opens both doors, and keeps them open until it is told to stop.
struct DoorsService: Service {
    let configuration: ServerConfiguration
    let ingest: any TelemetryIngest
    let routes: [any RouteGroup]
    let readiness: @Sendable () async -> [ReadinessCheck]
    let samples: @Sendable () async -> [MetricSample]
    let metrics: DoorMetrics
    let board: ListeningBoard
    let logger: Logger

    /// Serves until told to stop.
    ///
    /// - Throws: `HoldfastServerError` if the configuration, a file or an address is unusable.
    func run() async throws {
        try configuration.validate()
        let eventLoops = MultiThreadedEventLoopGroup(
            numberOfThreads: configuration.eventLoopThreads
        )
        let admission = Admission(
            maxRequests: configuration.maxConcurrentRequests,
            maxBytes: configuration.maxBytesInFlight
        )
        let served: Result<Void, any Error>
        do {
            served = .success(try await serve(on: eventLoops, admission))
        } catch {
            served = .failure(error)
        }
        // A request outlives its connection while it is being stored, and ends on the connection's loop.
        await admission.allLeft()
        try await eventLoops.shutdownGracefully()
        try served.get()
    }

    private func serve(
        on eventLoops: MultiThreadedEventLoopGroup,
        _ admission: Admission
    ) async throws {
        let tokens = try configuration.tokenFile.map { try TokenBook(file: $0) }
        var tls: TLSFiles?
        if let certificate = configuration.tlsCertificate, let key = configuration.tlsKey {
            tls = try TLSFiles(certificate: certificate, key: key)
        }
        let grpc = try GRPCDoor(
            configuration: configuration,
            services: OTLPServices(
                ingest: ingest,
                admission: admission,
                metrics: metrics,
                tokens: tokens,
                defaultSpace: configuration.defaultSpace,
                maxRequestBytes: configuration.maxRequestBytes
            ),
            tls: tls,
            group: eventLoops
        )
        let http = try HTTPDoor(
            configuration: configuration,
            routes: [healthRoutes(admission)] + routes,
            exports: ExportDoor(
                gatekeeper: Gatekeeper(
                    tokens: tokens,
                    checksOrigin: configuration.http.isLoopback,
                    defaultSpace: configuration.defaultSpace
                ),
                ingest: ingest,
                admission: admission,
                metrics: metrics,
                maxRequestBytes: configuration.maxRequestBytes
            ),
            tls: tls,
            board: board,
            group: eventLoops,
            logger: logger
        )
        let (opened, opening) = AsyncStream.makeStream(of: HostPort.self)
        try await withThrowingDiscardingTaskGroup { group in
            group.addTask {
                defer { opening.finish() }
                try await grpc.run { opening.yield($0) }
            }
            // One door after the other, so that none is opened in vain: Hummingbird, stopped just after
            // its start, logs more than what is wrong with the address of the other door.
            guard let address = await opened.first(where: { _ in true }) else { return }
            board.opened(grpc: address)
            group.addTask { try await http.run() }
        }
    }

    private func healthRoutes(_ admission: Admission) -> HealthRoutes {
        HealthRoutes(readiness: readiness) {
            let inFlight = admission.inFlight
            let gauges = [
                MetricSample(
                    "holdfast_requests_in_flight",
                    help: "Export requests being handled.",
                    kind: .gauge,
                    value: Double(inFlight.requests)
                ),
                MetricSample(
                    "holdfast_request_bytes_in_flight",
                    help: "Bytes of export requests being received or handled.",
                    kind: .gauge,
                    value: Double(inFlight.bytes)
                ),
            ]
            let process = ProcessFigures()?.samples() ?? []
            return metrics.samples() + gauges + process + (await samples())
        }
    }
}

/// Closes what is behind the doors, after the doors.
struct ClosingService: Service {
    let shutdown: @Sendable () async -> Void

    /// Waits for the doors to be closed, or for the time for that to be over, and then closes.
    func run() async throws {
        try? await gracefulShutdown()
        // When the time is over this task has been cancelled, and closing must not be cut short.
        await Task { await shutdown() }.value
    }
}
