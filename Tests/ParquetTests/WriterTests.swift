import Parquet
import Testing

struct WriterTests {
    private let number = Schema([Field("n", .leaf(.int32, optional: false))])

    @Test func aFileWithoutRowsHasNoRowGroups() throws {
        let file = try Fixtures.write(Fixtures.everyShape(), [])
        let reader = try ParquetReader(BytesSource(file, name: "empty"))
        #expect(reader.rowCount == 0 && reader.rowGroups.isEmpty)
        #expect(reader.schema == Fixtures.everyShape())
        try reader.verify()
        let sink = ByteSink()
        var writer = ParquetWriter(schema: number, sortingColumns: []) {
            sink.bytes.append(contentsOf: $0)
        }
        try writer.writeRowGroup(rowCount: 0) { _ in .absent(rows: 0) }
        #expect(try writer.finish(keyValueMetadata: []).rowGroups.isEmpty)
    }

    @Test func whatIsAbsentInARequiredLeafIsZeroOrEmpty() throws {
        let schema = Schema(
            Fixtures.leafTypes.enumerated().map { Field("f\($0)", .leaf($1, optional: false)) }
        )
        let file = try Fixtures.write(schema, [schema.fields.map { _ in .absent(rows: 100) }])
        let reader = try ParquetReader(BytesSource(file, name: "absent"))
        try reader.verify()
        for (position, field) in schema.fields.enumerated() {
            let cells = try reader.column(rowGroup: 0, field: position).cells(field.shape)
            #expect(cells == Column.absent(rows: 100).cells(field.shape), "\(field.name)")
        }
    }

    @Test func aPageOfEmptyListsIsSound() throws {
        let schema = Schema([Field("list", .list(.int64))])
        // Ten rows a page: the second page has no element, the others have one a row.
        let counts = (0..<30).map { (10..<20).contains($0) ? 0 : 1 }
        let offsets = counts.reduce(into: [0] as [UInt32]) {
            $0.append($0[$0.count - 1] + UInt32($1))
        }
        let values = FixedColumn(values: (0..<20).map(Int64.init))
        let column = Column.list(ListColumn(offsets: offsets, children: [.fixed(values)]))
        let file = try Fixtures.write(schema, [[column]], options: WriterOptions(pageRowLimit: 10))
        try ParquetReader(BytesSource(file, name: "lists")).verify()
    }

    @Test func absentColumnsCostAlmostNothing() throws {
        let shapes: [Field.Shape] = [
            .leaf(.string, optional: true), .leaf(.int64, optional: true), .list(.double),
            .map(.string),
            .structs([Field("a", .leaf(.string, optional: true))]),
        ]
        let schema = Schema(shapes.enumerated().map { Field("f\($0)", $1) })
        let sink = ByteSink()
        var writer = ParquetWriter(schema: schema, sortingColumns: []) {
            sink.bytes.append(contentsOf: $0)
        }
        try writer.writeRowGroup(rowCount: 100_000) { _ in .absent(rows: 100_000) }
        let summary = try writer.finish(keyValueMetadata: [])
        #expect(summary.rowGroups[0].bytes < 6 * 70)
        let reader = try ParquetReader(BytesSource(sink.bytes, name: "absent"))
        try reader.verify()
        for field in shapes.indices {
            guard
                case .absent(rows: 77) = try reader.column(
                    rowGroup: 0,
                    field: field,
                    rows: 23..<100
                )
            else {
                Issue.record("field \(field) is not absent")
                continue
            }
        }
    }

