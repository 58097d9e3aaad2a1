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
    /// Held; the table gives them back when the entry leaves.
    @usableFromInline let tags: [UInt32]
    @usableFromInline let lifetime: Lifetime

    @inlinable
    init(
        key: Key,
        hash: UInt64,
        stored: Stored<Value>,
        weight: Int,
        stamp: UInt64,
        tags: [UInt32],
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
struct ShardState<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    @usableFromInline var core: ShardCore
    /// By slot number; nil where the slot is free.
    @usableFromInline var keys: [Key?] = []
    @usableFromInline var contents: [Stored<Value>?] = []
    /// Counts every change of what a key means, so that a slower reader of another tier can tell
    /// that what it read may be old.
    @usableFromInline var writes: UInt64 = 0
    @usableFromInline var flights = FlightTable<Key, Value>()

    init(core: ShardCore) { self.core = core }

    @inlinable
    mutating func find(_ key: Key, _ hash: UInt64) -> Int? {
        var probe = core.start(hash)
        while let slot = core.next(&probe, hash) {
            if let known = keys[slot], known == key { return slot }
        }
        return nil
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
        let condition = core.touch(slot, now)
        if condition == .fresh, !wantsTags, case .value(let value)? = contents[slot] {
            return .fresh(value, tags: [])
        }
        return settle(slot, condition, wantsTags: wantsTags)
    }

    @usableFromInline
    mutating func settle(
        _ slot: Int,
        _ condition: Condition,
        wantsTags: Bool
    ) -> Lookup<Key, Value> {
        let tags = wantsTags ? core.tagIDs(slot).map(core.tags.name(of:)) : []
        switch (condition, contents[slot]) {
        case (_, nil): preconditionFailure("a filed slot has contents")
        case (.fresh, .value(let value)?): return .fresh(value, tags: tags)
        case (.stale, .value(let value)?): return .stale(value, tags: tags)
        case (.fresh, .failure(let failure)?):
            core.counters.hits &-= 1
            core.counters.failuresServed &+= 1
            return .failure(failure, tags: tags)
        case (.stale, .failure?):
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
        let number: Int
        if let former = find(entry.key, entry.hash) {
            number = former
            if let stored = contents[former] { gone.add(Entry(key: entry.key, stored: stored)) }
            core.replace(former, entry.weight, entry.stamp, entry.tags)
            contents[former] = entry.stored
        } else {
            number = core.insert(entry.hash, entry.weight, entry.stamp, entry.tags)
            if number == keys.count {
                keys.growByQuarter()
                contents.growByQuarter()
                keys.append(entry.key)
                contents.append(entry.stored)
            } else {
                keys[number] = entry.key
                contents[number] = entry.stored
            }
        }
        core.setLifetime(number, entry.lifetime, now)
        expire(now, budget: ShardCore.expirationsPerOperationMax, &gone)
        evict(keeping: number, &gone)
    }

    /// Removes the entry in a slot.
    @inlinable
    mutating func remove(_ slot: Int, _ departure: Departure) -> Entry<Key, Value>? {
        core.remove(slot, departure)
        guard let key = keys[slot], let stored = contents[slot] else { return nil }
        keys[slot] = nil
        contents[slot] = nil
        return Entry(key: key, stored: stored)
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
        return budget == 0 || core.isTimerBehind(now)
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
        for slot in keys.indices where keys[slot] != nil && !core.isCurrent(slot) {
            gone.add(remove(slot, .invalidated))
        }
    }

    /// Removes up to `budget` entries, whatever they are; whether any is left.
    mutating func removeSome(_ budget: Int, _ gone: inout Departed<Key, Value>) -> Bool {
        var left = budget
        for slot in keys.indices where keys[slot] != nil {
            if left == 0 { return true }
            gone.add(remove(slot, .removed))
            left -= 1
        }
        return false
    }
}
