import Parquet
package import Storage

// The tables of a simulated store, and batches whose rows say where they belong.
//
// A batch has up to eight rows in `events` and one row in `marks`, so that half a batch can be told within a table
// and between tables. Its number is in every row, and its payload is filled up to a size of its own, so that groups
// of batches tear at every place.

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
        return limits
    }()

    /// Nanoseconds of the first hour that rows fall in.
    package static let firstHour: Int64 = 1_799_990_400_000_000_000
    package static let nanosPerHour: Int64 = 3_600_000_000_000

    /// Batch `number` of `rows` rows in the `hour`-th hour, with `filler` bytes more in the journal.
    package static func batch(
        _ number: UInt64,
        rows: Int,
        hour: Int,
        filler: Int,
        space: String = space
    ) -> PendingBatch {
        var payload = [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: 12 + filler)
        for byte in 0..<8 { payload[byte] = UInt8(truncatingIfNeeded: number >> (8 * byte)) }
        payload[8] = UInt8(rows)
        payload[9] = UInt8(hour)
        let record = JournalRecord(kind: 1, space: space, receivedAt: number, payload: payload)
        return PendingBatch(record: record, rows: decode(payload))
    }

    /// Turns a journaled batch back into rows.
    package static let decoder = BatchDecoder(
        decode: { record in .rows(decode(record.payload)) },
        split: { _ in nil }
    )

    private static func decode(_ payload: [UInt8]) -> DecodedBatch {
        var number: UInt64 = 0
        for byte in 0..<8 { number |= UInt64(payload[byte]) << (8 * byte) }
        let count = Int(payload[8])
        let start = firstHour + Int64(payload[9]) * nanosPerHour
        let ids = (0..<count).map { number << 4 | UInt64($0) }
        return DecodedBatch(tables: [
            rows(0, ids, start + Int64(number)), rows(1, [number << 4 | 15], start + Int64(number)),
        ])
    }

    private static func rows(_ table: Int, _ ids: [UInt64], _ time: Int64) -> TableRows {
        TableRows(
            table: table,
            rowCount: ids.count,
            columns: [
                .identifier(IdentifierColumn(words: ids, wordsPerRow: 1)),
                .fixed(FixedColumn(values: ids.map { _ in time })),
                .absent(rows: ids.count),
            ],
            timeField: 1
        )
    }
}
