import Dispatch
import OTLP
import Simulation
import Storage
import Testing

@testable import Telemetry

/// Counters move after durability, and by what was made durable.
struct AcknowledgedCountsTests {
    /// A request, and what it adds once it is acknowledged.
    private struct Sent {
        let request: IngestRequest
        let spans: Int
        let logs: Int
        let points: Int

        func add(to counts: inout AcknowledgedCounts) {
            counts.batches += 1
            counts.spans += spans
            counts.logs += logs
            counts.points += points
        }
    }

    private static func request(_ signal: OTLP.Signal, _ body: [UInt8]) -> IngestRequest {
        IngestRequest(space: "default", signal: signal, encoding: .protobuf, body: body)
    }

    /// As many spans as `ids`; 0 is none that could be kept.
    private static func traces(_ ids: [UInt64]) -> Sent {
        let spans = ids.map { id in
            OTLP.Span(
                traceID: TraceID(high: 7, low: 1),
                spanID: SpanID(id),
                name: "op",
                kind: 2,
                startTime: 1_000,
                endTime: 1_500
            )
        }
        let body = OTLPEncoder.protobuf(traces: [ResourceSpans(scopes: [ScopeSpans(spans: spans)])])
        let kept = ids.count { $0 != 0 }
        return Sent(request: request(.traces, body), spans: kept, logs: 0, points: 0)
    }

    private static func logs(_ count: Int) -> Sent {
        let records = (1...count).map { LogRecord(time: UInt64($0), body: .string("a line")) }
        let body = OTLPEncoder.protobuf(logs: [ResourceLogs(scopes: [ScopeLogs(records: records)])])
        return Sent(request: request(.logs, body), spans: 0, logs: count, points: 0)
    }

    private static func metrics(_ count: Int) -> Sent {
        let points = (1...count).map { NumberPoint(time: UInt64($0), value: .int(1)) }
        let body = OTLPEncoder.protobuf(metrics: [
            ResourceMetrics(scopes: [
                ScopeMetrics(metrics: [Metric(name: "load", unit: "1", data: .gauge(points))])
            ])
        ])
        return Sent(request: request(.metrics, body), spans: 0, logs: 0, points: count)
    }

    /// One of each signal, one of several records, and one with a record that can never be kept.
    private static let everything = [
        traces([1]), logs(1), metrics(1), traces([2, 3, 4]), logs(5), metrics(7), traces([0, 5]),
    ]

    /// A node on a disk of its own.
    private static func open(
        _ process: SimulatedFileSystem,
        groupBytesMax: Int = Limits().journalGroupBytesMax
    ) throws -> TelemetryNode {
        process.disk.prepareDirectory("/data")
        return try openNode(
            "/data/store",
            environment: Storage.Environment(fileSystem: process)
        ) {
            $0.tickMilliseconds = 3_600_000
            $0.limits.journalGroupBytesMax = groupBytesMax
        }
    }

    /// A batch that is refused counts for nothing: not when it was refused, not when recovery finds it, and
    /// once when it is sent again.
    @Test(
        arguments: [FaultKind.inputOutput, .noSpace, .doneButFailed],
        [FileOperation.write, .sync]
    )
    func aRefusedBatchIsNotCounted(kind: FaultKind, call: FileOperation) async throws {
        let process = SimulatedDisk(seed: 1).boot()
        let node = try Self.open(process)
        defer { node.close() }
        var expected = AcknowledgedCounts()
        #expect(try node.status().acknowledged == expected)
        for sent in Self.everything {
            _ = try await node.ingest(sent.request)
            sent.add(to: &expected)
            #expect(try node.status().acknowledged == expected)

            process.arm(Fault(kind, at: 1, only: call, in: "/journal/"))
            let refusal = await #expect(throws: IngestFailure.self) {
                try await node.ingest(sent.request)
            }
            #expect(process.hasFired)
            #expect(refusal?.code == .unavailable && refusal?.retryAfter != nil)
            // There the store is opened anew.
            node.maintenanceThread.sync {}
            #expect(try node.status().acknowledged == expected)

            _ = try await node.ingest(sent.request)
            sent.add(to: &expected)
            #expect(try node.status().acknowledged == expected)
        }
        #expect(expected == AcknowledgedCounts(batches: 14, spans: 10, logs: 12, points: 16))
    }

    /// Nothing of it reaches the journal.
    @Test func aRequestWithoutARecordThatCouldBeKeptIsNotCounted() async throws {
        let node = try Self.open(SimulatedDisk(seed: 1).boot())
        defer { node.close() }
        let receipt = try await node.ingest(Self.traces([0, 0]).request)
        #expect(receipt.rejectedRecords == 2)
        let status = try node.status()
        #expect(status.acknowledged == AcknowledgedCounts())
        #expect(status.journalLastLSN == 0)
    }

    /// Of many at once some groups are durable, one is not, and what comes meanwhile is refused: as many count as were
    /// told success.
    @Test(arguments: [(sync: 1, groupBytesMax: 16 << 20), (1, 1), (2, 1), (30, 1)])
    func asManyCountAsWereToldSuccess(sync: Int, groupBytesMax: Int) async throws {
        let process = SimulatedDisk(seed: 1).boot()
        let node = try Self.open(process, groupBytesMax: groupBytesMax)
        defer { node.close() }
        // Makes the journal file: from here on a group is one write and one sync.
        _ = try await node.ingest(Self.logs(2).request)
        process.arm(Fault(.inputOutput, at: sync, only: .sync, in: "/journal/"))
        let request = Self.logs(3).request
        let successes = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<60 { group.addTask { (try? await node.ingest(request)) != nil } }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(process.hasFired)
        #expect((sync - 1..<60).contains(successes))
        node.maintenanceThread.sync {}
        let counts = try node.status().acknowledged
        #expect(counts == AcknowledgedCounts(batches: 1 + successes, logs: 2 + 3 * successes))
    }
}