    @Test func columnsThatDoNotFitAreRefused() throws {
        let wrong: [Column] = [
            .absent(rows: 2), .text(TextColumn(codes: [0, 0, 0], dictionary: .empty)),
            .list(ListColumn(offsets: [0, 0, 0, 0], children: [.absent(rows: 0)])),
            .fixed(FixedColumn(values: [0, 1 << 40, 0])),
            .identifier(IdentifierColumn(words: [1, 2, 3], wordsPerRow: 1)),
        ]
        for column in wrong {
            #expect(throws: ParquetError.self) {
                var writer = ParquetWriter(schema: number, sortingColumns: []) { _ in }
                try writer.writeRowGroup(rowCount: 3) { _ in column }
            }
        }
        let text = Schema([Field("t", .leaf(.string, optional: true)), Field("l", .list(.int64))])
        #expect(throws: ParquetError.self) {
            var writer = ParquetWriter(schema: text, sortingColumns: []) { _ in }
            try writer.writeRowGroup(rowCount: 1) { _ in
                .text(TextColumn(codes: [0], dictionary: .empty))
            }
        }
        #expect(throws: ParquetError.self) {
            var writer = ParquetWriter(schema: text, sortingColumns: []) { _ in }
            try writer.writeRowGroup(rowCount: 2) { field in
                field == 0
                    ? .absent(rows: 2)
                    : .list(
                        ListColumn(
                            offsets: [0, 2, 1],
                            children: [.fixed(FixedColumn(values: [1]))]
                        )
                    )
            }
        }
    }

    @Test func pagesOfLongTextsEndEarly() throws {
        let bytes = [UInt8](repeating: 97, count: 300_000)
        let texts = TextDictionary(
            bytes: (0..<20).flatMap { [UInt8($0)] + bytes.dropFirst() },
            offsets: (0...20).map { UInt32($0 * 300_000) }
        )
        let schema = Schema([Field("t", .leaf(.bytes, optional: false))])
        let column = Column.text(TextColumn(codes: Array(0..<20), dictionary: texts))
        let file = try Fixtures.write(schema, [[column]])
        let reader = try ParquetReader(BytesSource(file, name: "long"))
        try reader.verify()
        #expect(try reader.pageRowRanges(rowGroup: 0, field: 0).count >= 6)
        let read = try reader.column(rowGroup: 0, field: 0, rows: 7..<9)
        #expect(
            read.cells(schema.fields[0].shape) == Array(column.cells(schema.fields[0].shape)[7..<9])
        )
    }

    @Test func pagesOfLongListsEndEarly() throws {
        let offsets = (0...50).map { UInt32($0 * 20_000) }
        let column = Column.list(
            ListColumn(
                offsets: offsets,
                children: [.fixed(FixedColumn(values: Array(0..<1_000_000)))]
            )
        )
        let schema = Schema([Field("l", .list(.int64))])
        let reader = try ParquetReader(
            BytesSource(try Fixtures.write(schema, [[column]]), name: "lists")
        )
        try reader.verify()
        #expect(try reader.pageRowRanges(rowGroup: 0, field: 0).count > 10)
    }

    @Test(arguments: [false, true])
    func copiedRowGroupsReadBackAndKeepTheirIndexes(_ isSecondFile: Bool) throws {
        let schema = Fixtures.everyShape(bloomFilter: true)
        var maker = ColumnMaker(generator: SeededGenerator(seed: 21), variety: 2)
        let groups = [100, 40].map { rows in schema.fields.map { maker.column($0, rows: rows) } }
        let options = WriterOptions(pageRowLimit: 30)
        let source = try ParquetReader(
            BytesSource(try Fixtures.write(schema, groups, options: options), name: "source")
        )
        let sink = ByteSink()
        var writer = ParquetWriter(schema: schema, sortingColumns: [], options: options) {
            sink.bytes.append(contentsOf: $0)
        }
        if isSecondFile { try writer.writeRowGroup(rowCount: 100) { groups[0][$0] } }
        try writer.copyRowGroup(1, from: source)
        try writer.copyRowGroup(0, from: source)
        let summary = try writer.finish(keyValueMetadata: [])
        let copy = try ParquetReader(BytesSource(sink.bytes, name: "copy"))
        try copy.verify()
        #expect(summary.rowGroups.map(\.rows) == (isSecondFile ? [100, 40, 100] : [40, 100]))
        let last = copy.rowGroups.count - 1
        for (position, field) in schema.fields.enumerated() {
            for (group, original) in [(last - 1, 1), (last, 0)] {
                let read = try copy.column(rowGroup: group, field: position)
                #expect(read.cells(field.shape) == groups[original][position].cells(field.shape))
                #expect(
                    copy.statistics(rowGroup: group, field: position)
                        == source.statistics(rowGroup: original, field: position)
                )
                #expect(
                    try copy.pageRowRanges(rowGroup: group, field: position)
                        == source.pageRowRanges(rowGroup: original, field: position)
                )
            }
        }
    }

    @Test func rowGroupsOfOtherSchemasAreNotCopied() throws {
        let file = try Fixtures.write(number, [[.fixed(FixedColumn(values: [1]))]])
        let source = try ParquetReader(BytesSource(file, name: "source"))
        let other = Schema([Field("m", .leaf(.int32, optional: false))])
        #expect(throws: ParquetError.self) {
            var writer = ParquetWriter(schema: other, sortingColumns: []) { _ in }
            try writer.copyRowGroup(0, from: source)
        }
    }

    @Test func errorsOfTheSinkReachTheCaller() throws {
        struct Full: Error {}
        #expect(throws: Full.self) {
            var writer = ParquetWriter(schema: number, sortingColumns: []) { _ in throw Full() }
            try writer.writeRowGroup(rowCount: 1) { _ in .fixed(FixedColumn(values: [1])) }
            _ = try writer.finish(keyValueMetadata: [])
        }
    }

    @Test func manyThreadsReadOneFile() async throws {
        let schema = Fixtures.everyShape(bloomFilter: true)
        var maker = ColumnMaker(generator: SeededGenerator(seed: 8), variety: 2)
        let columns = schema.fields.map { maker.column($0, rows: 200) }
        let file = try Fixtures.write(schema, [columns], options: WriterOptions(pageRowLimit: 50))
        let reader = try ParquetReader(BytesSource(file, name: "shared"))
        let expected = zip(columns, schema.fields).map { $0.cells($1.shape) }
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            for task in 0..<16 {
                tasks.addTask {
                    for (position, field) in schema.fields.enumerated() {
                        let low = (task * 13 + position) % 100
                        let read = try reader.column(
                            rowGroup: 0,
                            field: position,
                            rows: low..<low + 90
                        )
                        #expect(
                            read.cells(field.shape) == Array(expected[position][low..<low + 90])
                        )
                    }
                }
            }
            try await tasks.waitForAll()
        }
    }
}
