// Footer: Thrift FileMetaData | u32 little-endian byte count of it | "PAR1"
//
// The last key-value pair is `FooterCheck.key`: the CRC-32, as eight hexadecimal digits, of the footer with
// these digits replaced by zeros. Parquet itself protects pages only.

/// The checksum of the footer.
enum FooterCheck {
    static let key = "holdfast.footer_crc32"
    static let digitCount = 8
    private static let placeholder = [UInt8](repeating: 0x30, count: digitCount)

    /// The CRC of `footer`, whose digits end at `end`.
    static func checksum(_ footer: UnsafeRawBufferPointer, end: Int) -> UInt32 {
        let start = end - digitCount
        let before = CRC32.checksum(UnsafeRawBufferPointer(rebasing: footer[..<start]))
        let masked = placeholder.withUnsafeBytes { CRC32.checksum($0, continuing: before) }
        return CRC32.checksum(
            UnsafeRawBufferPointer(rebasing: footer[end...]),
            continuing: masked
        )
    }

    /// Checks the footer's checksum, which is found by its bytes: damage may hide it from the parser.
    ///
    /// - Returns: false when there is none.
    static func verify(_ footer: UnsafeRawBufferPointer) throws -> Bool {
        let key = Array(key.utf8)
        var start = footer.count - key.count - digitCount - 2
        while start >= 0 {
            if footer[start] == key[0],
                footer[start..<start + key.count].elementsEqual(key)
            {
                let end = start + key.count + 2 + digitCount
                let stored = footer[end - digitCount..<end]
                guard stored.elementsEqual(digits(checksum(footer, end: end))) else {
                    throw Damage(.checksumMismatch, "the footer's checksum does not match")
                }
                return true
            }
            start -= 1
        }
        return false
    }

    static func digits(_ checksum: UInt32) -> [UInt8] {
        let word = HexText.encode(UInt64(checksum) << 32).0
        return withUnsafeBytes(of: word) { Array($0) }
    }
}

extension FileMetadata {
    /// The footer's bytes without length and magic.
    func serialized() -> [UInt8] {
        var writer = ThriftCompactWriter()
        var checkEnd = 0
        writer.element { file in
            file.int32(1, 2)
            file.list(2, of: ThriftType.structure, count: elements.count) { list in
                for element in elements { list.element { Self.write(element, &$0) } }
            }
            file.int64(3, rowCount)
            file.list(4, of: ThriftType.structure, count: rowGroups.count) { list in
                for (ordinal, group) in rowGroups.enumerated() {
                    list.element { Self.write(group, ordinal, &$0) }
                }
            }
            file.list(5, of: ThriftType.structure, count: keyValues.count + 1) { list in
                for pair in keyValues {
                    list.element {
                        $0.string(1, pair.key)
                        $0.string(2, pair.value)
                    }
                }
                list.element {
                    $0.string(1, FooterCheck.key)
                    $0.binary(2, [UInt8](repeating: 0x30, count: FooterCheck.digitCount))
                    checkEnd = $0.bytes.count
                }
            }
            file.string(6, createdBy)
            file.list(7, of: ThriftType.structure, count: orderedLeaves.count) { list in
                for _ in orderedLeaves { list.element { $0.structure(1) { _ in } } }
            }
        }
        var bytes = writer.bytes
        let digits = FooterCheck.digits(
            bytes.withUnsafeBytes { FooterCheck.checksum($0, end: checkEnd) }
        )
        bytes.replaceSubrange(checkEnd - FooterCheck.digitCount..<checkEnd, with: digits)
        return bytes
    }

