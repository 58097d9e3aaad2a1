// Decodes the pages ChunkWriter.swift describes. Everything in them is untrusted until checked: the CRC protects
// against chance, not against malice, and does not cover page headers.

/// Decodes pages of one chunk after the other.
///
/// `@unchecked Sendable`: used by one thread at a time, the one that took it from `DecoderPool`.
final class ChunkDecoder: @unchecked Sendable {
    private static let keptByteCount = 16 << 20

    private let decompressor: Decompressor
    private var page = OutputBuffer(capacity: 1 << 16)
    private var repetition = Scratch<UInt8>()
    private var definition = Scratch<UInt8>()
    private var fixed = Scratch<Int64>()
    private var codes = Scratch<UInt32>()
    private var words = Scratch<UInt64>()
    private var text = TextInput()

    private var chunk = ChunkMetadata()
    private var uncompressedLeft = 0
    private(set) var dictionaryCount: Int?
    private var fixedDictionary: [Int64] = []
    private var wordDictionary: [UInt64] = []

    init() throws { decompressor = try Decompressor() }

    /// Gives back memory that an unusually large page took.
    func trim() {
        fixedDictionary = []
        wordDictionary = []
        if page.capacity > Self.keptByteCount { page = OutputBuffer(capacity: 1 << 16) }
        if fixed.capacity * 8 > Self.keptByteCount { fixed = Scratch() }
        if codes.capacity * 4 > Self.keptByteCount { codes = Scratch() }
        if words.capacity * 8 > Self.keptByteCount { words = Scratch() }
        if definition.capacity > Self.keptByteCount { definition = Scratch() }
        if repetition.capacity > Self.keptByteCount { repetition = Scratch() }
        text.trim(Self.keptByteCount)
    }

    /// Prepares for pages of `chunk`.
    func begin(_ chunk: ChunkMetadata) throws {
        guard chunk.codec == CodecCode.zstd || chunk.codec == CodecCode.uncompressed else {
            throw Damage.unsupported("compression \(chunk.codec)")
        }
        self.chunk = chunk
        uncompressedLeft = chunk.uncompressedByteCount
        dictionaryCount = nil
    }

    /// Decodes all pages of `chunk`, which `region` holds.
    func decodeAll(
        _ region: UnsafeRawBufferPointer,
        _ chunk: ChunkMetadata,
        _ values: inout LeafValues
    ) throws {
        try begin(chunk)
        var offset = 0
        while offset < region.count {
            let header = try header(region, offset)
            if header.kind == PageKind.dictionary {
                try decodeDictionary(region, &values, at: offset)
            } else if header.kind == PageKind.data {
                try decode(region, offset, header, &values)
            } else if header.kind != PageKind.index {
                throw Damage.unsupported("pages of kind \(header.kind)")
            }
            offset += header.byteCount + header.compressedByteCount
        }
        guard values.levelCount == chunk.valueCount else {
            throw Damage.damaged("\(values.levelCount) values, not \(chunk.valueCount)")
        }
    }

    /// Decodes the data page at `offset`, which takes `byteCount` bytes.
    func decodePage(
        _ region: UnsafeRawBufferPointer,
        at offset: Int,
        byteCount: Int,
        _ values: inout LeafValues
    ) throws {
        let header = try dataPageHeader(region, offset, byteCount)
        try decode(region, offset, header, &values)
    }

    /// The header of the data page at `offset`, which takes `byteCount` bytes.
    func dataPageHeader(
        _ region: UnsafeRawBufferPointer,
        _ offset: Int,
        _ byteCount: Int
    ) throws -> PageHeader {
        let header = try header(region, offset)
        guard header.byteCount + header.compressedByteCount == byteCount else {
            throw Damage.damaged("a page of another size than indexed", offset: offset)
        }
        guard header.kind == PageKind.data else {
            throw header.kind == PageKind.data2
                ? Damage.unsupported("pages of kind 3")
                : Damage.damaged("no data page", offset: offset)
        }
        return header
    }

    private func header(_ region: UnsafeRawBufferPointer, _ offset: Int) throws -> PageHeader {
        guard let base = region.baseAddress, offset < region.count else {
            throw Damage.truncated("no page", offset: offset)
        }
        do {
            let header = try PageHeader(
                ByteCursor(base: base + offset, count: region.count - offset)
            )
            guard header.compressedByteCount <= region.count - offset - header.byteCount else {
                throw Damage.truncated("a page that ends early")
            }
            return header
        } catch let damage as Damage {
            throw Damage(damage.code, damage.message, offset: offset + (damage.offset ?? 0))
        }
    }

