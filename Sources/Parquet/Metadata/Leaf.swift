/// One column of the file: a leaf of the schema tree, with what is needed to write and read it.
struct Leaf: Sendable {
    /// The field it belongs to, and which of the field's leaves it is.
    var field: Int
    var member = 0
    var path: [String]
    var type: LeafType
    /// The definition level of a value that is there.
    var maxDefinition = 0
    /// The definition level from which on a list element, perhaps null, is there; 0 when not in a list.
    var elementDefinition = 0
    var isRepeated = false
    /// Whether a null is one the shape can express.
    var isOptional = false
    var encoding: ValueEncoding = .automatic
    var hasBloomFilter = false
    var hasPageIndex = false

    var name: String { path.joined(separator: ".") }

    var physical: PhysicalType {
        switch type {
        case .bool: .boolean
        case .int32, .uint32: .int32
        case .int64, .timestampMicros: .int64
        case .float: .float
        case .double: .double
        case .string, .json, .bytes, .hex: .byteArray
        }
    }

    var isText: Bool { type == .string || type == .json || type == .bytes }
}

extension Schema {
    /// The leaves in file order.
    func leaves() -> [Leaf] {
        var leaves: [Leaf] = []
        for (position, field) in fields.enumerated() {
            func add(
                _ path: [String],
                _ type: LeafType,
                optional: Bool,
                repeated: Bool,
                from: Field
            ) {
                leaves.append(
                    Leaf(
                        field: position,
                        member: leaves.last?.field == position
                            ? leaves.last.map { $0.member + 1 } ?? 0 : 0,
                        path: [field.name] + path,
                        type: type,
                        maxDefinition: (optional ? 1 : 0) + (repeated ? 1 : 0),
                        elementDefinition: repeated ? 1 : 0,
                        isRepeated: repeated,
                        isOptional: optional,
                        encoding: from.encoding,
                        hasBloomFilter: field.hasBloomFilter || from.hasBloomFilter,
                        hasPageIndex: field.hasPageIndex
                    )
                )
            }
            switch field.shape {
            case .leaf(let type, let optional):
                add([], type, optional: optional, repeated: false, from: field)
            case .list(let type):
                add(["list", "element"], type, optional: false, repeated: true, from: field)
            case .map(let type):
                add(["key_value", "key"], .string, optional: false, repeated: true, from: field)
                add(["key_value", "value"], type, optional: false, repeated: true, from: field)
            case .structs(let members):
                for member in members {
                    guard case .leaf(let type, let optional) = member.shape else {
                        preconditionFailure("members of structs are leaves")
                    }
                    add(
                        ["list", "element", member.name],
                        type,
                        optional: optional,
                        repeated: true,
                        from: member
                    )
                }
            }
        }
        return leaves
    }

    /// Whether the same columns are in the same order, so that row groups can be copied as they are; how they are
    /// encoded may differ.
    public func hasSameShape(as other: Schema) -> Bool {
        fields.count == other.fields.count
            && zip(fields, other.fields).allSatisfy { $0.hasSameShape(as: $1) }
    }
}

extension Schema {
    /// Where in `file` each field is, found by name; nil for one that is not there.
    ///
    /// - Throws: `Damage` for a field that is there in another shape, or that is not there and may not be null.
    func positions(in file: Schema) throws(Damage) -> [Int?] {
        if fields == file.fields { return Array(fields.indices) }
        return try fields.map { field throws(Damage) in
            guard let position = file.index(of: field.name) else {
                if case .leaf(_, optional: false) = field.shape {
                    throw .unsupported("a file without the column \(field.name)")
                }
                return nil
            }
            guard field.canRead(file.fields[position]) else {
                throw .unsupported("the column \(field.name) in another shape")
            }
            return position
        }
    }
}

extension LeafType {
    /// The form of a column of it in memory.
    fileprivate enum Form: Equatable {
        case integers, reals, text
        case identifiers(byteCount: Int)
    }

    fileprivate var form: Form {
        switch self {
        case .bool, .int32, .uint32, .int64, .timestampMicros: .integers
        case .float, .double: .reals
        case .string, .json, .bytes: .text
        case .hex(let byteCount): .identifiers(byteCount: byteCount)
        }
    }
}

extension Field {
    /// Whether the columns of a file's field of this name have the form of this one's.
    fileprivate func canRead(_ other: Field) -> Bool {
        switch (shape, other.shape) {
        case (.leaf(let type, let isOptional), .leaf(let stored, let isStoredOptional)):
            type.form == stored.form && (isOptional || !isStoredOptional)
        case (.list(let type), .list(let stored)), (.map(let type), .map(let stored)):
            type.form == stored.form
        case (.structs(let members), .structs(let stored)):
            members.count == stored.count
                && zip(members, stored).allSatisfy { $0.name == $1.name && $0.canRead($1) }
        default: false
        }
    }

    fileprivate func hasSameShape(as other: Field) -> Bool {
        guard name == other.name else { return false }
        guard case .structs(let members) = shape, case .structs(let others) = other.shape else {
            return shape == other.shape
        }
        return members.count == others.count
            && zip(members, others).allSatisfy { $0.hasSameShape(as: $1) }
    }
}
