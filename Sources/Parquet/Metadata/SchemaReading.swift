// Rebuilds fields and leaves from schema elements (see SchemaElements.swift) of this and of other writers. The
// outer group may be optional (null reads as empty), list elements and map values may be optional as long as
// none is null.

/// What a file's schema tree says.
struct SchemaTree {
    private(set) var fields: [Field] = []
    private(set) var leaves: [Leaf] = []
    /// Why a field cannot be read, where it cannot.
    private(set) var unsupported: [Int: String] = [:]
    private let elements: [SchemaElement]
    private var next = 1

    init(_ elements: [SchemaElement]) throws {
        self.elements = elements
        guard let root = elements.first, let count = root.childCount else {
            throw Damage.damaged("a file without a schema")
        }
        for _ in 0..<count { try addField() }
        guard next == elements.count else { throw Damage.damaged("a schema with loose elements") }
    }

    private struct Node {
        var element: SchemaElement
        var children: [Node] = []
    }

    private mutating func node(_ depth: Int) throws -> Node {
        guard next < elements.count, depth <= Limits.thriftDepth else {
            throw Damage.damaged("a schema that ends early or is nested too deep")
        }
        var node = Node(element: elements[next])
        next += 1
        guard node.element.repetition != nil else {
            throw Damage.damaged("a schema element without repetition")
        }
        if let count = node.element.childCount, node.element.physical == nil {
            for _ in 0..<count { node.children.append(try self.node(depth + 1)) }
        } else if node.element.physical == nil {
            throw Damage.damaged("a schema element without a type")
        }
        return node
    }

    private mutating func addField() throws {
        let node = try node(1)
        let position = fields.count
        if let (shape, found) = Self.shape(node, position) {
            fields.append(Field(node.element.name, shape))
            leaves += found
        } else {
            fields.append(Field(node.element.name, .leaf(.bytes, optional: true)))
            unsupported[position] = "a shape or type that is not read here"
            addLeaves(of: node, [], position)
        }
    }

    /// Placeholders, so that later leaves keep their numbers.
    private mutating func addLeaves(of node: Node, _ path: [String], _ position: Int) {
        let path = path + [node.element.name]
        if node.element.physical != nil {
            leaves.append(Leaf(field: position, path: path, type: .bytes))
        }
        for child in node.children { addLeaves(of: child, path, position) }
    }

    private static func shape(_ node: Node, _ position: Int) -> (Field.Shape, [Leaf])? {
        let element = node.element
        guard element.repetition != .repeated else { return nil }
        let outer = element.repetition == .optional ? 1 : 0
        if element.physical != nil {
            guard let type = element.leafType else { return nil }
            let leaf = Leaf(
                field: position,
                path: [element.name],
                type: type,
                maxDefinition: outer,
                isOptional: outer == 1
            )
            return (.leaf(type, optional: outer == 1), [leaf])
        }
        guard let repeated = node.children.first, node.children.count == 1,
            repeated.element.repetition == .repeated, repeated.element.physical == nil
        else { return nil }
        func leaf(
            _ node: Node,
            _ path: [String],
            _ member: Int,
            _ level: Int,
            _ isOptional: Bool?
        ) -> Leaf? {
            guard node.element.repetition != .repeated, let type = node.element.leafType else {
                return nil
            }
            let own = node.element.repetition == .optional ? 1 : 0
            return Leaf(
                field: position,
                member: member,
                path: path + [node.element.name],
                type: type,
                maxDefinition: level + own,
                elementDefinition: outer + 1,
                isRepeated: true,
                isOptional: isOptional ?? (own == 1)
            )
        }
        let path = [element.name, repeated.element.name]
        if element.logical == .map || (element.logical == nil && element.converted == 1) {
            guard repeated.children.count == 2,
                let key = leaf(repeated.children[0], path, 0, outer + 1, false), key.isText,
                let value = leaf(repeated.children[1], path, 1, outer + 1, false)
            else { return nil }
            var text = key
            text.type = .string
            return (.map(value.type), [text, value])
        }
        guard element.logical == .list || (element.logical == nil && element.converted == 3),
            let item = repeated.children.first, repeated.children.count == 1
        else { return nil }
        if item.element.physical != nil {
            guard let leaf = leaf(item, path, 0, outer + 1, false) else { return nil }
            return (.list(leaf.type), [leaf])
        }
        guard item.element.repetition != .repeated, !item.children.isEmpty else { return nil }
        let level = outer + 1 + (item.element.repetition == .optional ? 1 : 0)
        var members: [Field] = []
        var leaves: [Leaf] = []
        for (member, child) in item.children.enumerated() {
            guard let leaf = leaf(child, path + [item.element.name], member, level, nil) else {
                return nil
            }
            members.append(
                Field(child.element.name, .leaf(leaf.type, optional: leaf.isOptional))
            )
            leaves.append(leaf)
        }
        return (.structs(members), leaves)
    }
}

