// The cache: memory tier, single flight, tags, and behind them the optional persistent tier and
// bus.
//
// Order of a write: memory under the table's lock, and under that lock the place in the persistent
// tier's queue, so that both tiers see writes of a key in one order; then the wait for the commit.
// Order of an invalidation: memory (from here on nothing stale is served by this cache), the
// persistent tier's commit, the bus. Each step happens even if the one before it failed; the
// first error is thrown, in this order and not in that of time.
//
// No lock is held while anything is awaited and no foreign code (weigher, load, deinitialiser) runs
// under one; `==` and `hash` of keys do, and must not call the cache.

public import Synchronization

/// A cache that computes a value once however many ask, and forgets exactly what changed.
public final class TagCache<Key: Hashable & Sendable, Value: Sendable>: @unchecked Sendable {
    // Guard: `shards` points to `shardCount` tables, each behind its lock, from `init` to `deinit`.
    @usableFromInline let shards: UnsafeMutablePointer<Shard<Key, Value>>
    let shardCount: Int
    @usableFromInline let shardShift: UInt64
    @usableFromInline let secret = KeyHash.secret
    @usableFromInline let clock: CacheClock
    @usableFromInline let runningLoads = LoadScope.running
    let configuration: TagCacheConfiguration<Key, Value>
    private let plan: ExpirationPlan
    private let hasNegativeEntries: Bool
    @usableFromInline let isWeighed: Bool
    @usableFromInline let tags: TagIndex
    @usableFromInline let shardWeightLimit: Int

    @usableFromInline let persistent: PersistentLink<Key, Value>?
    let busState = Mutex<(BusLink, BusBox)?>(nil)
    /// Whether a miss in memory may be answered by another tier.
    @usableFromInline let hasPersistentTier: Bool

    /// An empty cache in memory.
    public convenience init(_ configuration: TagCacheConfiguration<Key, Value>) {
        self.init(configuration, TagIndex(), nil)
    }

    init(
        _ configuration: TagCacheConfiguration<Key, Value>,
        _ index: TagIndex,
        _ link: PersistentLink<Key, Value>?
    ) {
        self.configuration = configuration
        plan = ExpirationPlan(configuration.expiration)
        hasNegativeEntries = configuration.negative != nil
        isWeighed = configuration.weigher != nil
        clock = configuration.clock
        tags = index
        persistent = link
        hasPersistentTier = link != nil
        let weightPerShardMin =
            isWeighed ? TagCacheLimits.bytesPerShardMin : TagCacheLimits.entriesPerShardMin
        var count = 1
        while count < TagCacheLimits.shardCountMax,
            configuration.weightLimit / (count * 2) >= weightPerShardMin
        {
            count *= 2
        }
        shardShift = UInt64(63 - count.trailingZeroBitCount)
        shardWeightLimit = max(1, configuration.weightLimit / count)
        let average = configuration.weigher == nil ? 1 : WindowTuner.entryWeightAssumed
        let tuner = WindowTuner(entries: configuration.weightLimit / average, tableCount: count)
        let now = clock.now()
        shardCount = count
        shards = .allocate(capacity: count)
        for number in 0..<count {
            let core = ShardCore(
                weightLimit: shardWeightLimit,
                seed: configuration.seed &+ UInt64(number) &* 0x9E37_79B9_7F4A_7C15,
                now: now,
                tags: tags,
                tuner: tuner
            )
            (shards + number).initialize(to: Shard(core: core))
        }
    }

    deinit {
        if let (link, _) = busState.withLock({ $0 }) { link.bus.unsubscribe(link.subscription) }
        shards.deinitialize(count: shardCount)
        shards.deallocate()
    }

    @inlinable @inline(__always)
    func hash(_ key: Key) -> UInt64 {
        // Numbers are hashed in one step; a secret keeps callers from choosing collisions.
        if Key.self == UInt64.self {
            return KeyHash.of(unsafeBitCast(key, to: UInt64.self), secret)
        }
        if Key.self == Int.self { return KeyHash.of(unsafeBitCast(key, to: UInt64.self), secret) }
        return UInt64(bitPattern: Int64(key.hashValue))
    }

    @inlinable @inline(__always)
    func shard(_ hash: UInt64) -> UnsafeMutablePointer<Shard<Key, Value>> {
        // In two steps: with one table, all 64 bits go.
        shards + Int(truncatingIfNeeded: (hash &>> 1) &>> shardShift)
    }

