import Failpoints
import Parquet

// Writing one segment.
//
// rows -> Parquet -> an upload without a name · sync · reopen: footer, row count, CRC of every byte · publish the name
// if absent · sync the directory. Until a manifest names it, it is garbage, not damage.
//
// The footer says what the file is to whoever finds it without a manifest. Besides the columns it has
//   holdfast.store, .space, .table, .segment, .window: where it belongs, and its id
//   holdfast.lsn: "first-last"; its rows are of batches in this range. Of a flush it begins after what was folded before
//     and ends with what is folded now; of a merge it covers its inputs, and is left out when one of them does not say;
//     of a replay it is the batch of the letter
//   holdfast.schema: TableDefinition.schemaID
//   holdfast.sortKey: the sorted columns, most significant first, with commas between
//   holdfast.columns: a JSON object with the column of each attribute that has one of its own; left out when none has

/// One row group to be written: rows of some sources in order, or another segment's row group as it is.
enum RowGroupPlan {
    case rows(sources: [[Column]], order: [RowAddress])
    case copy(ParquetReader, rowGroup: Int)
}

/// Rows that can never be in a segment, whatever the disk does.
struct PoisonedRows: Error {
    let reason: String
}

/// Writes segments of one space.
struct SegmentWriter {
    let environment: Environment
    let limits: Limits
    let store: any ObjectStore
    let space: String
    let storeID: String
    let catalog: [TableDefinition]
    /// A larger value poisons its row.
    var valueBytesMax = Int.max
    /// What the footers say of the batches; nil says nothing.
    var lsns: ClosedRange<UInt64>?
    /// Whether the bytes go nowhere: only whether they could be written is of interest.
    var isRehearsal = false

    /// Writes and publishes one segment of table `table`, and one of the table derived from it.
    ///
    /// The plans are asked for one row group at a time, so that only one is in memory.
    ///
    /// - Parameters:
    ///   - position: of the table in the catalog.
    ///   - window: the hour its rows are of.
    ///   - mint: makes an id.
    ///   - added: gets the entries by table name, each as soon as its segment is durable; nothing when there
    ///     were no rows.
    ///   - plans: the row groups.
    /// - Throws: `PoisonedRows`, or why the segment could not be stored.
    func write(
        table position: Int,
        window: String,
        mint: () -> String,
        into added: inout [String: [SegmentInfo]],
        plans: [() throws -> RowGroupPlan]
    ) throws {
        let table = catalog[position]
        var derived: [[Column]] = []
        let segment = try writeFile(table, window, mint()) { writer, times in
            try writeRowGroups(table, plans, &writer, &times) { columns in
                if let derivation = table.derivation { derived.append(derivation.derive(columns)) }
            }
        }
        guard let segment else { return }
        added[table.name, default: []].append(segment)
        if let derivation = table.derivation, !derived.isEmpty {
            let target = catalog[derivation.table]
            let rows = derived.enumerated().flatMap { source, columns in
                (0..<(columns.first?.rowCount ?? 0)).map { RowAddress(source: source, row: $0) }
            }
            let order = RowSorter(table: target).order(derived, rows)
            let second = try writeFile(target, window, mint()) { writer, times in
                _ = try writeRows(target, derived, order, &writer, &times)
            }
            if let second { added[target.name, default: []].append(second) }
        }
    }

    /// Writes and publishes the merge of other segments of table `table`; what was derived from those
    /// stays.
    func writeMerged(
        table position: Int,
        window: String,
        id: String,
        plans: [() throws -> RowGroupPlan]
    ) throws -> SegmentInfo? {
        let table = catalog[position]
        return try writeFile(table, window, id) { writer, times in
            try writeRowGroups(table, plans, &writer, &times) { _ in }
        }
    }

