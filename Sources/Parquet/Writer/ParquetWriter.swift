// File: "PAR1" | row groups | bloom filters | column indexes | offset indexes | footer (FileMetadata+Write.swift)
// Row group: column chunks in leaf order. Chunk: dictionary page, if any | data pages.
//
// Bytes go to the sink in order and are never read back. A file without its footer is no file: nothing may
// refer to it before `finish` returned and the sink's bytes are durable.

/// How a file is written.
public struct WriterOptions: Sendable {
    /// What files written by this library say first in `created_by`.
    static let application = "holdfast"

    /// The zstd level of pages.
    public var compressionLevel: Int32
    /// Rows of a data page, at most; pages begin on row boundaries.
    public var pageRowLimit: Int
    /// Bytes of the distinct values up to which a dictionary is used.
    public var dictionaryByteLimit: Int
    /// The program that writes, as `name version x.y.z (build h)`.
    public var createdBy: String

    /// The options, by default for data that is read more often than archived.
    public init(
        compressionLevel: Int32 = 1,
        pageRowLimit: Int = 4_096,
        dictionaryByteLimit: Int = 1 << 20,
        createdBy: String = "holdfast version 0.1.0 (build 0)"
    ) {
        self.compressionLevel = compressionLevel
        self.pageRowLimit = pageRowLimit
        self.dictionaryByteLimit = dictionaryByteLimit
        self.createdBy = createdBy
    }
}

/// What was written.
public struct FileSummary: Sendable, Equatable {
    /// One row group of a file.
    public struct RowGroup: Sendable, Equatable {
        /// Rows in it.
        public let rows: Int
        /// Bytes of its pages, compressed.
        public let bytes: Int
    }
    /// Bytes of the file.
    public let byteCount: Int
    /// Rows of the file.
    public let rowCount: Int
    /// Its row groups in file order.
    public let rowGroups: [RowGroup]
}

/// Writes one Parquet file, row group by row group.
///
/// After an error the file is lost.
public struct ParquetWriter {
    let schema: Schema
    let leaves: [Leaf]
    let chunks: ChunkWriter
    private let sortingLeaves: [Int]
    private let options: WriterOptions
    private var rowGroups: [RowGroupMetadata] = []
    /// Bloom filters and page indexes of `rowGroups`, by row group and leaf.
    private var trailers: [[ChunkTrailer]] = []
    private var isFinished = false

    /// Starts a file.
    ///
    /// - Parameters:
    ///   - schema: the fields, at least one.
    ///   - sortingColumns: the fields, all of them leaves, by which rows are sorted, ascending.
    ///   - options: how to write.
    ///   - sink: is given the bytes in order, in pieces.
    public init(
        schema: Schema,
        sortingColumns: [Int],
        options: WriterOptions = WriterOptions(),
        sink: @escaping (UnsafeRawBufferPointer) throws -> Void
    ) {
        precondition(!schema.fields.isEmpty, "a file has at least one column")
        precondition(options.pageRowLimit > 0, "a page has at least one row")
        self.schema = schema
        self.options = options
        leaves = schema.leaves()
        let leaves = leaves
        sortingLeaves = sortingColumns.compactMap { field in
            leaves.firstIndex { $0.field == field && !$0.isRepeated }
        }
        chunks = ChunkWriter(options: options, sink: sink)
    }

    /// Writes `rowCount` rows, which become one row group; none when there are no rows.
    ///
    /// `column` is asked once per field, in field order, so that one column is in memory at a time. A null
    /// in a required leaf is written as zero or as the empty text.
    ///
    /// - Throws: `ParquetError` when a column does not fit its field or is too large, and whatever the sink
    ///   or `column` throws.
    public mutating func writeRowGroup(
        rowCount: Int,
        column: (Int) throws -> Column
    ) throws {
        precondition(!isFinished, "nothing is written to a finished file")
        guard rowCount > 0 else { return }
        guard rowCount <= Limits.rowGroupRowCount else {
            throw ParquetError(
                code: .valueTooLarge,
                message: "a row group of \(rowCount) rows",
                file: ""
            )
        }
        try chunks.beginFile()
        var group = RowGroupMetadata(rowCount: rowCount, sortingLeaves: sortingLeaves)
        var trailer: [ChunkTrailer] = []
        var next = 0
        for field in schema.fields.indices {
            let column = try column(field)
            var members: [Leaf] = []
            while next < leaves.count, leaves[next].field == field {
                members.append(leaves[next])
                next += 1
            }
            try write(column, members, rowCount, &group, &trailer)
        }
        rowGroups.append(group)
        trailers.append(trailer)
    }

