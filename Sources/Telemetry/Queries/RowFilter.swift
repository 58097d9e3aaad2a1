import OTLP
import Parquet

/// The rows of a chunk that still fit, narrowed condition by condition.
///
/// Only columns that a condition needs are decoded, and nothing once no row is left.
struct RowFilter {
    let chunk: Chunk
    private(set) var rows: [UInt32]
    /// Columns that were decoded ahead of their conditions.
    private var decoded: [Int: Column] = [:]

    init(_ chunk: Chunk) {
        self.chunk = chunk
        rows = Array(0..<UInt32(chunk.rowCount))
    }

    var isEmpty: Bool { rows.isEmpty }

    /// Decodes columns that will be asked for, on several processors.
    mutating func decode(_ fields: [Int]) throws {
        let chunk = chunk
        let columns = try Parallel.map(fields.count) { try chunk.column(fields[$0]) }
        for (field, column) in zip(fields, columns) { decoded[field] = column }
    }

    /// A column of the chunk.
    func column(_ field: Int) throws -> Column { try decoded[field] ?? chunk.column(field) }

    /// Keeps `rows`, which must be some of those that still fit, in order.
    mutating func keep(only rows: [UInt32]) { self.rows = rows }

    /// Keeps rows whose text equals `value`.
    mutating func keep(text field: Int, equals value: String) throws {
        let wanted = Array(value.utf8)
        try keepText(field) { $0.elementsEqual(wanted) }
    }

    /// Keeps rows whose text fits `predicate`, which is asked once per distinct string.
    mutating func keepText(_ field: Int, _ predicate: (ArraySlice<UInt8>) throws -> Bool) throws {
        if rows.isEmpty { return }
        guard case .text(let column) = try self.column(field) else {
            rows = []
            return
        }
        // 0 unknown, 1 no, 2 yes.
        var verdicts = [UInt8](repeating: 0, count: column.dictionary.count)
        var kept: [UInt32] = []
        for row in rows {
            let code = column.codes[Int(row)]
            if code == TextColumn.null { continue }
            if verdicts[Int(code)] == 0 {
                verdicts[Int(code)] = try predicate(column.dictionary[code]) ? 2 : 1
            }
            if verdicts[Int(code)] == 2 { kept.append(row) }
        }
        rows = kept
    }

    /// Keeps rows where one of the text fields contains `text`, which is not empty, byte for byte.
    mutating func keep(containing text: String, fields: [Int]) throws {
        guard let first = rows.first, let last = rows.last else { return }
        let needle = Array(text.utf8)
        var matching: [UInt32] = []
        for field in fields {
            let found = try chunk.rows(field, containing: needle, in: Int(first)..<Int(last) + 1)
            matching = Self.union(matching, found)
        }
        rows = Self.intersection(rows, matching)
    }

    /// Keeps rows whose integer lies in `range`; null counts as 0.
    mutating func keep(integer field: Int, in range: ClosedRange<Int64>) throws {
        if rows.isEmpty { return }
        guard case .fixed(let column) = try self.column(field) else {
            if !range.contains(0) { rows = [] }
            return
        }
        rows = column.values.withUnsafeBufferPointer { values in
            rows.filter { range.contains(values[Int($0)]) }
        }
    }

    /// Keeps rows whose identifier is `wanted`.
    mutating func keep(identifier field: Int, equals wanted: (UInt64, UInt64)) throws {
        if rows.isEmpty { return }
        guard try chunk.mayContain(field, identifier: wanted) else {
            rows = []
            return
        }
        let column = try self.column(field)
        rows = rows.filter { column.identifier(Int($0)) == wanted }
    }

    /// Keeps rows that have an attribute `key` with `value`, on the record, its resource, its scope or, with a
    /// field of `events`, on one of these.
    ///
    /// Numbers and booleans are compared by their text.
    mutating func keep(
        attribute key: String,
        equals value: String,
        promoted: PromotedAttributes,
        origin: Int,
        attributes: Int,
        events: Int? = nil
    ) throws {
        if rows.isEmpty { return }
        var matching = Set(try inResource(key, value, origin))
        matching.formUnion(try inPromoted(key, value, promoted, attributes))
        matching.formUnion(
            try inMaps(key, value, first: attributes + promoted.attributes.count)
        )
        if let events {
            matching.formUnion(try inEventNames(key, value, events))
            matching.formUnion(try inEvents(key, value, events))
        }
        rows = rows.filter { matching.contains($0) }
    }

    private func inResource(_ key: String, _ value: String, _ origin: Int) throws -> [UInt32] {
        var matching: [UInt32] = []
        for field in [origin + 3, origin + 8] {
            var part = self
            try part.keepText(field) { try Self.has(key, value, $0) }
            matching += part.rows
        }
        return matching
    }

    private func inPromoted(
        _ key: String,
        _ value: String,
        _ promoted: PromotedAttributes,
        _ attributes: Int
    ) throws -> [UInt32] {
        guard let position = promoted.position(of: key) else { return [] }
        var part = self
        switch promoted.attributes[position].type {
        case .string: try part.keep(text: attributes + position, equals: value)
        case .double:
            guard let number = Double(value) else { return [] }
            let column = try chunk.column(attributes + position)
            let bits = Int64(bitPattern: number.bitPattern)
            part.rows = rows.filter { column.fixedValue(Int($0)) == bits }
        default:
            guard let number = Int64(value) else { return [] }
            let column = try chunk.column(attributes + position)
            part.rows = rows.filter { column.fixedValue(Int($0)) == number }
        }
        return part.rows
    }

