import Parquet
import Testing

/// A damaged file must be refused, or be read as it was written; it must never stop the process.
struct DamageTests {
    private static let file = Result { () throws -> (bytes: [UInt8], cells: [[Cell]]) in
        let schema = Schema([
            Field(
                "id",
                .leaf(.hex(byteCount: 16), optional: false),
                encoding: .deltaByteArray,
                bloomFilter: true
            ),
            Field("name", .leaf(.string, optional: true)),
            Field("time", .leaf(.int64, optional: false)),
            Field("ratio", .leaf(.double, optional: true)),
            Field("tags", .map(.string)),
            Field(
                "links",
                .structs([
                    Field("id", .leaf(.hex(byteCount: 8), optional: false)),
                    Field("flags", .leaf(.int32, optional: true)),
                ])
            ),
        ])
        var maker = ColumnMaker(generator: SeededGenerator(seed: 3), variety: 1)
        let groups = [12, 5].map { rows in
            maker.variety = 3 - maker.variety
            return schema.fields.map { maker.column($0, rows: rows) }
        }
        let bytes = try Fixtures.write(
            schema,
            groups,
            options: WriterOptions(pageRowLimit: 8),
            metadata: [("who", "me")]
        )
        return (bytes, try Fixtures.cells(try ParquetReader(BytesSource(bytes, name: "whole"))))
    }

    /// Nil when the file was refused.
    private func read(_ bytes: [UInt8]) throws -> [[Cell]]? {
        do {
            let reader = try ParquetReader(BytesSource(bytes, name: "damaged"))
            try expectSearches(reader)
            try reader.verify()
            for field in reader.schema.fields.indices {
                for group in reader.rowGroups.indices {
                    _ = try reader.rowRanges(
                        rowGroup: group,
                        field: field,
                        from: .int(0),
                        through: .int(5)
                    )
                    _ = try reader.mayContain(rowGroup: group, field: field, identifier: (1, 2))
                    let rows = reader.rowGroups[group].rowCount
                    _ = try reader.column(rowGroup: group, field: field, rows: rows / 3..<rows / 2)
                }
            }
            return try Fixtures.cells(reader)
        } catch is ParquetError {
            return nil
        }
    }

    /// A search throws, or finds the rows that reading the column finds, unless that throws.
    private func expectSearches(_ reader: ParquetReader) throws {
        let needle = [UInt8(ascii: "1")]
        for field in reader.schema.fields.indices {
            for group in reader.rowGroups.indices {
                let rows = 0..<reader.rowGroups[group].rowCount
                guard
                    let found = try? reader.rows(
                        rowGroup: group,
                        field: field,
                        containing: needle,
                        in: rows
                    ), let column = try? reader.column(rowGroup: group, field: field)
                else { continue }
                #expect(found == column.rows(containing: needle, in: rows))
            }
        }
    }

    /// Each part of the file is a case, so that cases run at the same time.
    @Test(arguments: [0x01, 0x80, 0xff] as [UInt8], 0..<8)
    func flippedBytesAreFoundOrHarmless(_ mask: UInt8, _ part: Int) throws {
        let (whole, cells) = try Self.file.get()
        for index in stride(from: part, to: whole.count, by: 8) {
            var bytes = whole
            bytes[index] ^= mask
            if let found = try read(bytes), found != cells {
                Issue.record("byte \(index) ^ \(mask) of \(whole.count) changes what is read")
            }
        }
    }

    @Test(arguments: 0..<4)
    func truncatedFilesAreRefused(_ part: Int) throws {
        let (whole, _) = try Self.file.get()
        for count in stride(from: part, to: whole.count, by: 4) {
            #expect(try read(Array(whole[..<count])) == nil, "\(count) of \(whole.count) bytes")
        }
    }

    @Test(arguments: 0..<200 as Range<UInt64>)
    func randomDamageNeverStopsTheProcess(_ seed: UInt64) throws {
        var bytes = try Self.file.get().bytes
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<Int.random(in: 1...20, using: &generator) {
            let index = Int.random(in: 0..<bytes.count, using: &generator)
            switch Int.random(in: 0..<3, using: &generator) {
            case 0: bytes[index] = UInt8.random(in: 0...255, using: &generator)
            case 1: bytes.insert(UInt8.random(in: 0...255, using: &generator), at: index)
            default: bytes.remove(at: index)
            }
        }
        _ = try read(bytes)
    }

    @Test func otherFilesAreNotParquet() {
        for bytes in [
            [], Array("PAR1".utf8), [UInt8](repeating: 0, count: 100), Array("PAR1PAR1PAR1".utf8),
        ] {
            #expect(throws: ParquetError.self) {
                try ParquetReader(BytesSource(bytes, name: "other"))
            }
        }
    }
}