    private func write(
        _ column: Column,
        _ members: [Leaf],
        _ rowCount: Int,
        _ group: inout RowGroupMetadata,
        _ trailer: inout [ChunkTrailer]
    ) throws {
        for (member, leaf) in members.enumerated() {
            do {
                guard column.rowCount == rowCount else {
                    throw Damage(.schemaMismatch, "\(column.rowCount) rows, not \(rowCount)")
                }
                let written: (ChunkMetadata, ChunkTrailer)
                switch column {
                case .list(let list):
                    guard leaf.isRepeated, list.children.count == members.count else {
                        throw Damage(.schemaMismatch, "\(list.children.count) members")
                    }
                    written = try chunks.write(
                        leaf,
                        list.children[member],
                        offsets: list.offsets,
                        rowCount
                    )
                case .absent where leaf.isRepeated:
                    written = try chunks.writeEmpty(leaf, rowCount)
                default:
                    guard !leaf.isRepeated else {
                        throw Damage(.schemaMismatch, "not a list")
                    }
                    written = try chunks.write(leaf, column, offsets: nil, rowCount)
                }
                group.chunks.append(written.0)
                group.uncompressedByteCount += written.0.uncompressedByteCount
                group.compressedByteCount += written.0.compressedByteCount
                trailer.append(written.1)
            } catch let damage as Damage {
                throw damage.located(file: "", column: leaf.name, base: nil)
            }
        }
    }

    /// Adds a row group whose pages were written to the sink already.
    mutating func append(_ group: RowGroupMetadata, _ trailer: [ChunkTrailer]) {
        rowGroups.append(group)
        trailers.append(trailer)
    }

    /// Writes bloom filters and page indexes, then the footer.
    ///
    /// - Returns: what the file is; the bytes are in the sink, and no more durable than the sink makes them.
    public mutating func finish(keyValueMetadata: [(String, String)]) throws -> FileSummary {
        precondition(!isFinished, "a file is finished once")
        isFinished = true
        try chunks.beginFile()
        try writeTrailers(\.bloomFilter) { $0.bloomFilter = $1 }
        try writeTrailers(\.columnIndex) { $0.columnIndex = $1 }
        try writeTrailers(\.offsetIndex?.serializedBytes) { $0.offsetIndex = $1 }
        var file = FileMetadata()
        file.elements = schema.elements()
        file.rowCount = rowGroups.reduce(0) { $0 + $1.rowCount }
        file.rowGroups = rowGroups
        file.keyValues = keyValueMetadata.filter {
            $0.0 != FooterCheck.key && $0.0 != SchemaNotes.key
        }.map { (key: $0.0, value: $0.1) }
        file.keyValues.append((SchemaNotes.key, SchemaNotes.notes(schema)))
        file.createdBy = options.createdBy
        file.orderedLeaves = leaves.map { _ in true }
        let footer = file.serialized()
        guard footer.count <= Limits.footerByteCount else {
            throw ParquetError(
                code: .valueTooLarge,
                message: "a footer of \(footer.count) bytes",
                file: ""
            )
        }
        try chunks.append(footer)
        try chunks.append(withUnsafeBytes(of: UInt32(footer.count).littleEndian) { Array($0) })
        try chunks.append(ChunkWriter.magic)
        try chunks.flush()
        return FileSummary(
            byteCount: chunks.position,
            rowCount: file.rowCount,
            rowGroups: rowGroups.map { .init(rows: $0.rowCount, bytes: $0.compressedByteCount) }
        )
    }

    private mutating func writeTrailers(
        _ bytes: (ChunkTrailer) -> [UInt8]?,
        _ record: (inout ChunkMetadata, ByteRange) -> Void
    ) throws {
        for group in trailers.indices {
            for leaf in trailers[group].indices {
                guard let bytes = bytes(trailers[group][leaf]) else { continue }
                let range = ByteRange(offset: chunks.position, count: bytes.count)
                try chunks.append(bytes)
                record(&rowGroups[group].chunks[leaf], range)
            }
        }
    }
}

/// What is written about a chunk after the last row group.
struct ChunkTrailer {
    var bloomFilter: [UInt8]?
    var columnIndex: [UInt8]?
    var offsetIndex: OffsetIndex?
}

extension OffsetIndex {
    fileprivate var serializedBytes: [UInt8] { serialized() }
}
