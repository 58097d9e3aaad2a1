import Parquet
import Storage

/// A run of rows that a query looks at in one go: a batch in memory, or a row group of a segment or some of its rows.
struct Chunk: Sendable {
    enum Source: Sendable {
        case memory(TableRows)
        case rowGroup(ParquetReader, Int)
    }

    let source: Source
    /// Which rows of the source these are; the chunk's own row numbers start at 0.
    let rows: Range<Int>
    /// Earliest and latest time of the rows (Unix nanoseconds).
    let times: ClosedRange<Int64>

    var rowCount: Int { rows.count }

    /// All rows of one field, or those in `rows`.
    func column(_ field: Int, rows: Range<Int>? = nil) throws -> Column {
        let rows = rows.map(inSource) ?? self.rows
        switch source {
        case .rowGroup(let reader, let group):
            return try reader.column(rowGroup: group, field: field, rows: rows)
        case .memory(let batch):
            if rows == 0..<batch.rowCount { return batch.columns[field] }
            return batch.columns[field].slice(rows)
        }
    }

    /// One member of a list field, and where each row's children are; nil when all rows are empty.
    ///
    /// `beside` are the offsets of another member of the field.
    func children(
        _ field: Int,
        member: Int,
        beside: [UInt32]? = nil
    ) throws -> (offsets: [UInt32], column: Column)? {
        switch source {
        case .rowGroup(let reader, let group):
            return try reader.children(
                rowGroup: group,
                field: field,
                member: member,
                rows: rows,
                beside: beside
            )
        case .memory:
            guard case .list(let list) = try column(field) else { return nil }
            return (list.offsets, list.children[member])
        }
    }

    /// The ranges of rows that may hold values from `low` through `high` of a sorted field.
    func rowRanges(
        _ field: Int,
        from low: StatisticValue,
        through high: StatisticValue
    ) throws
        -> [Range<Int>]
    {
        switch source {
        case .memory: [0..<rowCount]
        case .rowGroup(let reader, let group):
            try reader.rowRanges(rowGroup: group, field: field, from: low, through: high)
                .filter { $0.overlaps(rows) }
                .map { inChunk($0.clamped(to: rows)) }
        }
    }

    /// The parts that may hold values of at least `low` in a field of integers, as chunks of their own.
    func parts(_ field: Int, from low: Int64) throws -> [Chunk] {
        guard case .rowGroup(let reader, let group) = source else { return [self] }
        let statistics = reader.statistics(rowGroup: group, field: field)
        if case .int(let highest)? = statistics?.max, highest < low { return [] }
        return try reader.rowRanges(
            rowGroup: group,
            field: field,
            from: .int(low),
            through: nil
        ).filter { $0.overlaps(rows) }.map {
            Chunk(source: source, rows: $0.clamped(to: rows), times: times)
        }
    }

    /// Those of `rows` whose text contains `needle`, which is not empty; ascending.
    func rows(
        _ field: Int,
        containing needle: [UInt8],
        in rows: Range<Int>
    ) throws -> [UInt32] {
        let rows = inSource(rows)
        let first = UInt32(self.rows.lowerBound)
        switch source {
        case .memory(let batch):
            return batch.columns[field].rows(containing: needle, in: rows).map { $0 - first }
        case .rowGroup(let reader, let group):
            return try reader.rows(rowGroup: group, field: field, containing: needle, in: rows)
                .map { $0 - first }
        }
    }

    /// False when no row has this identifier.
    func mayContain(_ field: Int, identifier: (UInt64, UInt64)) throws -> Bool {
        switch source {
        case .memory: true
        case .rowGroup(let reader, let group):
            try reader.mayContain(rowGroup: group, field: field, identifier: identifier)
        }
    }

    private func inChunk(_ rows: Range<Int>) -> Range<Int> {
        rows.lowerBound - self.rows.lowerBound..<rows.upperBound - self.rows.lowerBound
    }

    private func inSource(_ rows: Range<Int>) -> Range<Int> {
        rows.lowerBound + self.rows.lowerBound..<rows.upperBound + self.rows.lowerBound
    }
}

extension Snapshot {
    /// The chunks of a table whose times overlap `times`, newest first.
    ///
    /// The table's time is the field at `timeField`.
    func chunks(table: Int, timeField: Int, overlapping times: ClosedRange<Int64>) throws -> [Chunk]
    {
        var chunks: [Chunk] = []
        for batch in memory[table] {
            if let range = batch.times, range.overlaps(times) {
                chunks.append(
                    Chunk(source: .memory(batch), rows: 0..<batch.rowCount, times: range)
                )
            }
        }
        for segment in segments(table: table)
        where segment.minTime <= segment.maxTime
            && (segment.minTime...segment.maxTime).overlaps(times)
        {
            let reader = try reader(table: table, segment)
            for (index, group) in reader.rowGroups.enumerated() {
                var range = segment.minTime...segment.maxTime
                if let statistics = reader.statistics(rowGroup: index, field: timeField),
                    case .int(let low)? = statistics.min, case .int(let high)? = statistics.max,
                    low <= high
                {
                    range = low...high
                }
                if range.overlaps(times) {
                    chunks.append(
                        Chunk(
                            source: .rowGroup(reader, index),
                            rows: 0..<group.rowCount,
                            times: range
                        )
                    )
                }
            }
        }
        return chunks.sorted { $0.times.upperBound > $1.times.upperBound }
    }
}

