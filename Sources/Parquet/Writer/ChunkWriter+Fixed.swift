// Numbers: dictionary when few are distinct, otherwise deltas (integers), split bytes (floating point) or bits
// (booleans).

extension ChunkWriter {
    func writeFixed(
        _ column: FixedColumn,
        _ format: FixedFormat,
        _ layout: ChunkLayout,
        _ chunk: inout ChunkRecord
    ) throws {
        let count = column.values.count
        try column.values.withUnsafeBufferPointer { values in
            guard let base = values.baseAddress, count > 0 else {
                return try writeValues(
                    UnsafePointer(self.values.require(1)),
                    0,
                    format,
                    layout,
                    &chunk
                )
            }
            guard let validity = column.validity, chunk.leaf.isOptional else {
                return try writeValues(base, count, format, layout, &chunk)
            }
            guard validity.words.count >= (count + 63) / 64 else {
                throw Damage(.schemaMismatch, "a validity bitmap that is too short")
            }
            try validity.words.withUnsafeBufferPointer { words in
                guard let bits = words.baseAddress else { return }
                let valid = RunLengthEncoder.countOnes(bits, 0..<count)
                if valid == count {
                    return try writeValues(base, count, format, layout, &chunk)
                }
                var layout = layout
                layout.hasValues = valid > 0
                if valid > 0 { layout.validity = bits }
                let dense = self.values.require(count + 1)
                let used = valid > 0 ? Self.compact(base, count, bits, dense) : 0
                try writeValues(dense, used, format, layout, &chunk)
            }
        }
    }

    private func writeValues(
        _ values: UnsafePointer<Int64>,
        _ count: Int,
        _ format: FixedFormat,
        _ layout: ChunkLayout,
        _ chunk: inout ChunkRecord
    ) throws {
        let isFloating = format == .float || format == .double
        if chunk.leaf.hasBloomFilter { chunk.bloomFilter = bloomFilter(values, count, format) }
        func bounds(_ range: Range<Int>) throws -> Bounds {
            let bounds =
                isFloating ? BoundsScan.double(values, range) : BoundsScan.int(values, range)
            if let range = format.range, case .int(let low, let high) = bounds {
                guard range.contains(low), range.contains(high) else {
                    throw Damage(.valueTooLarge, "\(low) or \(high) is not in \(range)")
                }
            }
            return bounds
        }
        let encoding = Self.encoding(chunk.leaf.encoding, format)
        if encoding == .rleDictionary || (chunk.leaf.encoding == .automatic && format != .bit) {
            let isExplicit = encoding == .rleDictionary
            let limit =
                isExplicit
                ? min(options.dictionaryByteLimit / format.width, count)
                : format == .int64 ? 1 : min(Limits.fewDistinctCount, count / 2)
            let isConstant = Self.isConstant(values, count)
            if isConstant || limit > 1, count > 0,
                let distinct = intern(values, count, max(limit, 1))
            {
                return try writeDictionary(distinct, count, format, layout, &chunk, bounds)
            }
        }
        let rowLimit = count == 0 ? layout.rowCount : options.pageRowLimit
        switch encoding {
        case .deltaBinaryPacked:
            try writePages(layout, .deltaBinaryPacked, rowLimit: rowLimit, &chunk) { range in
                DeltaBinaryPacked.encode(
                    values + range.lowerBound,
                    count: range.count,
                    wrap32: format == .int32,
                    into: &page
                )
                return try bounds(range)
            }
        case .byteStreamSplit:
            try writePages(layout, .byteStreamSplit, rowLimit: rowLimit, &chunk) { range in
                FixedValues.encodeSplit(
                    values + range.lowerBound,
                    count: range.count,
                    format,
                    into: &page
                )
                return try bounds(range)
            }
        default:
            try writePages(layout, .plain, rowLimit: rowLimit, &chunk) { range in
                FixedValues.encodePlain(
                    values + range.lowerBound,
                    count: range.count,
                    format,
                    into: &page
                )
                return try bounds(range)
            }
        }
    }

