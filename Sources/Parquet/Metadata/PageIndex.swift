// Column index: per page, whether it is all nulls, its bounds and its null count; and how the bounds are
// ordered. Offset index: per page, where it is and its first row. One of each per leaf and row group, written
// after the last row group.

/// Where the pages of one chunk are.
struct OffsetIndex: Sendable {
    struct Page: Sendable {
        var offset: Int
        /// Header included.
        var byteCount: Int
        var firstRow: Int
    }
    var pages: [Page] = []

    /// The rows of page `number`.
    func rows(_ number: Int, of rowCount: Int) -> Range<Int> {
        let end = number + 1 < pages.count ? pages[number + 1].firstRow : rowCount
        return pages[number].firstRow..<end
    }

    func serialized() -> [UInt8] {
        var writer = ThriftCompactWriter()
        writer.element {
            $0.list(1, of: ThriftType.structure, count: pages.count) { list in
                for page in pages {
                    list.element {
                        $0.int64(1, page.offset)
                        $0.int32(2, page.byteCount)
                        $0.int64(3, page.firstRow)
                    }
                }
            }
        }
        return writer.bytes
    }

    init(pages: [Page]) { self.pages = pages }

    /// Reads an index of pages within `chunk` that cover `rowCount` rows.
    init(serialized bytes: [UInt8], chunk: ByteRange, rowCount: Int) throws {
        var pages: [Page] = []
        try bytes.withThriftReader { reader in
            try reader.structure { reader, id in
                guard id == 1 else { return false }
                try reader.list { reader in
                    var page = Page(offset: -1, byteCount: -1, firstRow: -1)
                    try reader.structure { reader, id in
                        switch id {
                        case 1: page.offset = try reader.natural()
                        case 2: page.byteCount = try reader.natural()
                        case 3: page.firstRow = try reader.natural()
                        default: return false
                        }
                        return true
                    }
                    pages.append(page)
                }
                return true
            }
        }
        var end = chunk.offset
        var nextRow = 0
        for (number, page) in pages.enumerated() {
            guard page.offset >= end, page.byteCount > 0,
                page.byteCount <= chunk.offset + chunk.count - page.offset,
                number == 0 ? page.firstRow == 0 : page.firstRow >= nextRow,
                page.firstRow < rowCount
            else { throw Damage.damaged("page \(number) of the offset index is out of place") }
            end = page.offset + page.byteCount
            nextRow = page.firstRow + 1
        }
        guard !pages.isEmpty else { throw Damage.damaged("an offset index without pages") }
        self.pages = pages
    }

    var memoryByteCount: Int { pages.count * MemoryLayout<Page>.stride }
}

/// What is in the pages of one chunk.
struct ColumnIndex: Sendable {
    var isNull: [Bool] = []
    var mins: [[UInt8]] = []
    var maxs: [[UInt8]] = []
    /// 0 unordered, 1 ascending, 2 descending.
    var order = 0
    var nullCounts: [Int] = []

    init() {}

    func serialized() -> [UInt8] {
        var writer = ThriftCompactWriter()
        writer.element {
            $0.list(1, of: ThriftType.no, count: isNull.count) { list in
                for value in isNull { list.boolElement(value) }
            }
            $0.list(2, of: ThriftType.binary, count: mins.count) { list in
                for value in mins { list.binaryElement(value) }
            }
            $0.list(3, of: ThriftType.binary, count: maxs.count) { list in
                for value in maxs { list.binaryElement(value) }
            }
            $0.int32(4, order)
            $0.list(5, of: ThriftType.int64, count: nullCounts.count) { list in
                for value in nullCounts { list.intElement(value) }
            }
        }
        return writer.bytes
    }

    init(serialized bytes: [UInt8], pageCount: Int) throws {
        var index = ColumnIndex()
        try bytes.withThriftReader { reader in
            try reader.structure { reader, id in
                switch id {
                case 1: try reader.list { index.isNull.append(try $0.bool()) }
                case 2: try reader.list { index.mins.append(try $0.binary()) }
                case 3: try reader.list { index.maxs.append(try $0.binary()) }
                case 4: index.order = try reader.int()
                case 5: try reader.list { index.nullCounts.append(try $0.natural()) }
                default: return false
                }
                return true
            }
        }
        guard index.isNull.count == pageCount, index.mins.count == pageCount,
            index.maxs.count == pageCount,
            index.nullCounts.isEmpty || index.nullCounts.count == pageCount
        else { throw Damage.damaged("a column index of another number of pages") }
        self = index
    }

    var memoryByteCount: Int {
        mins.reduce(0) { $0 + $1.count + 32 } + maxs.reduce(0) { $0 + $1.count + 32 }
            + isNull.count * 9
    }
}

extension [UInt8] {
    /// Reads Thrift structures from the bytes.
    func withThriftReader(_ body: (inout ThriftCompactReader) throws -> Void) throws {
        try withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress else { throw Damage.truncated("no bytes") }
            var reader = ThriftCompactReader(ByteCursor(base: base, count: bytes.count))
            try body(&reader)
        }
    }
}
