internal import CKernels

/// Finds the texts that contain some bytes, in one pass over all of them.
enum TextSearch {
    /// Where `needle`, which is not empty, stands first in `bytes`.
    static func position(of needle: [UInt8], in bytes: UnsafeRawBufferPointer) -> Int? {
        guard let base = bytes.baseAddress,
            let match = holdfast_find(base, bytes.count, needle, needle.count)
        else { return nil }
        return match - base
    }

    /// Calls `body` with the number of every text that contains `needle`, in order.
    ///
    /// Text `i` is `bytes[offsets[i]..<offsets[i + 1]]`.
    static func forEachMatch(
        of needle: [UInt8],
        in bytes: UnsafeRawBufferPointer,
        _ offsets: UnsafeBufferPointer<UInt32>,
        _ body: (Int) -> Void
    ) {
        var position = 0
        var text = 0
        while let match = self.position(
            of: needle,
            in: UnsafeRawBufferPointer(rebasing: bytes[position...])
        ) {
            let start = position + match
            text = self.text(at: start, offsets, from: text)
            // A match across two texts is none, and so is every later one that begins in the same text.
            position = Int(offsets[text + 1])
            if start + needle.count <= position { body(text) }
        }
    }

    /// The text that holds the byte at `position`, at or behind `first`.
    private static func text(
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

extension TextDictionary {
    /// Which entries contain `needle`, which is not empty; nil when none does.
    func entries(containing needle: [UInt8]) -> [Bool]? {
        var found: [Bool]?
        bytes.withUnsafeBytes { bytes in
            offsets.withUnsafeBufferPointer { offsets in
                TextSearch.forEachMatch(of: needle, in: bytes, offsets) { entry in
                    found = found ?? [Bool](repeating: false, count: count)
                    found?[entry] = true
                }
            }
        }
        return found
    }
}

extension Column {
    /// Those of `rows` whose text contains `needle`, which is not empty, byte for byte; ascending.
    public func rows(containing needle: [UInt8], in rows: Range<Int>) -> [UInt32] {
        precondition(!needle.isEmpty, "something to look for")
        guard case .text(let column) = self,
            let entries = column.dictionary.entries(containing: needle)
        else { return [] }
        return rows.compactMap { row in
            let code = column.codes[row]
            return code != TextColumn.null && entries[Int(code)] ? UInt32(row) : nil
        }
    }
}
