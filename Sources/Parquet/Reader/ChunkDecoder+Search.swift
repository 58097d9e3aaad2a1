// A page is searched as soon as it is decompressed, while it is in the processor's cache. Where text stands as it is
// (PLAIN, DELTA_LENGTH_BYTE_ARRAY), a page without the bytes is done with: neither its lengths nor its texts are
// decoded. Pages of codes are not even decompressed when no entry of their dictionary fits.

extension ChunkDecoder {
    /// Appends to `found` the rows of the data page at `offset` whose text contains `needle`.
    ///
    /// `rows` are the page's rows, and `entries` says which entries of the chunk's dictionary contain it: nil when none
    /// does or there is none.
    func searchPage(
        _ region: UnsafeRawBufferPointer,
        at offset: Int,
        byteCount: Int,
        _ leaf: Leaf,
        for needle: [UInt8],
        entries: [Bool]?,
        rows: Range<Int>,
        _ found: inout [UInt32]
    ) throws {
        let header = try dataPageHeader(region, offset, byteCount)
        guard header.valueCount == rows.count else {
            throw Damage.damaged("a page of \(header.valueCount) values", offset: offset)
        }
        let encoding = try encoding(header, at: offset)
        let isOfCodes = encoding == .rleDictionary || encoding == .plainDictionary
        if isOfCodes, dictionaryCount == nil {
            throw Damage.damaged("codes without a dictionary", offset: offset)
        }
        if isOfCodes, entries == nil { return }
        var input = try load(region, offset, header)
        let isAsItStands = encoding == .plain || encoding == .deltaLengthByteArray
        if isAsItStands, TextSearch.position(of: needle, in: input.rest) == nil { return }
        do {
            let levels = try decodeLevels(&input, header.valueCount, leaf)
            let count = levels.valueCount
            if count == 0 { return }
            var fits = [Bool](repeating: false, count: count)
            if isOfCodes, let entries {
                let codes = try codes(&input, count, below: entries.count)
                for index in 0..<count { fits[index] = entries[Int(codes[index])] }
            } else {
                let texts = try texts(&input, encoding, count)
                TextSearch.forEachMatch(
                    of: needle,
                    in: UnsafeRawBufferPointer(start: texts.base, count: texts.byteCount),
                    UnsafeBufferPointer(start: texts.offsets, count: count + 1)
                ) { fits[$0] = true }
            }
            var value = 0
            for index in 0..<levels.count
            where Int(levels.definition?[index] ?? levels.level) == leaf.maxDefinition {
                if fits[value] { found.append(UInt32(rows.lowerBound + index)) }
                value += 1
            }
        } catch let damage as Damage {
            // Offsets inside the page mean nothing in the file.
            throw Damage(damage.code, damage.message, offset: offset)
        }
    }
}
