// What the footer and the page indexes already say: rows that are all null or empty, or all of one value, are
// answered without reading a page. Most columns of a wide table are like that in most row groups.

extension ParquetReader {
    /// The rows of a field if no page has to be read for them.
    func knownColumn(_ group: Int, _ numbers: Range<Int>, _ rows: Range<Int>) throws -> Column? {
        // In a list, a null of an optional member is an element: only a leaf that cannot be null tells whether the
        // list is empty.
        guard
            let first = numbers.first(where: {
                !leaves[$0].isRepeated || leaves[$0].maxDefinition == leaves[$0].elementDefinition
            })
        else { return nil }
        let chunk = metadata.rowGroups[group].chunks[first]
        if let nullCount = chunk.statistics?.nullCount, nullCount == chunk.valueCount {
            return .absent(rows: rows.count)
        }
        if let value = constant(group, first) {
            return .fixed(FixedColumn(values: [Int64](repeating: value, count: rows.count)))
        }
        guard rows.count < rowGroups[group].rowCount, let index = try pageIndex(group, first),
            let columns = index.columns
        else { return nil }
        let rowCount = rowGroups[group].rowCount
        for page in index.offsets.pages.indices
        where !columns.isNull[page] && index.offsets.rows(page, of: rowCount).overlaps(rows) {
            return nil
        }
        return .absent(rows: rows.count)
    }

    /// The value that every row has, of a leaf of integers.
    private func constant(_ group: Int, _ leaf: Int) -> Int64? {
        let shape = leaves[leaf]
        guard !shape.isRepeated, shape.type.isInteger,
            let statistics = metadata.rowGroups[group].chunks[leaf].statistics,
            statistics.nullCount == 0, statistics.isMinExact, statistics.isMaxExact,
            leaf < metadata.orderedLeaves.count, metadata.orderedLeaves[leaf],
            let min = statistics.min.flatMap({
                StatisticValue(stored: $0, shape.type, isExact: true)
            }),
            let max = statistics.max.flatMap({
                StatisticValue(stored: $0, shape.type, isExact: true)
            }),
            case .int(let low) = min, case .int(let high) = max, low == high
        else { return nil }
        return low
    }
}

extension LeafType {
    /// Whether values are integers, booleans or timestamps, whose bounds are never cut short.
    fileprivate var isInteger: Bool {
        switch self {
        case .bool, .int32, .uint32, .int64, .timestampMicros: true
        case .float, .double, .string, .json, .bytes, .hex: false
        }
    }
}
