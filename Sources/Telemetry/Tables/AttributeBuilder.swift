import OTLP
import Parquet

/// Spreads the attributes of records over promoted columns, typed maps and one JSON column.
struct AttributeBuilder {
    private let promoted: PromotedAttributes
    private let rows: Int
    /// By text code: the promoted position of that key, -1 for none, -2 for not looked up.
    ///
    /// Grows with the dictionary.
    private var promotedByCode: [Int16] = []
    private var promotedText: [OptionalText]
    private var promotedFixed: [OptionalFixed]
    private var strings = MapBuilder()
    private var integers = MapBuilder()
    private var doubles = MapBuilder()
    private var booleans = MapBuilder()
    private var complex = OptionalText()
    private var json: [UInt8] = []

    init(promoted: PromotedAttributes, rows: Int) {
        self.promoted = promoted
        self.rows = rows
        promotedText = Array(repeating: OptionalText(), count: promoted.attributes.count)
        promotedFixed = Array(repeating: OptionalFixed(), count: promoted.attributes.count)
        strings.reserve(rows: rows)
    }

    /// Adds the attributes `range` of record `row`; rows come in order.
    mutating func add(
        _ attributes: AttributeColumns,
        _ range: Range<Int>,
        row: Int,
        request: RequestText,
        _ text: inout TextBuilder
    ) {
        for index in range {
            let key = text.code(attributes.keys[index])
            let kind = attributes.kinds[index]
            let payload = attributes.payloads[index]
            let position = promotedPosition(of: key, attributes.keys[index], text)
            if position >= 0, promote(position, kind, payload, row, &text) { continue }
            let isPlaced =
                switch kind {
                case .string: strings.add(key, Int64(text.code(TextRef(rawValue: payload))))
                case .int: integers.add(key, Int64(bitPattern: payload))
                case .double: doubles.add(key, Int64(bitPattern: payload))
                case .bool: booleans.add(key, payload == 0 ? 0 : 1)
                case .empty, .bytes, .json: false
                }
            if !isPlaced {
                json.append(json.isEmpty ? UInt8(ascii: "{") : UInt8(ascii: ","))
                var member: [UInt8] = []
                ValueJSON.appendObject(
                    of: attributes,
                    range: index..<(index + 1),
                    text: request,
                    into: &member
                )
                json.append(contentsOf: member.dropFirst().dropLast())
            }
        }
        if !json.isEmpty {
            json.append(UInt8(ascii: "}"))
            complex.set(text.code(json), row: row, rows: rows)
            json.removeAll(keepingCapacity: true)
        }
        strings.endRow()
        integers.endRow()
        doubles.endRow()
        booleans.endRow()
    }

    /// The promoted columns, then the maps and the JSON column.
    func columns(_ dictionary: TextDictionary) -> [Column] {
        let promotedColumns = promoted.attributes.indices.map { index in
            promoted.attributes[index].type == .string
                ? promotedText[index].column(rows: rows, dictionary)
                : promotedFixed[index].column(rows: rows)
        }
        return promotedColumns + [
            strings.column(dictionary, text: true), integers.column(dictionary, text: false),
            doubles.column(dictionary, text: false), booleans.column(dictionary, text: false),
            complex.column(rows: rows, dictionary),
        ]
    }

    private mutating func promotedPosition(
        of code: UInt32,
        _ key: TextRef,
        _ text: TextBuilder
    ) -> Int {
        while promotedByCode.count <= Int(code) { promotedByCode.append(-2) }
        if promotedByCode[Int(code)] == -2 {
            promotedByCode[Int(code)] = Int16(promoted.position(of: text.bytes(key)) ?? -1)
        }
        return Int(promotedByCode[Int(code)])
    }

    /// Puts a value into its promoted column; false when it does not fit there.
    private mutating func promote(
        _ position: Int,
        _ kind: ValueKind,
        _ payload: UInt64,
        _ row: Int,
        _ text: inout TextBuilder
    ) -> Bool {
        switch (promoted.attributes[position].type, kind) {
        case (.string, .string):
            guard !promotedText[position].isSet(row: row) else { return false }
            promotedText[position].set(text.code(TextRef(rawValue: payload)), row: row, rows: rows)
        case (.int64, .int), (.double, .double):
            guard !promotedFixed[position].isSet(row: row) else { return false }
            promotedFixed[position].set(Int64(bitPattern: payload), row: row, rows: rows)
        default: return false
        }
        return true
    }
}

/// A map column being filled row by row.
private struct MapBuilder {
    private var offsets: [UInt32] = [0]
    private var keys: [UInt32] = []
    private var values: [Int64] = []

    mutating func reserve(rows: Int) {
        offsets.reserveCapacity(rows + 1)
        keys.reserveCapacity(rows * 4)
        values.reserveCapacity(rows * 4)
    }

    /// False, and nothing done, when the row has the key already: maps of other engines have unique keys.
    @inline(__always)
    mutating func add(_ key: UInt32, _ value: Int64) -> Bool {
        for index in Int(offsets[offsets.count - 1])..<keys.count where keys[index] == key {
            return false
        }
        keys.append(key)
        values.append(value)
        return true
    }

    @inline(__always)
    mutating func endRow() { offsets.append(UInt32(keys.count)) }

    /// The map column of the rows so far; `text` says whether the values are text codes.
    func column(_ dictionary: TextDictionary, text: Bool) -> Column {
        if keys.isEmpty { return .absent(rows: offsets.count - 1) }
        let valueColumn: Column =
            text
            ? .text(
                TextColumn(
                    codes: values.map { UInt32(truncatingIfNeeded: $0) },
                    dictionary: dictionary
                )
            )
            : .fixed(FixedColumn(values: values))
        return .list(
            ListColumn(
                offsets: offsets,
                children: [.text(TextColumn(codes: keys, dictionary: dictionary)), valueColumn]
            )
        )
    }
}