    private static func write(_ element: SchemaElement, _ writer: inout ThriftCompactWriter) {
        if let physical = element.physical { writer.int32(1, physical.rawValue) }
        if let repetition = element.repetition { writer.int32(3, repetition.rawValue) }
        writer.string(4, element.name)
        if let childCount = element.childCount { writer.int32(5, childCount) }
        if let converted = element.converted { writer.int32(6, converted) }
        guard let logical = element.logical else { return }
        writer.structure(10) { union in
            switch logical {
            case .string: union.structure(1) { _ in }
            case .map: union.structure(2) { _ in }
            case .list: union.structure(3) { _ in }
            case .json: union.structure(12) { _ in }
            case .timestamp(let isMicros, let isUTC):
                union.structure(8) {
                    $0.bool(1, isUTC)
                    $0.structure(2) { $0.structure(isMicros ? 2 : 3) { _ in } }
                }
            case .integer(let bits, let isSigned):
                union.structure(10) {
                    $0.byte(1, Int8(bits))
                    $0.bool(2, isSigned)
                }
            case .other: break
            }
        }
    }

    private static func write(
        _ group: RowGroupMetadata,
        _ ordinal: Int,
        _ writer: inout ThriftCompactWriter
    ) {
        writer.list(1, of: ThriftType.structure, count: group.chunks.count) { list in
            for chunk in group.chunks { list.element { write(chunk, &$0) } }
        }
        writer.int64(2, group.uncompressedByteCount)
        writer.int64(3, group.rowCount)
        if !group.sortingLeaves.isEmpty {
            writer.list(4, of: ThriftType.structure, count: group.sortingLeaves.count) { list in
                for leaf in group.sortingLeaves {
                    list.element {
                        $0.int32(1, leaf)
                        $0.bool(2, false)
                        $0.bool(3, false)
                    }
                }
            }
        }
        writer.int64(5, group.chunks.first?.pages.offset ?? 0)
        writer.int64(6, group.compressedByteCount)
        if ordinal <= Int(Int16.max) { writer.int16(7, ordinal) }
    }

    private static func write(_ chunk: ChunkMetadata, _ writer: inout ThriftCompactWriter) {
        writer.int64(2, 0)
        writer.structure(3) { meta in
            meta.int32(1, chunk.physical.rawValue)
            meta.list(2, of: ThriftType.int32, count: chunk.encodings.count) { list in
                for encoding in chunk.encodings { list.intElement(encoding) }
            }
            meta.list(3, of: ThriftType.binary, count: chunk.path.count) { list in
                for name in chunk.path { list.binaryElement(name.utf8) }
            }
            meta.int32(4, chunk.codec)
            meta.int64(5, chunk.valueCount)
            meta.int64(6, chunk.uncompressedByteCount)
            meta.int64(7, chunk.compressedByteCount)
            meta.int64(9, chunk.dataPageOffset)
            if let offset = chunk.dictionaryPageOffset { meta.int64(11, offset) }
            if let statistics = chunk.statistics {
                meta.structure(12) { write(statistics, &$0) }
            }
            if let pages = chunk.dictionaryDataPageCount {
                meta.list(13, of: ThriftType.structure, count: 2) { list in
                    list.element {
                        $0.int32(1, PageKind.dictionary)
                        $0.int32(2, EncodingCode.plain.rawValue)
                        $0.int32(3, 1)
                    }
                    list.element {
                        $0.int32(1, PageKind.data)
                        $0.int32(2, EncodingCode.rleDictionary.rawValue)
                        $0.int32(3, pages)
                    }
                }
            }
            if let bloom = chunk.bloomFilter {
                meta.int64(14, bloom.offset)
                meta.int32(15, bloom.count)
            }
        }
        if let index = chunk.offsetIndex {
            writer.int64(4, index.offset)
            writer.int32(5, index.count)
        }
        if let index = chunk.columnIndex {
            writer.int64(6, index.offset)
            writer.int32(7, index.count)
        }
    }

    private static func write(_ statistics: RawStatistics, _ writer: inout ThriftCompactWriter) {
        if let nullCount = statistics.nullCount { writer.int64(3, nullCount) }
        if let max = statistics.max { writer.binary(5, max) }
        if let min = statistics.min { writer.binary(6, min) }
        if statistics.max != nil { writer.bool(7, statistics.isMaxExact) }
        if statistics.min != nil { writer.bool(8, statistics.isMinExact) }
        if let nanCount = statistics.nanCount { writer.int64(9, nanCount) }
    }
}
