// Mutations that keep the syntax of a request intact, so that they reach deep into it: fields and
// values are moved, repeated, dropped and replaced as a whole.

enum Structure {
    // MARK: - Protobuf

    private struct Field {
        var tag: [UInt8]
        /// The length-delimited contents, or the bytes of a scalar.
        var contents: [UInt8]
        var isMessage: Bool

        var bytes: [UInt8] {
            isMessage ? tag + varint(contents.count) + contents : tag + contents
        }
    }

    /// Changes one field somewhere in a message; gives nil if the bytes are not a message.
    static func rearranged(
        _ message: [UInt8],
        tokens: [[UInt8]],
        _ generator: inout Generator
    ) -> [UInt8]? {
        guard var fields = fields(of: message), !fields.isEmpty else { return nil }
        let index = generator.below(fields.count)
        if fields[index].isMessage, !generator.once(in: 4) {
            let inner = fields[index].contents
            if let changed = rearranged(inner, tokens: tokens, &generator) {
                fields[index].contents = changed
                return fields.flatMap(\.bytes)
            }
        }
        switch generator.below(6) {
        case 0: fields.insert(fields[index], at: generator.below(fields.count))
        case 1: fields.remove(at: index)
        case 2: fields.swapAt(index, generator.below(fields.count))
        case 3:
            let token = tokens[generator.below(tokens.count)]
            fields[index].contents = fields[index].isMessage ? token : fields[index].contents
        case 4:
            if let position = fields[index].contents.indices.randomElement(using: &generator) {
                fields[index].contents[position] ^= 1 << UInt8(generator.below(7))
            }
        default:
            let token = tokens[generator.below(tokens.count)]
            let raw = Field(tag: [], contents: token, isMessage: false)
            fields.insert(raw, at: index)
        }
        return fields.flatMap(\.bytes)
    }

    private static func fields(of message: [UInt8]) -> [Field]? {
        var fields: [Field] = []
        var rest = message[...]
        while !rest.isEmpty {
            guard let tag = takeVarint(&rest) else { return nil }
            switch tag.value & 7 {
            case 0:
                guard let value = takeVarint(&rest) else { return nil }
                fields.append(Field(tag: tag.bytes, contents: value.bytes, isMessage: false))
            case 1, 5:
                let count = tag.value & 7 == 1 ? 8 : 4
                guard rest.count >= count else { return nil }
                let value = Array(rest.prefix(count))
                rest = rest.dropFirst(count)
                fields.append(Field(tag: tag.bytes, contents: value, isMessage: false))
            case 2:
                guard let length = takeVarint(&rest), length.value <= UInt64(rest.count) else {
                    return nil
                }
                let contents = Array(rest.prefix(Int(length.value)))
                rest = rest.dropFirst(contents.count)
                fields.append(Field(tag: tag.bytes, contents: contents, isMessage: true))
            default: return nil
            }
        }
        return fields
    }

    private static func takeVarint(
        _ bytes: inout ArraySlice<UInt8>
    ) -> (value: UInt64, bytes: [UInt8])? {
        var value: UInt64 = 0
        for (index, byte) in bytes.prefix(10).enumerated() {
            value |= UInt64(byte & 127) << UInt64(7 * index)
            guard byte < 128 else { continue }
            let taken = Array(bytes.prefix(index + 1))
            bytes = bytes.dropFirst(index + 1)
            return (value, taken)
        }
        return nil
    }

    static func varint(_ value: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = value
        while rest > 127 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 128)
            rest >>= 7
        }
        return bytes + [UInt8(truncatingIfNeeded: rest)]
    }

    // MARK: - JSON

    /// Replaces, repeats or empties one value somewhere in a text.
    static func rearranged(
        json text: [UInt8],
        from other: [UInt8],
        _ generator: inout Generator
    ) -> [UInt8] {
        guard let range = value(in: text, &generator) else { return text }
        var changed = text
        switch generator.below(4) {
        case 0:
            guard let source = value(in: other, &generator) else { return text }
            changed.replaceSubrange(range, with: other[source])
        case 1: changed.insert(contentsOf: [0x2c] + text[range], at: range.upperBound)
        case 2: changed.replaceSubrange(range, with: Array("null".utf8))
        default:
            guard let second = value(in: text, &generator), second.upperBound <= range.lowerBound
            else { return text }
            changed.replaceSubrange(range, with: text[second])
            changed.replaceSubrange(second, with: text[range])
        }
        return changed
    }

    /// Some balanced value or member name.
    private static func value(in text: [UInt8], _ generator: inout Generator) -> Range<Int>? {
        guard !text.isEmpty else { return nil }
        var start = generator.below(text.count)
        while start < text.count, ![0x7b, 0x5b, 0x22].contains(text[start]) { start += 1 }
        guard start < text.count else { return nil }
        var depth = 0
        var isQuoted = false
        var position = start
        while position < text.count {
            switch text[position] {
            case 0x5c where isQuoted: position += 1
            case 0x22: isQuoted.toggle()
            case 0x7b where !isQuoted, 0x5b where !isQuoted: depth += 1
            case 0x7d where !isQuoted, 0x5d where !isQuoted: depth -= 1
            default: break
            }
            position += 1
            if depth <= 0, !isQuoted { return start..<min(position, text.count) }
        }
        return nil
    }
}
