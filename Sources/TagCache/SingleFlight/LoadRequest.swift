// What travels between the steps of a load.
import Synchronization

/// Numbers for flights and waiters, unique in the process.
enum FlightNumber {
    private static let last = Atomic<UInt64>(0)

    static func next() -> UInt64 { last.wrappingAdd(1, ordering: .relaxed).newValue }
}

/// What a caller asked for.
@usableFromInline
struct LoadRequest<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    @usableFromInline let key: Key
    @usableFromInline let hash: UInt64
    @usableFromInline let tags: [String]
    @usableFromInline let ttl: Duration?
    @usableFromInline let load: @Sendable () async throws -> Value

    @inlinable
    init(
        key: Key,
        hash: UInt64,
        tags: [String],
        ttl: Duration?,
        load: @escaping @Sendable () async throws -> Value
    ) {
        self.key = key
        self.hash = hash
        self.tags = tags
        self.ttl = ttl
        self.load = load
    }
}

/// A loaded value with what foreign code says about it, asked for before the lock is taken.
struct Prepared<Value: Sendable>: Sendable {
    let value: Value
    let weight: Int
    let lifetime: Lifetime

    func entry<Key>(
        _ request: LoadRequest<Key, Value>,
        _ tags: [UInt32],
        _ stamp: UInt64
    )
        -> NewEntry<Key, Value>
    {
        NewEntry(
            key: request.key,
            hash: request.hash,
            stored: .value(value),
            weight: weight,
            stamp: stamp,
            tags: TagList(tags),
            lifetime: lifetime
        )
    }
}

/// What a caller has to do after it has asked to wait.
enum JoinStep<Value: Sendable> {
    /// It has its answer.
    case answered(WaitOutcome<Value>)
    case refused
    case cancelled
    /// It waits; it may have to start the load, the timer, or both.
    case waiting(flight: UInt64, startsLoad: Bool, startsTimer: Bool)
}
