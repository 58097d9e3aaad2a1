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
        var tables = [rows(0, events)]
        if !marks.isEmpty { tables.append(rows(1, marks)) }
        return DecodedBatch(tables: tables)
    }

    private func rows(_ table: Int, _ ids: [UInt64]) -> TableRows {
        let start = SimulatedCatalog.firstHour + Int64(hour) * SimulatedCatalog.nanosPerHour
        let poisonous = poison.map { number << 4 | UInt64($0) }
        var interner = TextInterner()
        let codes = ids.map { id in
            guard let text = SimulatedRow.text(of: id, isPoisonous: id == poisonous) else {
                return TextColumn.null
            }
            return interner.code(for: text)
        }
        return TableRows(
            table: table,
            rowCount: ids.count,
            columns: [
                .identifier(IdentifierColumn(words: ids, wordsPerRow: 1)),
                .fixed(FixedColumn(values: ids.map { start + Int64($0) })),
                .text(TextColumn(codes: codes, dictionary: interner.finish())),
            ],
            timeField: 1
        )
    }
}

/// What a row holds follows from its identity, so that values of another row are found out.
enum SimulatedRow {
    private static let filler = String(repeating: "x", count: 2_000)

    /// The text of row `id`; of every third row there is none.
    static func text(of id: UInt64, isPoisonous: Bool = false) -> String? {
        let own = "row \(id &* 0x9e37_79b9_7f4a_7c15 >> 40)"
        if isPoisonous { return filler + own }
        return id % 3 == 0 ? nil : own
    }

    /// Compares rows with what they were when they were sent.
    ///
    /// - Parameters:
    ///   - columns: identity, time and text of some rows.
    ///   - place: what they were read from.
    /// - Returns: their identities.
    /// - Throws: at the first row that has another one's values.
    static func check(
        _ columns: [Column],
        _ place: @autoclosure () -> String
    ) throws(Violation) -> [UInt64] {
        guard columns.count == 3, case .identifier(let ids) = columns[0],
            case .fixed(let times) = columns[1], times.values.count == ids.words.count
        else { throw Violation("\(place()) has other columns than were written") }
        for (row, id) in ids.words.enumerated() {
            let time = times.values[row] - SimulatedCatalog.firstHour
            let found = text(columns[2], row)
            guard time % SimulatedCatalog.nanosPerHour == Int64(id),
                found == text(of: id) || found == text(of: id, isPoisonous: true)
            else { throw Violation("row \(id) of \(place()) has the values of another") }
        }
        return ids.words
    }

    private static func text(_ column: Column, _ row: Int) -> String? {
        guard case .text(let column) = column, column.codes[row] != TextColumn.null else {
            return nil
        }
        return column.dictionary.string(column.codes[row])
    }
}
