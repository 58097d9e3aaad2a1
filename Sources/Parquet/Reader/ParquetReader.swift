internal import Synchronization

// Opening: the last 64 KiB in one read, which usually hold the whole footer; the footer is checked against its own
// CRC when this library wrote it, and against the file's length always. Nothing else is read until asked for.

/// Reads one Parquet file.
///
/// Immutable after opening, and safe to use from many threads at once.
public final class ParquetReader: Sendable {
    /// What the footer says about one row group.
    public struct RowGroup: Sendable {
        /// Rows in it.
        public let rowCount: Int
        /// Bytes of its pages, compressed.
        public let byteCount: Int
        /// Bytes of its pages before compression.
        public let uncompressedByteCount: Int
        /// Rows in the row groups before it.
        public let firstRow: Int
    }

    /// The fields, rebuilt from the file.
    ///
    /// Fields of a kind this library does not read are optional bytes
    /// here, and an `unsupported` error when read. What is read is named by position: in this schema, or in the one
    /// that the file was opened as.
    public let schema: Schema
    /// Rows of the file.
    public let rowCount: Int
    /// Row groups in file order.
    public let rowGroups: [RowGroup]
    /// What the writer of the file added to it.
    public let keyValueMetadata: [String: String]
    /// Bytes of the footer on disk.
    public let footerByteCount: Int

    let metadata: FileMetadata
    let leaves: [Leaf]
    private let source: any RandomAccessBytes
    private let unsupported: [Int: String]
    private let fieldLeaves: [Range<Int>]
    /// The position in the file of each field that can be asked for; nil when the file lacks it.
    let positions: [Int?]
    private let cache = Mutex(Cache())

    private struct Cache {
        var bloomFilters: [Int: BloomFilter] = [:]
        var indexes: [Int: PageIndex] = [:]
        var dictionaries: [Int: TextDictionary] = [:]
        var dictionaryByteCount = 0
        var byteCount = 0
    }

    /// Opens a file by reading its footer.
    ///
    /// - Parameters:
    ///   - source: the bytes of the file.
    ///   - wanted: the schema whose positions name what is read, when it is another than the file's: fields are found
    ///     by name. One that the file lacks, and that may be null, is null in all rows.
    /// - Throws: `ParquetError`, and whatever the source throws.
    public init(_ source: any RandomAccessBytes, as wanted: Schema? = nil) throws {
        self.source = source
        do {
            let (footer, offset) = try Self.footer(of: source)
            var metadata: FileMetadata
            do {
                metadata = try footer.withUnsafeBytes { try FileMetadata(footer: $0) }
            } catch let damage as Damage {
                throw damage.located(file: source.name, column: nil, base: offset)
            }
            var tree = try SchemaTree(metadata.elements)
            rowGroups = try Self.check(&metadata, tree, end: offset)
            let groups = metadata.rowGroups
            tree.apply(notes: metadata.keyValues.last { $0.key == SchemaNotes.key }?.value) {
                leaf in
                groups.contains { $0.chunks[leaf].bloomFilter != nil }
            } hasPageIndex: { leaf in
                groups.contains { $0.chunks[leaf].offsetIndex != nil }
            }
            schema = Schema(tree.fields)
            positions = try (wanted ?? schema).positions(in: schema)
            leaves = tree.leaves
            unsupported = tree.unsupported
            fieldLeaves = Self.fieldLeaves(tree)
            rowCount = metadata.rowCount
            footerByteCount = footer.count
            keyValueMetadata = Dictionary(
                metadata.keyValues.filter { $0.key != SchemaNotes.key }.map { ($0.key, $0.value) },
                uniquingKeysWith: { $1 }
            )
            self.metadata = metadata
        } catch let damage as Damage {
            throw damage.located(file: source.name, column: nil, base: nil)
        }
    }

