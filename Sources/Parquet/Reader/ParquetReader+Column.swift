// Reading a field: with an offset index, only the pages that overlap the wanted rows (and the dictionary page);
// otherwise the whole chunk. Every leaf of a field is read on its own, then lists are put together.

extension ParquetReader {
    /// Decodes one field for some rows of a row group.
    ///
    /// - Parameters:
    ///   - rowGroup: which row group.
    ///   - field: the field's position in the schema.
    ///   - rows: inside the row group; nil for all.
    /// - Returns: exactly those rows. `.absent` when they are all null, or all empty.
    /// - Throws: `ParquetError`, and whatever the source throws.
    public func column(rowGroup: Int, field: Int, rows: Range<Int>? = nil) throws -> Column {
        precondition(rowGroups.indices.contains(rowGroup), "a row group of the file")
        let all = 0..<rowGroups[rowGroup].rowCount
        let rows = rows ?? all
        precondition(rows.lowerBound >= 0 && rows.upperBound <= all.upperBound, "rows of the group")
        let numbers = try leaves(of: field)
        guard !rows.isEmpty, let first = numbers.first else { return .absent(rows: rows.count) }
        if let known = try knownColumn(rowGroup, numbers, rows) { return known }
        guard leaves[first].isRepeated else { return try leafValues(rowGroup, first, rows).column }
        let (offsets, column) = try leafValues(rowGroup, first, rows)
        // Few rows often have no elements, and then the other leaves need not be read.
        guard let last = offsets.last, last > 0 else { return .absent(rows: rows.count) }
        var children = [column]
        for number in numbers.dropFirst() {
            let part = try leafValues(rowGroup, number, rows)
            guard part.offsets == offsets else { throw unequalLists(number) }
            children.append(part.column)
        }
        return .list(ListColumn(offsets: offsets, children: children))
    }

    /// Decodes one member of a list, map or struct field for some rows of a row group.
    ///
    /// - Parameters:
    ///   - rowGroup: which row group.
    ///   - field: the field's position in the schema.
    ///   - member: which member, as for `statistics`.
    ///   - rows: inside the row group; nil for all.
    ///   - beside: the offsets of another member, which this one's must equal.
    /// - Returns: the children of the `r`th of `rows`, which are `column`'s rows `offsets[r]..<offsets[r + 1]`; nil when
    ///   all rows are empty.
    /// - Throws: `ParquetError`, and whatever the source throws.
    public func children(
        rowGroup: Int,
        field: Int,
        member: Int,
        rows: Range<Int>? = nil,
        beside: [UInt32]? = nil
    ) throws -> (offsets: [UInt32], column: Column)? {
        precondition(rowGroups.indices.contains(rowGroup), "a row group of the file")
        let all = 0..<rowGroups[rowGroup].rowCount
        let rows = rows ?? all
        precondition(rows.lowerBound >= 0 && rows.upperBound <= all.upperBound, "rows of the group")
        let numbers = try leaves(of: field)
        if rows.isEmpty || numbers.isEmpty { return nil }
        precondition(member < numbers.count, "a member of the field")
        let leaf = numbers.lowerBound + member
        precondition(leaves[leaf].isRepeated, "a list")
        // Only lists that are all empty are known without reading.
        if try knownColumn(rowGroup, numbers, rows) != nil { return nil }
        let found = try leafValues(rowGroup, leaf, rows)
        guard beside == nil || beside == found.offsets else { throw unequalLists(leaf) }
        return found
    }

    private func unequalLists(_ leaf: Int) -> ParquetError {
        ParquetError(
            code: .damaged,
            message: "its lists differ in length from those beside it",
            file: name,
            column: leaves[leaf].name
        )
    }

    /// Decodes one leaf for some rows; `offsets` is empty unless the leaf is repeated.
    func leafValues(
        _ group: Int,
        _ leaf: Int,
        _ rows: Range<Int>
    ) throws -> (offsets: [UInt32], column: Column) {
        let chunk = try chunk(group, leaf)
        let rowCount = rowGroups[group].rowCount
        if rows.count < rowCount, let index = try pageIndex(group, leaf)?.offsets {
            return try indexedValues(group, leaf, index, rows)
        }
        let bytes = try read(chunk.pages)
        return try locating(leaf, chunk.pages.offset) {
            try DecoderPool.shared.withDecoder { decoder in
                var values = LeafValues(leaves[leaf], expected: chunk.valueCount)
                // A chunk's text is at most a few times its bytes on disk.
                values.reserveText(byteCount: min(chunk.uncompressedByteCount, bytes.count * 16))
                try bytes.withUnsafeBytes { region in
                    try decoder.decodeAll(region, chunk, &values)
                }
                guard values.rowCount == rowCount else {
                    throw Damage.damaged("\(values.rowCount) rows, not \(rowCount)")
                }
                return try values.finish(rows)
            }
        }
    }

