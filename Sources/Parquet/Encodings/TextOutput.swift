// PLAIN: u32 little-endian byte count, bytes, for each value. DELTA_LENGTH_BYTE_ARRAY: the byte counts as
// DELTA_BINARY_PACKED, then all bytes. DELTA_BYTE_ARRAY: how many bytes each value shares with the one before, as
// DELTA_BINARY_PACKED, then the rest of each value as DELTA_LENGTH_BYTE_ARRAY.

/// The entries of a dictionary as pointers; code `TextColumn.null` stands for the empty text.
struct TextEntries {
    let bytes: UnsafeRawPointer
    let offsets: UnsafePointer<UInt32>
    let count: Int

    @inline(__always)
    func length(_ code: UInt32) -> Int {
        code == TextColumn.null ? 0 : Int(offsets[Int(code) &+ 1] &- offsets[Int(code)])
    }

    @inline(__always)
    func text(_ code: UInt32) -> UnsafeRawBufferPointer {
        guard code != TextColumn.null else { return UnsafeRawBufferPointer(start: bytes, count: 0) }
        return UnsafeRawBufferPointer(start: bytes + Int(offsets[Int(code)]), count: length(code))
    }

    /// The eight bytes after the first `skipped` ones, which are there, as a number that orders like the
    /// rest of the text, but for ties.
    @inline(__always)
    func prefix(_ code: UInt32, after skipped: Int) -> UInt64 {
        let text = text(code)
        if text.count &- skipped >= 8 {
            return text.loadUnaligned(fromByteOffset: skipped, as: UInt64.self).bigEndian
        }
        var word: UInt64 = 0
        var shift: UInt64 = 56
        for index in skipped..<text.count {
            word |= UInt64(text[index]) &<< shift
            shift &-= 8
        }
        return word
    }

    /// Whether the text of `left` comes before that of `right`.
    func isLess(_ left: UInt32, _ right: UInt32) -> Bool {
        let (left, right) = (text(left), text(right))
        let shared = Self.sharedCount(left, right)
        guard shared < left.count else { return shared < right.count }
        return shared < right.count && left[shared] < right[shared]
    }

    /// How many bytes all of some texts have in common at their start.
    func sharedCount(_ codes: UnsafePointer<UInt32>, _ range: Range<Int>) -> Int {
        guard let first = range.first else { return 0 }
        var shared = text(codes[first])
        for index in range where codes[index] != codes[first] {
            let count = Self.sharedCount(shared, text(codes[index]))
            if count < shared.count { shared = UnsafeRawBufferPointer(rebasing: shared[..<count]) }
            if count == 0 { break }
        }
        return shared.count
    }

    static func sharedCount(
        _ left: UnsafeRawBufferPointer,
        _ right: UnsafeRawBufferPointer
    ) -> Int {
        let count = min(left.count, right.count)
        var index = 0
        while index &+ 8 <= count {
            let difference =
                left.loadUnaligned(fromByteOffset: index, as: UInt64.self).littleEndian
                ^ right.loadUnaligned(fromByteOffset: index, as: UInt64.self).littleEndian
            if difference != 0 { return index &+ difference.trailingZeroBitCount / 8 }
            index &+= 8
        }
        while index < count, left[index] == right[index] { index &+= 1 }
        return index
    }
}

/// Writes text.
enum TextOutput {
    static func encodePlain(
        _ entries: TextEntries,
        _ codes: UnsafePointer<UInt32>,
        count: Int,
        into output: inout OutputBuffer
    ) {
        for index in 0..<count {
            let text = entries.text(codes[index])
            output.append(littleEndian: UInt32(text.count))
            output.append(text)
        }
    }

    static func encodeDeltaLength(
        _ entries: TextEntries,
        _ codes: UnsafePointer<UInt32>,
        count: Int,
        lengths: UnsafeMutablePointer<Int64>,
        into output: inout OutputBuffer
    ) {
        for index in 0..<count { lengths[index] = Int64(entries.length(codes[index])) }
        DeltaBinaryPacked.encode(lengths, count: count, wrap32: true, into: &output)
        var index = 0
        while index < count {
            // Entries that follow each other in the dictionary are copied at once.
            let first = codes[index]
            var last = first
            index += 1
            guard first != TextColumn.null else { continue }
            while index < count, codes[index] == last &+ 1, codes[index] != TextColumn.null {
                last = codes[index]
                index += 1
            }
            let start = Int(entries.offsets[Int(first)])
            let end = Int(entries.offsets[Int(last) + 1])
            output.append(UnsafeRawBufferPointer(start: entries.bytes + start, count: end - start))
        }
    }

    /// Encodes with what neighbours share left out; `lengths` has room for twice `count`.
    static func encodeDelta(
        _ entries: TextEntries,
        _ codes: UnsafePointer<UInt32>,
        count: Int,
        lengths: UnsafeMutablePointer<Int64>,
        into output: inout OutputBuffer
    ) {
        let suffixes = lengths + count
        var previous = UnsafeRawBufferPointer(start: entries.bytes, count: 0)
        for index in 0..<count {
            let text = entries.text(codes[index])
            let shared = TextEntries.sharedCount(previous, text)
            lengths[index] = Int64(shared)
            suffixes[index] = Int64(text.count - shared)
            previous = text
        }
        DeltaBinaryPacked.encode(lengths, count: count, wrap32: true, into: &output)
        DeltaBinaryPacked.encode(suffixes, count: count, wrap32: true, into: &output)
        for index in 0..<count {
            let text = entries.text(codes[index])
            output.append(UnsafeRawBufferPointer(rebasing: text[Int(lengths[index])...]))
        }
    }
}
