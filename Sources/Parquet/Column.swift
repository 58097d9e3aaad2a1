/// The values of one field for a run of rows, column by column.
///
/// This is what the OTLP decoder fills, what the memtable keeps, what a query reads and what the Parquet
/// writer takes. There is one such form, so nothing is converted between those.
public enum Column: Sendable {
    /// Every row is null (leaf) or empty (list, map).
    case absent(rows: Int)
    /// Integers, booleans, timestamps and floating-point bit patterns.
    case fixed(FixedColumn)
    /// Text, JSON and bytes, as codes into a dictionary.
    case text(TextColumn)
    /// Identifiers of 8 or 16 bytes.
    case identifier(IdentifierColumn)
    /// A list (one child), a list of structs (a child per member) or a map (keys, then values).
    case list(ListColumn)

    /// How many rows the column covers.
    public var rowCount: Int {
        switch self {
        case .absent(let rows): rows
        case .fixed(let column): column.values.count
        case .text(let column): column.codes.count
        case .identifier(let column): column.words.count / column.wordsPerRow
        case .list(let column): column.offsets.count - 1
        }
    }
}

/// Fixed-width values as 64-bit patterns (see `LeafType` for each type's pattern).
public struct FixedColumn: Sendable {
    /// A value a row; 0 where the row is null.
    public var values: [Int64]
    /// Which rows have a value; nil when all do.
    public var validity: Validity?

    /// Values, all of them there unless `validity` says otherwise.
    public init(values: [Int64], validity: Validity? = nil) {
        self.values = values
        self.validity = validity
    }
}

/// A bitmap with bit `i` set when row `i` has a value.
public struct Validity: Sendable, Equatable {
    /// Bit `i` is bit `i % 64` of word `i / 64`; bits past the last row are zero.
    public var words: [UInt64]

    /// A bitmap of these words.
    public init(words: [UInt64] = []) { self.words = words }

    /// A bitmap for `rows` rows, every bit `valid`.
    public init(rows: Int, valid: Bool) {
        words = [UInt64](repeating: valid ? .max : 0, count: (rows + 63) / 64)
        if valid, rows % 64 != 0 { words[words.count - 1] = (1 << UInt64(rows % 64)) - 1 }
    }

    /// Whether row `row` has a value.
    @inlinable public subscript(row: Int) -> Bool {
        get { words[row >> 6] & (1 << UInt64(row & 63)) != 0 }
        set {
            let bit: UInt64 = 1 << UInt64(row & 63)
            if newValue { words[row >> 6] |= bit } else { words[row >> 6] &= ~bit }
        }
    }
}

/// Text as codes into a dictionary that other columns may share.
public struct TextColumn: Sendable {
    /// The code of a null row.
    public static let null = UInt32.max

    /// A code a row: an index into `dictionary`, or `null`.
    public var codes: [UInt32]
    /// What the codes stand for.
    public var dictionary: TextDictionary

    /// Codes into `dictionary`.
    public init(codes: [UInt32], dictionary: TextDictionary) {
        self.codes = codes
        self.dictionary = dictionary
    }
}

/// Byte strings back to back.
///
/// Entries need not be distinct (a page without a dictionary decodes to
/// one entry a row).
public final class TextDictionary: Sendable {
    /// The bytes of all entries.
    public let bytes: [UInt8]
    /// Entry `i` is `bytes[offsets[i]..<offsets[i + 1]]`.
    public let offsets: [UInt32]

    /// The entries that `offsets` cut `bytes` into.
    public init(bytes: [UInt8], offsets: [UInt32]) {
        precondition(offsets.first == 0 && Int(offsets[offsets.count - 1]) == bytes.count)
        self.bytes = bytes
        self.offsets = offsets
    }

    /// No entries.
    public static let empty = TextDictionary(bytes: [], offsets: [0])

    /// How many entries there are.
    public var count: Int { offsets.count - 1 }

    /// The bytes of entry `code`.
    @inlinable public subscript(code: UInt32) -> ArraySlice<UInt8> {
        bytes[Int(offsets[Int(code)])..<Int(offsets[Int(code) + 1])]
    }

    /// Entry `code` as a string; invalid UTF-8 is repaired.
    public func string(_ code: UInt32) -> String { String(decoding: self[code], as: UTF8.self) }
}

/// Identifiers as big-endian words, so that comparing words compares the hexadecimal text.
///
/// All zero means null.
public struct IdentifierColumn: Sendable {
    /// `wordsPerRow` words a row, most significant first.
    public var words: [UInt64]
    /// 1 for 8-byte identifiers, 2 for 16-byte ones.
    public let wordsPerRow: Int

    /// Identifiers of `wordsPerRow` words each.
    public init(words: [UInt64], wordsPerRow: Int) {
        precondition(wordsPerRow == 1 || wordsPerRow == 2)
        self.words = words
        self.wordsPerRow = wordsPerRow
    }
}

/// Variable numbers of child rows for each row.
public struct ListColumn: Sendable {
    /// Row `i` owns child rows `offsets[i]..<offsets[i + 1]`; starts at 0.
    public var offsets: [UInt32]
    /// One column per member, each covering `offsets.last` rows.
    public var children: [Column]

    /// Lists whose elements are in `children`.
    public init(offsets: [UInt32], children: [Column]) {
        self.offsets = offsets
        self.children = children
    }
}
