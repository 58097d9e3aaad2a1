public import Parquet

/// What the engine needs to know of a table; the meaning of its columns belongs to the module that
/// defines it.
public struct TableDefinition: Sendable {
    /// Makes rows of another table from the sorted rows of one row group of this one.
    public struct Derivation: Sendable {
        /// The position of the derived table in the catalog.
        public let table: Int
        /// All columns of the row group in, all columns of the derived rows out.
        public let derive: @Sendable ([Column]) -> [Column]

        /// Makes rows of the table at position `table` with `derive`.
        public init(table: Int, derive: @escaping @Sendable ([Column]) -> [Column]) {
            self.table = table
            self.derive = derive
        }
    }

    /// The directory of its segments.
    public let name: String
    /// Its fields, in the order of its columns.
    public let schema: Schema
    /// Positions of the fields row groups are sorted by, most significant first.
    public let sortKey: [Int]
    /// Positions of the fields by which a row that was sent again is found; of rows that are equal in these, and then
    /// in every other field, one survives.
    ///
    /// A prefix-free subset of `sortKey`. Empty: every row is its own.
    public let identity: [Int]
    /// Position of the INT64 field (Unix nanoseconds) that places a row in its hour.
    public let timeField: Int
    /// The table derived from this one, or nil when there is none.
    public let derivation: Derivation?
    /// Rows in a data page: small where single rows are looked up, large where columns are scanned.
    public let pageRows: Int
    /// Attributes of records that have a column of their own, and which.
    public let promoted: [(attribute: String, column: String)]
    /// Names the schema: SHA-256, in hexadecimal, of the table's name, fields and sort key, so that it is the same in
    /// every program that has the same table.
    ///
    /// How values are laid out in pages is no part of it.
    public let schemaID: String
    /// What the footer of every segment says of the table.
    let footer: [(String, String)]

    /// A table whose sort key takes at most four 64-bit words; `RowSorter` traps on more.
    public init(
        name: String,
        schema: Schema,
        sortKey: [Int],
        identity: [Int] = [],
        timeField: Int,
        derivation: Derivation? = nil,
        pageRows: Int = 2_048,
        promoted: [(attribute: String, column: String)] = []
    ) {
        self.name = name
        self.schema = schema
        self.sortKey = sortKey
        self.identity = identity
        self.timeField = timeField
        self.derivation = derivation
        self.pageRows = pageRows
        self.promoted = promoted
        let schemaID = Self.digest(name, schema, sortKey)
        self.schemaID = schemaID
        footer = Self.footer(schemaID, sortKey.map { schema.fields[$0].name }, promoted)
    }
}

/// Rows of one table that arrived together.
///
/// Immutable.
public final class TableRows: Sendable {
    /// Position of the table in the catalog.
    public let table: Int
    /// Rows in every column.
    public let rowCount: Int
    /// One column per field of the table's schema.
    public let columns: [Column]
    /// Estimated bytes in memory.
    public let byteCount: Int
    /// Earliest and latest time of the rows; nil when there are none.
    public let times: ClosedRange<Int64>?

    /// Rows of the table at position `table`, whose time is the field at `timeField`.
    ///
    /// A dictionary that columns share is counted once.
    public init(table: Int, rowCount: Int, columns: [Column], timeField: Int) {
        self.table = table
        self.rowCount = rowCount
        self.columns = columns
        if case .fixed(let column) = columns[timeField], let low = column.values.min(),
            let high = column.values.max()
        {
            times = low...high
        } else {
            times = nil
        }
        var dictionaries: Set<ObjectIdentifier> = []
        byteCount = columns.reduce(256) { $0 + $1.memoryByteCount(counting: &dictionaries) }
    }
}

extension Column {
    /// Estimated bytes in memory; a shared dictionary counts once.
    func memoryByteCount(counting dictionaries: inout Set<ObjectIdentifier>) -> Int {
        switch self {
        case .absent: return 48
        case .fixed(let column):
            return 64 + column.values.count * 8 + (column.validity?.words.count ?? 0) * 8
        case .text(let column):
            let isNew = dictionaries.insert(ObjectIdentifier(column.dictionary)).inserted
            let own = 64 + column.codes.count * 4
            return own
                + (isNew ? column.dictionary.bytes.count + column.dictionary.offsets.count * 4 : 0)
        case .identifier(let column): return 64 + column.words.count * 8
        case .list(let column):
            return column.children.reduce(64 + column.offsets.count * 4) {
                $0 + $1.memoryByteCount(counting: &dictionaries)
            }
        }
    }
}

/// One decoded batch: rows for one or more tables of one space.
public struct DecodedBatch: Sendable {
    /// The rows, one entry per table that has any.
    public var tables: [TableRows]

    /// A batch of the rows in `tables`; empty for a request without records.
    public init(tables: [TableRows]) { self.tables = tables }
}
