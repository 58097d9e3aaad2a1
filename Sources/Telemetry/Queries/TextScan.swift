import CKernels
import Parquet

extension RowFilter {
    /// Keeps rows where one of the text fields contains `text`, byte for byte.
    mutating func keep(containing text: String, fields: [Int]) throws {
        if isEmpty { return }
        let needle = Array(text.utf8)
        var matching: Set<UInt32> = []
        for field in fields {
            guard case .text(let column) = try chunk.column(field) else { continue }
            let entries = Self.entries(of: column.dictionary, containing: needle)
            if !entries.contains(true) { continue }
            for row in rows {
                let code = column.codes[Int(row)]
                if code != TextColumn.null, entries[Int(code)] { matching.insert(row) }
            }
        }
        keep(only: rows.filter { matching.contains($0) })
    }

    /// Which entries of a dictionary contain `needle`: one search over all of its bytes.
    private static func entries(of dictionary: TextDictionary, containing needle: [UInt8]) -> [Bool]
    {
        var found = [Bool](repeating: false, count: dictionary.count)
        dictionary.bytes.withUnsafeBytes { bytes in
            dictionary.offsets.withUnsafeBufferPointer { offsets in
                guard let base = bytes.baseAddress else { return }
                var position = 0
                var entry = 0
                while position + needle.count <= bytes.count,
                    let match = holdfast_find(
                        base + position,
                        bytes.count - position,
                        needle,
                        needle.count
                    )
                {
                    let start = match - base
                    entry = Self.entry(at: start, offsets, from: entry)
                    let end = Int(offsets[entry + 1])
                    // A match across two entries is none; look on from the next byte.
                    if start + needle.count <= end {
                        found[entry] = true
                        position = end
                    } else {
                        position = start + 1
                    }
                }
            }
        }
        return found
    }

    /// The entry that holds the byte at `position`, at or behind `first`.
    private static func entry(
        at position: Int,
        _ offsets: UnsafeBufferPointer<UInt32>,
        from first: Int
    ) -> Int {
        var low = first
        var high = offsets.count - 1
        while high - low > 1 {
            let middle = (low + high) / 2
            if Int(offsets[middle]) <= position { low = middle } else { high = middle }
        }
        return low
    }
}
