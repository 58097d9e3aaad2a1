/// Reads untrusted bytes in order.
///
/// `Limits.padding` bytes after the end may be loaded, so kernels need
/// no narrow loads at the end.
struct ByteCursor {
    let base: UnsafeRawPointer
    let end: Int
    private(set) var position = 0

    init(base: UnsafeRawPointer, count: Int) {
        self.base = base
        self.end = count
    }

    var remaining: Int { end - position }
    var pointer: UnsafeRawPointer { base + position }
    /// The bytes not yet taken.
    var rest: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: pointer, count: remaining) }

    /// The position before `count` bytes, which are skipped.
    mutating func take(_ count: Int) throws -> UnsafeRawPointer {
        guard count >= 0, count <= remaining else {
            throw Damage.truncated("\(count) bytes expected, \(remaining) left", offset: position)
        }
        defer { position += count }
        return base + position
    }

    mutating func byte() throws -> UInt8 { try take(1).load(as: UInt8.self) }

    mutating func uint32() throws -> UInt32 {
        UInt32(littleEndian: try take(4).loadUnaligned(as: UInt32.self))
    }

    mutating func varint() throws -> UInt64 {
        var result: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            let byte = try byte()
            if shift == 63, byte > 1 { break }
            result |= UInt64(byte & 0x7f) << shift
            if byte < 0x80 { return result }
            shift += 7
            if shift > 63 { break }
        }
        throw Damage.damaged("a varint is longer than 64 bits", offset: position)
    }

    mutating func zigzag() throws -> Int64 {
        let value = try varint()
        return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
    }

    /// The next `count` bytes as a cursor of their own.
    mutating func slice(_ count: Int) throws -> ByteCursor {
        ByteCursor(base: try take(count), count: count)
    }

    func expectEnd() throws {
        guard remaining == 0 else {
            throw Damage.damaged("\(remaining) bytes too many", offset: position)
        }
    }
}