/// The pages of chunks, newest first, for queries that end as soon as they have the newest rows.
///
/// A row group can reach far back in time; its page index is read when its turn comes.
struct PagesNewestFirst {
    private let timeField: Int
    private let times: ClosedRange<Int64>
    private var chunks: ArraySlice<Chunk>
    /// Of the chunks that were split, newest first.
    private var pages: [Chunk] = []

    /// The pages of `chunks`, which are newest first, that overlap `times` by the field at `timeField`.
    init(_ chunks: [Chunk], timeField: Int, overlapping times: ClosedRange<Int64>) {
        self.chunks = chunks[...]
        self.timeField = timeField
        self.times = times
    }

    /// The time that no row of the pages left is after; nil when none is left.
    var latest: Int64? {
        [pages.first, chunks.first].compactMap { $0?.times.upperBound }.max()
    }

    /// The next pages, `count` or as many as there are.
    mutating func next(_ count: Int) throws -> ArraySlice<Chunk> {
        var isSorted = true
        while let chunk = chunks.first {
            if pages.count >= count {
                if !isSorted { sort() }
                isSorted = true
                if pages[count - 1].times.upperBound > chunk.times.upperBound { break }
            }
            pages += try chunk.pages(timeField: timeField).filter { $0.times.overlaps(times) }
            chunks.removeFirst()
            isSorted = false
        }
        if !isSorted { sort() }
        defer { pages.removeFirst(min(count, pages.count)) }
        return pages.prefix(count)
    }

    private mutating func sort() { pages.sort { $0.times.upperBound > $1.times.upperBound } }
}

extension Chunk {
    /// The chunk page by page.
    fileprivate func pages(timeField: Int) throws -> [Chunk] {
        guard case .rowGroup(let reader, let group) = source else { return [self] }
        return try reader.pageStatistics(rowGroup: group, field: timeField).map { page in
            guard case .int(let low)? = page.min, case .int(let high)? = page.max, low <= high
            else {
                return Chunk(source: source, rows: page.rows, times: times)
            }
            return Chunk(source: source, rows: page.rows, times: (low...high).clamped(to: times))
        }
    }

    /// The rows of each page of a field; one range when there is no page index.
    func pageRanges(_ field: Int) throws -> [Range<Int>] {
        guard case .rowGroup(let reader, let group) = source else { return [0..<rowCount] }
        return try reader.pageRowRanges(rowGroup: group, field: field)
            .filter { $0.overlaps(rows) }
            .map { inChunk($0.clamped(to: rows)) }
    }
}

extension Column {
    /// The rows in `range`.
    func slice(_ range: Range<Int>) -> Column {
        switch self {
        case .absent: return .absent(rows: range.count)
        case .fixed(let column):
            var validity: Validity?
            if let all = column.validity {
                var part = Validity(rows: range.count, valid: false)
                for row in range where all[row] { part[row - range.lowerBound] = true }
                validity = part
            }
            return .fixed(FixedColumn(values: Array(column.values[range]), validity: validity))
        case .text(let column):
            return .text(
                TextColumn(codes: Array(column.codes[range]), dictionary: column.dictionary)
            )
        case .identifier(let column):
            let width = column.wordsPerRow
            return .identifier(
                IdentifierColumn(
                    words: Array(
                        column.words[(range.lowerBound * width)..<(range.upperBound * width)]
                    ),
                    wordsPerRow: width
                )
            )
        case .list(let column):
            let first = column.offsets[range.lowerBound]
            let children = Int(first)..<Int(column.offsets[range.upperBound])
            return .list(
                ListColumn(
                    offsets: column.offsets[range.lowerBound...range.upperBound].map { $0 - first },
                    children: column.children.map { $0.slice(children) }
                )
            )
        }
    }

    /// The integer (or bit pattern) of `row`, nil when it is null.
    func fixedValue(_ row: Int) -> Int64? {
        guard case .fixed(let column) = self else { return nil }
        return column.validity?[row] ?? true ? column.values[row] : nil
    }

    /// The integer of `row`, 0 when it is null.
    func integer(_ row: Int) -> Int64 { fixedValue(row) ?? 0 }

    /// The text of `row`, nil when it is null.
    func text(_ row: Int) -> String? {
        guard case .text(let column) = self, column.codes[row] != TextColumn.null else {
            return nil
        }
        return column.dictionary.string(column.codes[row])
    }

    /// The bytes of the text of `row`, nil when it is null.
    func textBytes(_ row: Int) -> ArraySlice<UInt8>? {
        guard case .text(let column) = self, column.codes[row] != TextColumn.null else {
            return nil
        }
        return column.dictionary[column.codes[row]]
    }

    /// The identifier of `row`; the second word is 0 for short ones.
    func identifier(_ row: Int) -> (UInt64, UInt64) {
        guard case .identifier(let column) = self else { return (0, 0) }
        return column.wordsPerRow == 2
            ? (column.words[row * 2], column.words[row * 2 + 1]) : (column.words[row], 0)
    }

    /// The child rows of `row`.
    func children(_ row: Int) -> Range<Int> {
        guard case .list(let column) = self else { return 0..<0 }
        return Int(column.offsets[row])..<Int(column.offsets[row + 1])
    }

    /// The child column at `position`.
    func child(_ position: Int) -> Column {
        guard case .list(let column) = self else { return .absent(rows: 0) }
        return column.children[position]
    }
}