    /// Looks in the four typed maps; the structured attributes are not searched.
    private func inMaps(_ key: String, _ value: String, first: Int) throws -> [UInt32] {
        var matching: [UInt32] = []
        let keyBytes = Array(key.utf8)
        let valueBytes = Array(value.utf8)
        let wanted: [Int64?] = [
            nil, Int64(value), Double(value).map { Int64(bitPattern: $0.bitPattern) },
            value == "true" ? 1 : value == "false" ? 0 : nil,
        ]
        for map in 0..<4 where map == 0 || wanted[map] != nil {
            // The keys first: most keys are in one map only, and most rows do not have them.
            guard let (offsets, column) = try chunk.children(first + map, member: 0),
                case .text(let keys) = column
            else { continue }
            let keyMatches = Self.codes(keys.dictionary, equal: keyBytes)
            if !keyMatches.contains(true) { continue }
            var candidates: [(row: UInt32, child: Int)] = []
            for row in rows {
                for child in Int(offsets[Int(row)])..<Int(offsets[Int(row) + 1])
                where keyMatches[Int(keys.codes[child])] {
                    candidates.append((row, child))
                }
            }
            if candidates.isEmpty { continue }
            let values = try chunk.children(first + map, member: 1, beside: offsets)?.column
            switch values {
            case .text(let values):
                let valueMatches = Self.codes(values.dictionary, equal: valueBytes)
                matching += candidates.filter { valueMatches[Int(values.codes[$0.child])] }
                    .map(\.row)
            case .fixed(let values):
                matching += candidates.filter { values.values[$0.child] == wanted[map] }
                    .map(\.row)
            default: continue
            }
        }
        return matching
    }

    /// Looks at the names of events, if that is what the key means.
    private func inEventNames(_ key: String, _ value: String, _ events: Int) throws -> [UInt32] {
        guard key == EventFacts.nameKey,
            let (offsets, column) = try chunk.children(events, member: 1),
            case .text(let names) = column
        else { return [] }
        let nameMatches = Self.codes(names.dictionary, equal: Array(value.utf8))
        return rows.filter { row in
            (offsets[Int(row)]..<offsets[Int(row) + 1]).contains {
                nameMatches[Int(names.codes[Int($0)])]
            }
        }
    }

    /// Looks at the attributes of events.
    private func inEvents(_ key: String, _ value: String, _ events: Int) throws -> [UInt32] {
        guard let (offsets, column) = try chunk.children(events, member: 2),
            case .text(let texts) = column, texts.codes.contains(where: { $0 != TextColumn.null })
        else { return [] }
        // Few events have the key; only these are worth parsing, each text once.
        let candidates = column.rows(
            containing: ValueJSON.keyText(key),
            in: 0..<texts.codes.count
        )
        var verdicts: [UInt32: Bool] = [:]
        var matching: [UInt32] = []
        var next = 0
        for row in rows {
            let children = offsets[Int(row)]..<offsets[Int(row) + 1]
            while next < candidates.count, candidates[next] < children.lowerBound { next += 1 }
            while next < candidates.count, candidates[next] < children.upperBound {
                let code = texts.codes[Int(candidates[next])]
                let verdict = try verdicts[code] ?? Self.has(key, value, texts.dictionary[code])
                verdicts[code] = verdict
                if verdict { matching.append(row) }
                next += 1
            }
        }
        return matching
    }

    /// Whether the object of a JSON column has the attribute.
    private static func has(
        _ key: String,
        _ value: String,
        _ json: ArraySlice<UInt8>
    ) throws -> Bool {
        try AttributeReader.object(json).contains { $0.key == key && text($0.value) == value }
    }

    /// What is in one or both of two ascending lists.
    static func union(_ first: [UInt32], _ second: [UInt32]) -> [UInt32] {
        if second.isEmpty || first == second { return first }
        var result: [UInt32] = []
        result.reserveCapacity(max(first.count, second.count))
        var (left, right) = (0, 0)
        while left < first.count, right < second.count {
            let (one, other) = (first[left], second[right])
            result.append(min(one, other))
            if one <= other { left += 1 }
            if other <= one { right += 1 }
        }
        return result + first[left...] + second[right...]
    }

    /// What is in both of two ascending lists.
    private static func intersection(_ first: [UInt32], _ second: [UInt32]) -> [UInt32] {
        var result: [UInt32] = []
        var (left, right) = (0, 0)
        while left < first.count, right < second.count {
            let (one, other) = (first[left], second[right])
            if one == other { result.append(one) }
            if one <= other { left += 1 }
            if other <= one { right += 1 }
        }
        return result
    }

    /// Which codes of a dictionary stand for `text`.
    private static func codes(_ dictionary: TextDictionary, equal text: [UInt8]) -> [Bool] {
        (0..<UInt32(dictionary.count)).map { code in
            Int(dictionary.offsets[Int(code) + 1] - dictionary.offsets[Int(code)]) == text.count
                && dictionary[code].elementsEqual(text)
        }
    }

    /// A scalar as people write it; nil for structured values.
    static func text(_ value: AnyValue) -> String? {
        switch value {
        case .string(let text): text
        case .bool(let flag): flag ? "true" : "false"
        case .int(let number): String(number)
        case .double(let number): String(number)
        case .bytes, .array, .kvlist, .empty: nil
        }
    }
}
