/// The values of a leaf, collected page by page.
struct LeafValues {
    let leaf: Leaf
    private(set) var levelCount = 0
    private(set) var rowCount = 0
    private var childCount = 0
    private var valueCount = 0
    private var starts: [UInt32] = []
    private var fixed: [Int64] = []
    private var words: [UInt64] = []
    private var codes: [UInt32] = []
    private var entryBytes: [UInt8] = []
    private var entryOffsets: [UInt32] = [0]
    /// The chunk's dictionary, as long as no page has text of its own.
    private var shared: TextDictionary?
    /// Which children have a value, once one has none.
    private var validity: [UInt64]?
    /// The only rows that `finish` will be asked for, if not all.
    private let wanted: Range<Int>?
    private static let reservedCountMax = 1 << 20
    private static let reservedTextByteCountMax = 32 << 20

    /// Starts empty; `expected` says how many values there may be, and is a hint only.
    ///
    /// Rows that are not `wanted` may have any value.
    init(_ leaf: Leaf, expected: Int, wanted: Range<Int>? = nil) {
        self.leaf = leaf
        self.wanted = wanted
        let count = min(expected, Self.reservedCountMax)
        switch leaf.type {
        case .string, .json, .bytes: codes.reserveCapacity(count)
        case .hex(let byteCount): words.reserveCapacity(count * byteCount / 8)
        default: fixed.reserveCapacity(count)
        }
        if leaf.isRepeated { starts.reserveCapacity(count / 4 + 16) }
    }

    /// Makes room for text, so that it does not move as it grows.
    mutating func reserveText(byteCount: Int) {
        entryBytes.reserveCapacity(min(byteCount, Self.reservedTextByteCountMax))
    }

    /// Whether nulls are noted apart from the values: text and identifiers have values for them.
    private var hasValidity: Bool { FixedFormat(leaf.type) != nil }

    /// The wanted rows of the page whose levels were appended last; nil when all are.
    func wantedRows(ofPage levels: PageLevels) -> Range<Int>? {
        guard let wanted, !leaf.isRepeated else { return nil }
        let first = rowCount - levels.count
        let page = wanted.clamped(to: first..<rowCount)
        return page.lowerBound - first..<page.upperBound - first
    }

    var entryCount: Int { shared?.count ?? entryOffsets.count - 1 }

    /// Takes the dictionary of a chunk, which must come before its pages.
    mutating func use(_ dictionary: TextDictionary) { shared = dictionary }

    /// The dictionary that `appendEntries` was given, to be used again.
    func dictionary() -> TextDictionary {
        shared ?? TextDictionary(bytes: entryBytes, offsets: entryOffsets)
    }

    /// Adds the structure of a page; its values, if there are any, follow.
    mutating func append(_ levels: PageLevels) throws {
        if leaf.isRepeated {
            try appendStarts(levels)
        } else {
            rowCount += levels.count
        }
        guard levels.childCount == levels.valueCount || leaf.isOptional || !leaf.isRepeated else {
            throw Damage.unsupported("nulls in a list or map")
        }
        levelCount += levels.count
        if valueCount == 0, levels.valueCount > 0 {
            // Until now there were only nulls, which were counted and not kept.
            if childCount > 0 {
                if hasValidity { validity = Validity(rows: childCount, valid: false).words }
                appendNulls(childCount)
            }
        }
        if valueCount + levels.valueCount > 0 {
            if hasValidity, validity == nil, levels.valueCount < levels.childCount {
                validity = Validity(rows: childCount, valid: true).words
            }
            if validity != nil { appendValidity(levels) }
            if levels.valueCount == 0 { appendNulls(levels.childCount) }
        }
        childCount += levels.childCount
        valueCount += levels.valueCount
    }