extension SchemaTree {
    /// Adds what the schema elements cannot say.
    mutating func apply(notes: String?, hasBloomFilter: (Int) -> Bool, hasPageIndex: (Int) -> Bool)
    {
        let tokens =
            notes.map { $0.split(separator: " ").map { SchemaNotes.Note(String($0)) } } ?? []
        var token = 0
        func note() -> SchemaNotes.Note? {
            defer { token += 1 }
            return token < tokens.count ? tokens[token] : nil
        }
        for (position, field) in fields.enumerated() where unsupported[position] == nil {
            let owned = leaves.indices.filter { leaves[$0].field == position }
            var rebuilt = field
            let own = note()
            if case .structs(let members) = field.shape {
                let noted = zip(members, owned).map { member, leaf -> Field in
                    let memberNote = note()
                    return annotate(member, memberNote, leaf)
                }
                rebuilt = Field(field.name, .structs(noted))
                rebuilt.encoding = own?.encoding ?? .automatic
            } else if let last = owned.last {
                rebuilt = annotate(field, own, last)
            }
            rebuilt.hasBloomFilter = own?.hasBloomFilter ?? owned.contains(where: hasBloomFilter)
            rebuilt.hasPageIndex = own?.hasPageIndex ?? owned.contains(where: hasPageIndex)
            fields[position] = rebuilt
        }
    }

    private mutating func annotate(_ field: Field, _ note: SchemaNotes.Note?, _ leaf: Int) -> Field
    {
        guard let note else { return field }
        var shape = field.shape
        if let byteCount = note.hexByteCount, leaves[leaf].type == .string {
            leaves[leaf].type = .hex(byteCount: byteCount)
            switch shape {
            case .leaf(_, let optional): shape = .leaf(leaves[leaf].type, optional: optional)
            case .list: shape = .list(leaves[leaf].type)
            case .map: shape = .map(leaves[leaf].type)
            case .structs: break
            }
        }
        return Field(
            field.name,
            shape,
            encoding: note.encoding,
            bloomFilter: note.hasBloomFilter,
            pageIndex: note.hasPageIndex
        )
    }
}

/// What fields say beyond the schema elements: a token per field, followed by one per member of structs.
enum SchemaNotes {
    static let key = "holdfast.fields"

    /// Token: hexadecimal byte count or nothing, a letter for the encoding, `b` for a bloom filter, `p` for
    /// a page index.
    struct Note {
        var hexByteCount: Int?
        var encoding: ValueEncoding = .automatic
        var hasBloomFilter = false
        var hasPageIndex = false

        private static let letters: [(Character, ValueEncoding)] = [
            ("a", .automatic), ("n", .plain), ("d", .dictionary), ("i", .deltaBinaryPacked),
            ("l", .deltaLengthByteArray), ("x", .deltaByteArray), ("s", .byteStreamSplit),
        ]

        init(_ field: Field) {
            let type: LeafType? =
                switch field.shape {
                case .leaf(let type, _), .list(let type), .map(let type): type
                case .structs: nil
                }
            if case .hex(let byteCount) = type { hexByteCount = byteCount }
            encoding = field.encoding
            hasBloomFilter = field.hasBloomFilter
            hasPageIndex = field.hasPageIndex
        }

        init(_ token: String) {
            if token.hasPrefix("8") { hexByteCount = 8 }
            if token.hasPrefix("16") { hexByteCount = 16 }
            encoding = Self.letters.first { token.contains($0.0) }?.1 ?? .automatic
            hasBloomFilter = token.contains("b")
            hasPageIndex = token.contains("p")
        }

        var token: String {
            var token = hexByteCount.map(String.init) ?? ""
            token.append(Self.letters.first { $0.1 == encoding }?.0 ?? "a")
            if hasBloomFilter { token += "b" }
            if hasPageIndex { token += "p" }
            return token
        }
    }

    static func notes(_ schema: Schema) -> String {
        var tokens: [String] = []
        for field in schema.fields {
            tokens.append(Note(field).token)
            guard case .structs(let members) = field.shape else { continue }
            tokens += members.map { Note($0).token }
        }
        return tokens.joined(separator: " ")
    }
}
