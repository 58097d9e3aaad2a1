import Parquet
import Testing

struct PruningTests {
    private static func text(_ texts: [String?]) -> Column {
        var bytes: [UInt8] = []
        var offsets: [UInt32] = [0]
        for text in texts {
            bytes += Array((text ?? "").utf8)
            offsets.append(UInt32(bytes.count))
        }
        let codes = texts.enumerated().map { $1 == nil ? TextColumn.null : UInt32($0) }
        return .text(
            TextColumn(codes: codes, dictionary: TextDictionary(bytes: bytes, offsets: offsets))
        )
    }

    private func reader(
        _ field: Field,
        _ column: Column,
        pageRows: Int = 10
    ) throws -> ParquetReader {
        let file = try Fixtures.write(
            Schema([field]),
            [[column]],
            options: WriterOptions(pageRowLimit: pageRows),
            sorting: [0]
        )
        let reader = try ParquetReader(BytesSource(file, name: "pruning"))
        try reader.verify()
        return reader
    }

    @Test func pagesOutsideTheLimitsAreLeftOut() throws {
        let column = Column.fixed(FixedColumn(values: (0..<95).map { $0 * 2 }))
        let reader = try reader(Field("n", .leaf(.int64, optional: false)), column)
        func ranges(_ low: Int64?, _ high: Int64?) throws -> [Range<Int>] {
            try reader.rowRanges(
                rowGroup: 0,
                field: 0,
                from: low.map { .int($0) },
                through: high.map { .int($0) }
            )
        }
        #expect(try ranges(nil, nil) == [0..<95])
        #expect(try ranges(39, 39) == [])
        #expect(try ranges(41, 41) == [20..<30])
        #expect(try ranges(40, 40) == [20..<30])
        #expect(try ranges(19, 21) == [10..<20])
        #expect(try ranges(-5, -1) == [])
        #expect(try ranges(180, nil) == [90..<95])
        #expect(try ranges(nil, 25) == [0..<20])
        #expect(try reader.pageRowRanges(rowGroup: 0, field: 0).last == 90..<95)
        let pages = try reader.pageStatistics(rowGroup: 0, field: 0)
        #expect(pages.map(\.rows) == (try reader.pageRowRanges(rowGroup: 0, field: 0)))
        for (page, values) in pages.enumerated() {
            let first = Int64(page) * 20
            #expect(values.min == .int(first))
            #expect(values.max == .int(min(first + 18, 188)))
        }
        #expect(reader.cachedByteCount > 0)
        let statistics = reader.statistics(rowGroup: 0, field: 0)
        #expect(statistics?.min == .int(0))
        #expect(statistics?.max == .int(188))
        #expect(statistics?.nullCount == 0)
    }

    @Test func pagesOfNullsHoldNothing() throws {
        let texts = (0..<30).map { $0 < 10 || $0 >= 20 ? "v\($0 + 10)" : nil }
        let reader = try reader(Field("t", .leaf(.string, optional: true)), Self.text(texts))
        let all = try reader.rowRanges(rowGroup: 0, field: 0, from: nil, through: nil)
        #expect(all == [0..<10, 20..<30])
        #expect(reader.statistics(rowGroup: 0, field: 0)?.nullCount == 10)
    }

    @Test func longTextBoundsAreCutAndStayBounds() throws {
        let long = String(repeating: "é", count: 100)
        let highest = String(repeating: "\u{7f}", count: 70)
        for texts in [[long + "a", long + "b"], [long, highest], [highest, highest + "x"]] {
            let reader = try reader(Field("t", .leaf(.string, optional: false)), Self.text(texts))
            let statistics = try #require(reader.statistics(rowGroup: 0, field: 0))
            guard case .bytes(let low, _)? = statistics.min,
                case .bytes(let high, _)? = statistics.max
            else {
                Issue.record("no bounds for \(texts)")
                continue
            }
            #expect(String(validating: low, as: UTF8.self) != nil)
            #expect(String(validating: high, as: UTF8.self) != nil)
            for text in texts {
                #expect(!Array(text.utf8).lexicographicallyPrecedes(low))
                #expect(!high.lexicographicallyPrecedes(Array(text.utf8)))
                let found = try reader.rowRanges(
                    rowGroup: 0,
                    field: 0,
                    from: .bytes(Array(text.utf8)),
                    through: .bytes(Array(text.utf8))
                )
                #expect(found == [0..<2])
            }
        }
    }

