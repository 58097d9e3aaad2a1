import Parquet

// What manifests and footers say of a table's schema.
//
// The digest is that of a text of lines: "table" and the name, "field" with name and type for every field in order, and
// "sort" with the names of the sorted columns. An optional leaf has "?" behind its type. The words stay as they are, in
// code that may call the types something else: another text would be another schema.

extension [TableDefinition] {
    /// The digests by table name.
    var schemaIDs: [String: String] {
        Dictionary(uniqueKeysWithValues: map { ($0.name, $0.schemaID) })
    }
}

extension TableDefinition {
    /// The digest of a table.
    static func digest(_ name: String, _ schema: Schema, _ sortKey: [Int]) -> String {
        let fields = schema.fields.map { "field \($0.name) \($0.shape.words)" }
        let sort = sortKey.map { " " + schema.fields[$0].name }
        let lines = ["table \(name)"] + fields + ["sort" + sort.joined()]
        return sha256(Array(lines.joined(separator: "\n").utf8))
    }

    /// The part of a segment's footer that is the same in all of a table's.
    static func footer(
        _ schemaID: String,
        _ sortedColumns: [String],
        _ promoted: [(attribute: String, column: String)]
    ) -> [(String, String)] {
        var pairs = [
            ("holdfast.schema", schemaID),
            ("holdfast.sortKey", sortedColumns.joined(separator: ",")),
        ]
        if !promoted.isEmpty {
            let columns = Dictionary(
                uniqueKeysWithValues: promoted.map { ($0.attribute, $0.column) }
            )
            let json = String(decoding: StorageJSON.encode(columns), as: UTF8.self)
            pairs.append(("holdfast.columns", json))
        }
        return pairs
    }
}

extension Field.Shape {
    /// The shape as it stands in the text of the digest.
    fileprivate var words: String {
        switch self {
        case .leaf(let type, let optional): return type.word + (optional ? "?" : "")
        case .list(let type): return "list<\(type.word)>"
        case .structs(let members):
            let words = members.map { "\($0.name) \($0.shape.words)" }
            return "list<struct<\(words.joined(separator: ", "))>>"
        case .map(let type): return "map<string, \(type.word)>"
        }
    }
}

extension LeafType {
    /// The type as it stands in the text of the digest.
    fileprivate var word: String {
        switch self {
        case .bool: "bool"
        case .int32: "int32"
        case .uint32: "uint32"
        case .int64: "int64"
        case .timestampMicros: "timestamp_micros"
        case .float: "float"
        case .double: "double"
        case .string: "string"
        case .json: "json"
        case .bytes: "bytes"
        case .hex(let byteCount): "hex\(byteCount)"
        }
    }
}
