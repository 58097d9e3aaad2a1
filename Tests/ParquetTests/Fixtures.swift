import Parquet

/// A small generator with a printable seed.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed &* 0x9e37_79b9_7f4a_7c15 ^ 0x1234_5678_9abc_def1 }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ value >> 30) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ value >> 27) &* 0x94d0_49bb_1331_11eb
        return value ^ value >> 31
    }
}

/// One value of a column, whatever form the column has.
enum Cell: Equatable, Sendable, CustomStringConvertible {
    case null
    case int(Int64)
    case text([UInt8])
    case words([UInt64])
    /// Elements, each with its members.
    case list([[Cell]])

    var description: String {
        switch self {
        case .null: "null"
        case .int(let value): "\(value)"
        case .text(let bytes): "'\(String(decoding: bytes, as: UTF8.self))'"
        case .words(let words): words.map { String($0, radix: 16) }.joined(separator: ".")
        case .list(let elements): "\(elements)"
        }
    }
}

extension Field.Shape {
    /// The members of each element of a list.
    var members: [Field.Shape] {
        switch self {
        case .leaf: []
        case .list(let type): [.leaf(type, optional: false)]
        case .map(let type): [.leaf(.string, optional: false), .leaf(type, optional: false)]
        case .structs(let members): members.map(\.shape)
        }
    }
}

extension Column {
    /// The rows as values that can be compared.
    func cells(_ shape: Field.Shape) -> [Cell] {
        switch self {
        case .absent(let rows):
            return [Cell](repeating: Self.nullCell(shape), count: rows)
        case .fixed(let column):
            return column.values.indices.map { row in
                column.validity.map { $0[row] } ?? true ? .int(column.values[row]) : .null
            }
        case .text(let column):
            return column.codes.map {
                $0 == TextColumn.null ? .null : .text(Array(column.dictionary[$0]))
            }
        case .identifier(let column):
            return (0..<rowCount).map { row in
                let words = Array(
                    column.words[row * column.wordsPerRow..<(row + 1) * column.wordsPerRow]
                )
                if case .leaf(_, optional: true) = shape, words.allSatisfy({ $0 == 0 }) {
                    return .null
                }
                return .words(words)
            }
        case .list(let column):
            let children = zip(column.children, shape.members).map { $0.cells($1) }
            return (0..<rowCount).map { row in
                let range = Int(column.offsets[row])..<Int(column.offsets[row + 1])
                return .list(range.map { child in children.map { $0[child] } })
            }
        }
    }

    private static func nullCell(_ shape: Field.Shape) -> Cell {
        switch shape {
        case .leaf(_, optional: true): .null
        case .leaf(.string, _), .leaf(.json, _), .leaf(.bytes, _): .text([])
        case .leaf(.hex(let byteCount), _): .words([UInt64](repeating: 0, count: byteCount / 8))
        case .leaf: .int(0)
        case .list, .structs, .map: .list([])
        }
    }
}

/// Makes columns of random content.
struct ColumnMaker {
    var generator: SeededGenerator
    /// How values vary: 0 constant, 1 few distinct, 2 many distinct, 3 extremes.
    var variety = 2
    private static let oddDoubles: [Double] = [0, -0.0, .infinity, .leastNonzeroMagnitude]

    mutating func column(_ field: Field, rows: Int) -> Column { column(field.shape, rows: rows) }

    mutating func column(_ shape: Field.Shape, rows: Int) -> Column {
        switch shape {
        case .leaf(let type, let optional): return leaf(type, optional, rows)
        case .list(let type): return list([.leaf(type, optional: false)], rows)
        case .structs(let members): return list(members.map(\.shape), rows)
        case .map(let type):
            return list([.leaf(.string, optional: false), .leaf(type, optional: false)], rows)
        }
    }

    private mutating func list(_ members: [Field.Shape], _ rows: Int) -> Column {
        var offsets: [UInt32] = [0]
        let longest = Int.random(in: 0...6, using: &generator)
        for _ in 0..<rows {
            let length = Int.random(in: 0...max(longest, 0), using: &generator)
            offsets.append(offsets[offsets.count - 1] + UInt32(length))
        }
        let count = Int(offsets[rows])
        return .list(
            ListColumn(offsets: offsets, children: members.map { column($0, rows: count) })
        )
    }

