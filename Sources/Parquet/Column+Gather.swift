/// Where a row lies among the rows of several sources.
public struct RowAddress: Sendable {
    /// Source in the high half, row in the low one.
    public let rawValue: UInt64

    /// Row `row` of source `source`; both are less than 2^32.
    @inlinable public init(source: Int, row: Int) { rawValue = UInt64(source) << 32 | UInt64(row) }
    /// The position of the source.
    @inlinable public var source: Int { Int(rawValue >> 32) }
    /// The position of the row in its source.
    @inlinable public var row: Int { Int(rawValue & 0xffff_ffff) }
}

/// Merges text dictionaries: every distinct string of any source has one code in `finish()`'s result.
public struct TextMerger {
    private var interner: TextInterner
    private var maps: [ObjectIdentifier: [UInt32]] = [:]
    /// Keeps the sources alive, so that their identities stay theirs.
    private var sources: [TextDictionary] = []
    private var merged: TextDictionary?

    /// A merger without sources; `capacity` distinct strings are expected.
    public init(capacity: Int = 4_096) { interner = TextInterner(capacity: capacity) }

    /// Adds every entry of `dictionary`.
    public mutating func add(_ dictionary: TextDictionary) {
        let identity = ObjectIdentifier(dictionary)
        guard maps[identity] == nil else { return }
        var codes: [UInt32] = []
        codes.reserveCapacity(dictionary.count)
        dictionary.bytes.withUnsafeBytes { bytes in
            for index in 0..<dictionary.count {
                let range = Int(dictionary.offsets[index])..<Int(dictionary.offsets[index + 1])
                codes.append(interner.code(for: UnsafeRawBufferPointer(rebasing: bytes[range])))
            }
        }
        maps[identity] = codes
        sources.append(dictionary)
        merged = nil
    }

    /// Adds every dictionary in `column`.
    public mutating func add(_ column: Column) {
        switch column {
        case .text(let text): add(text.dictionary)
        case .list(let list): for child in list.children { add(child) }
        case .absent, .fixed, .identifier: break
        }
    }

    /// Merged codes by the codes of `dictionary`, which was added before.
    func map(of dictionary: TextDictionary) -> [UInt32] { maps[ObjectIdentifier(dictionary)] ?? [] }

    /// The merged dictionary.
    public mutating func dictionary() -> TextDictionary {
        if let merged { return merged }
        let result = interner.finish()
        interner = TextInterner()
        merged = result
        return result
    }
}

extension Column {
    /// Row `i` of the result is row `order[i].row` of `sources[order[i].source]`.
    ///
    /// - Parameters:
    ///   - sources: columns of one field.
    ///   - order: the rows to pick; a row may be picked again.
    ///   - merger: has every dictionary of the sources.
    ///   - dictionary: the merger's dictionary.
    /// - Returns: a column of `order.count` rows.
    public static func gather(
        _ sources: [Column],
        _ order: [RowAddress],
        _ merger: TextMerger,
        _ dictionary: TextDictionary
    ) -> Column {
        guard let first = sources.first(where: { if case .absent = $0 { false } else { true } })
        else {
            return .absent(rows: order.count)
        }
        switch first {
        case .absent: return .absent(rows: order.count)
        case .fixed: return .fixed(gatherFixed(sources, order))
        case .text: return .text(gatherText(sources, order, merger, dictionary))
        case .identifier(let column):
            return .identifier(gatherIdentifiers(sources, order, column.wordsPerRow))
        case .list(let column):
            return .list(gatherLists(sources, order, column.children.count, merger, dictionary))
        }
    }

