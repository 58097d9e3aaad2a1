package import Storage
import Synchronization

/// Figures of one node.
package struct NodeStatus: Sendable {
    package let storeID: String
    package let epoch: UInt64
    package let spaces: [SpaceStatus]
    /// Since the process started.
    package let acknowledged: AcknowledgedCounts
    package let journalLastLSN: UInt64
    package let journalBytes: Int
    package let journalBarriers: Int
    package let recovery: JournalRecoveryReport
    /// Whether new data is refused for want of disk.
    package let diskIsFull: Bool
    /// Share of the volume that is in use, 0 to 1.
    package let diskUsedFraction: Double
    /// New data is refused above this share.
    package let diskUsedFractionMax: Double
    package let deadLetters: DeadLetterFigures
    /// Bytes of requests that wait for the journal.
    package let queueBytes: Int
    package let maintenance: [MaintenanceTask: MaintenanceFigures]
}

/// A Parquet file of a version.
package struct TableFile: Sendable {
    package let table: String
    /// Relative to the data directory.
    package let path: String
    package let rows: Int
    package let bytes: Int
}

extension TelemetryNode {
    /// The figures of this moment.
    package func status() throws(QueryFailure) -> NodeStatus {
        let engine = try openEngine()
        let journal = engine.journalStatus
        let (acknowledged, diskIsFull, maintenance) = state.withLock {
            ($0.acknowledged, $0.diskIsFull, $0.maintenance)
        }
        return NodeStatus(
            storeID: engine.storeID,
            epoch: engine.epoch,
            spaces: engine.status(),
            acknowledged: acknowledged,
            journalLastLSN: journal.lastLSN,
            journalBytes: journal.bytes,
            journalBarriers: journal.barriers,
            recovery: engine.recovery,
            diskIsFull: diskIsFull,
            diskUsedFraction: (try? engine.diskUsedFraction()) ?? 0,
            diskUsedFractionMax: configuration.limits.diskUsedFractionMax,
            deadLetters: deadLetterFigures(engine),
            queueBytes: queue.withLock { $0 }?.byteCount ?? 0,
            maintenance: maintenance
        )
    }

    /// The files of the newest version of a space: exactly those that another engine should read.
    package func files(space: String) throws(QueryFailure) -> [TableFile] {
        try snapshot(space).files()
    }

    /// Makes a space, durably.
    package func createSpace(_ name: String) throws(QueryFailure) {
        let engine = try openEngine()
        do throws(StorageError) {
            try engine.createSpace(name)
        } catch {
            throw error.code == .fixRequest
                ? QueryFailure(.badRequest, error.message, remedy: error.remedy)
                : QueryFailure(error)
        }
    }
}

extension Snapshot {
    /// The segments of every table, sorted by table and id.
    package func files() -> [TableFile] {
        version.segments.sorted { $0.key < $1.key }.flatMap { table, segments in
            segments.map {
                TableFile(
                    table: table,
                    path: $0.key(space: space, table: table),
                    rows: $0.rows,
                    bytes: $0.bytes
                )
            }
        }
    }
}
