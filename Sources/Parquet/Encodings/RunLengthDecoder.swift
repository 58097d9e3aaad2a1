// Reads what RunLengthEncoder.swift describes, in any bit width, from untrusted bytes that are followed by
// `Limits.padding` readable ones.

/// Reads runs.
enum RunLengthDecoder {
    /// Reads `count` codes of `width` bits.
    static func codes(
        _ input: inout ByteCursor,
        width: Int,
        count: Int,
        into output: UnsafeMutablePointer<UInt32>
    ) throws {
        guard width >= 0, width <= 32 else { throw Damage.damaged("codes of \(width) bits") }
        var done = 0
        while done < count {
            let header = try input.varint()
            if header & 1 == 0 {
                let length = try run(header >> 1, count - done)
                let value = try self.value(&input, width)
                (output + done).update(repeating: value, count: length)
                done += length
            } else {
                let length = try packed(header >> 1, count - done)
                let source = try bytes(&input, groups: header >> 1, width: width, used: length)
                unpack(source, width, length, output + done)
                done += length
            }
        }
    }

    /// Reads `count` levels, none above `max`.
    ///
    /// - Returns: the level when there is one run of it, and nothing was written to `output`; nil otherwise.
    static func levels(
        _ input: inout ByteCursor,
        max: Int,
        count: Int,
        into output: UnsafeMutablePointer<UInt8>
    ) throws -> UInt8? {
        let width = Int.bitWidth - max.leadingZeroBitCount
        var done = 0
        while done < count {
            let header = try input.varint()
            if header & 1 == 0 {
                let length = try run(header >> 1, count - done)
                let value = try self.value(&input, width)
                guard value <= max else { throw Damage.damaged("a level above \(max)") }
                if length == count { return UInt8(value) }
                (output + done).update(repeating: UInt8(value), count: length)
                done += length
            } else {
                let length = try packed(header >> 1, count - done)
                let source = try bytes(&input, groups: header >> 1, width: width, used: length)
                if width == 1 {
                    unpackBits(source, length, output + done)
                } else {
                    try unpackLevels(source, width, length, max, output + done)
                }
                done += length
            }
        }
        return nil
    }

    private static func run(_ length: UInt64, _ left: Int) throws -> Int {
        guard length > 0, length <= UInt64(left) else {
            throw Damage.damaged("a run of \(length) where \(left) values are left")
        }
        return Int(length)
    }

    private static func packed(_ groups: UInt64, _ left: Int) throws -> Int {
        guard groups > 0 else { throw Damage.damaged("an empty run") }
        return groups > UInt64(left / 8) ? left : Int(groups) * 8
    }

    private static func value(_ input: inout ByteCursor, _ width: Int) throws -> UInt32 {
        let source = try input.take((width + 7) / 8)
        let value = source.loadUnaligned(as: UInt32.self).littleEndian
        let valid = value & mask(((width + 7) / 8) * 8)
        guard valid <= mask(width) else {
            throw Damage.damaged("a value of more than \(width) bits")
        }
        return valid
    }

    /// The bytes of a packed run; some writers cut the last one short.
    private static func bytes(
        _ input: inout ByteCursor,
        groups: UInt64,
        width: Int,
        used: Int
    ) throws -> UnsafeRawPointer {
        let needed = (used * width + 7) / 8
        guard needed <= input.remaining else {
            throw Damage.truncated("a run of \(used) values ends early", offset: input.position)
        }
        let whole = groups.multipliedReportingOverflow(by: UInt64(width))
        let taken =
            whole.overflow || whole.partialValue > UInt64(input.remaining)
            ? input.remaining : Int(whole.partialValue)
        return try input.take(taken)
    }

    private static func mask(_ width: Int) -> UInt32 {
        width >= 32 ? .max : (1 << UInt32(width)) - 1
    }

    private static func unpack(
        _ source: UnsafeRawPointer,
        _ width: Int,
        _ count: Int,
        _ output: UnsafeMutablePointer<UInt32>
    ) {
        switch width {
        case 8:
            let bytes = source.assumingMemoryBound(to: UInt8.self)
            for index in 0..<count { output[index] = UInt32(bytes[index]) }
        case 16:
            for index in 0..<count {
                let code = source.loadUnaligned(fromByteOffset: index &* 2, as: UInt16.self)
                output[index] = UInt32(code.littleEndian)
            }
        case 24, 32:
            let step = width / 8
            let mask = mask(width)
            for index in 0..<count {
                let code = source.loadUnaligned(fromByteOffset: index &* step, as: UInt32.self)
                output[index] = code.littleEndian & mask
            }
        default:
            let mask = UInt64(mask(width))
            for index in 0..<count {
                let bit = index &* width
                let word = source.loadUnaligned(fromByteOffset: bit &>> 3, as: UInt64.self)
                let value = (word.littleEndian &>> UInt64(bit & 7)) & mask
                output[index] = UInt32(truncatingIfNeeded: value)
            }
        }
    }

    private static func unpackBits(
        _ source: UnsafeRawPointer,
        _ count: Int,
        _ output: UnsafeMutablePointer<UInt8>
    ) {
        var index = 0
        while index + 8 <= count {
            let bits = UInt64(source.load(fromByteOffset: index &>> 3, as: UInt8.self))
            // Copies the byte eight times, keeps bit i of copy i, and moves it to the copy's lowest bit.
            let spread = (bits &* 0x0101_0101_0101_0101) & 0x8040_2010_0804_0201
            let levels = ((spread &+ 0x7f7f_7f7f_7f7f_7f7f | spread) &>> 7) & 0x0101_0101_0101_0101
            UnsafeMutableRawPointer(output + index).storeBytes(
                of: levels.littleEndian,
                as: UInt64.self
            )
            index &+= 8
        }
        while index < count {
            let bits = source.load(fromByteOffset: index &>> 3, as: UInt8.self)
            output[index] = bits &>> UInt8(index & 7) & 1
            index &+= 1
        }
    }

    private static func unpackLevels(
        _ source: UnsafeRawPointer,
        _ width: Int,
        _ count: Int,
        _ max: Int,
        _ output: UnsafeMutablePointer<UInt8>
    ) throws {
        let mask = UInt16(mask(width))
        var highest: UInt16 = 0
        for index in 0..<count {
            let bit = index &* width
            let word = source.loadUnaligned(fromByteOffset: bit &>> 3, as: UInt16.self)
            let level = (word.littleEndian &>> UInt16(bit & 7)) & mask
            if level > highest { highest = level }
            output[index] = UInt8(truncatingIfNeeded: level)
        }
        guard highest <= max else { throw Damage.damaged("a level above \(max)") }
    }
}
