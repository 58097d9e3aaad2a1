package import Parquet

// What rows say, apart from the form of their columns: a row that has reached a segment says what it said in memory, so
// null is the same as absent, an empty list as none and an identifier of zeros as none, whatever the dictionaries are.

/// Hashes of whole rows by what they say: of equal rows they are equal, on every machine and in every process.
///
/// Cursors carry them, with no seed: another way to hash is another kind of cursor.
package struct RowHashes {
    /// The hash of each row by the columns so far, in the order the rows were given.
    package private(set) var values: [UInt64]
    private let rows: [Int]
    private let seed: UInt64

    /// Hashes of `rows` of columns that are added one by one.
    ///
    /// - Parameters:
    ///   - rows: which rows.
    ///   - seed: one that no sender knows keeps it from choosing rows of one hash.
    package init(of rows: [Int], seed: UInt64 = 0) {
        self.rows = rows
        self.seed = seed
        values = [UInt64](repeating: seed, count: rows.count)
    }

    /// Hashes of `rows` of `columns`.
    package init(of rows: [Int], in columns: some Sequence<Column>, seed: UInt64 = 0) {
        self.init(of: rows, seed: seed)
        for column in columns { add(column) }
    }

    /// Takes the next column in.
    package mutating func add(_ column: Column) {
        switch column {
        case .absent: for index in values.indices { skip(index) }
        case .fixed(let column): add(column)
        case .text(let column): add(column)
        case .identifier(let column): add(column)
        case .list(let column): add(column)
        }
    }

    private mutating func add(_ column: FixedColumn) {
        for (index, row) in rows.enumerated() {
            if column.validity?[row] ?? true {
                take(UInt64(bitPattern: column.values[row]), index)
            } else {
                skip(index)
            }
        }
    }

    private mutating func add(_ column: TextColumn) {
        // Neighbours often say the same.
        var last: (code: UInt32, hash: UInt64)?
        column.dictionary.bytes.withUnsafeBytes { bytes in
            for (index, row) in rows.enumerated() {
                let code = column.codes[row]
                if code == TextColumn.null {
                    skip(index)
                    continue
                }
                if last?.code != code {
                    let start = Int(column.dictionary.offsets[Int(code)])
                    let end = Int(column.dictionary.offsets[Int(code) + 1])
                    let text = UnsafeRawBufferPointer(rebasing: bytes[start..<end])
                    last = (code, XXHash64.hash(text))
                }
                take(last?.hash ?? 0, index)
            }
        }
    }

    private mutating func add(_ column: IdentifierColumn) {
        for (index, row) in rows.enumerated() {
            if column.isNone(row) {
                skip(index)
            } else {
                for word in column.range(row) { take(column.words[word], index) }
            }
        }
    }

    private mutating func add(_ column: ListColumn) {
        var children: [Int] = []
        for row in rows { children += column.children(of: row) }
        let hashes = RowHashes(of: children, in: column.children, seed: seed).values
        var next = 0
        for (index, row) in rows.enumerated() {
            let count = column.children(of: row).count
            if count == 0 { skip(index) }
            for _ in 0..<count {
                take(hashes[next], index)
                next += 1
            }
            if count > 0 { take(UInt64(count), index) }
        }
    }

    /// A value, as XXH64 takes in eight bytes.
    @inline(__always)
    private mutating func take(_ value: UInt64, _ index: Int) {
        let round = Self.rotated(value &* 0xc2b2_ae3d_27d4_eb4f, 31) &* 0x9e37_79b1_85eb_ca87
        values[index] =
            Self.rotated(values[index] ^ round, 27) &* 0x9e37_79b1_85eb_ca87
            &+ 0x85eb_ca77_c2b2_ae63
    }

    /// No value, which is none of the values.
    @inline(__always)
    private mutating func skip(_ index: Int) {
        values[index] =
            Self.rotated(values[index], 23) &* 0xc2b2_ae3d_27d4_eb4f &+ 0x1656_67b1_9e37_79f9
    }

    @inline(__always)
    private static func rotated(_ value: UInt64, _ count: UInt64) -> UInt64 {
        value << count | value >> (64 - count)
    }
}

extension Column {
    /// Whether row `row` says what row `otherRow` of `other`, a column of the same field, says.
    func isEqual(_ row: Int, _ other: Column, _ otherRow: Int) -> Bool {
        switch (self, other) {
        case (.fixed(let left), .fixed(let right)):
            let isThere = left.validity?[row] ?? true
            return isThere == right.validity?[otherRow] ?? true
                && (!isThere || left.values[row] == right.values[otherRow])
        case (.text(let left), .text(let right)):
            let (code, otherCode) = (left.codes[row], right.codes[otherRow])
            if code == TextColumn.null || otherCode == TextColumn.null { return code == otherCode }
            if code == otherCode, left.dictionary === right.dictionary { return true }
            return left.dictionary[code].elementsEqual(right.dictionary[otherCode])
        case (.identifier(let left), .identifier(let right)):
            return left.words[left.range(row)].elementsEqual(right.words[right.range(otherRow)])
        case (.list(let left), .list(let right)):
            let (children, others) = (left.children(of: row), right.children(of: otherRow))
            guard children.count == others.count else { return false }
            return zip(left.children, right.children).allSatisfy { child, other in
                zip(children, others).allSatisfy { child.isEqual($0, other, $1) }
            }
        default: return isNothing(row) && other.isNothing(otherRow)
        }
    }

    private func isNothing(_ row: Int) -> Bool {
        switch self {
        case .absent: true
        case .fixed(let column): !(column.validity?[row] ?? true)
        case .text(let column): column.codes[row] == TextColumn.null
        case .identifier(let column): column.isNone(row)
        case .list(let column): column.children(of: row).isEmpty
        }
    }
}

extension IdentifierColumn {
    @inline(__always)
    fileprivate func range(_ row: Int) -> Range<Int> { row * wordsPerRow..<(row + 1) * wordsPerRow }

    @inline(__always)
    fileprivate func isNone(_ row: Int) -> Bool { range(row).allSatisfy { words[$0] == 0 } }
}

extension ListColumn {
    @inline(__always)
    fileprivate func children(of row: Int) -> Range<Int> {
        Int(offsets[row])..<Int(offsets[row + 1])
    }
}
