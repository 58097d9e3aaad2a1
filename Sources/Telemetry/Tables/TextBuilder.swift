import OTLP
import Parquet

/// Interns the text of one request into the dictionary that all columns of its batch share.
struct TextBuilder {
    /// The request's bytes, valid while the builder is used.
    let body: UnsafeRawBufferPointer
    let scratch: UnsafeRawBufferPointer
    private var interner: TextInterner

    init(body: UnsafeRawBufferPointer, scratch: UnsafeRawBufferPointer, records: Int) {
        self.body = body
        self.scratch = scratch
        interner = TextInterner(capacity: 256 + records * 2)
    }

    var count: Int { interner.count }

    /// The bytes of `ref`.
    @inline(__always)
    func bytes(_ ref: TextRef) -> UnsafeRawBufferPointer {
        let source = ref.isInScratch ? scratch : body
        return UnsafeRawBufferPointer(rebasing: source[ref.offset..<(ref.offset + ref.count)])
    }

    /// The code of the text of `ref`, empty text included.
    @inline(__always)
    mutating func code(_ ref: TextRef) -> UInt32 { interner.code(for: bytes(ref)) }

    /// The code of the text of `ref`; null when it is empty.
    @inline(__always)
    mutating func codeOrNull(_ ref: TextRef) -> UInt32 {
        ref.isEmpty ? TextColumn.null : interner.code(for: bytes(ref))
    }

    mutating func code(_ text: String) -> UInt32 { interner.code(for: text) }
    mutating func code(_ text: [UInt8]) -> UInt32 { interner.code(for: text) }

    /// The dictionary; every entry is valid UTF-8 (what was not is repaired with U+FFFD).
    func finish() -> TextDictionary {
        let dictionary = interner.finish()
        if dictionary.bytes.allSatisfy({ $0 < 0x80 }) { return dictionary }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(dictionary.bytes.count)
        var offsets: [UInt32] = [0]
        offsets.reserveCapacity(dictionary.count + 1)
        for code in 0..<UInt32(dictionary.count) {
            let entry = dictionary[code]
            if entry.allSatisfy({ $0 < 0x80 }) {
                bytes.append(contentsOf: entry)
            } else {
                bytes.append(contentsOf: String(decoding: entry, as: UTF8.self).utf8)
            }
            offsets.append(UInt32(bytes.count))
        }
        return TextDictionary(bytes: bytes, offsets: offsets)
    }
}

/// A text column being filled; absent until a row has a value.
struct OptionalText {
    private(set) var codes: [UInt32] = []

    mutating func set(_ code: UInt32, row: Int, rows: Int) {
        if codes.isEmpty { codes = [UInt32](repeating: TextColumn.null, count: rows) }
        codes[row] = code
    }

    func isSet(row: Int) -> Bool { !codes.isEmpty && codes[row] != TextColumn.null }

    func column(rows: Int, _ dictionary: TextDictionary) -> Column {
        codes.isEmpty
            ? .absent(rows: rows) : .text(TextColumn(codes: codes, dictionary: dictionary))
    }
}

/// An integer or double column being filled; absent until a row has a value.
struct OptionalFixed {
    private var values: [Int64] = []
    private var validity = Validity()
    private var count = 0

    mutating func set(_ value: Int64, row: Int, rows: Int) {
        if values.isEmpty {
            values = [Int64](repeating: 0, count: rows)
            validity = Validity(rows: rows, valid: false)
        }
        if !validity[row] { count += 1 }
        values[row] = value
        validity[row] = true
    }

    func isSet(row: Int) -> Bool { !values.isEmpty && validity[row] }

    func column(rows: Int) -> Column {
        if values.isEmpty { return .absent(rows: rows) }
        return .fixed(FixedColumn(values: values, validity: count == rows ? nil : validity))
    }
}

extension Column {
    /// Required integers, absent when every one is zero.
    static func integers(_ values: some Collection<some BinaryInteger>) -> Column {
        values.allSatisfy { $0 == 0 }
            ? .fixed(FixedColumn(values: [Int64](repeating: 0, count: values.count)))
            : .fixed(FixedColumn(values: values.map { Int64(truncatingIfNeeded: $0) }))
    }
}
