import Parquet
import Storage

/// What the payload of a simulated batch, or of a part of one, says.
struct SimulatedPayload {
    var number: UInt64
    /// The first row of this part.
    var first = 0
    var rows: Int
    var hour: Int
    /// The row that no segment can hold.
    var poison: Int?

    init(number: UInt64, rows: Int, hour: Int, poison: Int?) {
        self.number = number
        self.rows = rows
        self.hour = hour
        self.poison = poison
    }

    init(_ bytes: [UInt8]) {
        number = 0
        for byte in 0..<8 { number |= UInt64(bytes[byte]) << (8 * byte) }
        rows = Int(bytes[8])
        hour = Int(bytes[9])
        poison = bytes[10] == 0 ? nil : Int(bytes[10]) - 1
        first = Int(bytes[11])
    }

    var bytes: [UInt8] {
        let digits = (0..<8).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
        return digits + [UInt8(rows), UInt8(hour), poison.map { UInt8($0 + 1) } ?? 0, UInt8(first)]
    }

    var halves: (SimulatedPayload, SimulatedPayload)? {
        guard rows > 1 else { return nil }
        var (left, right) = (self, self)
        left.rows = rows / 2
        right.first = first + left.rows
        right.rows = rows - left.rows
        return (left, right)
    }

    private var events: [UInt64] { (first..<(first + rows)).map { number << 4 | UInt64($0) } }
    /// The mark goes with the first row.
    private var marks: [UInt64] { first == 0 ? [number << 4 | 15] : [] }
    /// The identities of all rows.
    var ids: [UInt64] { events + marks }

    var decoded: DecodedBatch {
        let hours = Int64(hour) * SimulatedCatalog.nanosPerHour
        let time = SimulatedCatalog.firstHour + hours + Int64(number)
        var tables = [Self.rows(0, events, time, text)]
        if !marks.isEmpty { tables.append(Self.rows(1, marks, time, .absent(rows: 1))) }
        return DecodedBatch(tables: tables)
    }

    private var text: Column {
        guard let poison, (first..<(first + rows)).contains(poison) else {
            return .absent(rows: rows)
        }
        var interner = TextInterner()
        let long = interner.code(for: String(repeating: "x", count: 2_000))
        return .text(
            TextColumn(
                codes: (0..<rows).map { first + $0 == poison ? long : TextColumn.null },
                dictionary: interner.finish()
            )
        )
    }

    private static func rows(
        _ table: Int,
        _ ids: [UInt64],
        _ time: Int64,
        _ text: Column
    ) -> TableRows {
        TableRows(
            table: table,
            rowCount: ids.count,
            columns: [
                .identifier(IdentifierColumn(words: ids, wordsPerRow: 1)),
                .fixed(FixedColumn(values: ids.map { _ in time })), text,
            ],
            timeField: 1
        )
    }
}
