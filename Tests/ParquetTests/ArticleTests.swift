import Parquet
import Testing

/// The example of `Parquet.docc/Parquet.md`, as it is there.
struct ArticleTests {
    @Test func theExampleReadsWhatItWrites() throws {
        let schema = Schema([
            Field("time", .leaf(.timestampMicros, optional: false)),
            Field("service", .leaf(.string, optional: true), bloomFilter: true),
        ])
        var services = TextInterner()
        let codes = ["cart", "web"].map { services.code(for: $0) } + [TextColumn.null]
        let columns: [Column] = [
            .fixed(FixedColumn(values: [1_000, 2_000, 3_000])),
            .text(TextColumn(codes: codes, dictionary: services.finish())),
        ]

        var bytes: [UInt8] = []
        var writer = ParquetWriter(schema: schema, sortingColumns: [0]) { bytes += $0 }
        try writer.writeRowGroup(rowCount: 3) { columns[$0] }
        let summary = try writer.finish(keyValueMetadata: [("made by", "an example")])
        #expect(summary.rowCount == 3)

        var found: [Cell] = []
        let reader = try ParquetReader(BytesSource(bytes, name: "example.parquet"))
        for group in reader.rowGroups.indices
        where try reader.mayContain(rowGroup: group, field: 1, text: Array("web".utf8)) {
            let ranges = try reader.rowRanges(
                rowGroup: group,
                field: 0,
                from: .int(2_000),
                through: nil
            )
            for rows in ranges {
                let times = try reader.column(rowGroup: group, field: 0, rows: rows)
                found += times.cells(schema.fields[0].shape)
            }
        }
        // The three rows are on one page.
        #expect(found == columns[0].cells(schema.fields[0].shape))
        #expect(
            try !reader.mayContain(rowGroup: 0, field: 1, text: Array("payment".utf8))
        )
    }
}
