/// Packs requests as senders do, and as nobody should: in several members, with more in them than is
/// allowed, and damaged.
struct GzipPacker {
    /// Some bytes and the gzip member that holds them.
    private struct Member {
        let contents: [UInt8]
        var packed: [UInt8]

        /// Empty when there is no memory to pack.
        init(_ contents: [UInt8]) {
            let packed = Gzip.deflated(contents)
            self.contents = packed == nil ? [] : contents
            self.packed = packed ?? []
        }
    }

    private let mutator: Mutator
    /// The valid requests of each decoder, packed once.
    private let requests: [[Member]]
    /// A few KiB each, and up to 1 MiB inside.
    private let bombs: [Member]

    /// The limit of a server is larger; this one keeps a case cheap.
    private static let limitMax = 64 << 10
    private static let headerCount = 10

    init(corpus: Corpus, mutator: Mutator) {
        self.mutator = mutator
        requests = Decoder.allCases.map { corpus.bodies(for: $0).map { Member($0) } }
        let traces = Array(corpus.bodies(for: .tracesProtobuf).joined())
        bombs = [
            Member([UInt8](repeating: 0, count: 1 << 20)),
            Member([UInt8](repeating: UInt8(ascii: "["), count: 256 << 10)),
            Member(Array(repeatElement(traces, count: 200).joined())),
        ]
    }

    /// A body for a decoder; half of them are sound.
    func body(for decoder: Decoder, _ generator: inout Generator) -> GzipCase {
        let members = soundMembers(for: decoder, &generator)
        let contents = members.flatMap { $0.contents }
        var body = members.flatMap { $0.packed }
        let isDamaged = generator.once(in: 2)
        if isDamaged {
            for _ in 0...generator.below(3) { damage(&body, &generator) }
        }
        return GzipCase(
            body: body,
            contents: isDamaged || body.isEmpty ? nil : contents,
            limit: limit(for: contents.count, &generator),
            part: generator.once(in: 2) ? 1 + generator.below(16) : 1 + generator.below(4096)
        )
    }

    private func limit(for count: Int, _ generator: inout Generator) -> Int {
        let enough = min(count, Self.limitMax)
        return switch generator.below(4) {
        case 0: enough
        case 1: max(0, enough - 1)
        case 2: generator.below(Self.limitMax)
        default: Self.limitMax
        }
    }

    // MARK: - Sound bodies

    private func soundMembers(for decoder: Decoder, _ generator: inout Generator) -> [Member] {
        if generator.once(in: 4) {
            // One request cut into several members.
            var rest = mutator.body(for: decoder, &generator)[...]
            var members: [Member] = []
            while rest.count > 1, members.count < 3 {
                let piece = rest.prefix(generator.below(rest.count))
                members.append(Member(Array(piece)))
                rest = rest.dropFirst(piece.count)
            }
            return members + [Member(Array(rest))]
        }
        return (0...generator.below(3)).map { _ in
            var made = member(for: decoder, &generator)
            if generator.once(in: 8) { dress(&made.packed, &generator) }
            return made
        }
    }

    private func member(for decoder: Decoder, _ generator: inout Generator) -> Member {
        switch generator.below(32) {
        case 0: return bombs[generator.below(bombs.count)]
        case 1: return Member([])
        case 2, 3: return Member((0..<generator.below(2048)).map { _ in generator.byte() })
        case 4...7: return Member(mutator.body(for: decoder, &generator))
        default:
            let valid = requests[decoder.rawValue]
            return valid[generator.below(valid.count)]
        }
    }

    /// Puts the optional parts of RFC 1952 into a header: extra bytes, a name, a comment.
    private func dress(_ packed: inout [UInt8], _ generator: inout Generator) {
        guard packed.count > Self.headerCount, packed[3] == 0 else { return }
        let flags = UInt8(generator.below(8)) << 2
        var parts: [UInt8] = []
        if flags & 4 != 0 {
            let extra = (0..<generator.below(64)).map { _ in generator.byte() }
            parts += [UInt8(truncatingIfNeeded: extra.count), 0] + extra
        }
        if flags & 8 != 0 { parts += Array("request".utf8) + [0] }
        if flags & 16 != 0 { parts += Array("as it came".utf8) + [0] }
        packed[3] = flags
        packed.insert(contentsOf: parts, at: Self.headerCount)
    }

    // MARK: - Damage

    private func damage(_ body: inout [UInt8], _ generator: inout Generator) {
        let kind = generator.below(11)
        guard !body.isEmpty else {
            body = (0..<generator.below(16)).map { _ in generator.byte() }
            return
        }
        let position = generator.below(body.count)
        let end = min(body.count, position + 1 + generator.below(16))
        switch kind {
        case 0, 1: body[position] ^= 1 << UInt8(generator.below(8))
        case 2: body[position] = generator.byte()
        case 3: body.removeLast(body.count - position)
        case 4: body[generator.below(min(body.count, Self.headerCount))] = generator.byte()
        case 5:
            // The last member's checksum and size.
            body[body.count - 1 - generator.below(min(body.count, 8))] ^= 1 | generator.byte()
        case 6: body.removeSubrange(position..<end)
        case 7:
            body.insert(contentsOf: Array(body[position..<end]), at: generator.below(body.count))
        case 8: body += (0...generator.below(16)).map { _ in generator.byte() }
        case 9: body += [UInt8](repeating: 0, count: 1 + generator.below(1024))
        default:
            // The beginning of another member.
            let other = bombs[generator.below(bombs.count)].packed
            body += other.prefix(generator.below(other.count + 1))
        }
    }
}
