// One column chunk. Data page (V1), before compression:
//
// repeated leaves: u32 byte count | repetition levels, width 1
// leaves with a definition level: u32 byte count | definition levels, width 1 or 2
// the values that are there, in the page's encoding
//
// A page ends at `pageRowLimit` rows, and before when its lists or texts get long. A chunk in which every value
// is null, or is the same, is one page.

/// Writes column chunks; its memory is used again from chunk to chunk.
final class ChunkWriter {
    static let magic: [UInt8] = Array("PAR1".utf8)

    let options: WriterOptions
    private let sink: (UnsafeRawBufferPointer) throws -> Void
    private var compressor: Compressor?
    /// Bytes before `pending`.
    private var flushed = 0
    private var pending = OutputBuffer(capacity: Limits.sinkByteCount * 2)
    private var header = ThriftCompactWriter()
    private var compressed = OutputBuffer()
    /// The page being filled.
    var page = OutputBuffer(capacity: 1 << 16)

    var values = Scratch<Int64>()
    var codes = Scratch<UInt32>()
    var words = Scratch<UInt64>()
    var validity = Scratch<UInt64>()
    var lengths = Scratch<Int64>()
    var hashes = Scratch<UInt64>()
    var prefixes = Scratch<UInt64>()
    var distinct = Scratch<UInt32>()
    var table = Scratch<UInt32>()
    var distinctValues = Scratch<Int64>()
    private var levels = Scratch<UInt8>()
    private var levelBits = Scratch<UInt64>()
    /// Local codes by code of a shared dictionary; all `TextColumn.null` between chunks.
    var localCodes: [UInt32] = []

    init(options: WriterOptions, sink: @escaping (UnsafeRawBufferPointer) throws -> Void) {
        self.options = options
        self.sink = sink
    }

    /// The offset of the next byte.
    var position: Int { flushed + pending.count }

    func beginFile() throws {
        if position == 0 { try append(Self.magic) }
    }

    func append(_ bytes: [UInt8]) throws {
        pending.append(bytes)
        if pending.count >= Limits.sinkByteCount { try flush() }
    }

    func flush() throws {
        guard pending.count > 0 else { return }
        try sink(pending.bytes)
        flushed += pending.count
        pending.removeAll()
    }

    /// Compresses `page` and writes it; returns the bytes it takes, before and after compression.
    private func writePage(_ header: PageHeader) throws -> (uncompressed: Int, compressed: Int) {
        guard page.count <= Limits.pageByteCount else {
            throw Damage(.valueTooLarge, "a page of \(page.count) bytes")
        }
        let compressor = try self.compressor ?? Compressor(level: options.compressionLevel)
        self.compressor = compressor
        try compressor.compress(page.bytes, into: &compressed)
        var header = header
        header.uncompressedByteCount = page.count
        header.compressedByteCount = compressed.count
        header.crc = CRC32.checksum(compressed.bytes)
        header.write(to: &self.header)
        pending.append(self.header.bytes)
        pending.append(compressed.bytes)
        let headerByteCount = self.header.bytes.count
        let sizes = (headerByteCount + page.count, headerByteCount + compressed.count)
        if pending.count >= Limits.sinkByteCount { try flush() }
        return sizes
    }

    /// Writes `page` as the chunk's dictionary of `count` values.
    func writeDictionary(count: Int, _ chunk: inout ChunkRecord) throws {
        var header = PageHeader()
        header.kind = PageKind.dictionary
        header.valueCount = count
        header.encoding = EncodingCode.plain.rawValue
        chunk.metadata.dictionaryPageOffset = position
        let sizes = try writePage(header)
        chunk.metadata.uncompressedByteCount += sizes.uncompressed
        chunk.metadata.compressedByteCount += sizes.compressed
    }

