// Text comes as codes into a dictionary that many columns share. The distinct codes of the chunk are numbered in
// the order in which they appear; if they are few and short they become the chunk's dictionary.

extension ChunkWriter {
    func writeText(
        _ column: TextColumn,
        _ layout: ChunkLayout,
        _ chunk: inout ChunkRecord
    ) throws {
        let dictionary = column.dictionary
        try dictionary.bytes.withUnsafeBytes { bytes in
            try dictionary.offsets.withUnsafeBufferPointer { offsets in
                try column.codes.withUnsafeBufferPointer { codes in
                    guard let offsets = offsets.baseAddress else { return }
                    let entries = TextEntries(
                        bytes: bytes.baseAddress ?? UnsafeRawPointer(offsets),
                        offsets: offsets,
                        count: dictionary.count
                    )
                    try write(entries, codes, layout, &chunk)
                }
            }
        }
    }

    private func write(
        _ entries: TextEntries,
        _ column: UnsafeBufferPointer<UInt32>,
        _ layout: ChunkLayout,
        _ chunk: inout ChunkRecord
    ) throws {
        var layout = layout
        let codes = self.codes.require(column.count + 1)
        let distinct = self.distinct.require(min(column.count, entries.count) + 2)
        let counts = try number(entries, column, codes, distinct, chunk.leaf.isOptional)
        if counts.values < column.count {
            layout.hasValues = counts.values > 0
            if layout.hasValues { layout.validity = validity(column) }
        }
        guard counts.values > 0 else {
            return try writePages(layout, .plain, rowLimit: layout.rowCount, &chunk) { _ in .none }
        }
        if chunk.leaf.hasBloomFilter {
            chunk.bloomFilter = bloomFilter(entries, distinct, counts.distinct)
        }
        if isDictionaryWorthwhile(entries, distinct, counts, chunk.leaf.encoding) {
            return try writeDictionary(entries, codes, distinct, counts.distinct, layout, &chunk)
        }
        var byteCount = 0
        for index in 0..<counts.values {
            let code = distinct[Int(codes[index])]
            codes[index] = code
            byteCount &+= entries.length(code)
        }
        try writeText(entries, codes, byteCount, layout, &chunk)
    }

    /// Numbers the distinct codes of `column`.
    ///
    /// `codes` gets the numbers of the rows that are not null, `distinct` the code of each number. A null
    /// in a required leaf is a value like others.
    private func number(
        _ entries: TextEntries,
        _ column: UnsafeBufferPointer<UInt32>,
        _ codes: UnsafeMutablePointer<UInt32>,
        _ distinct: UnsafeMutablePointer<UInt32>,
        _ isOptional: Bool
    ) throws -> (values: Int, distinct: Int) {
        if localCodes.count < entries.count {
            localCodes += [UInt32](
                repeating: TextColumn.null,
                count: entries.count - localCodes.count
            )
        }
        let counts = localCodes.withUnsafeMutableBufferPointer { local -> (Int, Int)? in
            var values = 0
            var found = 0
            var nullNumber = TextColumn.null
            var isValid = true
            for code in column {
                var number: UInt32
                if code == TextColumn.null {
                    if isOptional { continue }
                    if nullNumber == TextColumn.null {
                        nullNumber = UInt32(truncatingIfNeeded: found)
                        distinct[found] = code
                        found &+= 1
                    }
                    number = nullNumber
                } else {
                    guard Int(code) < entries.count else {
                        isValid = false
                        break
                    }
                    number = local[Int(code)]
                    if number == TextColumn.null {
                        number = UInt32(truncatingIfNeeded: found)
                        local[Int(code)] = number
                        distinct[found] = code
                        found &+= 1
                    }
                }
                codes[values] = number
                values &+= 1
            }
            for index in 0..<found where distinct[index] != TextColumn.null {
                local[Int(distinct[index])] = TextColumn.null
            }
            return isValid ? (values, found) : nil
        }
        guard let counts else {
            throw Damage(.schemaMismatch, "a code that is not in the dictionary")
        }
        return counts
    }

    private func validity(_ column: UnsafeBufferPointer<UInt32>) -> UnsafePointer<UInt64> {
        let words = validity.require((column.count + 63) / 64)
        words.update(repeating: 0, count: (column.count + 63) / 64)
        for index in 0..<column.count {
            let isThere: UInt64 = column[index] == TextColumn.null ? 0 : 1
            words[index &>> 6] |= isThere &<< UInt64(index & 63)
        }
        return UnsafePointer(words)
    }

