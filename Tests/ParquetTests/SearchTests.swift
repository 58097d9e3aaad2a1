import Parquet
import Testing

/// Searching text page by page finds what reading it all finds.
struct SearchTests {
    private static let encodings: [ValueEncoding] = [
        .automatic, .plain, .dictionary, .deltaLengthByteArray, .deltaByteArray,
    ]

    private static func contains(_ cell: Cell, _ needle: [UInt8]) -> Bool {
        guard case .text(let text) = cell, text.count >= needle.count else { return false }
        return (0...text.count - needle.count).contains {
            text[$0..<$0 + needle.count].elementsEqual(needle)
        }
    }

    @Test(arguments: 0..<40 as Range<UInt64>)
    func theRowsAreThoseWhoseTextContainsTheBytes(_ seed: UInt64) throws {
        var maker = ColumnMaker(generator: SeededGenerator(seed: seed), variety: Int(seed % 4))
        let field = Field(
            "text",
            .leaf(.string, optional: seed % 3 > 0),
            encoding: Self.encodings[Int(seed) % Self.encodings.count],
            pageIndex: seed % 7 > 0
        )
        let columns = [200, 90, 1].map { maker.column(field, rows: $0) }
        let file = try Fixtures.write(
            Schema([field]),
            columns.map { [$0] },
            options: WriterOptions(pageRowLimit: 16)
        )
        let reader = try ParquetReader(BytesSource(file, name: "searched"))
        for (group, column) in columns.enumerated() {
            let cells = column.cells(field.shape)
            var needles = ["1", "-", "7-", "no such text"].map { Array($0.utf8) }
            for case .text(let text) in cells.prefix(20) where text.count > 3 {
                needles += [text, Array(text.dropFirst(2)), Array(text.prefix(3))]
            }
            for needle in needles where !needle.isEmpty {
                let first = Int.random(in: 0..<cells.count, using: &maker.generator)
                let last = Int.random(in: first..<cells.count, using: &maker.generator)
                for rows in [0..<cells.count, first..<last + 1, first..<first] {
                    let wanted = rows.filter { Self.contains(cells[$0], needle) }.map(UInt32.init)
                    let found = try reader.rows(
                        rowGroup: group,
                        field: 0,
                        containing: needle,
                        in: rows
                    )
                    let text = String(decoding: needle, as: UTF8.self)
                    #expect(found == wanted, "'\(text)' in \(rows), seed \(seed)")
                    #expect(column.rows(containing: needle, in: rows) == wanted, "seed \(seed)")
                }
            }
        }
    }

    /// The first search reads a dictionary that is far from its pages, the second has it from the column read between.
    @Test func aDictionaryFarFromThePagesIsReadApart() throws {
        let entries = (0..<4_000).map { "\($0) " + String(repeating: "\($0 % 10)", count: 60) }
        var bytes: [UInt8] = []
        var offsets: [UInt32] = [0]
        for entry in entries {
            bytes += Array(entry.utf8)
            offsets.append(UInt32(bytes.count))
        }
        let codes = (0..<20_000).map { UInt32($0 &* 7_919 % entries.count) }
        let column = Column.text(
            TextColumn(codes: codes, dictionary: TextDictionary(bytes: bytes, offsets: offsets))
        )
        let field = Field("text", .leaf(.string, optional: false), encoding: .dictionary)
        let file = try Fixtures.write(
            Schema([field]),
            [[column]],
            options: WriterOptions(pageRowLimit: 1_000)
        )
        let reader = try ParquetReader(BytesSource(file, name: "apart"))
        let rows = 18_500..<19_700
        for needle in ["12 ", "0000", "3 3"].map({ Array($0.utf8) }) {
            let wanted = column.rows(containing: needle, in: rows)
            #expect(!wanted.isEmpty)
            let fresh = try ParquetReader(BytesSource(file, name: "apart"))
            for reader in [fresh, reader] {
                let found = try reader.rows(
                    rowGroup: 0,
                    field: 0,
                    containing: needle,
                    in: rows
                )
                #expect(found == wanted)
            }
            let read = try reader.column(rowGroup: 0, field: 0, rows: rows)
            #expect(read.cells(field.shape) == Array(column.cells(field.shape)[rows]))
        }
    }

    /// Two texts beside each other make the bytes, and none of them has them.
    @Test(arguments: encodings)
    func textsThatTouchAreNotOne(encoding: ValueEncoding) throws {
        let dictionary = TextDictionary(bytes: Array("abcdab".utf8), offsets: [0, 2, 4, 6])
        let column = Column.text(TextColumn(codes: [0, 1, 2], dictionary: dictionary))
        let field = Field("text", .leaf(.string, optional: false), encoding: encoding)
        let reader = try ParquetReader(
            BytesSource(try Fixtures.write(Schema([field]), [[column]]), name: "touching")
        )
        for (needle, wanted) in [("bc", []), ("da", []), ("ab", [0, 2]), ("cd", [1])] {
            let needle = Array(needle.utf8)
            let found = try reader.rows(rowGroup: 0, field: 0, containing: needle, in: 0..<3)
            #expect(found == wanted.map(UInt32.init))
        }
    }
}