    private static func footer(
        of source: any RandomAccessBytes
    ) throws -> (bytes: [UInt8], offset: Int) {
        let size = source.byteCount
        guard size >= 12 else { throw Damage(.notParquet, "\(size) bytes are no Parquet file") }
        let tailCount = min(size, Limits.tailByteCount)
        let tail = try exactly(source, ByteRange(offset: size - tailCount, count: tailCount))
        let magic = Array(tail.suffix(4))
        if magic == Array("PARE".utf8) { throw Damage.unsupported("encrypted files") }
        guard magic == ChunkWriter.magic else {
            throw Damage(.notParquet, "the file does not end as a Parquet file does")
        }
        if tailCount == size, Array(tail.prefix(4)) != ChunkWriter.magic {
            throw Damage(.notParquet, "the file does not start as a Parquet file does")
        }
        let count = tail.withUnsafeBytes {
            Int($0.loadUnaligned(fromByteOffset: tailCount - 8, as: UInt32.self).littleEndian)
        }
        guard count <= size - 12 else {
            throw Damage(.truncated, "a footer of \(count) bytes in a file of \(size)")
        }
        guard count <= Limits.footerByteCount else {
            throw Damage(.valueTooLarge, "a footer of \(count) bytes")
        }
        let offset = size - 8 - count
        if count + 8 <= tailCount {
            return (Array(tail[tailCount - 8 - count..<tailCount - 8]), offset)
        }
        return (try exactly(source, ByteRange(offset: offset, count: count)), offset)
    }

    /// Checks that row groups fit the schema and the file, and shares what they repeat.
    private static func check(
        _ metadata: inout FileMetadata,
        _ tree: SchemaTree,
        end: Int
    ) throws -> [RowGroup] {
        var groups: [RowGroup] = []
        var firstRow = 0
        for (number, group) in metadata.rowGroups.enumerated() {
            guard group.chunks.count == tree.leaves.count, group.rowCount <= Limits.rowGroupRowCount
            else {
                throw Damage.damaged(
                    "row group \(number) has \(group.chunks.count) columns and \(group.rowCount) rows"
                )
            }
            var bytes = 0
            var rawBytes = 0
            for (leaf, chunk) in group.chunks.enumerated() {
                guard chunk.path == tree.leaves[leaf].path, isInside(chunk.pages, end),
                    chunk.dataPageOffset >= chunk.pages.offset,
                    chunk.valueCount <= Limits.chunkValueCount,
                    tree.leaves[leaf].isRepeated || tree.unsupported[tree.leaves[leaf].field] != nil
                        ? chunk.valueCount >= group.rowCount : chunk.valueCount == group.rowCount,
                    [chunk.bloomFilter, chunk.columnIndex, chunk.offsetIndex].allSatisfy({
                        $0.map { isInside($0, end) } ?? true
                    })
                else {
                    throw Damage.damaged(
                        "row group \(number), column \(tree.leaves[leaf].name) does not fit the file"
                    )
                }
                metadata.rowGroups[number].chunks[leaf].path = tree.leaves[leaf].path
                bytes += chunk.compressedByteCount
                let (sum, overflow) = rawBytes.addingReportingOverflow(
                    chunk.uncompressedByteCount
                )
                rawBytes = overflow ? .max : sum
            }
            groups.append(
                RowGroup(
                    rowCount: group.rowCount,
                    byteCount: bytes,
                    uncompressedByteCount: rawBytes,
                    firstRow: firstRow
                )
            )
            firstRow += group.rowCount
        }
        guard firstRow == metadata.rowCount else {
            throw Damage.damaged("\(firstRow) rows in row groups, \(metadata.rowCount) in the file")
        }
        return groups
    }

    private static func isInside(_ range: ByteRange, _ end: Int) -> Bool {
        range.offset >= 4 && range.offset <= end && range.count <= end - range.offset
    }

    private static func fieldLeaves(_ tree: SchemaTree) -> [Range<Int>] {
        var start = 0
        return tree.fields.indices.map { field in
            var end = start
            while end < tree.leaves.count, tree.leaves[end].field == field { end += 1 }
            defer { start = end }
            return start..<end
        }
    }

    // MARK: - For the other parts of the reader

    /// The name that the caller gave the bytes.
    public var name: String { source.name }

    /// The numbers of the leaves of a field that can be read; none when the file lacks it.
    func leaves(of field: Int) throws -> Range<Int> {
        precondition(positions.indices.contains(field), "a field of the schema")
        guard let field = positions[field] else { return 0..<0 }
        if let reason = unsupported[field] {
            throw ParquetError(
                code: .unsupported,
                message: reason,
                file: name,
                column: schema.fields[field].name
            )
        }
        return fieldLeaves[field]
    }

    /// The number of a leaf of a field, or nil when the file lacks the field or it cannot be read.
    func leaf(_ field: Int, _ member: Int) -> Int? {
        precondition(positions.indices.contains(field), "a field of the schema")
        guard let field = positions[field], unsupported[field] == nil,
            member < fieldLeaves[field].count
        else { return nil }
        return fieldLeaves[field].lowerBound + member
    }

    func read(_ range: ByteRange) throws -> [UInt8] { try Self.exactly(source, range) }

