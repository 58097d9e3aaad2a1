// Reads the text encodings TextOutput.swift describes, from untrusted bytes.

/// Texts of a page: entry `i` is at `base + offsets[i]`, up to `offsets[i + 1]`.
struct TextPage {
    let base: UnsafeRawPointer
    let offsets: UnsafePointer<UInt32>
    let count: Int

    var byteCount: Int { Int(offsets[count]) }

    /// Reads the texts in `range` as the hexadecimal form of `words` words, each to its place in `output`.
    func identifiers(
        _ words: Int,
        _ range: Range<Int>,
        into output: UnsafeMutablePointer<UInt64>
    ) throws {
        let length = UInt32(words * 16)
        for index in range {
            guard offsets[index &+ 1] &- offsets[index] == length else {
                throw Damage.damaged("an identifier that is not of \(length) digits")
            }
            let text = base + Int(offsets[index])
            for word in 0..<words {
                guard let value = HexText.decode(text + word &* 16) else {
                    throw Damage.damaged("an identifier that is not lower-case hexadecimal")
                }
                output[index &* words &+ word] = value
            }
        }
    }
}

/// Reads texts; the result is valid until the next call.
struct TextInput: ~Copyable {
    private var offsets = Scratch<UInt32>()
    private var lengths = Scratch<Int64>()
    private var built = OutputBuffer()

    mutating func trim(_ byteCountMax: Int) {
        if offsets.capacity * 4 > byteCountMax { offsets = Scratch() }
        if lengths.capacity * 8 > byteCountMax { lengths = Scratch() }
        if built.capacity > byteCountMax { built = OutputBuffer() }
    }

    mutating func plain(_ input: inout ByteCursor, count: Int) throws -> TextPage {
        guard count <= input.remaining / 4 else {
            throw Damage.damaged("\(count) texts in \(input.remaining) bytes")
        }
        built.removeAll()
        let target = built.reserve(input.remaining + Limits.padding)
        let offsets = offsets.require(count + 1)
        offsets[0] = 0
        var used = 0
        for index in 0..<count {
            let length = Int(try input.uint32())
            let text = try input.take(length)
            Self.copy(text, length, target + used)
            used += length
            offsets[index + 1] = UInt32(used)
        }
        return TextPage(
            base: UnsafeRawPointer(target),
            offsets: UnsafePointer(offsets),
            count: count
        )
    }

    mutating func deltaLength(_ input: inout ByteCursor, count: Int) throws -> TextPage {
        let lengths = lengths.require(count + 1)
        try DeltaBinaryPacked.decode(&input, count: count, into: lengths)
        let offsets = offsets.require(count + 1)
        let total = try Self.sum(lengths, count, offsets, limit: input.remaining)
        let base = try input.take(total)
        return TextPage(base: base, offsets: UnsafePointer(offsets), count: count)
    }

    mutating func delta(_ input: inout ByteCursor, count: Int) throws -> TextPage {
        let shared = lengths.require(count * 2 + 2)
        let rest = shared + count
        try DeltaBinaryPacked.decode(&input, count: count, into: shared)
        try DeltaBinaryPacked.decode(&input, count: count, into: rest)
        let offsets = offsets.require(count + 1)
        var previous = 0
        var total = 0
        offsets[0] = 0
        for index in 0..<count {
            guard shared[index] >= 0, shared[index] <= Int64(previous), rest[index] >= 0,
                rest[index] <= Int64(input.remaining)
            else { throw Damage.damaged("a text that shares more than there is") }
            previous = Int(shared[index] &+ rest[index])
            total += previous
            guard total <= Limits.pageByteCount else {
                throw Damage(.valueTooLarge, "a page of more than \(Limits.pageByteCount) bytes")
            }
            offsets[index + 1] = UInt32(total)
        }
        built.removeAll()
        let target = built.reserve(total + Limits.padding)
        for index in 0..<count {
            let start = target + Int(offsets[index])
            let sharedCount = Int(shared[index])
            if sharedCount > 0 {
                Self.copy(target + Int(offsets[index - 1]), sharedCount, start)
            }
            let suffix = try input.take(Int(rest[index]))
            Self.copy(suffix, Int(rest[index]), start + sharedCount)
        }
        return TextPage(
            base: UnsafeRawPointer(target),
            offsets: UnsafePointer(offsets),
            count: count
        )
    }

    /// Copies bytes that are followed, on both sides, by padding.
    @inline(__always)
    private static func copy(
        _ source: UnsafeRawPointer,
        _ count: Int,
        _ target: UnsafeMutableRawPointer
    ) {
        if count > Limits.padding {
            target.copyMemory(from: source, byteCount: count)
        } else if count > 0 {
            let first = source.loadUnaligned(as: SIMD16<UInt8>.self)
            let second = source.loadUnaligned(fromByteOffset: 16, as: SIMD16<UInt8>.self)
            target.storeBytes(of: first, as: SIMD16<UInt8>.self)
            target.storeBytes(of: second, toByteOffset: 16, as: SIMD16<UInt8>.self)
        }
    }

    /// Turns lengths into offsets; the sum is at most `limit`.
    private static func sum(
        _ lengths: UnsafePointer<Int64>,
        _ count: Int,
        _ offsets: UnsafeMutablePointer<UInt32>,
        limit: Int
    ) throws -> Int {
        var total: Int64 = 0
        offsets[0] = 0
        for index in 0..<count {
            guard lengths[index] >= 0, lengths[index] <= Int64(limit) &- total else {
                throw Damage.truncated("texts are longer than their page")
            }
            total &+= lengths[index]
            offsets[index + 1] = UInt32(truncatingIfNeeded: total)
        }
        return Int(total)
    }
}
