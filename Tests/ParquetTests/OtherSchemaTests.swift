import Parquet
import Testing

/// Files are read by the names of their columns when the reader's schema is another than theirs.
struct OtherSchemaTests {
    private static let stored = Schema([
        Field("id", .leaf(.hex(byteCount: 8), optional: false), bloomFilter: true),
        Field("text", .leaf(.string, optional: true)),
        Field("tags", .map(.string)),
        Field("count", .leaf(.uint32, optional: true)),
    ])

    private static func open(as wanted: Schema) throws -> (ParquetReader, [Column]) {
        var maker = ColumnMaker(generator: SeededGenerator(seed: 11), variety: 1)
        let columns = stored.fields.map { maker.column($0, rows: 100) }
        let file = try Fixtures.write(stored, [columns], options: WriterOptions(pageRowLimit: 16))
        return (try ParquetReader(BytesSource(file, name: "older"), as: wanted), columns)
    }

    @Test func fieldsAreFoundByNameAndMissingOnesAreNull() throws {
        let wanted = Schema([
            Field("new_list", .list(.int64)), Field("count", .leaf(.int64, optional: true)),
            Field("new_text", .leaf(.string, optional: true)),
            Field("text", .leaf(.bytes, optional: true)), Field("new_map", .map(.string)),
            Field("id", .leaf(.hex(byteCount: 8), optional: false)),
        ])
        let (reader, columns) = try Self.open(as: wanted)
        #expect(reader.schema == Self.stored)
        for (position, field) in wanted.fields.enumerated() {
            let read = try reader.column(rowGroup: 0, field: position, rows: 7..<61)
            #expect(read.rowCount == 54)
            if let origin = Self.stored.index(of: field.name) {
                let shape = Self.stored.fields[origin].shape
                #expect(read.cells(shape) == Array(columns[origin].cells(shape)[7..<61]))
            } else {
                guard case .absent = read else {
                    Issue.record("\(field.name) has values")
                    continue
                }
            }
        }
        #expect(reader.statistics(rowGroup: 0, field: 2) == nil)
        #expect(try reader.mayContain(rowGroup: 0, field: 2, text: [1]))
        #expect(try reader.rows(rowGroup: 0, field: 2, containing: [65], in: 0..<100).isEmpty)
        #expect(try reader.children(rowGroup: 0, field: 4, member: 1) == nil)
        #expect(try reader.pageRowRanges(rowGroup: 0, field: 2).reduce(0) { $0 + $1.count } == 100)
        try reader.verify()
    }

    @Test(arguments: [
        Field("text", .leaf(.int64, optional: true)), Field("tags", .map(.int64)),
        Field("tags", .list(.string)), Field("text", .leaf(.string, optional: false)),
        Field("id", .leaf(.hex(byteCount: 16), optional: false)),
        Field("new", .leaf(.int64, optional: false)),
    ])
    func whatCannotBeReadAsThatIsRefused(field: Field) throws {
        let error = #expect(throws: ParquetError.self) { try Self.open(as: Schema([field])) }
        #expect(error?.code == .unsupported)
        #expect(error?.message.contains(field.name) ?? false)
    }
}
