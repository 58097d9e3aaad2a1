import Dispatch
import Logging
import OTLP
import Storage
import Synchronization
import Testing

@testable import Telemetry

/// A node that has no room says so before anything reaches the journal.
struct BackpressureTests {
    private static func open(
        _ change: (inout NodeConfiguration) -> Void
    ) throws -> TelemetryNode {
        var configuration = NodeConfiguration(
            dataDirectory: "/tmp/holdfast-full-\(SystemRandom().next())"
        )
        change(&configuration)
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        return try TelemetryNode(configuration: configuration, logger: logger)
    }

    private static let request: IngestRequest = {
        let records = [LogRecord(time: 1, body: .string("a line"))]
        let body = OTLPEncoder.json(logs: [ResourceLogs(scopes: [ScopeLogs(records: records)])])
        return IngestRequest(space: "default", signal: .logs, encoding: .json, body: body)
    }()

    private static func expectRefused(
        _ node: TelemetryNode,
        _ code: IngestFailure.Code
    ) async throws {
        let refusal = await #expect(throws: IngestFailure.self) {
            try await node.ingest(request)
        }
        #expect(refusal?.code == code && refusal?.retryAfter != nil)
        #expect(refusal?.remedy.isEmpty == false)
    }

    @Test func aFullQueueRefuses() async throws {
        let size = Self.request.body.count
        for (limit, isEnough) in [(size - 1, false), (size, true)] {
            let node = try Self.open { $0.limits.queueBytesMax = limit }
            defer { node.close() }
            if isEnough {
                _ = try await node.ingest(Self.request)
            } else {
                try await Self.expectRefused(node, .overloaded)
            }
            #expect(try node.status().journalLastLSN == (isEnough ? 1 : 0))
        }
    }

    @Test func aFullMemtableIsFlushedEarlyWhileSomeWaitAndTheRestIsRefused() async throws {
        let node = try Self.open {
            $0.limits.memtableFlushBytes = 1
            $0.limits.memtableBytesMax = 2
            $0.limits.waitersMax = 1
        }
        defer { node.close() }
        node.maintenanceThread.suspend()
        _ = try await node.ingest(Self.request)
        // Its rows fill the memtable, and nobody flushes.
        let (answers, continuation) = AsyncStream<Bool>.makeStream()
        node.ingest(Self.request) { result in
            continuation.yield((try? result.get()) != nil)
        }
        try await Self.expectRefused(node, .overloaded)
        #expect(try node.status().journalLastLSN == 1)
        node.maintenanceThread.resume()
        var iterator = answers.makeAsyncIterator()
        #expect(await iterator.next() == true)
        #expect(try node.status().journalLastLSN == 2)
    }

    @Test func aNearlyFullDiskRefuses() async throws {
        let node = try Self.open {
            $0.limits.diskUsedFractionMax = 1e-12
            $0.tickMilliseconds = 1
        }
        defer { node.close() }
        // The volume is looked at by the clock; until then all is well.
        while (try? await node.ingest(Self.request)) != nil {}
        try await Self.expectRefused(node, .diskFull)
    }
}
