import Failpoints

/// A connection that has been encrypted and authenticated as the configuration asks.
///
/// Its calls block; it is used by one thread.
struct RedisConnection: ~Copyable {
    private let stream: RedisStream
    private var reader: RedisReader
    private let failpoints: FailpointRegistry

    private init(
        _ stream: consuming RedisStream,
        _ reader: consuming RedisReader,
        _ failpoints: FailpointRegistry
    ) {
        self.stream = stream
        self.reader = reader
        self.failpoints = failpoints
    }

    /// Connects; whoever waits is freed by `wake`.
    static func open(
        _ configuration: RedisBusConfiguration,
        _ failpoints: FailpointRegistry,
        wake: WakeSignal?
    ) throws(RedisBusError) -> RedisConnection {
        let deadline = Deadline(after: configuration.connectTimeout)
        try failpoints.reach(.connect)
        let stream = try RedisStream(configuration, deadline, wake)
        var connection = RedisConnection(stream, try RedisReader(), failpoints)
        if let password = configuration.password {
            try connection.authenticate(configuration.username, password, deadline)
        }
        return connection
    }

    private mutating func authenticate(
        _ username: String?,
        _ password: String,
        _ deadline: Deadline
    ) throws(RedisBusError) {
        try failpoints.reach(.authenticate)
        let words = ["AUTH"] + (username.map { [$0] } ?? []) + [password]
        try send(words.map { Array($0.utf8) }, deadline)
        if case .error(let text) = try receive(deadline) { throw .refused(text) }
    }

    func send(_ words: [[UInt8]], _ deadline: Deadline) throws(RedisBusError) {
        try failpoints.reach(.send)
        try stream.write(try redisCommand(words), deadline)
    }

    /// The next reply.
    mutating func receive(_ deadline: Deadline) throws(RedisBusError) -> RedisReply {
        try failpoints.reach(.receive)
        while true {
            if let reply = try reader.next() { return reply }
            try reader.feed(try stream.read(deadline))
        }
    }
}
