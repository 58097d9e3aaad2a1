// Identifiers as hexadecimal text in the text encodings (see TextOutput.swift). All have the same length, which
// makes lengths one value, and the shared part of neighbours is found in the words.

/// Writes identifiers of `words` words.
struct IdentifierOutput {
    let words: Int
    var digitCount: Int { words * 16 }

    func encodePlain(_ values: UnsafePointer<UInt64>, count: Int, into output: inout OutputBuffer) {
        let step = digitCount + 4
        let target = output.reserve(count * step)
        for index in 0..<count {
            let start = target + index * step
            start.storeBytes(of: UInt32(digitCount).littleEndian, as: UInt32.self)
            for word in 0..<words { store(values[index * words + word], start + 4 + word * 16) }
        }
        output.advance(count * step)
    }

    func encodeDeltaLength(
        _ values: UnsafePointer<UInt64>,
        count: Int,
        lengths: UnsafeMutablePointer<Int64>,
        into output: inout OutputBuffer
    ) {
        lengths.update(repeating: Int64(digitCount), count: count)
        DeltaBinaryPacked.encode(lengths, count: count, wrap32: true, into: &output)
        let target = output.reserve(count * digitCount)
        for index in 0..<count * words { store(values[index], target + index &* 16) }
        output.advance(count * digitCount)
    }

    /// Encodes with what neighbours share left out; `lengths` has room for twice `count`.
    func encodeDelta(
        _ values: UnsafePointer<UInt64>,
        count: Int,
        lengths: UnsafeMutablePointer<Int64>,
        into output: inout OutputBuffer
    ) {
        let suffixes = lengths + count
        for index in 0..<count {
            var shared = 0
            if index > 0 {
                for word in 0..<words {
                    let here = index &* words &+ word
                    let same = (values[here] ^ values[here &- words]).leadingZeroBitCount / 4
                    shared += same
                    if same < 16 { break }
                }
            }
            lengths[index] = Int64(shared)
            suffixes[index] = Int64(digitCount - shared)
        }
        DeltaBinaryPacked.encode(lengths, count: count, wrap32: true, into: &output)
        DeltaBinaryPacked.encode(suffixes, count: count, wrap32: true, into: &output)
        let target = output.reserve(count * digitCount + 64)
        var end = target
        withUnsafeTemporaryAllocation(byteCount: 64, alignment: 8) { text in
            guard let text = text.baseAddress else { return }
            for index in 0..<count {
                let suffix = Int(suffixes[index])
                if suffix == 0 { continue }
                for word in 0..<words { store(values[index * words + word], text + word * 16) }
                end.copyMemory(from: text + Int(lengths[index]), byteCount: suffix)
                end += suffix
            }
        }
        output.advance(end - target)
    }

    @inline(__always)
    private func store(_ word: UInt64, _ target: UnsafeMutableRawPointer) {
        let (first, second) = HexText.encode(word)
        target.storeBytes(of: first, as: UInt64.self)
        target.storeBytes(of: second, toByteOffset: 8, as: UInt64.self)
    }
}