    private func isDictionaryWorthwhile(
        _ entries: TextEntries,
        _ distinct: UnsafePointer<UInt32>,
        _ counts: (values: Int, distinct: Int),
        _ wanted: ValueEncoding
    ) -> Bool {
        switch wanted {
        case .automatic: guard counts.distinct * 2 <= counts.values else { return false }
        case .dictionary: break
        case .plain, .deltaBinaryPacked, .deltaLengthByteArray, .deltaByteArray, .byteStreamSplit:
            return false
        }
        var byteCount = 0
        for index in 0..<counts.distinct { byteCount &+= 4 &+ entries.length(distinct[index]) }
        return byteCount <= options.dictionaryByteLimit
    }

    private func writeDictionary(
        _ entries: TextEntries,
        _ codes: UnsafePointer<UInt32>,
        _ distinct: UnsafePointer<UInt32>,
        _ distinctCount: Int,
        _ layout: ChunkLayout,
        _ chunk: inout ChunkRecord
    ) throws {
        page.removeAll()
        TextOutput.encodePlain(entries, distinct, count: distinctCount, into: &page)
        try writeDictionary(count: distinctCount, &chunk)
        let width = RunLengthEncoder.width(codeCount: distinctCount)
        let isOnePage = distinctCount == 1 && layout.validity == nil && layout.offsets == nil
        let hasPageBounds = chunk.leaf.hasPageIndex && !isOnePage
        let prefixes = self.prefixes.require(distinctCount)
        let dictionary = ChunkDictionary(
            entries: entries,
            distinct: distinct,
            prefixes: prefixes,
            count: distinctCount
        )
        if hasPageBounds {
            let shared = entries.sharedCount(distinct, 0..<distinctCount)
            for index in 0..<distinctCount {
                prefixes[index] = entries.prefix(distinct[index], after: shared)
            }
        } else if !isOnePage {
            chunk.bounds = BoundsScan.text(entries, distinct, 0..<distinctCount)
        }
        try writePages(
            layout,
            .rleDictionary,
            rowLimit: isOnePage ? layout.rowCount : options.pageRowLimit,
            &chunk
        ) { range in
            page.append(UInt8(width))
            RunLengthEncoder.codes(
                codes + range.lowerBound,
                count: range.count,
                width: width,
                into: &page
            )
            if isOnePage { return BoundsScan.text(entries, distinct, 0..<1) }
            return hasPageBounds ? BoundsScan.text(dictionary, codes, range) : .none
        }
    }

    private func writeText(
        _ entries: TextEntries,
        _ codes: UnsafePointer<UInt32>,
        _ byteCount: Int,
        _ layout: ChunkLayout,
        _ chunk: inout ChunkRecord
    ) throws {
        let encoding: EncodingCode =
            switch chunk.leaf.encoding {
            case .plain: .plain
            case .deltaByteArray: .deltaByteArray
            case .automatic, .dictionary, .deltaBinaryPacked, .deltaLengthByteArray,
                .byteStreamSplit:
                .deltaLengthByteArray
            }
        func length(_ range: Range<Int>) -> Int {
            var length = 0
            for index in range { length &+= entries.length(codes[index]) }
            return length
        }
        try writePages(
            layout,
            encoding,
            rowLimit: options.pageRowLimit,
            &chunk,
            byteCount: byteCount > Limits.pageByteTarget ? length : nil
        ) { range in
            guard length(range) <= Limits.pageByteCount else {
                throw Damage(.valueTooLarge, "more than \(Limits.pageByteCount) bytes in a row")
            }
            let lengths = self.lengths.require(range.count * 2 + 1)
            let start = codes + range.lowerBound
            switch encoding {
            case .plain: TextOutput.encodePlain(entries, start, count: range.count, into: &page)
            case .deltaByteArray:
                TextOutput.encodeDelta(
                    entries,
                    start,
                    count: range.count,
                    lengths: lengths,
                    into: &page
                )
            default:
                TextOutput.encodeDeltaLength(
                    entries,
                    start,
                    count: range.count,
                    lengths: lengths,
                    into: &page
                )
            }
            return BoundsScan.text(entries, codes, range)
        }
    }

    private func bloomFilter(
        _ entries: TextEntries,
        _ distinct: UnsafePointer<UInt32>,
        _ count: Int
    ) -> BloomFilter {
        let hashes = self.hashes.require(count)
        for index in 0..<count { hashes[index] = XXHash64.hash(entries.text(distinct[index])) }
        var filter = BloomFilter(distinctCount: count)
        filter.insert(UnsafeBufferPointer(start: hashes, count: count))
        return filter
    }
}