    /// Fills `page` with the bytes of the page at `offset`, followed by padding.
    func load(
        _ region: UnsafeRawBufferPointer,
        _ offset: Int,
        _ header: PageHeader
    ) throws -> ByteCursor {
        let start = offset + header.byteCount
        let stored = UnsafeRawBufferPointer(
            rebasing: region[start..<start + header.compressedByteCount]
        )
        if let crc = header.crc, CRC32.checksum(stored) != crc {
            throw Damage(.checksumMismatch, "a page's checksum does not match", offset: offset)
        }
        uncompressedLeft -= header.uncompressedByteCount + header.byteCount
        guard uncompressedLeft >= 0 else {
            throw Damage.damaged("pages are larger than the footer says", offset: offset)
        }
        if chunk.codec == CodecCode.zstd {
            try decompressor.decompress(stored, count: header.uncompressedByteCount, into: &page)
        } else {
            guard header.uncompressedByteCount == stored.count else {
                throw Damage.damaged("an uncompressed page of two sizes", offset: offset)
            }
            page.removeAll()
            page.append(stored)
            _ = page.reserve(Limits.padding)
        }
        return ByteCursor(
            base: page.bytes.baseAddress ?? UnsafeRawPointer(page.base),
            count: page.count
        )
    }

    /// Decodes the dictionary page at `offset`.
    func decodeDictionary(
        _ region: UnsafeRawBufferPointer,
        _ values: inout LeafValues,
        at offset: Int = 0
    ) throws {
        let header = try header(region, offset)
        guard header.kind == PageKind.dictionary, dictionaryCount == nil, values.levelCount == 0
        else {
            throw Damage.damaged("a dictionary where none belongs", offset: offset)
        }
        guard
            header.encoding == EncodingCode.plain.rawValue
                || header.encoding == EncodingCode.plainDictionary.rawValue
        else { throw Damage.unsupported("a dictionary in encoding \(header.encoding)") }
        var input = try load(region, offset, header)
        let count = header.valueCount
        dictionaryCount = count
        switch values.leaf.type {
        case .string, .json, .bytes:
            values.appendEntries(try text.plain(&input, count: count))
        case .hex(let byteCount):
            guard count <= input.remaining else { throw Damage.damaged("a dictionary too short") }
            let entries = try text.plain(&input, count: count)
            let target = words.require(count * byteCount / 8)
            try entries.identifiers(byteCount / 8, 0..<count, into: target)
            wordDictionary = Array(UnsafeBufferPointer(start: target, count: count * byteCount / 8))
        default:
            guard let format = FixedFormat(values.leaf.type) else { return }
            guard format != .bit, count * format.width <= input.remaining else {
                throw Damage.damaged("a dictionary of \(count) values in \(input.remaining) bytes")
            }
            let target = fixed.require(count)
            try FixedValues.decodePlain(&input, count: count, format, into: target)
            fixedDictionary = Array(UnsafeBufferPointer(start: target, count: count))
        }
        try input.expectEnd()
    }

    /// Takes a dictionary of text that was decoded before.
    func use(_ dictionary: TextDictionary, _ values: inout LeafValues) {
        dictionaryCount = dictionary.count
        values.use(dictionary)
    }

    private func decode(
        _ region: UnsafeRawBufferPointer,
        _ offset: Int,
        _ header: PageHeader,
        _ values: inout LeafValues
    ) throws {
        guard header.valueCount <= chunk.valueCount - values.levelCount else {
            throw Damage.damaged("more values than the footer says", offset: offset)
        }
        let encoding = try encoding(header, at: offset)
        var input = try load(region, offset, header)
        do {
            let levels = try decodeLevels(&input, header.valueCount, values.leaf)
            try values.append(levels)
            if levels.valueCount > 0 { try decodeValues(&input, encoding, levels, &values) }
        } catch let damage as Damage {
            // Offsets inside the page mean nothing in the file.
            throw Damage(damage.code, damage.message, offset: offset)
        }
    }

