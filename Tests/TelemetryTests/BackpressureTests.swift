import Dispatch
import OTLP
import Storage
import Synchronization
import Testing

@testable import Telemetry

/// A node that has no room says so before anything reaches the journal.
struct BackpressureTests {
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
            let directory = newDirectory()
            defer { removeTree(directory) }
            let node = try openNode(directory) { $0.limits.queueBytesMax = limit }
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
        let directory = newDirectory()
        defer { removeTree(directory) }
        let node = try openNode(directory) {
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

    /// Its rows need a dead letter that there is no room for.
    @Test func aFlushThatFailsMakesNoRoom() async throws {
        let directory = newDirectory()
        defer { removeTree(directory) }
        let node = try openNode(directory) {
            $0.limits.memtableFlushBytes = 1
            $0.limits.memtableBytesMax = 2
            $0.limits.segmentValueBytesMax = 5
            $0.limits.deadLetterBytesMax = 1
            $0.tickMilliseconds = 3_600_000
        }
        node.maintenanceThread.suspend()
        _ = try await node.ingest(Self.request)
        let (answers, continuation) = AsyncStream<IngestFailure.Code?>.makeStream()
        node.ingest(Self.request) { result in
            switch result {
            case .success: continuation.yield(nil)
            case .failure(let error): continuation.yield(error.code)
            }
        }
        node.maintenanceThread.resume()
        node.maintenanceThread.sync {}
        #expect(node.state.withLock { $0.waiters.count } == 1)
        // By now it is known that letters are what there is no room for.
        try await Self.expectRefused(node, .unavailable)
        #expect(try node.status().journalLastLSN == 1)
        node.close()
        var iterator = answers.makeAsyncIterator()
        #expect(await iterator.next() == .some(.overloaded))
    }

    @Test func aNearlyFullDiskRefuses() async throws {
        let directory = newDirectory()
        defer { removeTree(directory) }
        let node = try openNode(directory) {
            $0.limits.diskUsedFractionMax = 1e-12
        }
        defer { node.close() }
        try await Self.expectRefused(node, .diskFull)
    }
}
