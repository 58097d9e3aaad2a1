// One table of the memory tier with its keys and values, and the loads for them.
//
// Values leave through the returned `Departed`, so that their deinitialisers, which may call back
// into the cache, run after the lock is released.

/// What an entry holds.
@usableFromInline
enum Stored<Value: Sendable>: Sendable {
    case value(Value)
    case failure(RememberedFailure)
}

/// A failed load that is answered for a while without trying again.
@usableFromInline
final class RememberedFailure: Sendable {
    let error: any Error
    let failuresInARow: Int

    init(_ error: any Error, failuresInARow: Int) {
        self.error = error
        self.failuresInARow = failuresInARow
    }
}

/// An entry's key and what it holds.
@usableFromInline
struct Entry<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    @usableFromInline let key: Key
    @usableFromInline let stored: Stored<Value>

    @inlinable
    init(key: Key, stored: Stored<Value>) {
        self.key = key
        self.stored = stored
    }
}

/// What a lookup found.
@usableFromInline
enum Lookup<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    case fresh(Value, tags: [String])
    case stale(Value, tags: [String])
    case failure(RememberedFailure, tags: [String])
    /// Nothing; the entry, if any, went because it had expired or was invalidated.
    case miss(gone: Entry<Key, Value>?, writes: UInt64)
}

/// What the short way of a lookup found.
@usableFromInline
enum Glance<Value: Sendable>: Sendable {
    case fresh(Value)
    /// Nothing is stored; the miss is counted.
    case absent(writes: UInt64)
    /// Something that `lookup` has to judge.
    case unclear
}

/// Entries that have left a table and are dropped outside its lock.
@usableFromInline
struct Departed<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    @usableFromInline var first: Entry<Key, Value>?
    @usableFromInline var others: [Entry<Key, Value>] = []

    @inlinable init() {}

    @inlinable
    mutating func add(_ entry: Entry<Key, Value>?) {
        guard let entry else { return }
        if first == nil { first = entry } else { others.append(entry) }
    }
}

/// What is stored under a key.
@usableFromInline
struct NewEntry<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    @usableFromInline let key: Key
    @usableFromInline let hash: UInt64
    @usableFromInline let stored: Stored<Value>
    @usableFromInline let weight: Int
    @usableFromInline let stamp: UInt64
    @usableFromInline let tags: TagList
    @usableFromInline let lifetime: Lifetime

    @inlinable
    init(
        key: Key,
        hash: UInt64,
        stored: Stored<Value>,
        weight: Int,
        stamp: UInt64,
        tags: TagList,
        lifetime: Lifetime
    ) {
        self.key = key
        self.hash = hash
        self.stored = stored
        self.weight = weight
        self.stamp = stamp
        self.tags = tags
        self.lifetime = lifetime
    }
}

/// One table.
@usableFromInline
struct ShardState<Key: Hashable & Sendable, Value: Sendable>: ~Copyable, @unchecked Sendable {
    // Guard: `entries` belongs to this value alone.
    @usableFromInline var core: ShardCore
    /// By slot number; initialised where the slot is used.
    @usableFromInline var entries: UnsafeMutablePointer<Entry<Key, Value>>
    @usableFromInline var entryCapacity = 0
    /// Counts every change of what a key means, so that a slower reader of another tier can tell
    /// that what it read may be old.
    @usableFromInline var writes: UInt64 = 0
    @usableFromInline var flights = FlightTable<Key, Value>()

    init(core: consuming ShardCore) {
        self.core = core
        entries = .allocate(capacity: 0)
    }

    @inlinable deinit {
        for slot in 0..<core.slotCount where core.isUsed(slot) {
            (entries + slot).deinitialize(count: 1)
        }
        entries.deallocate()
    }

    @inlinable @inline(__always)
    func find(_ key: Key, _ hash: UInt64) -> Int? {
        var probe = core.index.start(hash)
        while let slot = core.index.next(&probe, hash) {
            if entries[slot].key == key { return slot }
        }
        return nil
    }

    /// The short way to a fresh value.
    @inlinable @inline(__always)
    mutating func glance(_ key: Key, _ hash: UInt64, _ now: UInt64) -> Glance<Value> {
        guard let slot = find(key, hash) else {
            core.miss(hash)
            return .absent(writes: writes)
        }
        guard case .value(let value) = entries[slot].stored, core.hit(slot, now) else {
            return .unclear
        }
        return .fresh(value)
    }

    /// The value under a key if it is fresh; then the hit is counted, else nothing is.
    @inlinable @inline(__always)
    mutating func fresh(_ key: Key, _ hash: UInt64, _ now: UInt64) -> Value? {
        guard let slot = find(key, hash), case .value(let value) = entries[slot].stored,
            core.hit(slot, now)
        else { return nil }
        return value
    }