    /// Writes the data pages of a chunk, of at most `rowLimit` rows each.
    ///
    /// `byteCount` tells the bytes of some values, when they can be long. `encode` appends some of the
    /// values to `page` and returns their bounds.
    func writePages(
        _ layout: ChunkLayout,
        _ encoding: EncodingCode,
        rowLimit: Int,
        _ chunk: inout ChunkRecord,
        byteCount: ((Range<Int>) -> Int)? = nil,
        encode: (Range<Int>) throws -> Bounds
    ) throws {
        let leaf = chunk.leaf
        chunk.metadata.dataPageOffset = position
        chunk.metadata.encodings = [EncodingCode.rle.rawValue, encoding.rawValue]
        if chunk.metadata.dictionaryPageOffset != nil {
            chunk.metadata.encodings.append(EncodingCode.plain.rawValue)
        }
        var row = 0
        var nextValue = 0
        while row < layout.rowCount {
            var rows = layout.page(from: row, rowLimit: rowLimit)
            if let byteCount, rows.count > 1 {
                rows = layout.shortened(rows, firstValue: nextValue, byteCount)
            }
            page.removeAll()
            let levelCount = appendLevels(layout, leaf, rows)
            let valueCount = layout.valueCount(rows)
            let bounds = try encode(nextValue..<nextValue + valueCount)
            var header = PageHeader()
            header.kind = PageKind.data
            header.valueCount = levelCount
            header.encoding = encoding.rawValue
            let offset = position
            let sizes = try writePage(header)
            chunk.add(
                OffsetIndex.Page(offset: offset, byteCount: sizes.compressed, firstRow: row),
                uncompressed: sizes.uncompressed,
                levels: levelCount,
                values: valueCount,
                bounds
            )
            row = rows.upperBound
            nextValue += valueCount
        }
        if chunk.metadata.dictionaryPageOffset != nil {
            chunk.metadata.dictionaryDataPageCount = chunk.pages.count
        }
    }

    private func appendLevels(_ layout: ChunkLayout, _ leaf: Leaf, _ rows: Range<Int>) -> Int {
        let children = layout.children(rows)
        guard let offsets = layout.offsets else {
            guard leaf.maxDefinition > 0 else { return rows.count }
            section { page in
                if let validity = layout.validity {
                    RunLengthEncoder.bits(validity, children, into: &page)
                } else {
                    RunLengthEncoder.run(
                        layout.hasValues ? 1 : 0,
                        count: rows.count,
                        width: 1,
                        into: &page
                    )
                }
            }
            return rows.count
        }
        var emptyCount = 0
        for row in rows { emptyCount &+= offsets[row] == offsets[row &+ 1] ? 1 : 0 }
        let count = children.count + emptyCount
        let repetition = levelBits.require((count + 63) / 64 * 2)
        let isThere = repetition + (count + 63) / 64
        for word in 0..<(count + 63) / 64 {
            repetition[word] = .max
            isThere[word] = .max
        }
        var level = 0
        for row in rows {
            let length = Int(offsets[row &+ 1] &- offsets[row])
            let bit: UInt64 = 1 &<< UInt64(level & 63)
            repetition[level &>> 6] &= ~bit
            if length == 0 { isThere[level &>> 6] &= ~bit }
            level &+= max(length, 1)
        }
        section { RunLengthEncoder.bits(repetition, 0..<count, into: &$0) }
        guard leaf.maxDefinition == 2 else {
            section { RunLengthEncoder.bits(isThere, 0..<count, into: &$0) }
            return count
        }
        let definition = levels.require(max(count, 1))
        var child = children.lowerBound
        for index in 0..<count {
            guard isThere[index &>> 6] &>> UInt64(index & 63) & 1 == 1 else {
                definition[index] = 0
                continue
            }
            definition[index] = layout.isValid(child) ? 2 : 1
            child &+= 1
        }
        section { RunLengthEncoder.pairs(definition, count: count, into: &$0) }
        return count
    }

    /// Appends what `body` does to `page`, and its byte count before it.
    private func section(_ body: (inout OutputBuffer) -> Void) {
        let start = page.count
        page.append(littleEndian: 0 as UInt32)
        body(&page)
        page.patch(UInt32(page.count - start - 4), at: start)
    }
}

/// Which values of a chunk are in which rows.
struct ChunkLayout {
    var rowCount: Int
    /// `rowCount + 1` positions in the children, when the leaf is repeated.
    var offsets: UnsafePointer<UInt32>?
    /// Which children have a value; nil when all, or none, do.
    var validity: UnsafePointer<UInt64>?
    var hasValues: Bool

    func children(_ rows: Range<Int>) -> Range<Int> {
        guard let offsets else { return rows }
        return Int(offsets[rows.lowerBound])..<Int(offsets[rows.upperBound])
    }

    func isValid(_ child: Int) -> Bool {
        guard let validity else { return hasValues }
        return validity[child &>> 6] &>> UInt64(child & 63) & 1 == 1
    }

    func valueCount(_ rows: Range<Int>) -> Int {
        guard hasValues else { return 0 }
        let children = children(rows)
        guard let validity else { return children.count }
        return RunLengthEncoder.countOnes(validity, children)
    }