    /// The encoding of a data page.
    func encoding(_ header: PageHeader, at offset: Int) throws -> EncodingCode {
        guard chunk.encodings.contains(header.encoding),
            let encoding = EncodingCode(rawValue: header.encoding)
        else {
            throw Damage.damaged("encoding \(header.encoding) is not announced", offset: offset)
        }
        return encoding
    }

    func decodeLevels(
        _ input: inout ByteCursor,
        _ count: Int,
        _ leaf: Leaf
    ) throws -> PageLevels {
        var levels = PageLevels(
            count: count,
            childCount: count,
            valueCount: count,
            level: UInt8(leaf.maxDefinition)
        )
        if leaf.isRepeated {
            let repetition = self.repetition.require(count + 8)
            var section = try input.slice(Int(try input.uint32()))
            let only = try RunLengthDecoder.levels(&section, max: 1, count: count, into: repetition)
            if let only, count > 0 {
                // One run of ones continues a row through the whole page.
                repetition.update(repeating: only, count: count)
            }
            levels.repetition = only == 0 ? nil : UnsafePointer(repetition)
        }
        guard leaf.maxDefinition > 0 else { return levels }
        let definition = self.definition.require(count + 8)
        var section = try input.slice(Int(try input.uint32()))
        let only = try RunLengthDecoder.levels(
            &section,
            max: leaf.maxDefinition,
            count: count,
            into: definition
        )
        if let only {
            levels.level = only
            levels.valueCount = only == leaf.maxDefinition ? count : 0
            levels.childCount = only >= leaf.elementDefinition ? count : 0
            return levels
        }
        let present = UInt8(leaf.maxDefinition)
        let element = UInt8(leaf.elementDefinition)
        levels.valueCount = Self.count(definition, count, atLeast: present)
        levels.childCount =
            element == present
            ? levels.valueCount : Self.count(definition, count, atLeast: element)
        levels.definition = UnsafePointer(definition)
        return levels
    }

    /// Which values of a page belong to rows that are wanted.
    private func wantedValues(_ levels: PageLevels, _ values: LeafValues) -> Range<Int> {
        guard let rows = values.wantedRows(ofPage: levels) else { return 0..<levels.valueCount }
        guard let definition = levels.definition else { return rows }
        let present = UInt8(values.leaf.maxDefinition)
        let first = Self.count(definition, rows.lowerBound, atLeast: present)
        let count = Self.count(definition + rows.lowerBound, rows.count, atLeast: present)
        return first..<first + count
    }

