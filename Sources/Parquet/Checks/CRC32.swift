// The CRC of gzip (polynomial 0x04c11db7, reflected), which Parquet keeps of every page as it is on disk.

internal import CKernels

/// Computes CRC-32: 64 bytes at a time where the processor can, and eight at a time where it cannot.
enum CRC32 {
    /// `tables[k * 256 + b]`: the CRC of byte `b` followed by `k` zero bytes.
    private static let tables: [UInt32] = {
        var tables = [UInt32](repeating: 0, count: 8 * 256)
        for byte in 0..<256 {
            var crc = UInt32(byte)
            for _ in 0..<8 { crc = crc & 1 != 0 ? crc >> 1 ^ 0xedb8_8320 : crc >> 1 }
            tables[byte] = crc
        }
        for index in 256..<2_048 {
            let shorter = tables[index - 256]
            tables[index] = shorter >> 8 ^ tables[Int(shorter & 0xff)]
        }
        return tables
    }()

    /// The CRC of `bytes` after bytes whose CRC is `previous`.
    static func checksum(_ bytes: UnsafeRawBufferPointer, continuing previous: UInt32 = 0) -> UInt32
    {
        guard let base = bytes.baseAddress else { return previous }
        var register = ~previous
        var folded = (0 as UInt64, 0 as UInt64)
        let count = bytes.count & ~15
        let isFolded = withUnsafeMutableBytes(of: &folded) { folded in
            guard let target = folded.baseAddress?.assumingMemoryBound(to: UInt8.self),
                holdfast_crc32_fold(register, base, count, target)
            else { return false }
            register = through(UnsafeRawBufferPointer(folded), from: 0)
            return true
        }
        let rest = isFolded ? UnsafeRawBufferPointer(rebasing: bytes[count...]) : bytes
        return ~through(rest, from: register)
    }

    /// The register behind `bytes`, over tables.
    static func through(_ bytes: UnsafeRawBufferPointer, from register: UInt32) -> UInt32 {
        tables.withUnsafeBufferPointer { table in
            guard let table = table.baseAddress, let base = bytes.baseAddress else {
                return register
            }
            var crc = register
            var index = 0
            while index + 8 <= bytes.count {
                let word = (base + index).loadUnaligned(as: UInt64.self).littleEndian ^ UInt64(crc)
                let low =
                    table[1_792 + Int(word & 0xff)] ^ table[1_536 + Int(word >> 8 & 0xff)]
                    ^ table[1_280 + Int(word >> 16 & 0xff)] ^ table[1_024 + Int(word >> 24 & 0xff)]
                let high =
                    table[768 + Int(word >> 32 & 0xff)] ^ table[512 + Int(word >> 40 & 0xff)]
                    ^ table[256 + Int(word >> 48 & 0xff)] ^ table[Int(word >> 56)]
                crc = low ^ high
                index += 8
            }
            while index < bytes.count {
                crc = crc >> 8 ^ table[Int((crc ^ UInt32(bytes[index])) & 0xff)]
                index += 1
            }
            return crc
        }
    }
}