    /// A chunk that is stored as what the schema says.
    func chunk(_ group: Int, _ leaf: Int) throws -> ChunkMetadata {
        let chunk = metadata.rowGroups[group].chunks[leaf]
        guard chunk.physical == leaves[leaf].physical else {
            throw ParquetError(
                code: .damaged,
                message: "stored as another type than the schema says",
                file: name,
                column: leaves[leaf].name
            )
        }
        return chunk
    }

    private func indexedValues(
        _ group: Int,
        _ leaf: Int,
        _ index: OffsetIndex,
        _ rows: Range<Int>
    ) throws -> (offsets: [UInt32], column: Column) {
        let chunk = metadata.rowGroups[group].chunks[leaf]
        let rowCount = rowGroups[group].rowCount
        let pages = try pages(group, leaf, index, rows)
        let skipped = pages.rows.lowerBound
        let wanted = rows.lowerBound - skipped..<rows.upperBound - skipped
        return try locating(leaf, pages.offset) {
            try DecoderPool.shared.withDecoder { decoder in
                var values = LeafValues(
                    leaves[leaf],
                    expected: leaves[leaf].isRepeated ? 0 : pages.rows.count,
                    wanted: wanted
                )
                try pages.bytes.withUnsafeBytes { region in
                    try decoder.begin(chunk)
                    try useDictionary(of: pages, group, region, decoder, &values)
                    for number in pages.numbers {
                        let page = index.pages[number]
                        let before = values.rowCount
                        try decoder.decodePage(
                            region,
                            at: page.offset - pages.offset,
                            byteCount: page.byteCount,
                            &values
                        )
                        guard values.rowCount - before == index.rows(number, of: rowCount).count
                        else { throw Damage.damaged("page \(number) has another number of rows") }
                    }
                }
                return try values.finish(wanted)
            }
        }
    }

    /// Makes the dictionary of a chunk, if it has one, known to `decoder` and `values`.
    func useDictionary(
        of pages: PageRegion,
        _ group: Int,
        _ region: UnsafeRawBufferPointer,
        _ decoder: ChunkDecoder,
        _ values: inout LeafValues
    ) throws {
        if let known = pages.knownDictionary { return decoder.use(known, &values) }
        guard pages.hasDictionary else { return }
        if let dictionary = pages.dictionary {
            try dictionary.withUnsafeBytes { try decoder.decodeDictionary($0, &values) }
        } else {
            try decoder.decodeDictionary(region, &values)
        }
        if values.entryCount > 0 {
            let decoded = values.dictionary()
            values.use(decoded)
            keep(decoded, group, pages.leaf)
        }
    }

    /// Reads the pages that overlap `rows`, and the dictionary if it is not known.
    func pages(
        _ group: Int,
        _ leaf: Int,
        _ index: OffsetIndex,
        _ rows: Range<Int>
    ) throws -> PageRegion {
        let chunk = metadata.rowGroups[group].chunks[leaf]
        let rowCount = rowGroups[group].rowCount
        let numbers = index.pages.indices.filter { index.rows($0, of: rowCount).overlaps(rows) }
        guard let first = numbers.first, let last = numbers.last else {
            throw ParquetError(
                code: .damaged,
                message: "rows \(rows) are on no page",
                file: name,
                column: leaves[leaf].name
            )
        }
        let start = index.pages[first].offset
        let end = index.pages[last].offset + index.pages[last].byteCount
        let chunkStart = chunk.pages.offset
        let hasDictionary = index.pages[0].offset > chunkStart
        let known = hasDictionary ? textDictionary(group, leaf) : nil
        // A dictionary close by is read along.
        let isNear = known == nil && start - chunkStart <= Limits.tailByteCount
        let regionStart = hasDictionary && isNear ? chunkStart : start
        let bytes = try read(ByteRange(offset: regionStart, count: end - regionStart))
        var dictionary: [UInt8]?
        if hasDictionary, !isNear, known == nil {
            dictionary = try read(
                ByteRange(offset: chunkStart, count: index.pages[0].offset - chunkStart)
            )
        }
        return PageRegion(
            leaf: leaf,
            bytes: bytes,
            offset: regionStart,
            numbers: first..<last + 1,
            rows: index.pages[first].firstRow..<index.rows(last, of: rowCount).upperBound,
            hasDictionary: hasDictionary,
            dictionary: dictionary,
            knownDictionary: known
        )
    }
}

/// Some pages of a chunk, as they are in the file.
struct PageRegion {
    let leaf: Int
    /// The pages, and before them the dictionary when it is neither `dictionary` nor known.
    let bytes: [UInt8]
    /// Where in the file `bytes` are.
    let offset: Int
    let numbers: Range<Int>
    /// The rows that are on the pages.
    let rows: Range<Int>
    let hasDictionary: Bool
    /// The page of the dictionary, when it was read apart.
    let dictionary: [UInt8]?
    /// The dictionary, when it was decoded before.
    let knownDictionary: TextDictionary?
}
