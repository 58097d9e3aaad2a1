import Parquet
package import Storage

// The tables of a simulated store, and batches whose rows say where they belong.
//
// A batch has up to eight rows in `events` and one row in `marks`, so that half a batch can be told within a table
// and between tables. Its number is in every row, and all that a row holds follows from it; its payload is filled up to a size of its own, so that groups
// of batches tear at every place. One row of a batch may be poisonous: its text is longer than `limits` let into a
// segment, so it becomes a dead letter.

/// The tables and batches of a simulated store.
package enum SimulatedCatalog {
    package static let space = "default"

    /// Rows: an identity, a time, a text.
    package static let tables = ["events", "marks"].map { name in
        TableDefinition(
            name: name,
            schema: Schema([
                Field("id", .leaf(.hex(byteCount: 8), optional: false)),
                Field("time_unix_nano", .leaf(.int64, optional: false)),
                Field("text", .leaf(.string, optional: true)),
            ]),
            sortKey: [0, 1],
            identity: [0],
            timeField: 1,
            pageRows: 64
        )
    }

    /// Rows of a batch at most.
    package static let rowsMax = 8

    /// Small enough that a short run rotates, merges and collects.
    package static let limits: Limits = {
        var limits = Limits()
        limits.journalFileBytesMax = 24 << 10
        limits.journalGroupBytesMax = 16 << 10
        limits.rowGroupRowsMax = 64
        limits.rowGroupRowsSmall = 32
        limits.compactionFanIn = 3
        limits.garbageGraceSeconds = 5
        limits.manifestsRetained = 2
        limits.segmentsPerPageMax = 3
        limits.segmentValueBytesMax = 1_000
        return limits
    }()

    /// Nanoseconds of the first hour that rows fall in.
    package static let firstHour: Int64 = 1_799_990_400_000_000_000
    package static let nanosPerHour: Int64 = 3_600_000_000_000

    /// Batch `number` of `rows` rows in the `hour`-th hour, with `filler` bytes more in the journal.
    ///
    /// - Parameters:
    ///   - number: in every row.
    ///   - rows: how many rows `events` gets.
    ///   - hour: which hour they fall in.
    ///   - filler: bytes more in the journal.
    ///   - poison: the row that no segment can hold; nil when there is none.
    ///   - space: where they go.
    /// - Returns: what is journaled, and its rows.
    package static func batch(
        _ number: UInt64,
        rows: Int,
        hour: Int,
        filler: Int,
        poison: Int? = nil,
        space: String = space
    ) -> PendingBatch {
        let batch = SimulatedPayload(number: number, rows: rows, hour: hour, poison: poison)
        let fill = [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: filler)
        let record = JournalRecord(
            kind: 1,
            space: space,
            receivedAt: number,
            payload: batch.bytes + fill
        )
        return PendingBatch(record: record, rows: batch.decoded)
    }

    /// Turns a journaled batch back into rows, and divides it by rows.
    package static let decoder = BatchDecoder(
        decode: { record in .rows(SimulatedPayload(record.payload).decoded) },
        split: { record in
            guard let halves = SimulatedPayload(record.payload).halves else { return nil }
            func part(_ payload: SimulatedPayload) -> JournalRecord {
                JournalRecord(
                    kind: record.kind,
                    space: record.space,
                    receivedAt: record.receivedAt,
                    payload: payload.bytes
                )
            }
            return (part(halves.0), part(halves.1))
        }
    )
}