    private mutating func leaf(_ type: LeafType, _ optional: Bool, _ rows: Int) -> Column {
        let nullShare = optional ? [0, 1, 30, 100][Int.random(in: 0..<4, using: &generator)] : 0
        func isNull(_ generator: inout SeededGenerator) -> Bool {
            nullShare > 0 && Int.random(in: 0..<100, using: &generator) < nullShare
        }
        switch type {
        case .string, .json, .bytes:
            var bytes: [UInt8] = []
            var offsets: [UInt32] = [0]
            let entries = [1, 5, max(rows, 1), max(rows, 1)][variety]
            for entry in 0..<entries {
                let length = [4, 6, 9, Int.random(in: 0...200, using: &generator)][variety]
                var text = Array("\(entry)-".utf8)
                while text.count < length {
                    text.append(UInt8.random(in: 32..<127, using: &generator))
                }
                if type == .json {
                    text = Array("\"".utf8) + text.filter { $0 != 34 && $0 != 92 } + [34]
                }
                bytes += text
                offsets.append(UInt32(bytes.count))
            }
            let codes = (0..<rows).map { _ in
                isNull(&generator)
                    ? TextColumn.null : UInt32.random(in: 0..<UInt32(entries), using: &generator)
            }
            return .text(
                TextColumn(codes: codes, dictionary: TextDictionary(bytes: bytes, offsets: offsets))
            )
        case .hex(let byteCount):
            var words: [UInt64] = []
            for _ in 0..<rows {
                let isNull = isNull(&generator)
                for _ in 0..<byteCount / 8 {
                    words.append(isNull ? 0 : variety == 0 ? 7 : generator.next())
                }
            }
            return .identifier(IdentifierColumn(words: words, wordsPerRow: byteCount / 8))
        default:
            var validity = optional ? Validity(rows: rows, valid: true) : nil
            var values: [Int64] = []
            for row in 0..<rows {
                if isNull(&generator) {
                    validity?[row] = false
                    values.append(0)
                } else {
                    values.append(value(type, row))
                }
            }
            return .fixed(FixedColumn(values: values, validity: validity))
        }
    }

    private mutating func value(_ type: LeafType, _ row: Int) -> Int64 {
        let small = Int64.random(in: -3...3, using: &generator)
        switch type {
        case .bool: return variety == 0 ? 1 : small & 1
        case .int32:
            let extremes: [Int64] = [Int64(Int32.min), Int64(Int32.max), 0, -1]
            return [5, small, Int64(row) * 3 + small, extremes[row % 4]][variety]
        case .uint32:
            let extremes: [Int64] = [0, Int64(UInt32.max), 1 << 31, 1]
            return [5, abs(small), Int64(row) * 3 + abs(small), extremes[row % 4]][variety]
        case .float:
            let value = [
                1.5, Double(small), Double(row) / 4, Double(Float.greatestFiniteMagnitude),
            ]
            return Int64(bitPattern: value[variety].bitPattern)
        case .double:
            let value = [1.5, Double(small), Double(row) / 3, Self.oddDoubles[row % 4]]
            return Int64(bitPattern: value[variety].bitPattern)
        case .timestampMicros:
            // Engines show the years 1 to 9999 only.
            let extremes: [Int64] = [-62_135_596_800_000_000, 253_402_300_799_999_999, 0, -1]
            return [5, small, Int64(row) * 1_000 + small, extremes[row % 4]][variety]
        default:
            let extremes: [Int64] = [.min, .max, 0, -1]
            return [5, small, Int64(row) * 1_000 + small, extremes[row % 4]][variety]
        }
    }
}

/// Schemas and files that several suites use.
enum Fixtures {
    static let leafTypes: [LeafType] = [
        .bool, .int32, .uint32, .int64, .timestampMicros, .float, .double, .string, .json, .bytes,
        .hex(byteCount: 8), .hex(byteCount: 16),
    ]
    static let encodings: [ValueEncoding] = [
        .automatic, .plain, .dictionary, .deltaBinaryPacked, .deltaLengthByteArray, .deltaByteArray,
        .byteStreamSplit,
    ]

    /// A field of every shape and type.
    static func everyShape(
        encoding: ValueEncoding = .automatic,
        bloomFilter: Bool = false
    ) -> Schema {
        var fields: [Field] = []
        for (number, type) in leafTypes.enumerated() {
            func add(_ name: String, _ shape: Field.Shape) {
                fields.append(
                    Field("\(name)_\(number)", shape, encoding: encoding, bloomFilter: bloomFilter)
                )
            }
            add("required", .leaf(type, optional: false))
            add("optional", .leaf(type, optional: true))
            add("list", .list(type))
            add("map", .map(type))
        }
        fields.append(
            Field(
                "structs",
                .structs(
                    leafTypes.enumerated().map { number, type in
                        Field(
                            "member_\(number)",
                            .leaf(type, optional: number % 2 == 0),
                            encoding: encoding
                        )
                    }
                ),
                bloomFilter: bloomFilter
            )
        )
        return Schema(fields)
    }

    /// Writes row groups of columns and returns the file.
    static func write(
        _ schema: Schema,
        _ groups: [[Column]],
        options: WriterOptions = WriterOptions(),
        sorting: [Int] = [],
        metadata: [(String, String)] = []
    ) throws -> [UInt8] {
        let sink = ByteSink()
        var writer = ParquetWriter(schema: schema, sortingColumns: sorting, options: options) {
            sink.bytes.append(contentsOf: $0)
        }
        for columns in groups {
            try writer.writeRowGroup(rowCount: columns[0].rowCount) { columns[$0] }
        }
        let summary = try writer.finish(keyValueMetadata: metadata)
        precondition(summary.byteCount == sink.bytes.count, "the summary counts every byte")
        return sink.bytes
    }

    /// Every column of the file as comparable values.
    static func cells(_ reader: ParquetReader) throws -> [[Cell]] {
        try reader.schema.fields.indices.map { field in
            try reader.rowGroups.indices.flatMap {
                try reader.column(rowGroup: $0, field: field).cells(
                    reader.schema.fields[field].shape
                )
            }
        }
    }
}

final class ByteSink {
    var bytes: [UInt8] = []
}