    @Test func notANumberLeavesNoBounds() throws {
        let values = [1.5, .nan, 2.5].map { Int64(bitPattern: $0.bitPattern) }
        for type in [LeafType.double, .float] {
            let reader = try reader(
                Field("d", .leaf(type, optional: false)),
                .fixed(FixedColumn(values: values))
            )
            let statistics = try #require(reader.statistics(rowGroup: 0, field: 0))
            #expect(statistics.min == nil && statistics.max == nil && statistics.nullCount == 0)
            let ranges = try reader.rowRanges(
                rowGroup: 0,
                field: 0,
                from: .double(100),
                through: .double(100)
            )
            #expect(ranges == [0..<3])
        }
    }

    @Test func zerosHaveSignedBounds() throws {
        let values = [0.0, -0.0].map { Int64(bitPattern: $0.bitPattern) }
        let reader = try reader(
            Field("d", .leaf(.double, optional: false)),
            .fixed(FixedColumn(values: values))
        )
        guard case .double(let low)? = reader.statistics(rowGroup: 0, field: 0)?.min,
            case .double(let high)? = reader.statistics(rowGroup: 0, field: 0)?.max
        else {
            Issue.record("no bounds")
            return
        }
        #expect(low.sign == .minus && high.sign == .plus)
    }

    @Test func bloomFiltersFindWhatIsThereAndLittleElse() throws {
        var generator = SeededGenerator(seed: 5)
        let words = (0..<20_000).map { _ in generator.next() }
        let field = Field("id", .leaf(.hex(byteCount: 16), optional: false), bloomFilter: true)
        let reader = try reader(
            field,
            .identifier(IdentifierColumn(words: words, wordsPerRow: 2)),
            pageRows: 4_096
        )
        for row in 0..<10_000 {
            let found = try reader.mayContain(
                rowGroup: 0,
                field: 0,
                identifier: (words[row * 2], words[row * 2 + 1])
            )
            #expect(found)
        }
        let wrong = try (0..<10_000).count { _ in
            try reader.mayContain(
                rowGroup: 0,
                field: 0,
                identifier: (generator.next(), generator.next())
            )
        }
        #expect(wrong < 150, "\(wrong) of 10000 are wrongly there")
    }

    @Test func bloomFiltersOfTextTakeTheBytes() throws {
        let texts = (0..<1_000).map { "key-\($0)" }
        let reader = try reader(
            Field("t", .leaf(.string, optional: false), bloomFilter: true),
            Self.text(texts)
        )
        let found = try texts.count {
            try reader.mayContain(rowGroup: 0, field: 0, text: Array($0.utf8))
        }
        #expect(found == 1_000)
        let wrong = try (0..<1_000).count {
            try reader.mayContain(rowGroup: 0, field: 0, text: Array("other-\($0)".utf8))
        }
        #expect(wrong < 30)
    }

    @Test func onlyThePagesOfTheWantedRowsAreRead() throws {
        var generator = SeededGenerator(seed: 9)
        let values = (0..<100_000).map { _ in Int64(bitPattern: generator.next()) }
        let file = try Fixtures.write(
            Schema([Field("n", .leaf(.int64, optional: false))]),
            [[.fixed(FixedColumn(values: values))]]
        )
        let source = CountingSource(bytes: file)
        let reader = try ParquetReader(source)
        let opened = source.count.value
        #expect(opened <= 64 << 10)
        let column = try reader.column(rowGroup: 0, field: 0, rows: 50_000..<50_001)
        guard case .fixed(let fixed) = column else {
            Issue.record("\(column)")
            return
        }
        #expect(fixed.values == [values[50_000]])
        #expect(source.count.value - opened < 50_000)
    }
}

/// Counts the bytes that are read.
private struct CountingSource: RandomAccessBytes {
    final class Counter: @unchecked Sendable {
        // One test on one thread reads it.
        var value = 0
    }
    let bytes: [UInt8]
    let count = Counter()
    var byteCount: Int { bytes.count }
    var name: String { "counted" }

    func read(at offset: Int, count wanted: Int) throws -> [UInt8] {
        count.value += wanted
        return Array(bytes[offset..<offset + wanted])
    }
}
