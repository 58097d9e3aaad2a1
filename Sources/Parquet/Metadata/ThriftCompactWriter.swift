// Thrift's compact protocol, as much of it as Parquet's metadata needs.
//
// struct: fields in ascending id order, then byte 0
// field:  one byte (id delta << 4 | type) when the delta is 1...15, else byte type and zigzag varint id
// bool fields have no payload: type 1 is true, 2 is false; in lists a bool is one byte
// i32, i64: zigzag varint; binary: varint length, bytes; list: byte (count << 4 | type), or 0xf0 | type and
// varint count from 15 elements on, then the elements

/// The compact protocol's type codes.
enum ThriftType {
    static let yes: UInt8 = 1
    static let no: UInt8 = 2
    static let byte: UInt8 = 3
    static let int16: UInt8 = 4
    static let int32: UInt8 = 5
    static let int64: UInt8 = 6
    static let double: UInt8 = 7
    static let binary: UInt8 = 8
    static let list: UInt8 = 9
    static let set: UInt8 = 10
    static let map: UInt8 = 11
    static let structure: UInt8 = 12
    static let uuid: UInt8 = 13
}

/// Writes compact protocol structures.
struct ThriftCompactWriter {
    private(set) var bytes: [UInt8] = []
    private var lastID = 0

    mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
        lastID = 0
    }

    /// Field `id` as a structure filled by `body`.
    mutating func structure(_ id: Int, _ body: (inout Self) -> Void) {
        header(id, ThriftType.structure)
        element(body)
    }

    /// A structure without a field header: the outermost one, or an element of a list.
    mutating func element(_ body: (inout Self) -> Void) {
        let outer = lastID
        lastID = 0
        body(&self)
        bytes.append(0)
        lastID = outer
    }

    mutating func bool(_ id: Int, _ value: Bool) {
        header(id, value ? ThriftType.yes : ThriftType.no)
    }

    mutating func byte(_ id: Int, _ value: Int8) {
        header(id, ThriftType.byte)
        bytes.append(UInt8(bitPattern: value))
    }

    mutating func int16(_ id: Int, _ value: Int) {
        header(id, ThriftType.int16)
        zigzag(value)
    }

    mutating func int32(_ id: Int, _ value: Int) {
        header(id, ThriftType.int32)
        zigzag(value)
    }

    mutating func int64(_ id: Int, _ value: Int) {
        header(id, ThriftType.int64)
        zigzag(value)
    }

    mutating func binary(_ id: Int, _ value: some Collection<UInt8>) {
        header(id, ThriftType.binary)
        binaryElement(value)
    }

    mutating func string(_ id: Int, _ value: String) { binary(id, value.utf8) }

    /// Field `id` as a list; `body` writes the elements.
    mutating func list(_ id: Int, of type: UInt8, count: Int, _ body: (inout Self) -> Void) {
        header(id, ThriftType.list)
        if count < 15 {
            bytes.append(UInt8(count) << 4 | type)
        } else {
            bytes.append(0xf0 | type)
            varint(UInt64(count))
        }
        body(&self)
    }

    mutating func binaryElement(_ value: some Collection<UInt8>) {
        varint(UInt64(value.count))
        bytes.append(contentsOf: value)
    }

    mutating func intElement(_ value: Int) { zigzag(value) }

    mutating func boolElement(_ value: Bool) {
        bytes.append(value ? ThriftType.yes : ThriftType.no)
    }

    private mutating func header(_ id: Int, _ type: UInt8) {
        let delta = id - lastID
        if delta > 0, delta <= 15 {
            bytes.append(UInt8(delta) << 4 | type)
        } else {
            bytes.append(type)
            zigzag(id)
        }
        lastID = id
    }

    private mutating func zigzag(_ value: Int) {
        varint(UInt64(bitPattern: Int64((value << 1) ^ (value >> 63))))
    }

    private mutating func varint(_ value: UInt64) {
        var value = value
        while value >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: value) | 0x80)
            value >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: value))
    }
}
