import NIOCore
import NIOPosix
import OTLP
import Synchronization
import Telemetry
import Testing

@testable import Server

/// Opening and closing.
@Suite(.timeLimit(.minutes(1)))
struct LifecycleTests {
    @Test func reportsThePortsThatWereChosen() async throws {
        try await withServer { server, addresses in
            #expect(addresses.http.host == "127.0.0.1" && addresses.http.port > 0)
            #expect(addresses.grpc.host == "127.0.0.1" && addresses.grpc.port > 0)
            let again = try await server.addresses
            #expect(again == addresses)
        }
    }

    @Test func listensOnNames() async throws {
        let configure: (inout ServerConfiguration) -> Void = { configuration in
            configuration.http.host = "localhost"
            configuration.grpc.host = "localhost"
        }
        try await withServer(configure: configure) { _, addresses in
            let answer = try await HTTPProbe(addresses.http).get("/livez")
            #expect(answer.status == 200)
            let stored = try await GRPCProbe(addresses.grpc).export(.traces, [1])
            #expect(stored.isEmpty)
        }
    }

    // MARK: - Addresses that cannot be had

    /// Takes a port away while `body` runs.
    private func withTakenPort(_ body: (HostPort) async throws -> Void) async throws {
        let channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .bind(host: "127.0.0.1", port: 0).get()
        let address = try #require(HostPort(channel.localAddress))
        try await body(address)
        try await channel.close()
    }

    @Test(arguments: ["--http", "--grpc"])
    func namesTheFlagOfATakenPort(_ flag: String) async throws {
        try await withTakenPort { taken in
            let closed = Mutex(0)
            let error = await #expect(throws: HoldfastServerError.self) {
                try await withServer(
                    configure: { configuration in
                        if flag == "--http" {
                            configuration.http = taken
                        } else {
                            configuration.grpc = taken
                        }
                    },
                    shutdown: { closed.withLock { $0 += 1 } },
                    body: { _, _ in }
                )
            }
            #expect(error?.code == .listen)
            #expect(error?.message.contains("\(taken) (\(flag)) is already in use") == true)
            #expect(error?.remedy.contains("\(flag) HOST:PORT") == true)
            #expect(closed.withLock { $0 } == 1)
        }
    }

    @Test(arguments: ["--http", "--grpc"])
    func namesTheFlagOfAnUnknownHost(_ flag: String) async throws {
        let error = await #expect(throws: HoldfastServerError.self) {
            try await withServer(
                configure: { configuration in
                    let unknown = HostPort(host: "no.such.host.invalid", port: 4999)
                    if flag == "--http" {
                        configuration.http = unknown
                    } else {
                        configuration.grpc = unknown
                    }
                },
                body: { _, _ in }
            )
        }
        #expect(error?.code == .listen)
        #expect(error?.message.contains("no.such.host.invalid:4999 (\(flag))") == true)
    }

    // MARK: - Closing

    @Test func closesWhatIsBehindTheDoorsOnce() async throws {
        let closed = Mutex(0)
        try await withServer(shutdown: { closed.withLock { $0 += 1 } }) { _, _ in
            #expect(closed.withLock { $0 } == 0)
        }
        #expect(closed.withLock { $0 } == 1)
    }

    @Test(arguments: Transport.allCases)
    func letsRequestsInFlightFinish(_ transport: Transport) async throws {
        let entered = Gate()
        let release = Gate()
        let order = Mutex<[String]>([])
        let ingest = FakeIngest { request in
            entered.open()
            await release.wait()
            order.withLock { $0.append("stored") }
            return IngestReceipt()
        }
        let shutdown: @Sendable () async -> Void = { order.withLock { $0.append("closed") } }
        try await withThrowingTaskGroup(of: Void.self) { group in
            try await withServer(ingest, shutdown: shutdown) { server, addresses in
                group.addTask {
                    switch transport {
                    case .http:
                        let answer = try await HTTPProbe(addresses.http)
                            .post("/v1/traces", body: [1])
                        #expect(answer.status == 200)
                    case .grpc:
                        let answer = try await GRPCProbe(addresses.grpc).export(.traces, [1])
                        #expect(answer.isEmpty)
                    }
                }
                await entered.wait()
                await server.beginGracefulShutdown()
                // Nobody new is let in, and the request is still there.
                await #expect(throws: (any Error).self) {
                    while true { _ = try await HTTPProbe(addresses.http).get("/livez") }
                }
                release.open()
            }
            try await group.waitForAll()
        }
        #expect(order.withLock { $0 } == ["stored", "closed"])
    }

    @Test func cutsOffRequestsThatDoNotFinish() async throws {
        let entered = Gate()
        let cutOff = Gate()
        let release = Gate()
        let ingest = FakeIngest { _ in
            entered.open()
            await release.wait()
            return IngestReceipt()
        }
        let configure: (inout ServerConfiguration) -> Void = {
            $0.shutdownGrace = .milliseconds(100)
        }
        // Only closing what is behind the doors lets go of the request.
        try await withThrowingTaskGroup(of: Void.self) { group in
            let metrics = try await withServer(
                ingest,
                configure: configure,
                shutdown: {
                    await cutOff.wait()
                    release.open()
                },
                body: { server, addresses in
                    group.addTask {
                        _ = try? await HTTPProbe(addresses.http).post("/v1/traces", body: [1])
                        cutOff.open()
                    }
                    await entered.wait()
                    return server.metrics
                }
            )
            // It was seen to its end all the same, on a loop that still ran.
            let counted = metrics.samples().filter { $0.name == "holdfast_export_requests_total" }
            #expect(counted.map(\.value).reduce(0, +) == 1)
            try await group.waitForAll()
        }
    }
}
