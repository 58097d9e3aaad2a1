// Which row groups and pages need not be read: statistics from the footer, bloom filters and page indexes. All
// answers err to the side of reading.

extension ParquetReader {
    /// What the footer says about the values of a leaf in a row group.
    ///
    /// - Parameters:
    ///   - rowGroup: which row group.
    ///   - field: the field's position in the schema.
    ///   - member: which leaf of the field, for maps (0 keys, 1 values) and structs.
    /// - Returns: nil when nothing is known.
    public func statistics(rowGroup: Int, field: Int, member: Int = 0) -> Statistics? {
        precondition(rowGroups.indices.contains(rowGroup), "a row group of the file")
        return leaf(field, member).flatMap { statistics(rowGroup, leaf: $0) }
    }

    /// What the footer says about the values of a leaf in a row group, or nil when nothing is known.
    func statistics(_ rowGroup: Int, leaf: Int) -> Statistics? {
        guard let raw = metadata.rowGroups[rowGroup].chunks[leaf].statistics else { return nil }
        guard leaf < metadata.orderedLeaves.count, metadata.orderedLeaves[leaf] else {
            return Statistics(min: nil, max: nil, nullCount: raw.nullCount)
        }
        let type = leaves[leaf].type
        return Statistics(
            min: raw.min.flatMap { StatisticValue(stored: $0, type, isExact: raw.isMinExact) },
            max: raw.max.flatMap { StatisticValue(stored: $0, type, isExact: raw.isMaxExact) },
            nullCount: raw.nullCount
        )
    }

    /// Whether an identifier may be in a row group; false only when it is not.
    ///
    /// The second word of `identifier` is ignored for identifiers of 8 bytes.
    public func mayContain(
        rowGroup: Int,
        field: Int,
        member: Int = 0,
        identifier: (UInt64, UInt64)
    ) throws -> Bool {
        guard let leaf = leaf(field, member), case .hex(let byteCount) = leaves[leaf].type,
            let filter = try bloomFilter(rowGroup, leaf)
        else { return true }
        return filter.mayContain(ChunkWriter.hash(identifier.0, identifier.1, byteCount / 8))
    }

    /// Whether a text may be in a row group; false only when it is not.
    public func mayContain(
        rowGroup: Int,
        field: Int,
        member: Int = 0,
        text: [UInt8]
    ) throws -> Bool {
        guard let leaf = leaf(field, member), leaves[leaf].physical == .byteArray,
            let filter = try bloomFilter(rowGroup, leaf)
        else { return true }
        return filter.mayContain(text.withUnsafeBytes { XXHash64.hash($0) })
    }

    /// The rows, inside the row group, of the pages that may hold a value from `low` through `high`.
    ///
    /// These are all rows when there is no page index. A missing limit does not limit. Pages without values
    /// hold none.
    public func rowRanges(
        rowGroup: Int,
        field: Int,
        member: Int = 0,
        from low: StatisticValue?,
        through high: StatisticValue?
    ) throws -> [Range<Int>] {
        var ranges: [Range<Int>] = []
        for page in try pageStatistics(rowGroup: rowGroup, field: field, member: member) {
            if page.isNull { continue }
            if let max = page.max, let low, max.isBelow(low) { continue }
            if let min = page.min, let high, high.isBelow(min) { continue }
            if let last = ranges.last, last.upperBound == page.rows.lowerBound {
                ranges[ranges.count - 1] = last.lowerBound..<page.rows.upperBound
            } else {
                ranges.append(page.rows)
            }
        }
        return ranges
    }

    /// What the page index says about the values of a page.
    public struct PageStatistics: Sendable {
        /// Its rows, inside the row group.
        public let rows: Range<Int>
        /// Whether no row has a value.
        public let isNull: Bool
        /// At most the lowest value; nil when it is not known.
        public let min: StatisticValue?
        /// At least the highest value; nil when it is not known.
        public let max: StatisticValue?
    }

    /// The pages of a leaf; one of all rows, of which nothing is known, when there is no index or no order.
    public func pageStatistics(
        rowGroup: Int,
        field: Int,
        member: Int = 0
    ) throws -> [PageStatistics] {
        let rowCount = rowGroups[rowGroup].rowCount
        if rowCount == 0 { return [] }
        guard let leaf = leaf(field, member), let index = try pageIndex(rowGroup, leaf),
            let columns = index.columns, leaf < metadata.orderedLeaves.count,
            metadata.orderedLeaves[leaf]
        else { return [PageStatistics(rows: 0..<rowCount, isNull: false, min: nil, max: nil)] }
        let type = leaves[leaf].type
        return index.offsets.pages.indices.map { page in
            let isNull = columns.isNull[page]
            func value(_ stored: [UInt8]) -> StatisticValue? {
                isNull ? nil : StatisticValue(stored: stored, type, isExact: false)
            }
            return PageStatistics(
                rows: index.offsets.rows(page, of: rowCount),
                isNull: isNull,
                min: value(columns.mins[page]),
                max: value(columns.maxs[page])
            )
        }
    }

    /// The rows, inside the row group, of each page of a field's first leaf; one range when there is no
    /// page index.
    public func pageRowRanges(rowGroup: Int, field: Int, member: Int = 0) throws -> [Range<Int>] {
        let rowCount = rowGroups[rowGroup].rowCount
        guard let leaf = leaf(field, member), let index = try pageIndex(rowGroup, leaf) else {
            return rowCount > 0 ? [0..<rowCount] : []
        }
        return index.offsets.pages.indices.map { index.offsets.rows($0, of: rowCount) }
    }
}