    /// Looks a key up and counts the use; what has expired or was invalidated goes.
    @inlinable
    mutating func lookup(
        _ key: Key,
        _ hash: UInt64,
        _ now: UInt64,
        wantsTags: Bool
    ) -> Lookup<
        Key, Value
    > {
        guard let slot = find(key, hash) else {
            core.miss(hash)
            return .miss(gone: nil, writes: writes)
        }
        return settle(slot, core.touch(slot, now), wantsTags: wantsTags)
    }

    @usableFromInline
    mutating func settle(
        _ slot: Int,
        _ condition: Condition,
        wantsTags: Bool
    ) -> Lookup<Key, Value> {
        let tags = wantsTags ? core.tagIDs(slot).map(core.tags.name(of:)) : []
        switch (condition, entries[slot].stored) {
        case (.fresh, .value(let value)): return .fresh(value, tags: tags)
        case (.stale, .value(let value)): return .stale(value, tags: tags)
        case (.fresh, .failure(let failure)):
            core.counters.hits &-= 1
            core.counters.failuresServed &+= 1
            return .failure(failure, tags: tags)
        case (.stale, .failure):
            // Kept only to know how many failures there were in a row.
            core.counters.staleServed &-= 1
            core.counters.misses &+= 1
            return .miss(gone: nil, writes: writes)
        case (.expired, _), (.invalidated, _):
            core.miss(core.slots[slot].hash)
            return .miss(
                gone: remove(slot, condition == .expired ? .expired : .invalidated),
                writes: writes
            )
        }
    }

    /// Stores an entry in place of the key's former one, then frees what is due.
    @inlinable
    mutating func store(
        _ entry: NewEntry<Key, Value>,
        _ now: UInt64,
        _ gone: inout Departed<Key, Value>
    ) {
        writes &+= 1
        let (weight, stamp) = (entry.weight, entry.stamp)
        let number: Int
        if let former = find(entry.key, entry.hash) {
            number = former
            core.replace(former, weight, stamp, entry.tags, entry.lifetime, now)
            gone.add((entries + former).move())
        } else {
            number = core.insert(entry.hash, weight, stamp, entry.tags, entry.lifetime, now)
            if core.slotCapacity > entryCapacity { growEntries(keeping: number) }
        }
        (entries + number).initialize(to: Entry(key: entry.key, stored: entry.stored))
        if core.isTimerBehind(now) {
            expire(now, budget: ShardCore.expirationsPerOperationMax, &gone)
        }
        evict(keeping: number, &gone)
    }

    /// Makes room for as many entries as there are slots; there are `count` so far, in a row.
    @usableFromInline
    mutating func growEntries(keeping count: Int) {
        let grown = UnsafeMutablePointer<Entry<Key, Value>>.allocate(capacity: core.slotCapacity)
        grown.moveInitialize(from: entries, count: count)
        entries.deallocate()
        (entries, entryCapacity) = (grown, core.slotCapacity)
    }

    /// Removes the entry in a slot.
    @inlinable
    mutating func remove(_ slot: Int, _ departure: Departure) -> Entry<Key, Value> {
        core.remove(slot, departure)
        return (entries + slot).move()
    }

    /// Makes the key unknown: its entry goes and no running load for it will be stored.
    mutating func forget(_ key: Key, _ hash: UInt64, _ gone: inout Departed<Key, Value>) {
        writes &+= 1
        flights.detach(key)
        if let slot = find(key, hash) { gone.add(remove(slot, .removed)) }
    }

    /// Removes what has expired, as far as the budget goes; whether there may be more.
    @inlinable
    @discardableResult
    mutating func expire(_ now: UInt64, budget: Int, _ gone: inout Departed<Key, Value>) -> Bool {
        var budget = budget
        while let slot = core.nextExpired(now, budget: &budget) {
            gone.add(remove(slot, .expired))
        }
        return core.isTimerBehind(now)
    }

    @inlinable
    mutating func evict(keeping written: Int, _ gone: inout Departed<Key, Value>) {
        var budget = ShardCore.evictionsPerOperationMax
        while budget > 0, let victim = core.nextVictim(keeping: written) {
            gone.add(remove(victim, .capacity))
            budget -= 1
        }
    }

    /// Removes every entry that was invalidated.
    mutating func removeInvalidated(_ gone: inout Departed<Key, Value>) {
        for slot in 0..<core.slotCount where core.isUsed(slot) && !core.isCurrent(slot) {
            gone.add(remove(slot, .invalidated))
        }
    }

    /// Removes up to `budget` entries, whatever they are; whether any is left.
    mutating func removeSome(_ budget: Int, _ gone: inout Departed<Key, Value>) -> Bool {
        var left = budget
        for slot in 0..<core.slotCount where core.isUsed(slot) {
            if left == 0 { return true }
            gone.add(remove(slot, .removed))
            left -= 1
        }
        return false
    }
}