    private static func gatherFixed(_ sources: [Column], _ order: [RowAddress]) -> FixedColumn {
        var isPartial = false
        let columns: [FixedColumn?] = sources.map { source in
            guard case .fixed(let column) = source else {
                if source.rowCount > 0 { isPartial = true }
                return nil
            }
            if column.validity != nil { isPartial = true }
            return column
        }
        var validity = isPartial ? Validity(rows: order.count, valid: false) : nil
        let values = withPointers(columns.map { $0?.values ?? [] }) { pointers in
            [Int64](unsafeUninitializedCapacity: order.count) { values, count in
                for (index, address) in order.enumerated() {
                    let source = pointers[address.source]
                    values[index] = source.isEmpty ? 0 : source[address.row]
                }
                count = order.count
            }
        }
        if validity != nil {
            for (index, address) in order.enumerated() {
                guard let column = columns[address.source] else { continue }
                if column.validity?[address.row] ?? true { validity?[index] = true }
            }
        }
        return FixedColumn(values: values, validity: validity)
    }

    private static func gatherText(
        _ sources: [Column],
        _ order: [RowAddress],
        _ merger: TextMerger,
        _ dictionary: TextDictionary
    ) -> TextColumn {
        var codes: [[UInt32]] = []
        var maps: [[UInt32]] = []
        for source in sources {
            if case .text(let column) = source {
                codes.append(column.codes)
                maps.append(merger.map(of: column.dictionary))
            } else {
                codes.append([])
                maps.append([])
            }
        }
        let merged = withPointers(codes) { codes in
            withPointers(maps) { maps in
                [UInt32](unsafeUninitializedCapacity: order.count) { result, count in
                    for (index, address) in order.enumerated() {
                        let source = codes[address.source]
                        let code = source.isEmpty ? TextColumn.null : source[address.row]
                        result[index] =
                            code == TextColumn.null ? code : maps[address.source][Int(code)]
                    }
                    count = order.count
                }
            }
        }
        return TextColumn(codes: merged, dictionary: dictionary)
    }

    private static func gatherIdentifiers(
        _ sources: [Column],
        _ order: [RowAddress],
        _ wordsPerRow: Int
    ) -> IdentifierColumn {
        let words = sources.map { source -> [UInt64] in
            if case .identifier(let column) = source { column.words } else { [] }
        }
        let gathered = withPointers(words) { words in
            [UInt64](unsafeUninitializedCapacity: order.count * wordsPerRow) { result, count in
                for (index, address) in order.enumerated() {
                    let source = words[address.source]
                    for word in 0..<wordsPerRow {
                        result[index * wordsPerRow + word] =
                            source.isEmpty ? 0 : source[address.row * wordsPerRow + word]
                    }
                }
                count = order.count * wordsPerRow
            }
        }
        return IdentifierColumn(words: gathered, wordsPerRow: wordsPerRow)
    }

    private static func gatherLists(
        _ sources: [Column],
        _ order: [RowAddress],
        _ childCount: Int,
        _ merger: TextMerger,
        _ dictionary: TextDictionary
    ) -> ListColumn {
        var offsets: [UInt32] = [0]
        offsets.reserveCapacity(order.count + 1)
        var childOrder: [RowAddress] = []
        let starts = sources.map { source -> [UInt32] in
            if case .list(let column) = source { column.offsets } else { [] }
        }
        withPointers(starts) { starts in
            for address in order {
                let source = starts[address.source]
                if !source.isEmpty {
                    for row in source[address.row]..<source[address.row + 1] {
                        childOrder.append(RowAddress(source: address.source, row: Int(row)))
                    }
                }
                offsets.append(UInt32(childOrder.count))
            }
        }
        let children = (0..<childCount).map { child in
            let columns = sources.map { source -> Column in
                if case .list(let column) = source {
                    column.children[child]
                } else {
                    .absent(rows: 0)
                }
            }
            return gather(columns, childOrder, merger, dictionary)
        }
        return ListColumn(offsets: offsets, children: children)
    }

    /// Runs `body` with direct access to every array, so that inner loops count no references.
    private static func withPointers<Element, Result>(
        _ arrays: [[Element]],
        _ body: ([UnsafeBufferPointer<Element>]) -> Result
    ) -> Result {
        // The arrays are kept alive by `arrays`, and none is changed, until `body` returns.
        withExtendedLifetime(arrays) {
            body(arrays.map { array in array.withUnsafeBufferPointer { $0 } })
        }
    }
}