    /// The rows of the page that starts at `row`.
    func page(from row: Int, rowLimit: Int) -> Range<Int> {
        var end = min(rowLimit, rowCount - row) + row
        guard let offsets else { return row..<end }
        let target = Int(offsets[row]) + Limits.pageChildTarget
        guard Int(offsets[end]) > target else { return row..<end }
        end = row + 1
        while Int(offsets[end]) <= target { end += 1 }
        return row..<max(row + 1, end - 1)
    }

    /// The first of `rows`, at least one, whose values stay below the byte target.
    func shortened(
        _ rows: Range<Int>,
        firstValue: Int,
        _ byteCount: (Range<Int>) -> Int
    ) -> Range<Int> {
        let all = firstValue..<firstValue + valueCount(rows)
        guard byteCount(all) > Limits.pageByteTarget else { return rows }
        var used = 0
        var value = firstValue
        for row in rows {
            let count = valueCount(row..<row + 1)
            used += byteCount(value..<value + count)
            value += count
            if used > Limits.pageByteTarget {
                return rows.lowerBound..<max(row, rows.lowerBound + 1)
            }
        }
        return rows
    }
}

/// A chunk while it is written.
struct ChunkRecord {
    let leaf: Leaf
    var metadata: ChunkMetadata
    private(set) var pages: [OffsetIndex.Page] = []
    private var pageBounds: [Bounds] = []
    private var nullCounts: [Int] = []
    private var isNull: [Bool] = []
    /// Of the whole chunk, when pages have none.
    var bounds: Bounds = .none
    var bloomFilter: BloomFilter?

    init(_ leaf: Leaf) {
        self.leaf = leaf
        metadata = ChunkMetadata(physical: leaf.physical, path: leaf.path)
    }

    mutating func add(
        _ page: OffsetIndex.Page,
        uncompressed: Int,
        levels: Int,
        values: Int,
        _ bounds: Bounds
    ) {
        pages.append(page)
        pageBounds.append(bounds)
        nullCounts.append(levels - values)
        isNull.append(values == 0)
        self.bounds = self.bounds.union(bounds)
        metadata.valueCount += levels
        metadata.uncompressedByteCount += uncompressed
        metadata.compressedByteCount += page.byteCount
    }

    /// The finished chunk.
    func result() throws -> (ChunkMetadata, ChunkTrailer) {
        guard metadata.valueCount <= Limits.chunkValueCount else {
            throw Damage(.valueTooLarge, "\(metadata.valueCount) values in a row group")
        }
        var metadata = metadata
        metadata.statistics = bounds.statistics(
            leaf.type,
            nullCount: nullCounts.reduce(0, +)
        )
        var trailer = ChunkTrailer(bloomFilter: bloomFilter?.serialized())
        if leaf.hasPageIndex {
            trailer.offsetIndex = OffsetIndex(pages: pages)
            trailer.columnIndex = columnIndex()?.serialized()
        }
        return (metadata, trailer)
    }

    /// Nil when the bounds of a page are not known.
    private func columnIndex() -> ColumnIndex? {
        var index = ColumnIndex()
        var isAscending = true
        var isDescending = true
        var previous: Bounds?
        for (page, bounds) in pageBounds.enumerated() {
            index.isNull.append(isNull[page])
            index.nullCounts.append(nullCounts[page])
            let stored = bounds.stored(leaf.type)
            guard let stored else {
                guard isNull[page] else { return nil }
                index.mins.append([])
                index.maxs.append([])
                continue
            }
            index.mins.append(stored.min)
            index.maxs.append(stored.max)
            if let previous {
                if !previous.isAtMost(bounds) { isAscending = false }
                if !bounds.isAtMost(previous) { isDescending = false }
            }
            previous = bounds
        }
        index.order = isAscending ? 1 : isDescending ? 2 : 0
        return index
    }
}

extension Bounds {
    /// Whether neither bound is above the same bound of `other`.
    fileprivate func isAtMost(_ other: Bounds) -> Bool {
        switch (self, other) {
        case (.int(let low, let high), .int(let otherLow, let otherHigh)):
            low <= otherLow && high <= otherHigh
        case (.double(let low, let high), .double(let otherLow, let otherHigh)):
            low <= otherLow && high <= otherHigh
        case (.bytes(let left), .bytes(let right)):
            !right.min.lexicographicallyPrecedes(left.min)
                && !right.max.lexicographicallyPrecedes(left.max)
        default: false
        }
    }
}
