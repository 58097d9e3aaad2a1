public import Synchronization

/// A table of the memory tier behind its lock.
///
/// Tables lie side by side in memory that belongs to the cache: to reach one, no reference
/// count changes.
@usableFromInline
struct Shard<Key: Hashable & Sendable, Value: Sendable>: ~Copyable {
    @usableFromInline let state: Mutex<ShardState<Key, Value>>

    init(core: consuming ShardCore) { state = Mutex(ShardState(core: core)) }

    @inlinable
    func lookup(_ key: Key, _ hash: UInt64, _ now: UInt64, wantsTags: Bool) -> Lookup<Key, Value> {
        state.withLock { $0.lookup(key, hash, now, wantsTags: wantsTags) }
    }
}