    private static func exactly(
        _ source: any RandomAccessBytes,
        _ range: ByteRange
    ) throws -> [UInt8] {
        let bytes = try source.read(at: range.offset, count: range.count)
        guard bytes.count == range.count else {
            throw ParquetError(
                code: .truncated,
                message: "\(bytes.count) of \(range.count) bytes can be read",
                file: source.name,
                offset: range.offset
            )
        }
        return bytes
    }

    /// Runs `body`, adding file and column to the faults it finds.
    func locating<Result>(
        _ leaf: Int,
        _ base: Int?,
        _ body: () throws -> Result
    ) throws -> Result {
        do {
            return try body()
        } catch let damage as Damage {
            throw damage.located(file: name, column: leaves[leaf].name, base: base)
        }
    }

    // MARK: - What is read once and kept

    /// Bytes of memory that bloom filters, page indexes and dictionaries take which were read so far.
    public var cachedByteCount: Int { cache.withLock { $0.byteCount + $0.dictionaryByteCount } }

    /// The dictionary of a chunk, if it was decoded before.
    func textDictionary(_ group: Int, _ leaf: Int) -> TextDictionary? {
        cache.withLock { $0.dictionaries[key(group, leaf)] }
    }

    /// Keeps a dictionary for the next reading of its chunk; all are dropped when they get too large.
    func keep(_ dictionary: TextDictionary, _ group: Int, _ leaf: Int) {
        let size = dictionary.bytes.count + dictionary.offsets.count * 4
        cache.withLock { cache in
            if cache.dictionaryByteCount + size > Limits.keptDictionaryByteCount {
                cache.dictionaries = [:]
                cache.dictionaryByteCount = 0
            }
            if cache.dictionaries.updateValue(dictionary, forKey: key(group, leaf)) == nil {
                cache.dictionaryByteCount += size
            }
        }
    }

    private func key(_ group: Int, _ leaf: Int) -> Int { group * leaves.count + leaf }

    /// The bloom filter of a chunk, if it has one.
    func bloomFilter(_ group: Int, _ leaf: Int) throws -> BloomFilter? {
        precondition(rowGroups.indices.contains(group), "a row group of the file")
        guard let range = metadata.rowGroups[group].chunks[leaf].bloomFilter, range.count > 0 else {
            return nil
        }
        let key = key(group, leaf)
        if let known = cache.withLock({ $0.bloomFilters[key] }) { return known }
        guard range.count <= Limits.bloomByteCount + 64 else {
            throw ParquetError(
                code: .valueTooLarge,
                message: "a bloom filter of \(range.count) bytes",
                file: name
            )
        }
        let bytes = try read(range)
        let filter = try locating(leaf, range.offset) { try BloomFilter(serialized: bytes) }
        cache.withLock {
            if $0.bloomFilters.updateValue(filter, forKey: key) == nil {
                $0.byteCount += filter.byteCount
            }
        }
        return filter
    }

    /// The page index of a chunk, if it has one.
    func pageIndex(_ group: Int, _ leaf: Int) throws -> PageIndex? {
        precondition(rowGroups.indices.contains(group), "a row group of the file")
        let chunk = metadata.rowGroups[group].chunks[leaf]
        guard let offsets = chunk.offsetIndex else { return nil }
        let key = key(group, leaf)
        if let known = cache.withLock({ $0.indexes[key] }) { return known }
        guard offsets.count <= Limits.pageIndexByteCount,
            chunk.columnIndex.map({ $0.count <= Limits.pageIndexByteCount }) ?? true
        else {
            throw ParquetError(
                code: .valueTooLarge,
                message: "a page index of \(offsets.count) bytes",
                file: name
            )
        }
        let bytes = try read(offsets)
        let index = try locating(leaf, offsets.offset) {
            try OffsetIndex(
                serialized: bytes,
                chunk: chunk.pages,
                rowCount: rowGroups[group].rowCount
            )
        }
        var result = PageIndex(offsets: index)
        if let range = chunk.columnIndex {
            let bytes = try read(range)
            result.columns = try locating(leaf, range.offset) {
                try ColumnIndex(serialized: bytes, pageCount: index.pages.count)
            }
        }
        let found = result
        cache.withLock {
            if $0.indexes.updateValue(found, forKey: key) == nil {
                $0.byteCount += index.memoryByteCount + (found.columns?.memoryByteCount ?? 0)
            }
        }
        return result
    }
}

/// Where the pages of a chunk are and, when known, what is in them.
struct PageIndex: Sendable {
    var offsets: OffsetIndex
    var columns: ColumnIndex?
}
