// Identifiers: hexadecimal text, by default DELTA_LENGTH_BYTE_ARRAY (all lengths are equal, so that is the text
// alone), DELTA_BYTE_ARRAY when asked for, which suits sorted ones.

extension ChunkWriter {
    func writeIdentifiers(
        _ column: IdentifierColumn,
        _ layout: ChunkLayout,
        _ chunk: inout ChunkRecord
    ) throws {
        let wordsPerRow = column.wordsPerRow
        let count = column.words.count / wordsPerRow
        try column.words.withUnsafeBufferPointer { words in
            guard let base = words.baseAddress, count > 0 else {
                return try write(
                    UnsafePointer(self.words.require(1)),
                    0,
                    wordsPerRow,
                    layout,
                    &chunk
                )
            }
            guard chunk.leaf.isOptional else {
                return try write(base, count, wordsPerRow, layout, &chunk)
            }
            let dense = self.words.require((count + 1) * wordsPerRow)
            let validity = self.validity.require((count + 63) / 64)
            let used = Self.compact(base, count, wordsPerRow, validity, dense)
            if used == count { return try write(base, count, wordsPerRow, layout, &chunk) }
            var layout = layout
            layout.hasValues = used > 0
            if used > 0 { layout.validity = UnsafePointer(validity) }
            try write(dense, used, wordsPerRow, layout, &chunk)
        }
    }

    /// Copies the identifiers that are not zero next to each other and notes which they were.
    private static func compact(
        _ words: UnsafePointer<UInt64>,
        _ count: Int,
        _ wordsPerRow: Int,
        _ validity: UnsafeMutablePointer<UInt64>,
        _ target: UnsafeMutablePointer<UInt64>
    ) -> Int {
        validity.update(repeating: 0, count: (count + 63) / 64)
        var used = 0
        for index in 0..<count {
            let source = index &* wordsPerRow
            var any = words[source]
            target[used &* wordsPerRow] = any
            if wordsPerRow == 2 {
                any |= words[source &+ 1]
                target[used &* 2 &+ 1] = words[source &+ 1]
            }
            let isThere: UInt64 = any != 0 ? 1 : 0
            validity[index &>> 6] |= isThere &<< UInt64(index & 63)
            used &+= Int(isThere)
        }
        return used
    }

    private func write(
        _ words: UnsafePointer<UInt64>,
        _ count: Int,
        _ wordsPerRow: Int,
        _ layout: ChunkLayout,
        _ chunk: inout ChunkRecord
    ) throws {
        if chunk.leaf.hasBloomFilter { chunk.bloomFilter = bloomFilter(words, count, wordsPerRow) }
        let output = IdentifierOutput(words: wordsPerRow)
        let encoding: EncodingCode =
            switch chunk.leaf.encoding {
            case .plain: .plain
            case .deltaByteArray: .deltaByteArray
            case .automatic, .dictionary, .deltaBinaryPacked, .deltaLengthByteArray,
                .byteStreamSplit:
                .deltaLengthByteArray
            }
        let rowLimit = count == 0 ? layout.rowCount : options.pageRowLimit
        try writePages(layout, encoding, rowLimit: rowLimit, &chunk) { range in
            let lengths = self.lengths.require(range.count * 2 + 1)
            let start = words + range.lowerBound * wordsPerRow
            switch encoding {
            case .plain: output.encodePlain(start, count: range.count, into: &page)
            case .deltaByteArray:
                output.encodeDelta(start, count: range.count, lengths: lengths, into: &page)
            default:
                output.encodeDeltaLength(start, count: range.count, lengths: lengths, into: &page)
            }
            return BoundsScan.identifiers(words, wordsPerRow, range)
        }
    }

    private func bloomFilter(
        _ words: UnsafePointer<UInt64>,
        _ count: Int,
        _ wordsPerRow: Int
    ) -> BloomFilter {
        let hashes = self.hashes.require(count)
        var used = 0
        for index in 0..<count {
            let high = words[index &* wordsPerRow]
            let low = wordsPerRow == 2 ? words[index &* 2 &+ 1] : 0
            // Runs of equal identifiers, as in a sorted column, count once.
            if index > 0, high == words[(index &- 1) &* wordsPerRow],
                wordsPerRow == 1 || low == words[index &* 2 &- 1]
            {
                continue
            }
            hashes[used] = Self.hash(high, low, wordsPerRow)
            used &+= 1
        }
        var filter = BloomFilter(distinctCount: used)
        filter.insert(UnsafeBufferPointer(start: hashes, count: used))
        return filter
    }

    /// The hash of an identifier's text.
    static func hash(_ high: UInt64, _ low: UInt64, _ wordsPerRow: Int) -> UInt64 {
        let (first, second) = HexText.encode(high)
        let (third, fourth) = HexText.encode(low)
        return withUnsafeBytes(of: (first, second, third, fourth)) { text in
            XXHash64.hash(UnsafeRawBufferPointer(rebasing: text[..<(wordsPerRow * 16)]))
        }
    }
}
