// Fields as schema elements:
//
// leaf:   required|optional NAME
// list:   required group NAME (LIST) { repeated group list { required element } }
// structs: the same, where element is a required group of leaves
// map:    required group NAME (MAP) { repeated group key_value { required binary key (STRING); required value } }
//
// Identifiers are STRING leaves; that they are identifiers, and how fields want to be encoded, is in the
// key-value pair `SchemaNotes.key`.

extension Schema {
    /// The schema tree, depth first.
    func elements() -> [SchemaElement] {
        var elements = [SchemaElement(name: "schema", childCount: fields.count)]
        for field in fields {
            func group(_ name: String, _ repetition: Repetition, _ children: Int) -> SchemaElement {
                SchemaElement(name: name, repetition: repetition, childCount: children)
            }
            func outer(_ converted: Int, _ logical: LogicalType) -> SchemaElement {
                var element = group(field.name, .required, 1)
                element.converted = converted
                element.logical = logical
                return element
            }
            switch field.shape {
            case .leaf(let type, let optional):
                elements.append(.leaf(field.name, type, optional: optional))
            case .list(let type):
                elements.append(outer(3, .list))
                elements.append(group("list", .repeated, 1))
                elements.append(.leaf("element", type, optional: false))
            case .structs(let members):
                elements.append(outer(3, .list))
                elements.append(group("list", .repeated, 1))
                elements.append(group("element", .required, members.count))
                for member in members {
                    guard case .leaf(let type, let optional) = member.shape else { continue }
                    elements.append(.leaf(member.name, type, optional: optional))
                }
            case .map(let type):
                elements.append(outer(1, .map))
                elements.append(group("key_value", .repeated, 2))
                elements.append(.leaf("key", .string, optional: false))
                elements.append(.leaf("value", type, optional: false))
            }
        }
        return elements
    }
}

extension SchemaElement {
    static func leaf(_ name: String, _ type: LeafType, optional: Bool) -> SchemaElement {
        var element = SchemaElement(name: name)
        element.repetition = optional ? .optional : .required
        switch type {
        case .bool: element.physical = .boolean
        case .int32: (element.physical, element.converted) = (.int32, 17)
        case .uint32: (element.physical, element.converted) = (.int32, 13)
        case .int64: (element.physical, element.converted) = (.int64, 18)
        case .timestampMicros: (element.physical, element.converted) = (.int64, 10)
        case .float: element.physical = .float
        case .double: element.physical = .double
        case .string, .hex: (element.physical, element.converted) = (.byteArray, 0)
        case .json: (element.physical, element.converted) = (.byteArray, 19)
        case .bytes: element.physical = .byteArray
        }
        switch type {
        case .int32: element.logical = .integer(bits: 32, isSigned: true)
        case .uint32: element.logical = .integer(bits: 32, isSigned: false)
        case .int64: element.logical = .integer(bits: 64, isSigned: true)
        case .timestampMicros: element.logical = .timestamp(isMicros: true, isUTC: true)
        case .string, .hex: element.logical = .string
        case .json: element.logical = .json
        case .bool, .float, .double, .bytes: break
        }
        return element
    }

    /// What the values of a leaf are, or nil when this library does not read them.
    var leafType: LeafType? {
        switch physical {
        case .boolean: .bool
        case .float: logical == nil && converted == nil ? .float : nil
        case .double: .double
        case .int32:
            isSigned(upTo: 32, converted: [15, 16, 17])
                ? .int32 : isUnsigned(upTo: 32, converted: [11, 12, 13]) ? .uint32 : nil
        case .int64:
            switch logical {
            case .timestamp(isMicros: true, isUTC: true): .timestampMicros
            case nil where converted == 10: .timestampMicros
            default: isSigned(upTo: 64, converted: [18]) ? .int64 : nil
            }
        case .byteArray:
            switch logical {
            case .string: .string
            case .json: .json
            case nil:
                switch converted {
                case nil: .bytes
                case 0, 4: .string
                case 19: .json
                default: nil
                }
            default: converted == 4 ? .string : nil
            }
        case .int96, .fixedLengthByteArray, nil: nil
        }
    }

    private func isSigned(upTo bits: Int, converted known: [Int]) -> Bool {
        switch logical {
        case .integer(let width, let isSigned): isSigned && width <= bits
        case nil: converted.map(known.contains) ?? true
        default: false
        }
    }

    private func isUnsigned(upTo bits: Int, converted known: [Int]) -> Bool {
        switch logical {
        case .integer(let width, let isSigned): !isSigned && width <= bits
        case nil: converted.map(known.contains) ?? false
        default: false
        }
    }
}
