// The RLE / bit-packed hybrid of levels and dictionary codes.
//
// repeated run: varint (count << 1)      | the value in ceil(width / 8) bytes
// packed run:   varint (groups << 1 | 1) | groups of 8 values, `width` bits each, lowest bit first
//
// Codes are written with widths of whole bytes and in long packed runs: that is a copy to write, a widening
// load to read, and keeps repetition visible to zstd. Repeated runs are used from 64 equal values on.

/// Writes runs.
enum RunLengthEncoder {
    private static let blockCount = 64

    /// The width of codes below `count`.
    static func width(codeCount: Int) -> Int {
        if codeCount <= 1 { return 1 }
        if codeCount <= 1 << 8 { return 8 }
        if codeCount <= 1 << 16 { return 16 }
        return codeCount <= 1 << 24 ? 24 : 32
    }

    /// `count` times `value`.
    static func run(_ value: UInt32, count: Int, width: Int, into output: inout OutputBuffer) {
        output.appendVarint(UInt64(count) << 1)
        for byte in 0..<(width + 7) / 8 {
            output.append(UInt8(truncatingIfNeeded: value >> UInt32(byte * 8)))
        }
    }

    /// Codes in whole bytes of `width` (or, for width 1, a single repeated zero).
    static func codes(
        _ codes: UnsafePointer<UInt32>,
        count: Int,
        width: Int,
        into output: inout OutputBuffer
    ) {
        var index = 0
        var literalStart = 0
        while index < count {
            let value = codes[index]
            let blockEnd = min(index + blockCount, count)
            guard isUniform(codes, index, blockEnd, value) else {
                index = blockEnd
                continue
            }
            var end = blockEnd
            while end < count, codes[end] == value { end += 1 }
            guard end - index >= blockCount || literalStart == index || width == 1 else { break }
            literals(codes, literalStart..<index, width, &output)
            run(value, count: end - index, width: width, into: &output)
            index = end
            literalStart = end
        }
        literals(codes, literalStart..<count, width, &output)
    }

    @inline(__always)
    private static func isUniform(
        _ codes: UnsafePointer<UInt32>,
        _ start: Int,
        _ end: Int,
        _ value: UInt32
    ) -> Bool {
        guard codes[end - 1] == value else { return false }
        var difference: UInt32 = 0
        for index in start..<end { difference |= codes[index] ^ value }
        return difference == 0
    }

    private static func literals(
        _ codes: UnsafePointer<UInt32>,
        _ range: Range<Int>,
        _ width: Int,
        _ output: inout OutputBuffer
    ) {
        guard !range.isEmpty else { return }
        precondition(width % 8 == 0, "packed codes take whole bytes")
        let groups = (range.count + 7) / 8
        output.appendVarint(UInt64(groups) << 1 | 1)
        let byteCount = groups * width
        let target = output.reserve(byteCount + 8)
        switch width {
        case 8:
            let bytes = target.assumingMemoryBound(to: UInt8.self)
            for index in 0..<range.count {
                bytes[index] = UInt8(truncatingIfNeeded: codes[range.lowerBound &+ index])
            }
        case 16:
            for index in 0..<range.count {
                let code = UInt16(truncatingIfNeeded: codes[range.lowerBound &+ index]).littleEndian
                target.storeBytes(of: code, toByteOffset: index &* 2, as: UInt16.self)
            }
        default:
            let step = width / 8
            for index in 0..<range.count {
                let code = codes[range.lowerBound &+ index].littleEndian
                target.storeBytes(of: code, toByteOffset: index &* step, as: UInt32.self)
            }
        }
        let used = range.count * width / 8
        for index in used..<byteCount {
            target.storeBytes(of: 0, toByteOffset: index, as: UInt8.self)
        }
        output.advance(byteCount)
    }

    /// Bits `range` of a bitmap as values of width 1.
    static func bits(
        _ words: UnsafePointer<UInt64>,
        _ range: Range<Int>,
        into output: inout OutputBuffer
    ) {
        let ones = countOnes(words, range)
        if ones == 0 || ones == range.count {
            return run(ones == 0 ? 0 : 1, count: range.count, width: 1, into: &output)
        }
        let groups = (range.count + 7) / 8
        output.appendVarint(UInt64(groups) << 1 | 1)
        let target = output.reserve(groups)
        for group in 0..<groups {
            let start = range.lowerBound &+ group &* 8
            let word = start &>> 6
            var bits = words[word] &>> UInt64(start & 63)
            if start & 63 > 56, (word + 1) * 64 < range.upperBound {
                bits |= words[word + 1] &<< UInt64(64 - start & 63)
            }
            let left = range.upperBound - start
            if left < 8 { bits &= (1 << UInt64(left)) - 1 }
            target.storeBytes(
                of: UInt8(truncatingIfNeeded: bits),
                toByteOffset: group,
                as: UInt8.self
            )
        }
        output.advance(groups)
    }

    /// How many bits of `range` are set.
    static func countOnes(_ words: UnsafePointer<UInt64>, _ range: Range<Int>) -> Int {
        guard !range.isEmpty else { return 0 }
        let first = range.lowerBound >> 6
        let last = (range.upperBound - 1) >> 6
        var count = 0
        for word in first...last {
            var bits = words[word]
            if word == first { bits &= .max &<< UInt64(range.lowerBound & 63) }
            if word == last, range.upperBound & 63 != 0 {
                bits &= (1 &<< UInt64(range.upperBound & 63)) &- 1
            }
            count += bits.nonzeroBitCount
        }
        return count
    }

    /// Levels of 0, 1 or 2 as values of width 2.
    static func pairs(
        _ levels: UnsafePointer<UInt8>,
        count: Int,
        into output: inout OutputBuffer
    ) {
        var difference: UInt8 = 0
        for index in 0..<count { difference |= levels[index] ^ levels[0] }
        if difference == 0, count > 0 {
            return run(UInt32(levels[0]), count: count, width: 2, into: &output)
        }
        let groups = (count + 7) / 8
        output.appendVarint(UInt64(groups) << 1 | 1)
        let target = output.reserve(groups * 2)
        for byte in 0..<groups * 2 {
            var packed: UInt8 = 0
            for slot in 0..<4 where byte * 4 + slot < count {
                packed |= levels[byte * 4 + slot] << UInt8(slot * 2)
            }
            target.storeBytes(of: packed, toByteOffset: byte, as: UInt8.self)
        }
        output.advance(groups * 2)
    }
}