    // MARK: Reading

    /// The value under `key`, or nil; also a value past its time to live that may still be served.
    ///
    /// Inside a load, the entry's tags become tags of the value being loaded.
    /// - Throws: What the persistent tier reports when it cannot be read; never without one.
    /// - Complexity: O(1); O(tags) on the first read after an invalidation of anything.
    @inlinable
    public func get(_ key: Key) throws(TagCacheError) -> Value? {
        let hash = self.hash(key)
        let now = clock.now()
        // Inside a load the tags of what is read are wanted; asking whether any load runs is cheap.
        if runningLoads.pointee.load(ordering: .relaxed) == 0 || !LoadScope.isInside {
            switch shard(hash).pointee.state.withLock({ $0.glance(key, hash, now) }) {
            case .fresh(let value): return value
            case .absent(let writes):
                return hasPersistentTier ? try fetch(key, hash, writes)?.value : nil
            case .unclear: break
            }
        }
        return try getSlowly(key, hash, now)
    }

    @usableFromInline
    func getSlowly(_ key: Key, _ hash: UInt64, _ now: UInt64) throws(TagCacheError) -> Value? {
        let wantsTags = LoadScope.isInside
        switch shard(hash).pointee.lookup(key, hash, now, wantsTags: wantsTags) {
        case .fresh(let value, let tags), .stale(let value, let tags):
            if wantsTags { note(tags) }
            return value
        case .failure: return nil
        case .miss(_, let writes):
            return hasPersistentTier ? try fetch(key, hash, writes)?.value : nil
        }
    }

    /// Makes `tags` tags of the value being loaded in this task, if one is.
    @usableFromInline
    func note(_ tags: [String]) { LoadScope.current?.add(tags) }

    // MARK: Writing

    /// Stores `value` under `key`; it can be read when this returns, and with a persistent tier
    /// also after the process has died.
    ///
    /// A load of the key that runs meanwhile answers its callers and is not stored.
    /// - Parameters:
    ///   - value: What to store.
    ///   - key: Where.
    ///   - names: What the value depends on.
    ///   - ttl: How long it is fresh; nil takes the cache's own setting.
    /// - Throws: `invalidTag`, `tooManyTags`: nothing was done. `entryTooHeavy`, `keyTooLong`,
    ///   `valueTooLarge`, `notEncodable`: nothing was stored, and what was stored under `key`
    ///   is gone, since it is no longer what the caller wants to be read. Others: memory has the
    ///   value, the persistent tier does not.
    @inlinable
    public func set(
        _ value: Value,
        for key: Key,
        tags names: [String] = [],
        ttl: Duration? = nil
    )
        async throws(TagCacheError)
    {
        if hasPersistentTier { return try await setOnBothTiers(value, key, names, ttl) }
        let now = clock.now()
        let stamp = tags.epoch
        let hash = self.hash(key)
        let held = try tags.hold(names)
        let weight = isWeighed ? weight(of: value, for: key) : 1
        if weight > shardWeightLimit {
            tags.release(held)
            forget(key, hash)
            throw .entryTooHeavy(weight: weight, limit: shardWeightLimit)
        }
        let entry = NewEntry(
            key: key,
            hash: hash,
            stored: Stored.value(value),
            weight: weight,
            stamp: stamp,
            tags: held,
            lifetime: lifetime(of: value, ttl: ttl, hash, now)
        )
        var gone = Departed<Key, Value>()
        shard(hash).pointee.state.withLock { state in
            if !state.flights.isEmpty { state.flights.detach(key) }
            state.store(entry, now, &gone)
        }
    }

    /// Removes a key from memory.
    @usableFromInline
    func forget(_ key: Key, _ hash: UInt64) {
        var gone = Departed<Key, Value>()
        shard(hash).pointee.state.withLock { $0.forget(key, hash, &gone) }
    }

