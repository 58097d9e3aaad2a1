/// Damages valid requests.
struct Mutator {
    private let corpus: Corpus

    init(corpus: Corpus) { self.corpus = corpus }

    /// The body of a case: a valid request after one to four mutations.
    func body(for decoder: Decoder, _ generator: inout Generator) -> [UInt8] {
        let bodies = corpus.bodies(for: decoder)
        var body = bodies[generator.below(bodies.count)]
        // Half of the cases stay well-formed.
        if generator.once(in: 2) {
            for _ in 0...generator.below(4) {
                if decoder.isJSON {
                    let other = bodies[generator.below(bodies.count)]
                    body = Structure.rearranged(json: body, from: other, &generator)
                } else {
                    let tokens = Mutator.wireTokens
                    body = Structure.rearranged(body, tokens: tokens, &generator) ?? body
                }
            }
            return body
        }
        for _ in 0...generator.below(4) {
            mutate(&body, bodies, isJSON: decoder.isJSON, &generator)
        }
        return body
    }

    private func mutate(
        _ body: inout [UInt8],
        _ bodies: [[UInt8]],
        isJSON: Bool,
        _ generator: inout Generator
    ) {
        let kind = generator.below(12)
        guard !body.isEmpty else {
            body = (0..<generator.below(16)).map { _ in generator.byte() }
            return
        }
        let position = generator.below(body.count)
        switch kind {
        case 0, 1: body[position] ^= 1 << UInt8(generator.below(8))
        case 2: body[position] = generator.byte()
        case 3: body.removeLast(body.count - position)
        case 4:
            // Lengths: a byte grows or shrinks a little, or becomes a long varint.
            body[position] &+= UInt8(generator.below(5)) &- 2
        case 5:
            let long = (0..<(1 + generator.below(10))).map { _ in generator.byte() | 0x80 }
            body.replaceSubrange(position...position, with: long + [generator.byte() & 0x7f])
        case 6:
            let end = min(body.count, position + generator.below(16))
            body.removeSubrange(position..<end)
        case 7:
            let end = min(body.count, position + 1 + generator.below(32))
            body.insert(contentsOf: Array(body[position..<end]), at: generator.below(body.count))
        case 8:
            // A piece of another request.
            let other = bodies[generator.below(bodies.count)]
            guard !other.isEmpty else { return }
            let start = generator.below(other.count)
            let end = min(other.count, start + 1 + generator.below(64))
            body.insert(contentsOf: other[start..<end], at: position)
        case 9: nest(&body, at: position, isJSON: isJSON, &generator)
        case 10:
            let tokens = isJSON ? Mutator.jsonTokens : Mutator.wireTokens
            body.insert(contentsOf: tokens[generator.below(tokens.count)], at: position)
        default:
            let tokens = isJSON ? Mutator.jsonTokens : Mutator.wireTokens
            let token = tokens[generator.below(tokens.count)]
            let end = min(body.count, position + token.count)
            body.replaceSubrange(position..<end, with: token)
        }
    }

    /// Wraps a request into, or plants into it, lists inside one another.
    private func nest(
        _ body: inout [UInt8],
        at position: Int,
        isJSON: Bool,
        _ generator: inout Generator
    ) {
        let depth = 1 + generator.below(96)
        if isJSON {
            let isArray = generator.once(in: 2)
            let open =
                isArray
                ? #"{"arrayValue":{"values":["# : #"{"kvlistValue":{"values":[{"key":"k","value":"#
            let close = isArray ? "]}}" : "}]}}"
            let text =
                String(repeating: open, count: depth) + "{}"
                + String(repeating: close, count: depth)
            let end = min(body.count, position + generator.below(8))
            body.replaceSubrange(position..<end, with: Array(text.utf8))
            return
        }
        var value: [UInt8] = []
        for _ in 0..<depth {
            value = Mutator.field(generator.once(in: 2) ? 0x2a : 0x32, Mutator.field(0x0a, value))
        }
        body.insert(contentsOf: Mutator.field(0x12, value), at: position)
    }

    private static func field(_ tag: UInt8, _ contents: [UInt8]) -> [UInt8] {
        [tag] + Structure.varint(contents.count) + contents
    }

    private static let wireTokens: [[UInt8]] = [
        [0x0a, 0x00], [0x12, 0x00], [0x2a, 0x00], [0x32, 0x00],
        [0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f],
        [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01], [0x0b], [0x0c], [0x85, 0x01],
        [0x0a, 0x10, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16],
        [0x12, 0x08, 1, 2, 3, 4, 5, 6, 7, 8], [0x40, 0x01], [0x18, 0x80, 0x80, 0x01],
    ]

    private static let jsonTokens: [[UInt8]] = [
        "{", "}", "[", "]", ",", ":", "\"", "\\", "null", "true", "false", "0", "-1", "1e400",
        "1e3",
        "\"NaN\"", "\\ud83d\\ude00", "\\ud83d", "\\u0000", "{}", "[]", "\"key\":\"k\\n\"",
        "{\"value\":{\"arrayValue\":{\"values\":[{}]}},\"key\":\"$\"}", "18446744073709551616",
        "\"traceId\":\"\",", "\"unknown\":[{\"a\":[1,2.5e-3]}],", "\u{1}", " \n\t",
    ].map { Array($0.utf8) }
}
