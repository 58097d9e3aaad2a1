// An entry on disk. Numbers are little-endian.
//
//   0  u8   format (2)
//   1  u8   0
//   2  u16  number of tags
//   4  u32  idle time in milliseconds, 0 for none
//   8  u64  checksum of the key and of everything from byte 16 on, seeded with bytes 0..<8
//  16  u64  stamp: the epoch at which the value's load began
//  24  u64  written, 32 fresh until, 40 deadline: nanoseconds since 1970, all ones for never
//  48       for each tag: u16 length, bytes; then the value to the end
//
// A record whose format, checksum or lengths are wrong is treated as absent.

/// An entry of the persistent tier.
@usableFromInline
struct Record {
    @usableFromInline var stamp: UInt64
    @usableFromInline var written: UInt64
    @usableFromInline var freshUntil: UInt64
    @usableFromInline var deadline: UInt64
    @usableFromInline var idleMilliseconds: UInt32
    /// Empty when there is none; a tag is not.
    @usableFromInline var firstTag: String
    @usableFromInline var moreTags: [String]
    @usableFromInline var value: [UInt8]

    static let format: UInt8 = 2
    private static let headerByteCount = 48

    /// All tags.
    @usableFromInline var tags: [String] { firstTag.isEmpty ? [] : [firstTag] + moreTags }

    /// The record as bytes; tags are valid, hence at most 256 bytes each.
    func bytes(for key: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = []
        let tags = tags
        let tagBytes = tags.reduce(0) { $0 + 2 + $1.utf8.count }
        bytes.reserveCapacity(Self.headerByteCount + tagBytes + value.count)
        bytes.append(Self.format)
        bytes.append(0)
        bytes.append(littleEndian: UInt16(clamping: tags.count))
        bytes.append(littleEndian: idleMilliseconds)
        bytes.append(littleEndian: UInt64(0))
        for number in [stamp, written, freshUntil, deadline] { bytes.append(littleEndian: number) }
        for tag in tags {
            bytes.append(littleEndian: UInt16(clamping: tag.utf8.count))
            bytes.append(contentsOf: tag.utf8)
        }
        bytes.append(contentsOf: value)
        let sum = bytes.withUnsafeBytes { Self.checksum(key, $0) }
        withUnsafeBytes(of: sum.littleEndian) { bytes.replaceSubrange(8..<16, with: $0) }
        return bytes
    }

    /// Reads a record back; nil if it is not one, or not this key's.
    init?(_ bytes: UnsafeRawBufferPointer, key: [UInt8]) {
        guard bytes.count >= Self.headerByteCount, bytes[0] == Self.format else { return nil }
        guard Self.number(bytes, 8) == Self.checksum(key, bytes) else { return nil }
        let tagCount = bytes.loadUnaligned(fromByteOffset: 2, as: UInt16.self).littleEndian
        idleMilliseconds = bytes.loadUnaligned(fromByteOffset: 4, as: UInt32.self).littleEndian
        stamp = Self.number(bytes, 16)
        written = Self.number(bytes, 24)
        freshUntil = Self.number(bytes, 32)
        deadline = Self.number(bytes, 40)
        (firstTag, moreTags) = ("", [])
        var offset = Self.headerByteCount
        for number in 0..<tagCount {
            guard let tag = Self.tag(bytes, &offset) else { return nil }
            if number == 0 { firstTag = tag } else { moreTags.append(tag) }
        }
        value = [UInt8](UnsafeRawBufferPointer(rebasing: bytes[offset...]))
    }

    private static func tag(_ bytes: UnsafeRawBufferPointer, _ offset: inout Int) -> String? {
        guard bytes.count - offset >= 2 else { return nil }
        let length = Int(bytes.loadUnaligned(fromByteOffset: offset, as: UInt16.self).littleEndian)
        guard length > 0, bytes.count - offset - 2 >= length else { return nil }
        let end = offset + 2 + length
        defer { offset = end }
        return String(
            decoding: UnsafeRawBufferPointer(rebasing: bytes[offset + 2..<end]),
            as: UTF8.self
        )
    }

    init(
        stamp: UInt64,
        written: UInt64,
        freshUntil: UInt64,
        deadline: UInt64,
        idleMilliseconds: UInt32,
        tags: [String],
        value: [UInt8]
    ) {
        self.stamp = stamp
        self.written = written
        self.freshUntil = freshUntil
        self.deadline = deadline
        self.idleMilliseconds = idleMilliseconds
        firstTag = tags.first ?? ""
        moreTags = Array(tags.dropFirst())
        self.value = value
    }

