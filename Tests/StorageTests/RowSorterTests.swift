import Parquet
import Testing

@testable import Storage

/// Only rows that are equal in every column are one row sent again.
struct RowSorterTests {
    private static let table = TableDefinition(
        name: "rows",
        schema: Schema([
            Field("id", .leaf(.hex(byteCount: 8), optional: false)),
            Field("time", .leaf(.int64, optional: false)),
            Field("number", .leaf(.int64, optional: true)),
            Field("text", .leaf(.string, optional: true)),
            Field("map", .map(.string)),
        ]),
        sortKey: [0, 1],
        identity: [0, 1],
        timeField: 1
    )

    private struct Row: Hashable {
        var id: UInt64 = 1
        var time: Int64 = 1
        var number: Int64?
        var text: String?
        var map: [String] = []
    }

    /// Columns of the rows; with `isPlain`, those that are nothing in every row are absent, as decoders leave them.
    private static func columns(_ rows: [Row], isPlain: Bool = true) -> [Column] {
        var interner = TextInterner()
        // Codes that differ from source to source.
        if !isPlain { _ = interner.code(for: "unused") }
        var validity = Validity(rows: rows.count, valid: false)
        for (index, row) in rows.enumerated() where row.number != nil { validity[index] = true }
        let texts = rows.map { row in row.text.map { interner.code(for: $0) } ?? TextColumn.null }
        let members = rows.flatMap(\.map).map { interner.code(for: $0) }
        let dictionary = interner.finish()
        var offsets: [UInt32] = [0]
        for row in rows { offsets.append(offsets[offsets.count - 1] + UInt32(row.map.count)) }
        let isAbsent = { (isNothing: (Row) -> Bool) in isPlain && rows.allSatisfy(isNothing) }
        let child = Column.text(TextColumn(codes: members, dictionary: dictionary))
        return [
            .identifier(IdentifierColumn(words: rows.map(\.id), wordsPerRow: 1)),
            .fixed(FixedColumn(values: rows.map(\.time))),
            isAbsent { $0.number == nil }
                ? .absent(rows: rows.count)
                : .fixed(FixedColumn(values: rows.map { $0.number ?? 0 }, validity: validity)),
            isAbsent { $0.text == nil }
                ? .absent(rows: rows.count)
                : .text(TextColumn(codes: texts, dictionary: dictionary)),
            isAbsent { $0.map.isEmpty }
                ? .absent(rows: rows.count)
                : .list(ListColumn(offsets: offsets, children: [child, child])),
        ]
    }

    private static func kept(_ sources: [[Row]]) -> [Row] {
        let columns = sources.enumerated().map { Self.columns($1, isPlain: $0 % 2 == 0) }
        let addresses = sources.enumerated().flatMap { source, rows in
            rows.indices.map { RowAddress(source: source, row: $0) }
        }
        return RowSorter(table: table).order(columns, addresses).map { sources[$0.source][$0.row] }
    }

    private static let different: [Row] = [
        Row(), Row(number: 0), Row(number: 1), Row(text: ""), Row(text: "a"), Row(text: "b"),
        Row(number: 1, text: "a"), Row(map: [""]), Row(map: ["", ""]), Row(map: ["a"]),
        Row(map: ["a", "b"]), Row(map: ["b", "a"]), Row(text: "a", map: ["a"]), Row(time: 2),
        Row(id: 2), Row(id: 2, number: -1),
    ]

    @Test func rowsThatDifferInAnyColumnStay() {
        let kept = Self.kept([Self.different])
        #expect(kept.count == Self.different.count)
        #expect(Set(kept) == Set(Self.different))
        let keys = kept.map { [Int64($0.id), $0.time] }
        #expect(keys == keys.sorted { $0.lexicographicallyPrecedes($1) })
    }

    /// Also when null is a column that is not there, and codes are others.
    @Test func equalRowsOfAnySourceAreOne() {
        let single = Self.different.map { [$0] }
        let kept = Self.kept([Self.different, Self.different] + single + single + [Self.different])
        #expect(kept.count == Self.different.count)
        #expect(Set(kept) == Set(Self.different))
    }

    /// Comparing each with each would take minutes.
    @Test func manyRowsOfOneIdentityAreNotComparedOneByOne() {
        let rows = (0..<200_000).map { Row(number: Int64($0)) }
        #expect(Self.kept([rows, rows]).count == rows.count)
    }

    @Test func aHashIsOfWhatARowSays() {
        let rows = Self.different
        let indices = Array(rows.indices)
        let hashes = RowHashes(of: indices, in: Self.columns(rows)).values
        #expect(Set(hashes).count == rows.count)
        #expect(RowHashes(of: indices, in: Self.columns(rows, isPlain: false)).values == hashes)
        for (index, row) in rows.enumerated() {
            #expect(RowHashes(of: [0], in: Self.columns([row])).values == [hashes[index]])
        }
        // Cursors of clients carry them.
        #expect(hashes[0] == 0xa76f_cffa_ff20_3d42)
    }
}