    /// What is used when no dictionary is, or `.rleDictionary` when one is asked for.
    private static func encoding(_ wanted: ValueEncoding, _ format: FixedFormat) -> EncodingCode {
        if format == .bit { return .plain }
        let isFloating = format == .float || format == .double
        switch wanted {
        case .plain: return .plain
        case .dictionary: return .rleDictionary
        case .byteStreamSplit: return .byteStreamSplit
        case .automatic, .deltaBinaryPacked, .deltaLengthByteArray, .deltaByteArray:
            // A delta page holds signed numbers.
            if format == .uint32 { return .plain }
            return isFloating ? .byteStreamSplit : .deltaBinaryPacked
        }
    }

    private static func isConstant(_ values: UnsafePointer<Int64>, _ count: Int) -> Bool {
        guard count > 0, values[count - 1] == values[0] else { return false }
        var difference: Int64 = 0
        for index in 0..<count { difference |= values[index] ^ values[0] }
        return difference == 0
    }

    /// Fills `codes` and `distinctValues`, unless there are more than `limit` distinct values.
    private func intern(_ values: UnsafePointer<Int64>, _ count: Int, _ limit: Int) -> Int? {
        var size = 64
        while size < limit * 3, size < count * 3 { size *= 2 }
        let table = self.table.require(size)
        table.update(repeating: .max, count: size)
        let distinct = distinctValues.require(limit + 1)
        let codes = self.codes.require(count)
        let shift = UInt64(64 - size.trailingZeroBitCount)
        var used = 0
        var previous = values[0] &+ 1
        var previousCode: UInt32 = 0
        for index in 0..<count {
            let value = values[index]
            if value == previous {
                codes[index] = previousCode
                continue
            }
            var slot = Int((UInt64(bitPattern: value) &* 0x9e37_79b9_7f4a_7c15) &>> shift)
            while table[slot] != .max, distinct[Int(table[slot])] != value {
                slot = (slot &+ 1) & (size &- 1)
            }
            if table[slot] == .max {
                guard used < limit else { return nil }
                distinct[used] = value
                table[slot] = UInt32(used)
                used += 1
            }
            previous = value
            previousCode = table[slot]
            codes[index] = previousCode
        }
        return used
    }

    private func writeDictionary(
        _ distinctCount: Int,
        _ count: Int,
        _ format: FixedFormat,
        _ layout: ChunkLayout,
        _ chunk: inout ChunkRecord,
        _ bounds: (Range<Int>) throws -> Bounds
    ) throws {
        let codes = self.codes.require(count)
        page.removeAll()
        FixedValues.encodePlain(
            distinctValues.require(distinctCount),
            count: distinctCount,
            format,
            into: &page
        )
        try writeDictionary(count: distinctCount, &chunk)
        let width = RunLengthEncoder.width(codeCount: distinctCount)
        let isOnePage = distinctCount == 1 && layout.validity == nil && layout.offsets == nil
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
            return try bounds(isOnePage ? range.prefix(1) : range)
        }
    }

    private func bloomFilter(
        _ values: UnsafePointer<Int64>,
        _ count: Int,
        _ format: FixedFormat
    ) -> BloomFilter {
        let hashes = self.hashes.require(count)
        for index in 0..<count {
            hashes[index] = Self.hash(values[index], format)
        }
        var filter = BloomFilter(distinctCount: count)
        filter.insert(UnsafeBufferPointer(start: hashes, count: count))
        return filter
    }

    /// The hash of a value's PLAIN bytes.
    static func hash(_ value: Int64, _ format: FixedFormat) -> UInt64 {
        let stored = format.stored(value).littleEndian
        return withUnsafeBytes(of: stored) { bytes in
            XXHash64.hash(
                UnsafeRawBufferPointer(rebasing: bytes[..<(format == .bit ? 1 : format.width)])
            )
        }
    }
}
