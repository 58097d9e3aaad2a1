import Parquet

/// Orders the rows of several sources by a table's sort key and drops those that are another row sent again.
struct RowSorter {
    /// A row with the four words it is compared by.
    private struct Keyed {
        var first: UInt64
        var second: UInt64
        var third: UInt64
        var fourth: UInt64
        var address: RowAddress
    }

    let table: TableDefinition

    /// The addresses of `rows` in sort order, without duplicates.
    ///
    /// - Parameters:
    ///   - sources: all columns of every source.
    ///   - rows: which rows of them.
    /// - Returns: the addresses; of rows with one identity that are equal in every other column, too, only one.
    /// - Complexity: O(n log n) in the number of rows.
    func order(_ sources: [[Column]], _ rows: [RowAddress]) -> [RowAddress] {
        var keyed = rows.map { Keyed(first: 0, second: 0, third: 0, fourth: 0, address: $0) }
        var word = 0
        var identityWords = 0
        for field in table.sortKey {
            let columns = sources.map { $0[field] }
            let width = fill(&keyed, columns, word: word)
            if table.identity.contains(field) { identityWords |= (width == 2 ? 3 : 1) << word }
            word += width
        }
        precondition(word <= 4, "a sort key has at most four words")
        keyed.sort { left, right in
            if left.first != right.first { return left.first < right.first }
            if left.second != right.second { return left.second < right.second }
            if left.third != right.third { return left.third < right.third }
            return left.fourth < right.fourth
        }
        guard !table.identity.isEmpty else { return keyed.map(\.address) }
        let runs = Self.runs(keyed, identityWords)
        if runs.isEmpty { return keyed.map(\.address) }
        return withoutRepeats(keyed.map(\.address), runs, sources)
    }

    /// Where rows of one identity lie next to each other, in order.
    private static func runs(_ keyed: [Keyed], _ identityWords: Int) -> [Range<Int>] {
        var runs: [Range<Int>] = []
        for row in keyed.indices.dropFirst()
        where isSame(keyed[row - 1], keyed[row], identityWords) {
            if let last = runs.last, last.upperBound == row {
                runs[runs.count - 1] = last.lowerBound..<row + 1
            } else {
                runs.append(row - 1..<row + 1)
            }
        }
        return runs
    }

    /// What is kept does not depend on it, only how long that takes for rows that somebody has made up.
    private static let seed = SystemRandom().next()

    /// The rows of `order` without those that equal an earlier one of the same run.
    ///
    /// A run may have any number of rows that all differ, so they are compared by hash first.
    private func withoutRepeats(
        _ order: [RowAddress],
        _ runs: [Range<Int>],
        _ sources: [[Column]]
    ) -> [RowAddress] {
        var hashes = [UInt64](repeating: 0, count: order.count)
        for (source, positions) in Dictionary(grouping: runs.joined(), by: { order[$0].source }) {
            let rows = RowHashes(
                of: positions.map { order[$0].row },
                in: sources[source],
                seed: Self.seed
            )
            for (position, hash) in zip(positions, rows.values) { hashes[position] = hash }
        }
        func areEqual(_ left: RowAddress, _ right: RowAddress) -> Bool {
            sources[left.source].indices.allSatisfy { field in
                sources[left.source][field].isEqual(
                    left.row,
                    sources[right.source][field],
                    right.row
                )
            }
        }
        var result: [RowAddress] = []
        result.reserveCapacity(order.count)
        var next = 0
        for run in runs {
            result += order[next..<run.lowerBound]
            next = run.upperBound
            var kept: [UInt64: [RowAddress]] = [:]
            for position in run {
                let (address, hash) = (order[position], hashes[position])
                if let same = kept[hash], same.contains(where: { areEqual($0, address) }) {
                    continue
                }
                kept[hash, default: []].append(address)
                result.append(address)
            }
        }
        return result + order[next...]
    }

    private static func isSame(_ left: Keyed, _ right: Keyed, _ words: Int) -> Bool {
        (words & 1 == 0 || left.first == right.first)
            && (words & 2 == 0 || left.second == right.second)
            && (words & 4 == 0 || left.third == right.third)
            && (words & 8 == 0 || left.fourth == right.fourth)
    }

    /// Writes the key words of one field; returns how many it takes.
    ///
    /// Rows come in runs of one source, so that each column is opened once a run.
    private func fill(_ keyed: inout [Keyed], _ columns: [Column], word: Int) -> Int {
        var width = 1
        let ranks = textRanks(columns)
        var start = 0
        while start < keyed.count {
            let source = keyed[start].address.source
            var end = start + 1
            while end < keyed.count, keyed[end].address.source == source { end += 1 }
            switch columns[source] {
            case .absent, .list: break
            case .fixed(let column):
                for index in start..<end {
                    let value =
                        UInt64(bitPattern: column.values[keyed[index].address.row]) ^ (1 << 63)
                    Self.set(&keyed[index], word, value)
                }
            case .identifier(let column):
                width = column.wordsPerRow
                for index in start..<end {
                    let first = keyed[index].address.row * width
                    for offset in 0..<width {
                        Self.set(&keyed[index], word + offset, column.words[first + offset])
                    }
                }
            case .text(let column):
                for index in start..<end {
                    let code = column.codes[keyed[index].address.row]
                    if code != TextColumn.null {
                        Self.set(&keyed[index], word, ranks[source][Int(code)] + 1)
                    }
                }
            }
            start = end
        }
        return width
    }

    @inline(__always)
    private static func set(_ row: inout Keyed, _ word: Int, _ value: UInt64) {
        switch word {
        case 0: row.first = value
        case 1: row.second = value
        case 2: row.third = value
        default: row.fourth = value
        }
    }

    /// For each source, the position of each of its codes that is used among all used strings in byte
    /// order.
    private func textRanks(_ columns: [Column]) -> [[UInt64]] {
        var interner = TextInterner(capacity: 256)
        var codes: [[UInt32]] = []
        for column in columns {
            guard case .text(let text) = column else {
                codes.append([])
                continue
            }
            var map = [UInt32](repeating: .max, count: text.dictionary.count)
            for code in text.codes where code != TextColumn.null && map[Int(code)] == .max {
                map[Int(code)] = interner.code(for: text.dictionary[code])
            }
            codes.append(map)
        }
        let dictionary = interner.finish()
        guard dictionary.count > 0 else { return codes.map { _ in [] } }
        let sorted = (0..<UInt32(dictionary.count)).sorted {
            dictionary[$0].lexicographicallyPrecedes(dictionary[$1])
        }
        var rank = [UInt64](repeating: 0, count: dictionary.count)
        for (position, code) in sorted.enumerated() { rank[Int(code)] = UInt64(position) }
        return codes.map { $0.map { $0 == .max ? 0 : rank[Int($0)] } }
    }
}
