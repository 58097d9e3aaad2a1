// Redis's protocol, spoken through hiredis: replies out of a reader, commands into bytes.
//
// Only hiredis's reader and formatter are used, which every version of it has; sockets, deadlines
// and encryption are ours (`RedisStream`). Commands are lists of lengths and bytes, so that no
// content can break them.
import CHiredis

/// What a server said.
enum RedisReply: Sendable, Equatable {
    case bytes([UInt8])
    case array([RedisReply])
    case integer(Int64)
    case nothing
    case status(String)
    case error(String)

    fileprivate init(_ reply: redisReply) {
        switch reply.type {
        case REDIS_REPLY_INTEGER: self = .integer(reply.integer)
        case REDIS_REPLY_ARRAY:
            self = .array(
                (0..<reply.elements).map { position in
                    reply.element?[position].map { RedisReply($0.pointee) } ?? .nothing
                }
            )
        case REDIS_REPLY_STRING: self = .bytes(Self.bytes(of: reply))
        case REDIS_REPLY_STATUS:
            self = .status(String(decoding: Self.bytes(of: reply), as: UTF8.self))
        case REDIS_REPLY_ERROR:
            self = .error(String(decoding: Self.bytes(of: reply), as: UTF8.self))
        default: self = .nothing
        }
    }

    private static func bytes(of reply: redisReply) -> [UInt8] {
        [UInt8](UnsafeRawBufferPointer(start: reply.str, count: reply.len))
    }
}

/// Cuts a stream of bytes into replies.
struct RedisReader: ~Copyable {
    private let handle: UnsafeMutablePointer<redisReader>
    private var unansweredByteCount = 0

    /// Bytes that may come in without making up a reply; nothing on a bus is nearly as long.
    static let replyByteCountMax = 64 * 1024

    init() throws(RedisBusError) {
        guard let created = redisReaderCreate() else { throw .unreachable("out of memory") }
        handle = created
    }

    deinit { redisReaderFree(handle) }

    /// Takes in what was received.
    mutating func feed(_ bytes: [UInt8]) throws(RedisBusError) {
        unansweredByteCount += bytes.count
        if unansweredByteCount > Self.replyByteCountMax {
            throw .notRedis("a reply is longer than \(Self.replyByteCountMax) bytes")
        }
        let code = bytes.withUnsafeBytes { buffer in
            redisReaderFeed(
                handle,
                buffer.baseAddress?.assumingMemoryBound(to: CChar.self),
                buffer.count
            )
        }
        if code != REDIS_OK { throw fault }
    }

    /// The next whole reply, if there is one.
    mutating func next() throws(RedisBusError) -> RedisReply? {
        var reply: UnsafeMutableRawPointer?
        if redisReaderGetReply(handle, &reply) != REDIS_OK { throw fault }
        guard let reply else { return nil }
        defer { freeReplyObject(reply) }
        unansweredByteCount = 0
        return RedisReply(reply.assumingMemoryBound(to: redisReply.self).pointee)
    }

    private var fault: RedisBusError {
        .notRedis(
            withUnsafeBytes(of: handle.pointee.errstr) { text in
                String(decoding: text.prefix { $0 != 0 }, as: UTF8.self)
            }
        )
    }
}

/// A command as it goes over the wire.
func redisCommand(_ words: [[UInt8]]) throws(RedisBusError) -> [UInt8] {
    // One buffer holds all words, so that there is one address to lend.
    let joined = Array(words.joined()) + [0]
    let lengths = words.map(\.count)
    let bytes: [UInt8]? = joined.withUnsafeBytes { buffer in
        guard let base = buffer.baseAddress?.assumingMemoryBound(to: CChar.self) else { return nil }
        var start = 0
        var starts: [UnsafePointer<CChar>?] = lengths.map { length in
            defer { start += length }
            return base + start
        }
        var formatted: UnsafeMutablePointer<CChar>?
        let count = redisFormatCommandArgv(&formatted, Int32(words.count), &starts, lengths)
        guard count >= 0, let formatted else { return nil }
        defer { redisFreeCommand(formatted) }
        return [UInt8](UnsafeRawBufferPointer(start: formatted, count: Int(count)))
    }
    guard let bytes else { throw .unreachable("out of memory") }
    return bytes
}
