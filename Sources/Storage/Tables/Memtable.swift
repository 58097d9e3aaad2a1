package import Parquet

/// Rows that are journaled but not yet in a segment, for one space.
struct Memtable: Sendable {
    /// Rows by the position of their table, in LSN order.
    var rows: [[TableRows]]
    var byteCount = 0
    var rowCount = 0
    /// LSN of the newest batch; 0 when there is none.
    var lastLSN: UInt64 = 0
    /// When the oldest batch was applied, Unix nanoseconds.
    var oldestAt: UInt64 = 0

    init(tables: Int) { rows = Array(repeating: [], count: tables) }

    var isEmpty: Bool { lastLSN == 0 }

    mutating func apply(_ batch: DecodedBatch, lsn: UInt64, at now: UInt64) {
        precondition(lsn > lastLSN, "batches are applied in LSN order")
        if isEmpty { oldestAt = now }
        lastLSN = lsn
        for table in batch.tables where table.rowCount > 0 {
            rows[table.table].append(table)
            byteCount += table.byteCount
            rowCount += table.rowCount
        }
    }
}

/// What a query reads from start to end: one version and the memtable at one moment.
///
/// While it is held, no object it names is deleted.
package struct Snapshot: Sendable {
    package let space: String
    package let version: SpaceVersion
    /// Batches not yet in segments, by table, in LSN order.
    package let memory: [[TableRows]]
    let catalog: [TableDefinition]
    let cache: SegmentCache

    /// The segments of the table at `position`, in id order.
    package func segments(table position: Int) -> [SegmentInfo] {
        version.segments[catalog[position].name] ?? []
    }

    /// Opens a segment of the table at `position`.
    package func reader(
        table position: Int,
        _ segment: SegmentInfo
    ) throws(StorageError) -> ParquetReader {
        try cache.reader(space: space, table: catalog[position].name, segment)
    }
}
