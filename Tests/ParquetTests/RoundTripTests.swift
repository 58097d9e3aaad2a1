import Parquet
import Testing

struct RoundTripTests {
    @Test(arguments: Fixtures.encodings, [0, 1, 2, 3])
    func everyShapeAndTypeReadsBackAsWritten(_ encoding: ValueEncoding, _ variety: Int) throws {
        let schema = Fixtures.everyShape(encoding: encoding, bloomFilter: variety == 2)
        var maker = ColumnMaker(generator: SeededGenerator(seed: 7), variety: variety)
        let groups = [300, 1, 77].map { rows in
            schema.fields.map { maker.column($0, rows: rows) }
        }
        let file = try Fixtures.write(
            schema,
            groups,
            options: WriterOptions(pageRowLimit: 64),
            metadata: [("a", "b")]
        )
        let reader = try ParquetReader(BytesSource(file, name: "round-trip"))
        #expect(reader.schema == schema)
        #expect(reader.rowCount == 378)
        #expect(reader.rowGroups.map(\.rowCount) == [300, 1, 77])
        #expect(reader.keyValueMetadata == ["a": "b"])
        try reader.verify()
        for (position, field) in schema.fields.enumerated() {
            for (group, columns) in groups.enumerated() {
                let read = try reader.column(rowGroup: group, field: position)
                let expected = columns[position].cells(field.shape)
                #expect(read.cells(field.shape) == expected, "\(field.name), row group \(group)")
            }
        }
    }

    @Test(arguments: 0..<20)
    func randomRowRangesReadBackExactly(_ seed: UInt64) throws {
        let schema = Fixtures.everyShape()
        var maker = ColumnMaker(
            generator: SeededGenerator(seed: seed),
            variety: Int(seed % 4)
        )
        let rows = Int.random(in: 1...1_000, using: &maker.generator)
        let columns = schema.fields.map { maker.column($0, rows: rows) }
        let limit = Int.random(in: 1...300, using: &maker.generator)
        let file = try Fixtures.write(
            schema,
            [columns],
            options: WriterOptions(pageRowLimit: limit)
        )
        let reader = try ParquetReader(BytesSource(file, name: "ranges"))
        for (position, field) in schema.fields.enumerated() {
            let low = Int.random(in: 0...rows, using: &maker.generator)
            let high = Int.random(in: low...rows, using: &maker.generator)
            let read = try reader.column(rowGroup: 0, field: position, rows: low..<high)
            #expect(read.rowCount == high - low)
            #expect(
                read.cells(field.shape) == Array(columns[position].cells(field.shape)[low..<high]),
                "seed \(seed), \(field.name), rows \(low)..<\(high) of \(rows), pages of \(limit)"
            )
            try expectMembers(of: read, field.shape, reader, position, low..<high)
        }
    }

    /// Each member of a list, read alone, is as it is beside the others.
    private func expectMembers(
        of column: Column,
        _ shape: Field.Shape,
        _ reader: ParquetReader,
        _ field: Int,
        _ rows: Range<Int>
    ) throws {
        guard case .list(let list) = column else { return }
        for (member, child) in zip(shape.members, list.children).enumerated() {
            let alone = try reader.children(rowGroup: 0, field: field, member: member, rows: rows)
            guard let alone else {
                #expect(list.offsets.last == 0)
                continue
            }
            #expect(alone.offsets == list.offsets)
            #expect(alone.column.cells(child.0) == child.1.cells(child.0))
        }
    }
}