    private mutating func appendStarts(_ levels: PageLevels) throws {
        guard levels.count > 0 else { return }
        let element = UInt8(leaf.elementDefinition)
        guard let repetition = levels.repetition else {
            appendStartsOfSingles(levels, element)
            rowCount += levels.count
            return
        }
        guard repetition[0] == 0 || rowCount > 0 else {
            throw Damage.damaged("a page that starts inside a row")
        }
        let first = starts.count
        starts.append(contentsOf: repeatElement(0, count: levels.count))
        var child = UInt32(childCount)
        var rows = 0
        var isDamaged = false
        starts.withUnsafeMutableBufferPointer { starts in
            // What continues a row is overwritten by the start of the next.
            guard let definition = levels.definition else {
                let step: UInt32 = levels.level >= element ? 1 : 0
                for index in 0..<levels.count {
                    starts[first &+ rows] = child
                    child &+= step
                    rows &+= repetition[index] == 0 ? 1 : 0
                }
                isDamaged = step == 0 && rows < levels.count
                return
            }
            for index in 0..<levels.count {
                let isThere = definition[index] >= element
                starts[first &+ rows] = child
                isDamaged = isDamaged || !(isThere || repetition[index] == 0)
                rows &+= repetition[index] == 0 ? 1 : 0
                child &+= isThere ? 1 : 0
            }
        }
        if isDamaged { throw Damage.damaged("an empty list with several elements") }
        starts.removeLast(levels.count - rows)
        rowCount += rows
    }

    /// Every level is a row of at most one element.
    private mutating func appendStartsOfSingles(_ levels: PageLevels, _ element: UInt8) {
        var child = UInt32(childCount)
        if levels.definition == nil, levels.level < element {
            starts.append(contentsOf: repeatElement(child, count: levels.count))
            return
        }
        let first = starts.count
        starts.append(contentsOf: repeatElement(0, count: levels.count))
        starts.withUnsafeMutableBufferPointer { starts in
            guard let definition = levels.definition else {
                for index in 0..<levels.count {
                    starts[first &+ index] = child &+ UInt32(truncatingIfNeeded: index)
                }
                return
            }
            for index in 0..<levels.count {
                starts[first &+ index] = child
                child &+= definition[index] >= element ? 1 : 0
            }
        }
    }

    private mutating func appendValidity(_ levels: PageLevels) {
        let first = childCount
        let needed = (first + levels.childCount + 63) / 64
        let missing = max(0, needed - (validity?.count ?? 0))
        validity?.append(contentsOf: repeatElement(0, count: missing))
        let present = UInt8(leaf.maxDefinition)
        let element = UInt8(leaf.elementDefinition)
        validity?.withUnsafeMutableBufferPointer { words in
            var child = first
            for index in 0..<levels.count {
                let level = levels.definition?[index] ?? levels.level
                if level < element { continue }
                let bit: UInt64 = level == present ? 1 : 0
                words[child &>> 6] |= bit &<< UInt64(child & 63)
                child &+= 1
            }
        }
    }

    private mutating func appendNulls(_ count: Int) {
        switch leaf.type {
        case .string, .json, .bytes:
            codes.append(contentsOf: repeatElement(TextColumn.null, count: count))
        case .hex(let byteCount):
            words.append(contentsOf: repeatElement(0, count: count * byteCount / 8))
        default: fixed.append(contentsOf: repeatElement(0, count: count))
        }
    }

    mutating func appendFixed(_ values: UnsafePointer<Int64>, _ levels: PageLevels) {
        Self.spread(values, 1, 0, levels, leaf, &fixed)
    }

    mutating func appendWords(
        _ values: UnsafePointer<UInt64>,
        _ wordsPerRow: Int,
        _ levels: PageLevels
    ) {
        Self.spread(values, wordsPerRow, 0, levels, leaf, &words)
    }

    mutating func appendCodes(_ values: UnsafePointer<UInt32>, _ levels: PageLevels) {
        Self.spread(values, 1, TextColumn.null, levels, leaf, &codes)
    }

    /// Appends the children of a page: its values where there are some, `null` elsewhere.
    ///
    /// One element after the values may be loaded.
    @inline(__always)
    private static func spread<Value: BitwiseCopyable>(
        _ values: UnsafePointer<Value>,
        _ width: Int,
        _ null: Value,
        _ levels: PageLevels,
        _ leaf: Leaf,
        _ output: inout [Value]
    ) {
        guard let definition = levels.definition, levels.valueCount < levels.childCount else {
            output.append(
                contentsOf: UnsafeBufferPointer(start: values, count: levels.valueCount * width)
            )
            return
        }
        let present = UInt8(leaf.maxDefinition)
        let element = UInt8(leaf.elementDefinition)
        let start = output.count
        output.append(contentsOf: repeatElement(null, count: levels.childCount * width))
        output.withUnsafeMutableBufferPointer { output in
            var target = start
            var source = 0
            if element == 0, width == 1 {
                for index in 0..<levels.count {
                    let isThere = definition[index] == present
                    output[start &+ index] = isThere ? values[source] : null
                    source &+= isThere ? 1 : 0
                }
                return
            }
            for index in 0..<levels.count {
                let level = definition[index]
                if level < element { continue }
                if level == present {
                    for _ in 0..<width {
                        output[target] = values[source]
                        target &+= 1
                        source &+= 1
                    }
                } else {
                    target &+= width
                }
            }
        }
    }

