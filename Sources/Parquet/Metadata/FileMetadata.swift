// The footer's structures, as much of them as this library writes or uses. The numbers are the field ids of
// parquet.thrift; see FileMetadata+Write.swift and FileMetadata+Read.swift.

/// How values are stored, apart from what they mean.
enum PhysicalType: Int, Sendable {
    case boolean = 0
    case int32 = 1
    case int64 = 2
    case int96 = 3
    case float = 4
    case double = 5
    case byteArray = 6
    case fixedLengthByteArray = 7
}

/// The format's codes for encodings.
enum EncodingCode: Int, Sendable {
    case plain = 0
    case plainDictionary = 2
    case rle = 3
    case bitPacked = 4
    case deltaBinaryPacked = 5
    case deltaLengthByteArray = 6
    case deltaByteArray = 7
    case rleDictionary = 8
    case byteStreamSplit = 9
}

/// The format's codes for compression.
enum CodecCode {
    static let uncompressed = 0
    static let zstd = 6
}

/// What a schema element says its values mean.
enum LogicalType: Sendable, Equatable {
    case string, map, list, json
    case timestamp(isMicros: Bool, isUTC: Bool)
    case integer(bits: Int, isSigned: Bool)
    case other
}

/// How often an element occurs.
enum Repetition: Int, Sendable {
    case required = 0
    case optional = 1
    case repeated = 2
}

/// A node of the schema; nodes are listed depth first.
struct SchemaElement: Sendable {
    var name = ""
    var physical: PhysicalType?
    var repetition: Repetition?
    var childCount: Int?
    var converted: Int?
    var logical: LogicalType?
}

/// Bounds as they are stored.
struct RawStatistics: Sendable {
    var nullCount: Int?
    var min: [UInt8]?
    var max: [UInt8]?
    var isMinExact = true
    var isMaxExact = true
    var nanCount: Int?
}

/// A range of the file.
struct ByteRange: Sendable, Hashable {
    var offset: Int
    var count: Int
}

/// One leaf of one row group.
struct ChunkMetadata: Sendable {
    var physical: PhysicalType = .boolean
    var encodings: [Int] = []
    var path: [String] = []
    var codec = CodecCode.zstd
    var valueCount = 0
    var uncompressedByteCount = 0
    var compressedByteCount = 0
    var dataPageOffset = 0
    var dictionaryPageOffset: Int?
    var statistics: RawStatistics?
    /// Data pages per encoding, when a dictionary is used.
    var dictionaryDataPageCount: Int?
    var bloomFilter: ByteRange?
    var offsetIndex: ByteRange?
    var columnIndex: ByteRange?

    /// Where the pages are.
    var pages: ByteRange {
        var start = dataPageOffset
        if let dictionaryPageOffset, dictionaryPageOffset > 0 {
            start = min(start, dictionaryPageOffset)
        }
        return ByteRange(offset: start, count: compressedByteCount)
    }
}

/// One row group.
struct RowGroupMetadata: Sendable {
    var chunks: [ChunkMetadata] = []
    var rowCount = 0
    var uncompressedByteCount = 0
    var compressedByteCount = 0
    /// Leaf numbers; ascending, nulls last.
    var sortingLeaves: [Int] = []
}

/// The footer.
struct FileMetadata: Sendable {
    var elements: [SchemaElement] = []
    var rowCount = 0
    var rowGroups: [RowGroupMetadata] = []
    var keyValues: [(key: String, value: String)] = []
    var createdBy = ""
    /// Leaves whose bounds follow the order their type defines.
    var orderedLeaves: [Bool] = []
}
