// Reads the footer that FileMetadata+Write.swift, or any other writer, wrote. The bytes are untrusted.

extension FileMetadata {
    init(footer: UnsafeRawBufferPointer) throws {
        guard let base = footer.baseAddress else { throw Damage.truncated("an empty footer") }
        var reader = ThriftCompactReader(ByteCursor(base: base, count: footer.count))
        var file = FileMetadata()
        try reader.structure { reader, id in
            switch id {
            case 2:
                try reader.list { file.elements.append(try Self.element(&$0)) }
                guard file.elements.count <= Limits.schemaElementCount else {
                    throw Damage.damaged("a schema of \(file.elements.count) elements")
                }
            case 3: file.rowCount = try reader.natural()
            case 4: try reader.list { file.rowGroups.append(try Self.rowGroup(&$0)) }
            case 5: try reader.list { try file.addKeyValue(&$0) }
            case 6: file.createdBy = try reader.string()
            case 7:
                try reader.list { reader in
                    var isOrdered = false
                    try reader.structure { _, id in
                        isOrdered = id == 1
                        return false
                    }
                    file.orderedLeaves.append(isOrdered)
                }
            default: return false
            }
            return true
        }
        self = file
        let hasCheck = keyValues.contains { $0.key == FooterCheck.key }
        keyValues.removeAll { $0.key == FooterCheck.key }
        if try !FooterCheck.verify(footer),
            hasCheck || createdBy.hasPrefix(WriterOptions.application)
        {
            throw Damage(.checksumMismatch, "the footer's checksum is missing")
        }
    }

    private mutating func addKeyValue(_ reader: inout ThriftCompactReader) throws {
        var key = ""
        var value = ""
        try reader.structure { reader, id in
            switch id {
            case 1: key = try reader.string()
            case 2: value = try reader.string()
            default: return false
            }
            return true
        }
        keyValues.append((key, value))
    }

    private static func element(_ reader: inout ThriftCompactReader) throws -> SchemaElement {
        var element = SchemaElement()
        try reader.structure { reader, id in
            switch id {
            case 1:
                guard let type = PhysicalType(rawValue: try reader.int()) else {
                    throw Damage.damaged("an unknown physical type", offset: reader.position)
                }
                element.physical = type
            case 3:
                guard let repetition = Repetition(rawValue: try reader.int()) else {
                    throw Damage.damaged("an unknown repetition", offset: reader.position)
                }
                element.repetition = repetition
            case 4: element.name = try reader.string()
            case 5: element.childCount = try reader.natural()
            case 6: element.converted = try reader.int()
            case 10: element.logical = try logicalType(&reader)
            default: return false
            }
            return true
        }
        return element
    }

    private static func logicalType(_ reader: inout ThriftCompactReader) throws -> LogicalType {
        var logical = LogicalType.other
        try reader.structure { reader, id in
            switch id {
            case 1: logical = .string
            case 2: logical = .map
            case 3: logical = .list
            case 12: logical = .json
            case 8:
                var isUTC = false
                var isMicros = false
                try reader.structure { reader, id in
                    if id == 1 { isUTC = try reader.bool() }
                    if id == 2 {
                        try reader.structure { _, id in
                            isMicros = id == 2
                            return false
                        }
                    }
                    return id == 1 || id == 2
                }
                logical = .timestamp(isMicros: isMicros, isUTC: isUTC)
                return true
            case 10:
                var bits = 0
                var isSigned = false
                try reader.structure { reader, id in
                    if id == 1 { bits = try reader.int() }
                    if id == 2 { isSigned = try reader.bool() }
                    return id == 1 || id == 2
                }
                logical = .integer(bits: bits, isSigned: isSigned)
                return true
            default: break
            }
            return false
        }
        return logical
    }