    mutating func appendEntries(_ page: TextPage) {
        if let shared {
            (entryBytes, entryOffsets) = (shared.bytes, shared.offsets)
            self.shared = nil
        }
        let base = UInt32(truncatingIfNeeded: entryBytes.count)
        let start = entryOffsets.count
        entryBytes.append(
            contentsOf: UnsafeRawBufferPointer(start: page.base, count: page.byteCount)
        )
        entryOffsets.append(contentsOf: repeatElement(0, count: page.count))
        entryOffsets.withUnsafeMutableBufferPointer { offsets in
            for index in 0..<page.count {
                offsets[start &+ index] = base &+ page.offsets[index &+ 1]
            }
        }
    }

    /// The rows `rows` of what was collected.
    func finish(_ rows: Range<Int>) throws -> (offsets: [UInt32], column: Column) {
        guard entryBytes.count < Int(UInt32.max) else {
            throw Damage(.valueTooLarge, "\(entryBytes.count) bytes of text in a row group")
        }
        guard rows.upperBound <= rowCount else { throw Damage.damaged("rows are missing") }
        guard leaf.isRepeated else { return ([], ColumnSlice.slice(column(), rows)) }
        var offsets = starts
        offsets.append(UInt32(childCount))
        let children = Int(offsets[rows.lowerBound])..<Int(offsets[rows.upperBound])
        let base = offsets[rows.lowerBound]
        let sliced = offsets[rows.lowerBound...rows.upperBound].map { $0 - base }
        return (sliced, ColumnSlice.slice(column(), children))
    }

    private func column() -> Column {
        if valueCount == 0 { return .absent(rows: childCount) }
        switch leaf.type {
        case .string, .json, .bytes:
            return .text(TextColumn(codes: codes, dictionary: dictionary()))
        case .hex(let byteCount):
            return .identifier(IdentifierColumn(words: words, wordsPerRow: byteCount / 8))
        default:
            let isFull = valueCount == childCount
            return .fixed(
                FixedColumn(
                    values: fixed,
                    validity: isFull ? nil : validity.map { Validity(words: $0) }
                )
            )
        }
    }
}

/// Picks a range of rows out of a column that is not a list.
enum ColumnSlice {
    static func slice(_ column: Column, _ rows: Range<Int>) -> Column {
        guard rows != 0..<column.rowCount else { return column }
        guard !rows.isEmpty else { return .absent(rows: 0) }
        switch column {
        case .absent, .list: return .absent(rows: rows.count)
        case .fixed(let fixed):
            let values = Array(fixed.values[rows])
            guard let validity = fixed.validity else { return .fixed(FixedColumn(values: values)) }
            var sliced = Validity(rows: rows.count, valid: false)
            var count = 0
            for row in rows where validity[row] {
                sliced[row - rows.lowerBound] = true
                count += 1
            }
            if count == 0 { return .absent(rows: rows.count) }
            return .fixed(
                FixedColumn(values: values, validity: count == rows.count ? nil : sliced)
            )
        case .text(let text):
            let codes = Array(text.codes[rows])
            if codes.allSatisfy({ $0 == TextColumn.null }) { return .absent(rows: rows.count) }
            return .text(TextColumn(codes: codes, dictionary: text.dictionary))
        case .identifier(let identifiers):
            let width = identifiers.wordsPerRow
            return .identifier(
                IdentifierColumn(
                    words: Array(
                        identifiers.words[rows.lowerBound * width..<rows.upperBound * width]
                    ),
                    wordsPerRow: width
                )
            )
        }
    }
}
