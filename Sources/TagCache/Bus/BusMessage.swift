// A message of the bus. Numbers are little-endian.
//
//   0  "TCB", u8 format (1)
//   4  u8   kind: 1 invalidation, 2 clear, 3 heartbeat, 4 goodbye
//   5  u8   stream: 0..<16 the tag's partition, 16 clears; 255 for heartbeat and goodbye
//   6  u16  length of the tag
//   8  u64  node, 16 u64 incarnation of the node
//  24  u64  number of the message in its stream, from 1 to 2^48
//  32  u64  physical, 40 u16 logical time of the sender
//  42       the tag; or for heartbeat and goodbye 17 x u64, the last number of each stream
//  ..  u64  checksum of everything before
//
// A message that is anything else is refused as a whole: nothing of it is used.

/// What nodes tell each other.
struct BusMessage: Sendable, Equatable {
    enum Content: Sendable, Equatable {
        case invalidation(tag: String, number: UInt64)
        case clear(number: UInt64)
        case heartbeat(last: [UInt64])
        case goodbye(last: [UInt64])
    }

    let node: UInt64
    let incarnation: UInt64
    let time: HybridTimestamp
    let content: Content

    static let streamCount = TagCacheLimits.partitionCount + 1
    static let clearStream = TagCacheLimits.partitionCount
    private static let magic: [UInt8] = [0x54, 0x43, 0x42, 1]
    private static let headerByteCount = 42
    private static let noStream: UInt8 = 255

    init(node: UInt64, incarnation: UInt64, time: HybridTimestamp, content: Content) {
        self.node = node
        self.incarnation = incarnation
        self.time = time
        self.content = content
    }

    var bytes: [UInt8] {
        var bytes = Self.magic
        var body: [UInt8] = []
        var number: UInt64 = 0
        var stream = Self.noStream
        var kind: UInt8
        switch content {
        case .invalidation(let tag, let sequence):
            kind = 1
            stream = UInt8(TagName.partition(of: tag))
            number = sequence
            body = Array(tag.utf8)
        case .clear(let sequence):
            kind = 2
            stream = UInt8(Self.clearStream)
            number = sequence
        case .heartbeat(let last):
            kind = 3
            for sequence in last { body.append(littleEndian: sequence) }
        case .goodbye(let last):
            kind = 4
            for sequence in last { body.append(littleEndian: sequence) }
        }
        bytes += [kind, stream]
        bytes.append(littleEndian: UInt16(clamping: body.count))
        for word in [node, incarnation, number, time.physical] { bytes.append(littleEndian: word) }
        bytes.append(littleEndian: time.logical)
        bytes += body
        bytes.append(littleEndian: bytes.withUnsafeBytes { Checksum.of($0, seed: 0) })
        return bytes
    }

    /// Reads a message; nil if it is not one.
    init?(_ bytes: [UInt8]) {
        guard bytes.count <= TagCacheLimits.messageByteCountMax,
            bytes.count >= Self.headerByteCount + 8,
            Array(bytes[0..<4]) == Self.magic
        else { return nil }
        let kind = bytes[4]
        let stream = bytes[5]
        let parsed: (length: Int, words: [UInt64], logical: UInt16, sum: UInt64, right: UInt64)
        parsed = bytes.withUnsafeBytes { raw in
            let end = raw.count - 8
            return (
                Int(raw.loadUnaligned(fromByteOffset: 6, as: UInt16.self).littleEndian),
                (0..<4).map {
                    raw.loadUnaligned(fromByteOffset: 8 + $0 * 8, as: UInt64.self).littleEndian
                },
                raw.loadUnaligned(fromByteOffset: 40, as: UInt16.self).littleEndian,
                raw.loadUnaligned(fromByteOffset: end, as: UInt64.self).littleEndian,
                Checksum.of(UnsafeRawBufferPointer(rebasing: raw[0..<end]), seed: 0)
            )
        }
        let body = bytes[Self.headerByteCount..<bytes.count - 8]
        guard parsed.sum == parsed.right, parsed.length == body.count else { return nil }
        node = parsed.words[0]
        incarnation = parsed.words[1]
        time = HybridTimestamp(physical: parsed.words[3], logical: parsed.logical, node: node)
        let number = parsed.words[2]
        let numbers = 1...TagCacheLimits.messageNumberMax
        switch kind {
        case 1:
            let tag = String(decoding: body, as: UTF8.self)
            guard (try? TagName.validate(tag)) != nil, numbers.contains(number),
                Int(stream) == TagName.partition(of: tag)
            else { return nil }
            content = .invalidation(tag: tag, number: number)
        case 2:
            guard body.isEmpty, numbers.contains(number), Int(stream) == Self.clearStream else {
                return nil
            }
            content = .clear(number: number)
        case 3, 4:
            guard stream == Self.noStream, body.count == Self.streamCount * 8 else { return nil }
            let last = (0..<Self.streamCount).map { position in
                let start = body.startIndex + position * 8
                return Array(body[start..<start + 8]).asNumber ?? 0
            }
            guard last.allSatisfy({ $0 <= TagCacheLimits.messageNumberMax }) else { return nil }
            content = kind == 3 ? .heartbeat(last: last) : .goodbye(last: last)
        default: return nil
        }
    }
}