    private static func rowGroup(_ reader: inout ThriftCompactReader) throws -> RowGroupMetadata {
        var group = RowGroupMetadata()
        try reader.structure { reader, id in
            switch id {
            case 1: try reader.list { group.chunks.append(try chunk(&$0)) }
            case 2: group.uncompressedByteCount = try reader.natural()
            case 3: group.rowCount = try reader.natural()
            case 4:
                try reader.list { reader in
                    try reader.structure { reader, id in
                        if id == 1 { group.sortingLeaves.append(try reader.natural()) }
                        return id == 1
                    }
                }
            case 6: group.compressedByteCount = try reader.natural()
            default: return false
            }
            return true
        }
        return group
    }

    private static func chunk(_ reader: inout ThriftCompactReader) throws -> ChunkMetadata {
        var chunk = ChunkMetadata()
        var offsets: [Int: Int] = [:]
        var hasMetadata = false
        try reader.structure { reader, id in
            switch id {
            case 1: throw Damage.unsupported("columns in other files")
            case 3:
                hasMetadata = true
                try chunkMetadata(&reader, &chunk)
            case 4...7: offsets[id] = try reader.natural()
            default: return false
            }
            return true
        }
        guard hasMetadata else { throw Damage.unsupported("columns without metadata") }
        if let offset = offsets[4], let count = offsets[5] {
            chunk.offsetIndex = ByteRange(offset: offset, count: count)
        }
        if let offset = offsets[6], let count = offsets[7] {
            chunk.columnIndex = ByteRange(offset: offset, count: count)
        }
        return chunk
    }

    private static func chunkMetadata(
        _ reader: inout ThriftCompactReader,
        _ chunk: inout ChunkMetadata
    ) throws {
        var bloomOffset: Int?
        var bloomCount: Int?
        try reader.structure { reader, id in
            switch id {
            case 1:
                guard let type = PhysicalType(rawValue: try reader.int()) else {
                    throw Damage.damaged("an unknown physical type", offset: reader.position)
                }
                chunk.physical = type
            case 2: try reader.list { chunk.encodings.append(try $0.int()) }
            case 3: try reader.list { chunk.path.append(try $0.string()) }
            case 4: chunk.codec = try reader.int()
            case 5: chunk.valueCount = try reader.natural()
            case 6: chunk.uncompressedByteCount = try reader.natural()
            case 7: chunk.compressedByteCount = try reader.natural()
            case 9: chunk.dataPageOffset = try reader.natural()
            case 11: chunk.dictionaryPageOffset = try reader.natural()
            case 12: chunk.statistics = try statistics(&reader)
            case 13: chunk.dictionaryDataPageCount = try dictionaryPages(&reader)
            case 14: bloomOffset = try reader.natural()
            case 15: bloomCount = try reader.natural()
            default: return false
            }
            return true
        }
        if let bloomOffset {
            chunk.bloomFilter = ByteRange(offset: bloomOffset, count: bloomCount ?? 0)
        }
    }

    private static func dictionaryPages(_ reader: inout ThriftCompactReader) throws -> Int? {
        var result: Int?
        try reader.list { reader in
            var encoding = 0
            var count = 0
            try reader.structure { reader, id in
                if id == 2 { encoding = try reader.int() }
                if id == 3 { count = try reader.int() }
                return id == 2 || id == 3
            }
            if encoding == EncodingCode.rleDictionary.rawValue { result = count }
        }
        return result
    }

    private static func statistics(_ reader: inout ThriftCompactReader) throws -> RawStatistics {
        var statistics = RawStatistics()
        try reader.structure { reader, id in
            switch id {
            case 3: statistics.nullCount = try reader.natural()
            case 5: statistics.max = try reader.binary()
            case 6: statistics.min = try reader.binary()
            case 7: statistics.isMaxExact = try reader.bool()
            case 8: statistics.isMinExact = try reader.bool()
            case 9: statistics.nanCount = try reader.natural()
            default: return false
            }
            return true
        }
        return statistics
    }
}
