// PLAIN: values little-endian back to back, booleans as bits. BYTE_STREAM_SPLIT: the first bytes of all values,
// then the second bytes, and so on.

/// How a 64-bit pattern in memory becomes a value on disk.
enum FixedFormat {
    case bit, int32, uint32, int64, float, double

    init?(_ type: LeafType) {
        switch type {
        case .bool: self = .bit
        case .int32: self = .int32
        case .uint32: self = .uint32
        case .int64, .timestampMicros: self = .int64
        case .float: self = .float
        case .double: self = .double
        case .string, .json, .bytes, .hex: return nil
        }
    }

    /// Bytes a value, except for bits.
    var width: Int { self == .int64 || self == .double ? 8 : 4 }

    var isInteger: Bool { self == .int32 || self == .uint32 || self == .int64 }

    /// The numbers there are, of formats that do not hold all of 64 bits.
    var range: ClosedRange<Int64>? {
        switch self {
        case .int32: Int64(Int32.min)...Int64(Int32.max)
        case .uint32: 0...Int64(UInt32.max)
        case .bit, .int64, .float, .double: nil
        }
    }

    /// The pattern on disk.
    @inline(__always)
    func stored(_ value: Int64) -> UInt64 {
        switch self {
        case .bit: UInt64(bitPattern: value) & 1
        case .int32, .uint32: UInt64(UInt32(truncatingIfNeeded: value))
        case .int64, .double: UInt64(bitPattern: value)
        case .float: UInt64(Float(Double(bitPattern: UInt64(bitPattern: value))).bitPattern)
        }
    }

    /// The pattern in memory.
    @inline(__always)
    func loaded(_ stored: UInt64) -> Int64 {
        switch self {
        case .bit: Int64(bitPattern: stored & 1)
        case .int32: Int64(Int32(truncatingIfNeeded: stored))
        case .uint32: Int64(UInt32(truncatingIfNeeded: stored))
        case .int64, .double: Int64(bitPattern: stored)
        case .float:
            Int64(
                bitPattern: Double(Float(bitPattern: UInt32(truncatingIfNeeded: stored))).bitPattern
            )
        }
    }
}

/// Writes and reads fixed-width values.
enum FixedValues {
    static func encodePlain(
        _ values: UnsafePointer<Int64>,
        count: Int,
        _ format: FixedFormat,
        into output: inout OutputBuffer
    ) {
        switch format {
        case .bit:
            let byteCount = (count + 7) / 8
            let target = output.reserve(byteCount)
            for byte in 0..<byteCount {
                var bits: UInt8 = 0
                for slot in 0..<min(8, count - byte * 8) {
                    bits |= UInt8(truncatingIfNeeded: values[byte * 8 + slot] & 1) &<< UInt8(slot)
                }
                target.storeBytes(of: bits, toByteOffset: byte, as: UInt8.self)
            }
            output.advance(byteCount)
        case .int64, .double:
            let target = output.reserve(count * 8)
            for index in 0..<count {
                target.storeBytes(
                    of: values[index].littleEndian,
                    toByteOffset: index &* 8,
                    as: Int64.self
                )
            }
            output.advance(count * 8)
        case .int32, .uint32, .float:
            let target = output.reserve(count * 4)
            for index in 0..<count {
                let stored = UInt32(truncatingIfNeeded: format.stored(values[index]))
                target.storeBytes(
                    of: stored.littleEndian,
                    toByteOffset: index &* 4,
                    as: UInt32.self
                )
            }
            output.advance(count * 4)
        }
    }

    static func decodePlain(
        _ input: inout ByteCursor,
        count: Int,
        _ format: FixedFormat,
        into output: UnsafeMutablePointer<Int64>
    ) throws {
        switch format {
        case .bit:
            let source = try input.take((count + 7) / 8)
            for index in 0..<count {
                let bits = source.load(fromByteOffset: index &>> 3, as: UInt8.self)
                output[index] = Int64(bits &>> UInt8(index & 7) & 1)
            }
        case .int64, .double:
            let source = try input.take(count * 8)
            for index in 0..<count {
                let word = source.loadUnaligned(fromByteOffset: index &* 8, as: Int64.self)
                output[index] = word.littleEndian
            }
        case .int32, .uint32, .float:
            let source = try input.take(count * 4)
            for index in 0..<count {
                let word = source.loadUnaligned(fromByteOffset: index &* 4, as: UInt32.self)
                output[index] = format.loaded(UInt64(word.littleEndian))
            }
        }
    }

    static func encodeSplit(
        _ values: UnsafePointer<Int64>,
        count: Int,
        _ format: FixedFormat,
        into output: inout OutputBuffer
    ) {
        let width = format.width
        let target = output.reserve(count * width).assumingMemoryBound(to: UInt8.self)
        for index in 0..<count {
            var word = format.stored(values[index])
            for stream in 0..<width {
                target[stream &* count &+ index] = UInt8(truncatingIfNeeded: word)
                word &>>= 8
            }
        }
        output.advance(count * width)
    }

    static func decodeSplit(
        _ input: inout ByteCursor,
        count: Int,
        _ format: FixedFormat,
        into output: UnsafeMutablePointer<Int64>
    ) throws {
        let width = format.width
        let source = try input.take(count * width).assumingMemoryBound(to: UInt8.self)
        for index in 0..<count {
            var word: UInt64 = 0
            for stream in 0..<width {
                word |= UInt64(source[stream &* count &+ index]) &<< UInt64(stream &* 8)
            }
            output[index] = format.loaded(word)
        }
    }
}