    private func writeRowGroups(
        _ table: TableDefinition,
        _ plans: [() throws -> RowGroupPlan],
        _ writer: inout ParquetWriter,
        _ times: inout TimeRange,
        _ written: ([Column]) -> Void
    ) throws {
        for plan in plans {
            switch try plan() {
            case .copy(let reader, let rowGroup):
                try writer.copyRowGroup(rowGroup, from: reader)
                times.add(reader, rowGroup, table.timeField)
            case .rows(let sources, let order):
                let columns = try writeRows(table, sources, order, &writer, &times)
                if let columns { written(columns) }
            }
        }
    }

    /// Gathers and writes one row group column by column; returns the columns when a derivation needs
    /// them.
    private func writeRows(
        _ table: TableDefinition,
        _ sources: [[Column]],
        _ order: [RowAddress],
        _ writer: inout ParquetWriter,
        _ times: inout TimeRange
    ) throws -> [Column]? {
        guard !order.isEmpty else { return nil }
        var merger = TextMerger(capacity: min(order.count * 2, 1 << 20))
        for source in sources {
            for column in source { merger.add(column) }
        }
        let dictionary = merger.dictionary()
        var kept: [Column] = []
        let mayHaveLarge = dictionary.longest > valueBytesMax
        func gathered(_ field: Int) throws -> Column {
            let column = Column.gather(sources.map { $0[field] }, order, merger, dictionary)
            if mayHaveLarge, column.longestText > valueBytesMax {
                throw PoisonedRows(
                    reason: "\(table.schema.fields[field].name) of \(table.name) is "
                        + "\(column.longestText) bytes long; at most \(valueBytesMax) are kept"
                )
            }
            if field == table.timeField { times.add(column) }
            if table.derivation != nil { kept.append(column) }
            return column
        }
        do {
            try writer.writeRowGroup(rowCount: order.count, column: gathered)
        } catch let error as ParquetError {
            throw PoisonedRows(reason: "rows of \(table.name) do not fit a segment: \(error)")
        }
        return table.derivation == nil ? nil : kept
    }

    private func writeFile(
        _ table: TableDefinition,
        _ window: String,
        _ id: String,
        _ body: (inout ParquetWriter, inout TimeRange) throws -> Void
    ) throws -> SegmentInfo? {
        let key = "spaces/\(space)/segments/\(table.name)/\(window)/\(id).parquet"
        if !isRehearsal { try environment.failpoints.hit(StorageFailpoint.segmentWrite) }
        let upload = isRehearsal ? nil : try store.beginUpload(key)
        var crc: UInt32 = 0
        var options = WriterOptions()
        options.pageRowLimit = table.pageRows
        var writer = ParquetWriter(
            schema: table.schema,
            sortingColumns: table.sortKey,
            options: options,
            sink: { bytes in
                crc = crc32c(bytes, continuing: crc)
                try upload?.write(bytes)
            }
        )
        var times = TimeRange()
        try body(&writer, &times)
        let summary = try writer.finish(keyValueMetadata: footer(table, window, id))
        guard summary.rowCount > 0 else { return nil }
        if let upload {
            try upload.seal()
            try verify(try upload.reader(), key: key, rows: summary.rowCount, crc: crc)
            try environment.failpoints.hit(StorageFailpoint.segmentPublish)
            try publish(upload, key, byteCount: summary.byteCount)
        }
        return SegmentInfo(
            id: id,
            window: window,
            rows: summary.rowCount,
            bytes: summary.byteCount,
            rowGroups: summary.rowGroups.count,
            minTime: times.low ?? 0,
            maxTime: times.high ?? 0,
            crc32c: crc
        )
    }

    /// What the footer says besides the columns.
    private func footer(
        _ table: TableDefinition,
        _ window: String,
        _ id: String
    ) -> [(String, String)] {
        var pairs = [
            ("holdfast.store", storeID), ("holdfast.space", space), ("holdfast.table", table.name),
            ("holdfast.segment", id), ("holdfast.window", window),
        ]
        if let lsns {
            pairs.append(("holdfast.lsn", "\(lsns.lowerBound)-\(lsns.upperBound)"))
        }
        return pairs + table.footer
    }