    /// How many of `count` levels are `low` or more, eight at a time; levels are below 128.
    private static func count(
        _ levels: UnsafePointer<UInt8>,
        _ count: Int,
        atLeast low: UInt8
    ) -> Int {
        if low == 0 { return count }
        let ones: UInt64 = 0x0101_0101_0101_0101
        let lift = UInt64(128 &- low) &* ones
        let bytes = UnsafeRawPointer(levels)
        var total = 0
        var index = 0
        while index &+ 8 <= count {
            // A byte of the sums counts to 255 before they are added up.
            var sums: UInt64 = 0
            let end = min(count, index &+ 255 &* 8)
            while index &+ 8 <= end {
                let word = bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)
                sums &+= (word &+ lift) &>> 7 & ones
                index &+= 8
            }
            let pairs = (sums & 0x00ff_00ff_00ff_00ff) &+ (sums &>> 8 & 0x00ff_00ff_00ff_00ff)
            total &+= Int((pairs &* 0x0001_0001_0001_0001) &>> 48)
        }
        while index < count {
            total &+= levels[index] >= low ? 1 : 0
            index &+= 1
        }
        return total
    }

    private func decodeValues(
        _ input: inout ByteCursor,
        _ encoding: EncodingCode,
        _ levels: PageLevels,
        _ values: inout LeafValues
    ) throws {
        let count = levels.valueCount
        let leaf = values.leaf
        if encoding == .rleDictionary || encoding == .plainDictionary {
            guard let dictionaryCount else { throw Damage.damaged("codes without a dictionary") }
            let codes = try codes(&input, count, below: dictionaryCount)
            appendCodes(codes, count, levels, &values)
            return
        }
        if let format = FixedFormat(leaf.type) {
            let target = fixed.require(count + 1)
            switch encoding {
            case .plain: try FixedValues.decodePlain(&input, count: count, format, into: target)
            case .deltaBinaryPacked where format.isInteger:
                try DeltaBinaryPacked.decode(&input, count: count, into: target)
                if format != .int64 {
                    for index in 0..<count {
                        target[index] = format.loaded(UInt64(bitPattern: target[index]))
                    }
                }
            case .byteStreamSplit where format != .bit:
                try FixedValues.decodeSplit(&input, count: count, format, into: target)
            case .rle where format == .bit:
                var section = try input.slice(Int(try input.uint32()))
                let codes = self.codes.require(count)
                try RunLengthDecoder.codes(&section, width: 1, count: count, into: codes)
                for index in 0..<count { target[index] = Int64(codes[index]) }
            default: throw Damage.unsupported("encoding \(encoding) of numbers")
            }
            try input.expectEnd()
            values.appendFixed(target, levels)
            return
        }
        let entries = try texts(&input, encoding, count)
        if case .hex(let byteCount) = leaf.type {
            let target = words.require((count + 1) * byteCount / 8)
            let wanted = wantedValues(levels, values)
            if wanted.count < count { target.update(repeating: 0, count: count * byteCount / 8) }
            try entries.identifiers(byteCount / 8, wanted, into: target)
            values.appendWords(target, byteCount / 8, levels)
        } else {
            let first = values.entryCount
            values.appendEntries(entries)
            let codes = self.codes.require(count + 1)
            for index in 0..<count { codes[index] = UInt32(truncatingIfNeeded: first &+ index) }
            values.appendCodes(codes, levels)
        }
    }

    /// The rest of a page as `count` codes, all of them below `limit`; one more may be stored behind them.
    func codes(
        _ input: inout ByteCursor,
        _ count: Int,
        below limit: Int
    ) throws -> UnsafeMutablePointer<UInt32> {
        let codes = self.codes.require(count + 1)
        let width = Int(try input.byte())
        try RunLengthDecoder.codes(&input, width: width, count: count, into: codes)
        var highest: UInt32 = 0
        for index in 0..<count { highest = max(highest, codes[index]) }
        guard Int(highest) < limit else {
            throw Damage.damaged("code \(highest) in a dictionary of \(limit)")
        }
        return codes
    }

    /// The rest of a page as `count` texts.
    func texts(
        _ input: inout ByteCursor,
        _ encoding: EncodingCode,
        _ count: Int
    ) throws -> TextPage {
        let texts =
            switch encoding {
            case .plain: try text.plain(&input, count: count)
            case .deltaLengthByteArray: try text.deltaLength(&input, count: count)
            case .deltaByteArray: try text.delta(&input, count: count)
            default: throw Damage.unsupported("encoding \(encoding) of text")
            }
        try input.expectEnd()
        return texts
    }

    private func appendCodes(
        _ codes: UnsafeMutablePointer<UInt32>,
        _ count: Int,
        _ levels: PageLevels,
        _ values: inout LeafValues
    ) {
        switch values.leaf.type {
        case .string, .json, .bytes: values.appendCodes(codes, levels)
        case .hex(let byteCount):
            let wordsPerRow = byteCount / 8
            let target = words.require((count + 1) * wordsPerRow)
            wordDictionary.withUnsafeBufferPointer { dictionary in
                for index in 0..<count * wordsPerRow {
                    let code = Int(codes[index / wordsPerRow])
                    target[index] = dictionary[code * wordsPerRow + index % wordsPerRow]
                }
            }
            values.appendWords(target, wordsPerRow, levels)
        default:
            let target = fixed.require(count + 1)
            fixedDictionary.withUnsafeBufferPointer { dictionary in
                guard let dictionary = dictionary.baseAddress else { return }
                for index in 0..<count { target[index] = dictionary[Int(codes[index])] }
            }
            values.appendFixed(target, levels)
        }
    }
}

/// The levels of a page, and what they amount to.
struct PageLevels {
    /// Levels, which are values, nulls and empty lists.
    var count: Int
    /// Values and nulls.
    var childCount: Int
    var valueCount: Int
    /// The definition level of all, when `definition` is nil.
    var level: UInt8
    /// Nil when every level begins a row.
    var repetition: UnsafePointer<UInt8>?
    /// Nil when all levels are alike.
    var definition: UnsafePointer<UInt8>?
}
