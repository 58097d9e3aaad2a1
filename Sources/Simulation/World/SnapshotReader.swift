import Parquet
package import Storage

/// Reads whole snapshots of simulated stores.
///
/// Decoded segments are remembered: a segment whose bytes on the disk have the checksum of the manifest is not decoded
/// twice.
package struct SnapshotReader {
    private struct Key: Hashable {
        let id: String
        let crc: UInt32
        let table: Int
    }

    private let summary: (String) -> (byteCount: Int, crc: UInt32)?
    private var known: [Key: [UInt64]] = [:]

    /// - Parameter summary: size and CRC-32C of an object, without being a call.
    package init(summary: @escaping (String) -> (byteCount: Int, crc: UInt32)?) {
        self.summary = summary
    }

    /// Adds every row of `snapshot` to what was found.
    ///
    /// - Throws: `StorageError` when a segment cannot be read; `Violation` when its bytes are not those written.
    package mutating func add(_ snapshot: Snapshot, to found: inout Observation) throws {
        for table in SimulatedCatalog.tables.indices {
            for rows in snapshot.memory[table] {
                for id in try SimulatedRow.check(rows.columns, "memory") { found.add(id) }
            }
            for segment in snapshot.segments(table: table) {
                for id in try ids(snapshot, table, segment) { found.add(id) }
            }
        }
    }

    /// The rows of some segments.
    ///
    /// - Throws: as `add`.
    mutating func ids(
        _ snapshot: Snapshot,
        where isIncluded: (SegmentInfo) -> Bool
    ) throws -> [UInt64] {
        var found: [UInt64] = []
        for table in SimulatedCatalog.tables.indices {
            for segment in snapshot.segments(table: table) where isIncluded(segment) {
                found += try ids(snapshot, table, segment)
            }
        }
        return found
    }

    private mutating func ids(
        _ snapshot: Snapshot,
        _ table: Int,
        _ segment: SegmentInfo
    ) throws -> [UInt64] {
        let path = segment.key(
            space: snapshot.space,
            table: SimulatedCatalog.tables[table].name
        )
        let key = Key(id: segment.id, crc: segment.crc32c, table: table)
        let summary = summary(path)
        if let known = known[key], let summary, summary.crc == segment.crc32c,
            summary.byteCount == segment.bytes
        {
            return known
        }
        let reader = try snapshot.reader(table: table, segment)
        if let summary, summary.crc != segment.crc32c {
            throw Violation("segment \(path) is not what was written")
        }
        var ids: [UInt64] = []
        for group in reader.rowGroups.indices {
            let columns = try (0..<3).map { try reader.column(rowGroup: group, field: $0) }
            ids += try SimulatedRow.check(columns, path)
        }
        guard ids.count == segment.rows else {
            throw Violation("segment \(path) has \(ids.count) rows, not \(segment.rows)")
        }
        known[key] = ids
        return ids
    }
}
