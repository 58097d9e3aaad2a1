// Searching text without putting a column together: page by page, and most pages without decoding them.

extension ParquetReader {
    /// The rows of a row group whose text contains some bytes.
    ///
    /// - Parameters:
    ///   - rowGroup: which row group.
    ///   - field: the position in the schema of a field of text, JSON or bytes.
    ///   - needle: what to look for, byte for byte; not empty.
    ///   - rows: the only rows of the row group to look at.
    /// - Returns: those rows, ascending; none of a field of another kind.
    /// - Throws: `ParquetError`, and whatever the source throws.
    public func rows(
        rowGroup: Int,
        field: Int,
        containing needle: [UInt8],
        in rows: Range<Int>
    ) throws -> [UInt32] {
        precondition(rowGroups.indices.contains(rowGroup), "a row group of the file")
        precondition(!needle.isEmpty, "something to look for")
        let rowCount = rowGroups[rowGroup].rowCount
        precondition(rows.lowerBound >= 0 && rows.upperBound <= rowCount, "rows of the group")
        let numbers = try leaves(of: field)
        guard !rows.isEmpty, let leaf = numbers.first else { return [] }
        guard !leaves[leaf].isRepeated, leaves[leaf].isText else { return [] }
        if case .absent? = try knownColumn(rowGroup, numbers, rows) { return [] }
        guard let index = try pageIndex(rowGroup, leaf)?.offsets else {
            return try column(rowGroup: rowGroup, field: field)
                .rows(containing: needle, in: rows)
        }
        let chunk = try chunk(rowGroup, leaf)
        let pages = try pages(rowGroup, leaf, index, rows)
        return try locating(leaf, pages.offset) {
            try DecoderPool.shared.withDecoder { decoder in
                var found: [UInt32] = []
                try pages.bytes.withUnsafeBytes { region in
                    try decoder.begin(chunk)
                    var values = LeafValues(leaves[leaf], expected: 0)
                    try useDictionary(of: pages, rowGroup, region, decoder, &values)
                    let entries = values.dictionary().entries(containing: needle)
                    for number in pages.numbers {
                        try decoder.searchPage(
                            region,
                            at: index.pages[number].offset - pages.offset,
                            byteCount: index.pages[number].byteCount,
                            leaves[leaf],
                            for: needle,
                            entries: entries,
                            rows: index.rows(number, of: rowCount),
                            &found
                        )
                    }
                }
                return found.filter { rows.contains(Int($0)) }
            }
        }
    }
}
