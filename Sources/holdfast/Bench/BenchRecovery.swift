import ArgumentParser
import Foundation
import OTLP

/// Measures how long a server takes to come back with a large journal.
struct BenchRecovery: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "recovery",
        abstract: "Measure how long a killed server takes to serve again, by size of its journal.",
        discussion: """
            Starts servers of this program on a directory of its own, sends them the demo shop's telemetry without \
            ever writing a segment, kills them with SIGKILL, and times from the start of the next process until it \
            serves. The journal grows from one size to the next.

              holdfast bench recovery --megabytes 64,128,256,512
            """
    )

    @Option(help: "Sizes of the journal, with commas between them.")
    var megabytes = "64,128,256,512"

    @Option(help: "Starts at each size.")
    var starts = 5

    @Option(help: "Where the store is made. Default: a temporary directory.")
    var data: String?

    private var sizes: [Int] {
        megabytes.split(separator: ",").compactMap { Int($0) }.filter { (1...1 << 20).contains($0) }
    }

    func validate() throws {
        guard !sizes.isEmpty, sizes == sizes.sorted(),
            sizes.count == megabytes.split(separator: ",").count
        else { throw ValidationError("--megabytes takes growing numbers above zero.") }
        guard (1...1_000).contains(starts) else { throw ValidationError("--starts is 1 to 1000.") }
    }

    /// One start.
    private struct Sample {
        let seconds: Double
        let usage: ProcessUsage
    }

    func run() async throws {
        let name = "holdfast-recovery-\(ProcessInfo.processInfo.processIdentifier)"
        let store = try KillStore(parent: data ?? NSTemporaryDirectory(), name: name, tag: 1)
        defer { store.remove() }
        var shop = Shop(
            Shop.Settings(tracesPerSecond: 400, start: UInt64(TimeText.now()), logsPerSpan: 1)
        )
        var table = Table(
            .right("JOURNAL MB"),
            .right("BATCHES"),
            .right("READY IN s"),
            .right("FASTEST s"),
            .right("CPU s"),
            .right("PEAK MB")
        )
        for size in sizes {
            let server = try start(store)
            try await fill(&shop, server.client, store, bytes: size * 1_000_000)
            let batches = try await KillReadback(server).figures().journal.lastLsn
            server.kill()
            let samples = try (0..<starts).map { _ in try measure(store) }
            let seconds = samples.map(\.seconds).sorted()
            let cpu = samples.map(\.usage.cpuSeconds).sorted()
            table.add(
                "\(try Self.journalBytes(store) / 1_000_000)",
                "\(batches)",
                TimeText.fixed(seconds[seconds.count / 2], decimals: 2),
                TimeText.fixed(seconds[0], decimals: 2),
                TimeText.fixed(cpu[cpu.count / 2], decimals: 2),
                "\((samples.map(\.usage.peakResidentBytes).max() ?? 0) / 1_000_000)"
            )
        }
        table.show()
    }

    private func start(_ store: KillStore) throws -> ServerProcess {
        // Nothing is ever flushed.
        let server = try store.start([
            NodeLimit("memtableFlushBytes", 1 << 40), NodeLimit("memtableBytesMax", 1 << 42),
            NodeLimit("memtableAgeMaxSeconds", 1_000_000),
        ])
        try server.waitUntilReady()
        return server
    }

    private func measure(_ store: KillStore) throws -> Sample {
        let began = ContinuousClock.now
        let server = try start(store)
        let seconds = began.duration(to: .now) / .seconds(1)
        let usage = try ProcessUsage(pid: Int(server.pid))
        server.kill()
        return Sample(seconds: seconds, usage: usage)
    }

    /// Sends the shop's traffic until the journal holds so many bytes.
    private func fill(
        _ shop: inout Shop,
        _ client: APIClient,
        _ store: KillStore,
        bytes: Int
    ) async throws {
        var time = shop.settings.start
        while try Self.journalBytes(store) < bytes {
            time += 1_000_000_000
            shop.advance(to: time)
            let requests = shop.takeRequests(until: time, isFull: true)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for request in requests { group.addTask { try await Self.send(request, client) } }
                try await group.waitForAll()
            }
        }
    }

    private static func journalBytes(_ store: KillStore) throws -> Int {
        let directory = store.data + "/journal"
        return try FileManager.default.contentsOfDirectory(atPath: directory).reduce(0) {
            sum,
            name in
            let attributes = try FileManager.default.attributesOfItem(
                atPath: directory + "/" + name
            )
            return sum + (attributes[.size] as? Int ?? 0)
        }
    }

    private static func send(_ request: ShopRequest, _ client: APIClient) async throws {
        let answer = try await client.send(
            .post,
            "/v1/\(request.signal.rawValue)",
            contentType: "application/x-protobuf",
            body: request.body
        )
        guard answer.status == 200 else {
            throw CommandFailure("a request was answered with status \(answer.status)")
        }
    }
}
