// A split-block bloom filter, as in the Parquet specification.
//
// header (Thrift: bytes, BLOCK, XXHASH, UNCOMPRESSED) | blocks of 256 bits = 8 little-endian u32 lanes
// block = ((hash >> 32) * blocks) >> 32; in it, lane i has bit (u32(hash) * salt[i]) >> 27 set

/// A set of hashes that may answer yes wrongly and never no wrongly.
struct BloomFilter: Sendable {
    private(set) var lanes: [UInt32]

    private static let salts: SIMD8<UInt32> = [
        0x47b6_137b, 0x4497_4d91, 0x8824_ad5b, 0xa2b7_289d,
        0x7054_95c7, 0x2df1_424b, 0x9efc_4947, 0x5c6b_fb31,
    ]

    /// An empty filter of about 11.5 bits a value, which says yes wrongly for one value in 200.
    init(distinctCount: Int) {
        let bytes = min(distinctCount * 23 / 16, Limits.bloomByteCount)
        lanes = [UInt32](repeating: 0, count: max(bytes / 32 + 1, 1) * 8)
    }

    init(lanes: [UInt32]) {
        precondition(lanes.count >= 8 && lanes.count % 8 == 0, "whole blocks")
        self.lanes = lanes
    }

    var byteCount: Int { lanes.count * 4 }

    private static func mask(_ hash: UInt64) -> SIMD8<UInt32> {
        let key = SIMD8<UInt32>(repeating: UInt32(truncatingIfNeeded: hash))
        return SIMD8<UInt32>(repeating: 1) &<< ((key &* salts) &>> 27)
    }

    private func block(_ hash: UInt64) -> Int {
        Int(((hash >> 32) * UInt64(lanes.count / 8)) >> 32)
    }

    mutating func insert(_ hashes: UnsafeBufferPointer<UInt64>) {
        let count = UInt64(lanes.count / 8)
        lanes.withUnsafeMutableBytes { lanes in
            for hash in hashes {
                let offset = Int(((hash >> 32) * count) >> 32) * 32
                let old = lanes.loadUnaligned(fromByteOffset: offset, as: SIMD8<UInt32>.self)
                lanes.storeBytes(
                    of: old | Self.mask(hash),
                    toByteOffset: offset,
                    as: SIMD8<UInt32>.self
                )
            }
        }
    }

    func mayContain(_ hash: UInt64) -> Bool {
        let mask = Self.mask(hash)
        let start = block(hash) * 8
        for lane in 0..<8 where lanes[start + lane] & mask[lane] == 0 { return false }
        return true
    }

    /// The filter as it is on disk.
    func serialized() -> [UInt8] {
        var writer = ThriftCompactWriter()
        writer.element {
            $0.int32(1, byteCount)
            for id in 2...4 { $0.structure(id) { $0.structure(1) { _ in } } }
        }
        return lanes.withUnsafeBytes { writer.bytes + $0 }
    }

    /// Reads what `serialized` wrote.
    init(serialized bytes: [UInt8]) throws {
        lanes = try bytes.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress else {
                throw Damage.truncated("an empty bloom filter")
            }
            var reader = ThriftCompactReader(ByteCursor(base: base, count: bytes.count))
            var byteCount = 0
            var isKnown = true
            try reader.structure { reader, id in
                if id == 1 { byteCount = try reader.natural() }
                guard id >= 2, id <= 4 else { return id == 1 }
                var member = 0
                try reader.structure { _, id in
                    member = id
                    return false
                }
                if member != 1 { isKnown = false }
                return true
            }
            guard isKnown else { throw Damage.unsupported("an unknown kind of bloom filter") }
            guard byteCount >= 32, byteCount % 32 == 0, byteCount <= Limits.bloomByteCount + 32,
                byteCount <= bytes.count - reader.position
            else { throw Damage.damaged("a bloom filter of \(byteCount) bytes") }
            let start = reader.position
            return (0..<byteCount / 4).map {
                bytes.loadUnaligned(fromByteOffset: start + $0 * 4, as: UInt32.self).littleEndian
            }
        }
    }
}
