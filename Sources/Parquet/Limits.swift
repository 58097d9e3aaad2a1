/// Bounds on what is written and on what is believed when read, so that no byte of a damaged file
/// decides how much memory is taken.
enum Limits {
    /// Uncompressed bytes of one page.
    static let pageByteCount = 256 << 20
    /// Rows of one row group.
    static let rowGroupRowCount = 1 << 24
    /// Values, nulls and empty lists included, of one leaf in one row group.
    static let chunkValueCount = 1 << 26
    /// Bytes of a footer.
    static let footerByteCount = 256 << 20
    /// Bytes of a page header.
    static let pageHeaderByteCount = 1 << 20
    /// Nesting of Thrift structures.
    static let thriftDepth = 32
    /// Columns of a file, groups included.
    static let schemaElementCount = 1 << 16
    /// Bytes of a text bound in statistics; longer ones are cut.
    static let boundByteCount = 64
    /// Bytes of a bound that cannot be cut; longer ones are left out.
    static let uncutBoundByteCount = 4_096
    /// Uncompressed bytes at which a page of long values ends before its row limit.
    static let pageByteTarget = 1 << 20
    /// Child values at which a page of long lists ends before its row limit.
    static let pageChildTarget = 1 << 16
    /// Distinct numbers up to which a dictionary is chosen automatically.
    static let fewDistinctCount = 256
    /// Bytes read from the end of a file in the hope that they hold the whole footer.
    static let tailByteCount = 64 << 10
    /// Bytes given to the sink at a time, and copied at a time.
    static let sinkByteCount = 256 << 10
    /// Bytes of one bloom filter.
    static let bloomByteCount = 32 << 20
    /// Bytes of a column index or offset index.
    static let pageIndexByteCount = 64 << 20
    /// Bytes past the end of decoded pages that may be loaded (never used), so that kernels load whole
    /// words.
    static let padding = 32
    /// Decoded dictionaries that one reader keeps.
    static let keptDictionaryByteCount = 32 << 20
}
