import Logging
import Synchronization
import Telemetry

@testable import Server

/// Runs a server on ports of its own while `body` runs, and stops it.
func withServer<Value: Sendable>(
    _ ingest: any TelemetryIngest = FakeIngest(),
    routes: [any RouteGroup] = [],
    readiness: @escaping @Sendable () async -> [ReadinessCheck] = { [] },
    samples: @escaping @Sendable () async -> [MetricSample] = { [] },
    configure: (inout ServerConfiguration) -> Void = { _ in },
    shutdown: @escaping @Sendable () async -> Void = {},
    body: (HoldfastServer, ServerAddresses) async throws -> Value
) async throws -> Value {
    var configuration = ServerConfiguration()
    configuration.http.port = 0
    configuration.grpc.port = 0
    configure(&configuration)
    let server = HoldfastServer(
        configuration: configuration,
        ingest: ingest,
        routes: routes,
        readiness: readiness,
        metrics: samples,
        logger: quietLogger,
        handlesSignals: false,
        shutdown: shutdown
    )
    return try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await server.run() }
        let addresses = try await server.addresses
        let value = try await body(server, addresses)
        await server.beginGracefulShutdown()
        try await group.waitForAll()
        return value
    }
}

/// Says nothing unless something broke.
let quietLogger: Logger = {
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    return logger
}()