    /// How long the entry lives on the monotonic clock.
    @usableFromInline
    func lifetime(now: UInt64, wallNow: UInt64) -> Lifetime {
        func monotonic(_ time: UInt64) -> UInt64 {
            time == .max ? .max : now.addingClamped(time - min(time, wallNow))
        }
        return Lifetime(
            freshUntil: monotonic(freshUntil),
            deadline: monotonic(deadline),
            idleMilliseconds: idleMilliseconds
        )
    }

    /// When a record was written and goes, without reading the rest; nil if it is too short.
    static func times(_ bytes: UnsafeRawBufferPointer) -> (written: UInt64, deadline: UInt64)? {
        guard bytes.count >= headerByteCount else { return nil }
        return (number(bytes, 24), number(bytes, 40))
    }

    /// What an entry takes in the file, roughly: LMDB puts values above half a page into pages of
    /// their own.
    static func fileByteCount(key: [UInt8], byteCount: Int) -> Int {
        let node = key.count + byteCount + 16
        return node <= 2000 ? node * 3 / 2 : key.count * 2 + (byteCount + 16 + 4095) / 4096 * 4096
    }

    private static func number(_ bytes: UnsafeRawBufferPointer, _ offset: Int) -> UInt64 {
        bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self).littleEndian
    }

    private static func checksum(_ key: [UInt8], _ bytes: UnsafeRawBufferPointer) -> UInt64 {
        let rest = UnsafeRawBufferPointer(rebasing: bytes[16...])
        return Checksum.of(
            rest,
            seed: key.withUnsafeBytes { Checksum.of($0, seed: number(bytes, 0)) }
        )
    }
}

/// A fast checksum against damage, not against forgery.
enum Checksum {
    @inline(__always)
    private static func fold(_ one: UInt64, _ other: UInt64) -> UInt64 {
        let product = one.multipliedFullWidth(by: other)
        return product.high ^ product.low
    }

    /// Folds 16 bytes into a sum.
    @inline(__always)
    private static func fold(_ sum: UInt64, _ bytes: UnsafeRawPointer) -> UInt64 {
        let one = bytes.loadUnaligned(as: UInt64.self).littleEndian
        let other = bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self).littleEndian
        return fold(sum ^ one, other ^ 0xE703_7ED1_A0B4_28DB)
    }

    static func of(_ bytes: UnsafeRawBufferPointer, seed: UInt64) -> UInt64 {
        var sum = seed ^ 0xA076_1D64_78BD_642F
        guard var position = bytes.baseAddress else { return finished(sum, 0) }
        var left = bytes.count
        if left >= 64 {
            // Four sums beside each other, since one has to wait for each of its multiplications.
            var (second, third, fourth) = (~sum, sum &+ 1, sum &* 3)
            while left >= 64 {
                sum = fold(sum, position)
                second = fold(second, position + 16)
                third = fold(third, position + 32)
                fourth = fold(fourth, position + 48)
                position += 64
                left &-= 64
            }
            sum = fold(fold(sum, second), fold(third, fourth) ^ 0xC2B2_AE3D_27D4_EB4F)
        }
        while left >= 16 {
            sum = fold(sum, position)
            position += 16
            left &-= 16
        }
        if left > 0 {
            let low = min(left, 8)
            let (one, other) = (number(position, low), number(position + low, left &- low))
            sum = fold(sum ^ one, other ^ 0x8EBC_6AF0_9C88_C6E3)
        }
        return finished(sum, bytes.count)
    }

    /// The number that up to eight bytes make.
    @inline(__always)
    private static func number(_ bytes: UnsafeRawPointer, _ count: Int) -> UInt64 {
        if count == 8 { return bytes.loadUnaligned(as: UInt64.self).littleEndian }
        var number: UInt64 = 0
        for offset in 0..<count {
            number = number << 8 | UInt64(bytes.load(fromByteOffset: offset, as: UInt8.self))
        }
        return number
    }

    private static func finished(_ sum: UInt64, _ count: Int) -> UInt64 {
        fold(sum ^ UInt64(count), 0x5899_65CC_7537_4CC3)
    }
}

extension [UInt8] {
    mutating func append(littleEndian number: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: number.littleEndian) { append(contentsOf: $0) }
    }

    /// The number in the first eight bytes; nil if there are other than eight.
    var asNumber: UInt64? {
        guard count == 8 else { return nil }
        return withUnsafeBytes { $0.loadUnaligned(as: UInt64.self).littleEndian }
    }
}
