/// What statistics, filters and indexes claim about values, computed from the values themselves.
///
/// Used to verify files, so written for clarity and not for speed.
struct LeafSummary {
    /// Values that are there.
    private(set) var valueCount = 0
    private(set) var nanCount = 0
    /// Leaving NaN out.
    private(set) var min: StatisticValue?
    private(set) var max: StatisticValue?
    /// Hashes of the values as a bloom filter has them; values may be missing that others equal.
    private(set) var hashes: [UInt64] = []

    init(_ column: Column, _ leaf: Leaf) {
        switch column {
        case .absent, .list: break
        case .fixed(let fixed): add(fixed, leaf)
        case .text(let text): add(text, hasHashes: leaf.hasBloomFilter)
        case .identifier(let identifiers): add(identifiers, leaf)
        }
    }

    private mutating func add(_ value: StatisticValue) {
        if min.map({ value.isBelow($0) }) ?? true { min = value }
        if max.map({ $0.isBelow(value) }) ?? true { max = value }
    }

    private mutating func add(_ column: FixedColumn, _ leaf: Leaf) {
        guard let format = FixedFormat(leaf.type) else { return }
        let isFloating = format == .float || format == .double
        for (row, value) in column.values.enumerated() where column.validity?[row] ?? true {
            valueCount += 1
            if leaf.hasBloomFilter { hashes.append(ChunkWriter.hash(value, format)) }
            guard isFloating else {
                add(.int(value))
                continue
            }
            let number = Double(bitPattern: UInt64(bitPattern: value))
            if number.isNaN { nanCount += 1 } else { add(.double(number)) }
        }
    }

    private mutating func add(_ column: TextColumn, hasHashes: Bool) {
        var isUsed = [Bool](repeating: false, count: column.dictionary.count)
        for code in column.codes where code != TextColumn.null {
            valueCount += 1
            isUsed[Int(code)] = true
        }
        for code in isUsed.indices where isUsed[code] {
            let text = column.dictionary[UInt32(code)]
            if hasHashes { hashes.append(text.withUnsafeBytes { XXHash64.hash($0) }) }
            if case .bytes(let low, _)? = min, case .bytes(let high, _)? = max,
                !text.lexicographicallyPrecedes(low), !high.lexicographicallyPrecedes(text)
            {
                continue
            }
            add(.bytes(Array(text)))
        }
    }

    private mutating func add(_ column: IdentifierColumn, _ leaf: Leaf) {
        let width = column.wordsPerRow
        var low: [UInt64]?
        var high: [UInt64]?
        for start in stride(from: 0, to: column.words.count, by: width) {
            let words = Array(column.words[start..<start + width])
            if leaf.isOptional, words.allSatisfy({ $0 == 0 }) { continue }
            valueCount += 1
            if leaf.hasBloomFilter {
                hashes.append(ChunkWriter.hash(words[0], words[width - 1], width))
            }
            if low.map({ words.lexicographicallyPrecedes($0) }) ?? true { low = words }
            if high.map({ $0.lexicographicallyPrecedes(words) }) ?? true { high = words }
        }
        min = low.map { .bytes(HexText.text($0)) }
        max = high.map { .bytes(HexText.text($0)) }
    }

    /// What is wrong with these bounds, or nil.
    func fault(min low: StatisticValue?, max high: StatisticValue?) -> String? {
        if let low, let min, min.isBelow(low) || (low.isExact && low.isBelow(min)) {
            return "the stored minimum is not the minimum"
        }
        if let high, let max, high.isBelow(max) || (high.isExact && max.isBelow(high)) {
            return "the stored maximum is not the maximum"
        }
        if valueCount == 0, low != nil || high != nil { return "bounds without values" }
        return nil
    }
}

extension StatisticValue {
    fileprivate var isExact: Bool {
        if case .bytes(_, let isExact) = self { isExact } else { true }
    }
}