    /// Removes what is stored under `key`; a load of it that runs meanwhile is not stored.
    ///
    /// - Throws: what the persistent tier reports when it cannot write that down. The value is gone all the
    ///   same, with everything else that the tier held: its file has been begun anew.
    public func remove(_ key: Key) async throws(TagCacheError) {
        let hash = self.hash(key)
        let keyBytes = persistent?.storableKey(key)
        var gone = Departed<Key, Value>()
        let receipt = shard(hash).pointee.state.withLock { state in
            state.forget(key, hash, &gone)
            return keyBytes.flatMap { persistent?.store.enqueue(.delete(key: $0)) }
        }
        try await receipt?.wait()
    }

    /// Makes everything tagged `tag`, or with a tag below it, stale: when this returns no such
    /// value is served and no load that began before will be.
    /// - Throws: `invalidTag`: nothing was done. `notPublished`: other nodes learn of it later. Others: the
    ///   persistent tier could not write it down; nothing stale is served all the same, since the tier has
    ///   begun its file anew, or, if not even that went, answers nothing until it has. The bus was told
    ///   then, or could not be told either.
    /// - Complexity: O(depth of the tag), whatever carries it.
    public func invalidate(_ tag: String) async throws(TagCacheError) {
        try await invalidate([tag])
    }

    /// Makes everything tagged with one of `names`, or below one, stale; there may be any number of them.
    /// - Throws: as `invalidate` of one tag; `invalidTag` if any of them is none.
    public func invalidate(_ names: [String]) async throws(TagCacheError) {
        try TagName.validate(each: names)
        var receipts: [WriteReceipt] = []
        for name in names {
            let id = tags.retainValidated(name)
            let version = tags.invalidate(id)
            tags.release(id)
            if let persistent {
                receipts.append(persistent.store.enqueue(.invalidate(tag: name, version: version)))
            }
        }
        var failure: TagCacheError?
        do throws(TagCacheError) { try await Self.settle(receipts) } catch { failure = error }
        do throws(TagCacheError) {
            try await publish { state, wall in
                names.map { state.invalidation(of: $0, wall: wall) }
            }
        } catch {
            failure = failure ?? error
        }
        if let failure { throw failure }
    }

    /// Forgets every value and makes loads that run meanwhile stale.
    ///
    /// - Throws: as `invalidate`; every value is forgotten all the same.
    public func clear() async throws(TagCacheError) {
        let version = tags.invalidateAll()
        let receipt = persistent?.store.enqueue(.clear(version: version))
        for number in 0..<shardCount {
            var more = true
            while more {
                var gone = Departed<Key, Value>()
                more = shards[number].state.withLock { state in
                    state.writes &+= 1
                    return state.removeSome(TagCacheLimits.evictionsPerOperationMax * 16, &gone)
                }
            }
        }
        var failure: TagCacheError?
        do throws(TagCacheError) { try await receipt?.wait() } catch { failure = error }
        do throws(TagCacheError) {
            try await publish { state, wall in [state.clear(wall: wall)] }
        } catch {
            failure = failure ?? error
        }
        if let failure { throw failure }
    }

    /// Waits for all commits and throws the first error.
    static func settle(_ receipts: [WriteReceipt]) async throws(TagCacheError) {
        var first: TagCacheError?
        for receipt in receipts {
            do throws(TagCacheError) { try await receipt.wait() } catch { first = first ?? error }
        }
        if let first { throw first }
    }

    // MARK: Helpers

    @usableFromInline
    func weight(of value: Value, for key: Key) -> Int {
        guard let weigher = configuration.weigher else { return 1 }
        return max(1, weigher(key, value))
    }

    @usableFromInline
    func lifetime(of value: Value, ttl: Duration?, _ hash: UInt64, _ now: UInt64) -> Lifetime {
        if hasNegativeEntries, let negative = configuration.negative, negative.isNegative(value) {
            return negative.plan.lifetime(at: now, ttl: ttl, chance: hash ^ configuration.seed)
        }
        return plan.lifetime(at: now, ttl: ttl, chance: hash ^ configuration.seed)
    }
}

/// How keys that are numbers are hashed.
@usableFromInline
enum KeyHash {
    /// The process's own: hashes are not foreseeable unless the process hashes deterministically.
    @usableFromInline static let secret = UInt64(bitPattern: Int64("TagCache".hashValue)) | 1

    @inlinable @inline(__always)
    static func of(_ number: UInt64, _ secret: UInt64) -> UInt64 {
        var mixed = number ^ secret
        mixed = (mixed ^ (mixed &>> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed &>> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed &>> 31)
    }
}
