extension ParquetReader {
    /// Reads every page of every column and checks everything the file claims about them.
    ///
    /// That is checksums, counts, levels, statistics, bloom filters and page indexes. Fields of unsupported
    /// kinds are skipped.
    ///
    /// - Throws: `ParquetError` for the first fault, and whatever the source throws.
    /// - Complexity: proportional to the file; some times slower than reading it.
    public func verify() throws {
        guard try read(ByteRange(offset: 0, count: 4)) == ChunkWriter.magic else {
            throw ParquetError(
                code: .notParquet,
                message: "the file does not start as a Parquet file does",
                file: name,
                offset: 0
            )
        }
        for group in rowGroups.indices {
            for field in positions.indices where leaf(field, 0) != nil {
                let column = try column(rowGroup: group, field: field)
                guard column.rowCount == rowGroups[group].rowCount else {
                    throw fault("\(column.rowCount) rows", try leaves(of: field).lowerBound)
                }
                for leaf in try leaves(of: field) { try verify(group, leaf) }
            }
        }
    }

    private func fault(_ message: String, _ leaf: Int) -> ParquetError {
        ParquetError(code: .damaged, message: message, file: name, column: leaves[leaf].name)
    }

    private func verify(_ group: Int, _ number: Int) throws {
        let chunk = metadata.rowGroups[group].chunks[number]
        var leaf = leaves[number]
        leaf.hasBloomFilter = chunk.bloomFilter != nil
        let rowCount = rowGroups[group].rowCount
        let whole = try leafValues(group, number, 0..<rowCount)
        let summary = LeafSummary(whole.column, leaf)
        if let statistics = chunk.statistics {
            let nullCount = chunk.valueCount - summary.valueCount
            guard statistics.nullCount.map({ $0 == nullCount }) ?? true else {
                throw fault("another number of nulls than the statistics say", number)
            }
            guard statistics.nanCount.map({ $0 == summary.nanCount }) ?? true else {
                throw fault("another number of NaNs than the statistics say", number)
            }
            let known = self.statistics(group, leaf: number)
            if let wrong = summary.fault(min: known?.min, max: known?.max) {
                throw fault(wrong, number)
            }
        }
        if let filter = try bloomFilter(group, number) {
            guard summary.hashes.allSatisfy(filter.mayContain) else {
                throw fault("a value is missing in the bloom filter", number)
            }
        }
        if let index = try pageIndex(group, number) { try verify(index, group, number, whole) }
    }

    private func verify(
        _ index: PageIndex,
        _ group: Int,
        _ number: Int,
        _ whole: (offsets: [UInt32], column: Column)
    ) throws {
        let leaf = leaves[number]
        let rowCount = rowGroups[group].rowCount
        let isOrdered = number < metadata.orderedLeaves.count && metadata.orderedLeaves[number]
        for page in index.offsets.pages.indices {
            let rows = index.offsets.rows(page, of: rowCount)
            let part = try leafValues(group, number, rows)
            var children = rows
            var emptyCount = 0
            if leaf.isRepeated {
                children = Int(whole.offsets[rows.lowerBound])..<Int(whole.offsets[rows.upperBound])
                emptyCount = rows.count { whole.offsets[$0] == whole.offsets[$0 + 1] }
            }
            guard part.column.isSame(as: ColumnSlice.slice(whole.column, children)) else {
                throw fault("page \(page) is not where the offset index says", number)
            }
            guard let columns = index.columns else { continue }
            let summary = LeafSummary(part.column, leaf)
            let nullCount = children.count - summary.valueCount + emptyCount
            guard columns.isNull[page] == (summary.valueCount == 0),
                columns.nullCounts.isEmpty || columns.nullCounts[page] == nullCount
            else { throw fault("page \(page) has other nulls than the column index says", number) }
            guard isOrdered, summary.valueCount > 0, summary.nanCount == 0 else { continue }
            // A column index does not say whether its bounds are exact.
            let min = StatisticValue(stored: columns.mins[page], leaf.type, isExact: false)
            let max = StatisticValue(stored: columns.maxs[page], leaf.type, isExact: false)
            guard min != nil, max != nil else { throw fault("page \(page) has no bounds", number) }
            if let wrong = summary.fault(min: min, max: max) {
                throw fault("page \(page): \(wrong)", number)
            }
        }
    }
}

extension Column {
    /// Whether two leaf columns have the same values, whatever their dictionaries.
    fileprivate func isSame(as other: Column) -> Bool {
        switch (self, other) {
        case (.absent(let rows), .absent(let others)): rows == others
        case (.fixed(let left), .fixed(let right)):
            left.values == right.values && left.validity == right.validity
        case (.identifier(let left), .identifier(let right)): left.words == right.words
        case (.text(let left), .text(let right)):
            zip(left.codes, right.codes).allSatisfy {
                left.dictionary.entry($0) == right.dictionary.entry($1)
            }
                && left.codes.count == right.codes.count
        default: false
        }
    }
}

extension TextDictionary {
    fileprivate func entry(_ code: UInt32) -> ArraySlice<UInt8>? {
        code == TextColumn.null ? nil : self[code]
    }
}
