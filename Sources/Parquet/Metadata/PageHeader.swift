// Page: Thrift PageHeader | compressed bytes. The CRC covers the compressed bytes.
//
// header: 1 kind, 2 uncompressed size, 3 compressed size, 4 CRC, 5 data {1 values, 2 encoding, 3 and 4 level
// encodings}, 7 dictionary {1 values, 2 encoding}

/// The format's page kinds.
enum PageKind {
    static let data = 0
    static let index = 1
    static let dictionary = 2
    static let data2 = 3
}

/// What stands before a page.
struct PageHeader {
    var kind = -1
    var uncompressedByteCount = 0
    var compressedByteCount = 0
    var crc: UInt32?
    var valueCount = 0
    var encoding = -1
    /// Bytes of the header itself.
    var byteCount = 0

    init() {}

    func write(to writer: inout ThriftCompactWriter) {
        writer.removeAll()
        writer.element { header in
            header.int32(1, kind)
            header.int32(2, uncompressedByteCount)
            header.int32(3, compressedByteCount)
            if let crc { header.int32(4, Int(Int32(bitPattern: crc))) }
            if kind == PageKind.data {
                header.structure(5) {
                    $0.int32(1, valueCount)
                    $0.int32(2, encoding)
                    $0.int32(3, EncodingCode.rle.rawValue)
                    $0.int32(4, EncodingCode.rle.rawValue)
                }
            } else {
                header.structure(7) {
                    $0.int32(1, valueCount)
                    $0.int32(2, encoding)
                }
            }
        }
    }

    /// Reads the header at the start of `cursor`.
    init(_ cursor: ByteCursor) throws {
        let bounded = ByteCursor(
            base: cursor.pointer,
            count: min(cursor.remaining, Limits.pageHeaderByteCount)
        )
        var reader = ThriftCompactReader(bounded)
        var header = PageHeader()
        var levels = [EncodingCode.rle.rawValue, EncodingCode.rle.rawValue]
        try reader.structure { reader, id in
            switch id {
            case 1: header.kind = try reader.int()
            case 2: header.uncompressedByteCount = try reader.natural()
            case 3: header.compressedByteCount = try reader.natural()
            case 4: header.crc = UInt32(truncatingIfNeeded: try reader.int())
            case 5, 7:
                try reader.structure { reader, member in
                    switch member {
                    case 1: header.valueCount = try reader.natural()
                    case 2: header.encoding = try reader.int()
                    case 3, 4:
                        guard id == 5 else { return false }
                        levels[member - 3] = try reader.int()
                    default: return false
                    }
                    return true
                }
            default: return false
            }
            return true
        }
        guard header.uncompressedByteCount <= Limits.pageByteCount,
            header.compressedByteCount <= Limits.pageByteCount
        else { throw Damage(.valueTooLarge, "a page of \(header.uncompressedByteCount) bytes") }
        guard header.valueCount <= Limits.chunkValueCount else {
            throw Damage(.valueTooLarge, "a page of \(header.valueCount) values")
        }
        if header.kind == PageKind.data, levels != [3, 3] {
            throw Damage.unsupported("levels that are not run-length encoded")
        }
        header.byteCount = reader.position
        self = header
    }
}