    /// Gives a segment its name, once: the id is this engine's own, so what stands there after an answer was lost
    /// is this segment.
    private func publish(
        _ upload: any ObjectUpload,
        _ key: String,
        byteCount: Int
    ) throws(StorageError) {
        var mayHaveLanded = false
        for _ in 0..<limits.commitAttemptsMax {
            switch try upload.publish() {
            case .created: return
            case .conflict: continue
            case .unknown: mayHaveLanded = true
            case .exists:
                guard mayHaveLanded else {
                    throw StorageError(
                        .stop,
                        "segment \(key) exists already",
                        remedy: "another process writes to this store: stop one"
                    )
                }
            }
            if try store.byteCount(key) == byteCount { return }
        }
        throw StorageError(
            .retry,
            "segment \(key) could not be published",
            remedy: "it is written again; if this repeats, check the object store"
        )
    }

    /// Reads back what was written: what the disk returns must be what was meant.
    private func verify(
        _ reader: any ObjectReader,
        key: String,
        rows: Int,
        crc expected: UInt32
    ) throws {
        var crc: UInt32 = 0
        var offset = 0
        while offset < reader.byteCount {
            let piece = try reader.read(at: offset, count: min(1 << 20, reader.byteCount - offset))
            crc = piece.withUnsafeBytes { crc32c($0, continuing: crc) }
            offset += piece.count
        }
        let parquet = try ParquetReader(SegmentBytes(reader: reader, name: key))
        guard crc == expected, parquet.rowCount == rows else {
            throw StorageError(
                .retry,
                "segment \(key) does not read back as it was written",
                remedy:
                    "it is written again; if this repeats, check the disk and memory of this machine"
            )
        }
    }
}

extension ParquetReader {
    /// The LSNs that the footer of a segment names; nil when there are none.
    var lsns: ClosedRange<UInt64>? {
        let text = keyValueMetadata["holdfast.lsn"] ?? ""
        let ends = text.split(separator: "-", omittingEmptySubsequences: false).map { UInt64($0) }
        guard ends.count == 2, let first = ends[0], let last = ends[1], first <= last else {
            return nil
        }
        return first...last
    }
}

/// The earliest and latest time of the rows written.
struct TimeRange {
    private(set) var low: Int64?
    private(set) var high: Int64?

    mutating func add(_ column: Column) {
        guard case .fixed(let fixed) = column else { return }
        for value in fixed.values { add(value) }
    }

    mutating func add(_ reader: ParquetReader, _ rowGroup: Int, _ field: Int) {
        guard let statistics = reader.statistics(rowGroup: rowGroup, field: field) else { return }
        if case .int(let value)? = statistics.min { add(value) }
        if case .int(let value)? = statistics.max { add(value) }
    }

    private mutating func add(_ value: Int64) {
        low = min(low ?? value, value)
        high = max(high ?? value, value)
    }
}

/// An object as the Parquet reader wants it.
struct SegmentBytes: RandomAccessBytes {
    let reader: any ObjectReader
    let name: String

    var byteCount: Int { reader.byteCount }

    func read(at offset: Int, count: Int) throws -> [UInt8] {
        try reader.read(at: offset, count: count)
    }
}

extension TextDictionary {
    /// Bytes of the longest entry.
    fileprivate var longest: Int {
        zip(offsets, offsets.dropFirst()).reduce(0) { max($0, Int($1.1) - Int($1.0)) }
    }
}

extension Column {
    /// Bytes of the longest text of any row.
    fileprivate var longestText: Int {
        switch self {
        case .absent, .fixed, .identifier: 0
        case .text(let column):
            column.codes.reduce(0) {
                $1 == TextColumn.null ? $0 : max($0, column.dictionary[$1].count)
            }
        case .list(let column): column.children.reduce(0) { max($0, $1.longestText) }
        }
    }
}
