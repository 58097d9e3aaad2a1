// Thrift's compact protocol (see ThriftCompactWriter.swift) from untrusted bytes: every count is bounded by
// the bytes that are left, nesting by `Limits.thriftDepth`, unknown fields are skipped.

/// Reads compact protocol structures.
struct ThriftCompactReader {
    private var cursor: ByteCursor
    /// The type of the field or element being read.
    private var type: UInt8 = ThriftType.structure
    private var depth = 0

    init(_ cursor: ByteCursor) { self.cursor = cursor }

    var position: Int { cursor.position }

    /// Reads a structure; `field` reads field `id` and returns true, or returns false to skip it.
    mutating func structure(_ field: (inout Self, Int) throws -> Bool) throws {
        try expect(type == ThriftType.structure, "a structure")
        try deeper()
        var lastID = 0
        while true {
            let header = try cursor.byte()
            if header == 0 { break }
            let fieldType = header & 0x0f
            let delta = Int(header >> 4)
            if delta != 0 {
                lastID += delta
            } else {
                let id = try cursor.zigzag()
                guard id >= Int64(Int16.min), id <= Int64(Int16.max) else {
                    throw wrong("a field id")
                }
                lastID = Int(id)
            }
            guard lastID <= Int(Int16.max) else { throw wrong("a field id") }
            type = fieldType
            if !(try field(&self, lastID)) {
                type = fieldType
                try skip()
            }
        }
        depth -= 1
    }

    mutating func bool() throws -> Bool {
        try expect(type == ThriftType.yes || type == ThriftType.no, "a boolean")
        return type == ThriftType.yes
    }

    mutating func int() throws -> Int {
        switch type {
        case ThriftType.int16, ThriftType.int32, ThriftType.int64: return Int(try cursor.zigzag())
        case ThriftType.byte: return Int(Int8(bitPattern: try cursor.byte()))
        default: throw wrong("an integer")
        }
    }

    /// An integer that counts or locates something.
    mutating func natural() throws -> Int {
        let value = try int()
        guard value >= 0 else { throw wrong("a number that is not negative") }
        return value
    }

    mutating func binary() throws -> [UInt8] {
        try expect(type == ThriftType.binary, "bytes")
        let count = try bounded(try cursor.varint())
        return [UInt8](UnsafeRawBufferPointer(start: try cursor.take(count), count: count))
    }

    mutating func string() throws -> String {
        try expect(type == ThriftType.binary, "text")
        let count = try bounded(try cursor.varint())
        let bytes = UnsafeRawBufferPointer(start: try cursor.take(count), count: count)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Reads a list; `element` is called once per element and must read it.
    mutating func list(_ element: (inout Self) throws -> Void) throws {
        try expect(type == ThriftType.list || type == ThriftType.set, "a list")
        let (count, elementType) = try listHeader()
        try deeper()
        for _ in 0..<count {
            type = elementType
            if elementType == ThriftType.yes || elementType == ThriftType.no {
                type = try cursor.byte() == ThriftType.yes ? ThriftType.yes : ThriftType.no
            }
            try element(&self)
        }
        depth -= 1
    }

    private mutating func listHeader() throws -> (count: Int, type: UInt8) {
        let header = try cursor.byte()
        let short = Int(header >> 4)
        // Every element takes at least one byte, so the bytes left bound the count.
        let count = try bounded(short == 15 ? try cursor.varint() : UInt64(short))
        return (count, header & 0x0f)
    }

    private mutating func skip() throws {
        switch type {
        case ThriftType.yes, ThriftType.no: break
        case ThriftType.byte: _ = try cursor.take(1)
        case ThriftType.int16, ThriftType.int32, ThriftType.int64: _ = try cursor.varint()
        case ThriftType.double: _ = try cursor.take(8)
        case ThriftType.uuid: _ = try cursor.take(16)
        case ThriftType.binary: _ = try cursor.take(try bounded(try cursor.varint()))
        case ThriftType.list, ThriftType.set:
            let (count, elementType) = try listHeader()
            try skip(count, [elementType])
        case ThriftType.map:
            let count = try bounded(try cursor.varint())
            guard count > 0 else { return }
            let types = try cursor.byte()
            try skip(count, [types >> 4, types & 0x0f])
        case ThriftType.structure: try structure { _, _ in false }
        default: throw wrong("a known type")
        }
    }

    private mutating func skip(_ count: Int, _ types: [UInt8]) throws {
        try deeper()
        for _ in 0..<count {
            for elementType in types {
                if elementType == ThriftType.yes || elementType == ThriftType.no {
                    _ = try cursor.take(1)
                } else {
                    type = elementType
                    try skip()
                }
            }
        }
        depth -= 1
    }

    private mutating func deeper() throws {
        depth += 1
        try expect(depth <= Limits.thriftDepth, "less nesting")
    }

    private func bounded(_ count: UInt64) throws -> Int {
        guard count <= UInt64(cursor.remaining) else {
            throw Damage.truncated("metadata claims \(count) elements", offset: cursor.position)
        }
        return Int(count)
    }

    private func expect(_ condition: Bool, _ what: String) throws {
        if !condition { throw wrong(what) }
    }

    private func wrong(_ what: String) -> Damage {
        .damaged("metadata lacks \(what)", offset: cursor.position)
    }
}
