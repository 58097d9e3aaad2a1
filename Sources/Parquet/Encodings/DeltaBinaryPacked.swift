// DELTA_BINARY_PACKED: varint 128 | varint 4 | varint count | zigzag first value, then per block of 128 deltas
// zigzag smallest delta | 4 widths, a byte each | per miniblock of 32: delta - smallest, bit-packed
//
// All arithmetic wraps around, in 32 bits for INT32. Miniblocks past the last delta have width 0 and no bytes;
// the last one is padded.

/// Writes and reads integers as differences.
enum DeltaBinaryPacked {
    private static let blockCount = 128
    private static let miniblockCount = 32

    /// Encodes `count` values; differences wrap around in 32 bits if `wrap32`.
    static func encode(
        _ values: UnsafePointer<Int64>,
        count: Int,
        wrap32: Bool,
        into output: inout OutputBuffer
    ) {
        output.appendVarint(UInt64(blockCount))
        output.appendVarint(UInt64(blockCount / miniblockCount))
        output.appendVarint(UInt64(count))
        output.appendZigzag(count > 0 ? values[0] : 0)
        guard count > 1 else { return }
        withUnsafeTemporaryAllocation(of: UInt64.self, capacity: blockCount) { deltas in
            guard let deltas = deltas.baseAddress else { return }
            var start = 1
            while start < count {
                let length = min(blockCount, count - start)
                block(values + start, length, wrap32, deltas, &output)
                start += length
            }
        }
    }

    private static func block(
        _ values: UnsafePointer<Int64>,
        _ count: Int,
        _ wrap32: Bool,
        _ deltas: UnsafeMutablePointer<UInt64>,
        _ output: inout OutputBuffer
    ) {
        var smallest = Int64.max
        if wrap32 {
            for index in 0..<count {
                let delta = Int64(Int32(truncatingIfNeeded: values[index] &- values[index - 1]))
                deltas[index] = UInt64(bitPattern: delta)
                smallest = min(smallest, delta)
            }
        } else {
            for index in 0..<count {
                let delta = values[index] &- values[index - 1]
                deltas[index] = UInt64(bitPattern: delta)
                smallest = min(smallest, delta)
            }
        }
        for index in 0..<count { deltas[index] &-= UInt64(bitPattern: smallest) }
        for index in count..<blockCount { deltas[index] = 0 }
        output.appendZigzag(smallest)
        let miniblocks = blockCount / miniblockCount
        let widths = output.reserve(miniblocks + blockCount * 8 + 8)
        var target = widths + miniblocks
        for miniblock in 0..<miniblocks {
            let start = deltas + miniblock * miniblockCount
            var bits: UInt64 = 0
            for index in 0..<miniblockCount { bits |= start[index] }
            let width = 64 - bits.leadingZeroBitCount
            widths.storeBytes(of: UInt8(width), toByteOffset: miniblock, as: UInt8.self)
            if width > 0 { target = pack(start, width, target) }
        }
        output.advance(target - widths)
    }

    /// Packs one miniblock and returns where it ends.
    private static func pack(
        _ deltas: UnsafePointer<UInt64>,
        _ width: Int,
        _ target: UnsafeMutableRawPointer
    ) -> UnsafeMutableRawPointer {
        var target = target
        var word: UInt64 = 0
        var used = 0
        for index in 0..<miniblockCount {
            let delta = deltas[index]
            word |= delta &<< UInt64(used)
            used &+= width
            if used >= 64 {
                target.storeBytes(of: word.littleEndian, as: UInt64.self)
                target += 8
                used &-= 64
                word = used == 0 ? 0 : delta &>> UInt64(width &- used)
            }
        }
        if used > 0 {
            target.storeBytes(of: word.littleEndian, as: UInt64.self)
            target += used / 8
        }
        return target
    }

    /// Reads values; there must be `count`.
    static func decode(
        _ input: inout ByteCursor,
        count: Int,
        into output: UnsafeMutablePointer<Int64>
    ) throws {
        let blockCount = try input.varint()
        let miniblocks = try input.varint()
        guard blockCount > 0, blockCount <= 1 << 16, blockCount % 128 == 0, miniblocks > 0,
            miniblocks <= 512, blockCount % miniblocks == 0, blockCount / miniblocks % 32 == 0
        else { throw Damage.damaged("differences in odd blocks", offset: input.position) }
        let stored = try input.varint()
        guard stored == UInt64(count) else {
            throw Damage.damaged("\(stored) differences where \(count) values belong")
        }
        var value = try input.zigzag()
        guard count > 0 else { return }
        output[0] = value
        var done = 1
        let miniblockCount = Int(blockCount / miniblocks)
        while done < count {
            let smallest = try input.zigzag()
            let widths = try input.take(Int(miniblocks))
            for miniblock in 0..<Int(miniblocks) where done < count {
                let width = Int(widths.load(fromByteOffset: miniblock, as: UInt8.self))
                guard width <= 64 else { throw Damage.damaged("differences of \(width) bits") }
                let length = min(miniblockCount, count - done)
                // Some writers cut the last miniblock short.
                let whole = miniblockCount * width / 8
                let needed = (length * width + 7) / 8
                let taken =
                    length < miniblockCount ? min(whole, max(needed, input.remaining)) : whole
                let source = try input.take(taken)
                value = unpack(source, width, length, smallest, value, output + done)
                done += length
            }
        }
    }

    /// Unpacks and sums up one miniblock; returns the last value.
    private static func unpack(
        _ source: UnsafeRawPointer,
        _ width: Int,
        _ count: Int,
        _ smallest: Int64,
        _ start: Int64,
        _ output: UnsafeMutablePointer<Int64>
    ) -> Int64 {
        var value = start
        if width == 0 {
            for index in 0..<count {
                value &+= smallest
                output[index] = value
            }
        } else if width <= 57 {
            let mask: UInt64 = (1 &<< UInt64(width)) &- 1
            for index in 0..<count {
                let bit = index &* width
                let word = source.loadUnaligned(fromByteOffset: bit &>> 3, as: UInt64.self)
                let delta = (word.littleEndian &>> UInt64(bit & 7)) & mask
                value = value &+ smallest &+ Int64(bitPattern: delta)
                output[index] = value
            }
        } else {
            let mask: UInt64 = width == 64 ? .max : (1 &<< UInt64(width)) &- 1
            for index in 0..<count {
                let bit = index &* width
                let word = source.loadUnaligned(fromByteOffset: bit &>> 3, as: UInt64.self)
                let next = UInt64(source.load(fromByteOffset: bit &>> 3 &+ 8, as: UInt8.self))
                let shift = UInt64(bit & 7)
                var delta = word.littleEndian &>> shift
                if shift > 0 { delta |= next &<< (64 &- shift) }
                value = value &+ smallest &+ Int64(bitPattern: delta & mask)
                output[index] = value
            }
        }
        return value
    }
}
