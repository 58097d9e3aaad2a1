// One table of the memory tier without keys and values: lookup, eviction, expiry, counting.
//
// Eviction is W-TinyLFU. A new entry enters the window, a plain LRU. What the window has no room
// for goes to probation and, when the table is over its limit, duels with the entry of probation
// that was used longest ago: the one asked for less often in the recent past leaves. An entry of
// probation that is used moves to the protected queue, at most 80 % of the main part. How large the
// window is, is decided by `WindowTuner`.
//
// Invariants: a slot is in exactly one queue and filed in `index` exactly once, or free;
// `weight` is the sum of the queues' weights; the table is within its limit after an operation
// unless the operation's budget was used up, and then the next operations go on.

import Synchronization

/// What `ShardCore.touch` found.
@usableFromInline
enum Condition: Sendable {
    case fresh
    /// Past its time to live, but may still be served while it is loaded again.
    case stale
    case expired
    case invalidated
}

/// The bookkeeping of one table; not generic, so that it is compiled once.
@usableFromInline
struct ShardCore: @unchecked Sendable {
    // Guard: `epoch` points into `tags`, which this holds.
    struct List: Sendable {
        var newest = Slot.none
        var oldest = Slot.none
        var count = 0
        var weight = 0
    }

    var slots: [Slot] = []
    var index = HashIndex()
    var free: [UInt32] = []
    var window = List()
    var probation = List()
    var protected = List()
    var sketch = FrequencySketch()
    var wheel: TimerWheel
    var counters = ShardCounters()
    var randomState: UInt64
    var weightLimit: Int
    var windowLimit: Int
    let tags: TagIndex
    private let epoch: UnsafeMutablePointer<Atomic<UInt64>>
    let tuner: WindowTuner?
    private let sampleMask: UInt64
    private var sampled: [UInt64] = []

    init(weightLimit: Int, seed: UInt64, now: UInt64, tags: TagIndex, tuner: WindowTuner?) {
        self.weightLimit = weightLimit
        windowLimit = WindowTuner.windowLimit(of: weightLimit, WindowTuner.firstShare)
        randomState = seed | 1
        wheel = TimerWheel(now: now)
        self.tags = tags
        epoch = tags.epochCell
        self.tuner = tuner
        sampleMask = tuner?.sampleMask ?? .max
    }

    /// Weight of all entries.
    var weight: Int { window.weight + probation.weight + protected.weight }
    /// Number of entries.
    var count: Int { window.count + probation.count + protected.count }
    var protectedLimit: Int { (weightLimit - windowLimit) / 5 * 4 }

    @usableFromInline
    static var evictionsPerOperationMax: Int { TagCacheLimits.evictionsPerOperationMax }
    @usableFromInline
    static var expirationsPerOperationMax: Int { TagCacheLimits.expirationsPerOperationMax }

    /// Whether there are expired entries that a budget has left.
    @usableFromInline
    mutating func isTimerBehind(_ now: UInt64) -> Bool { wheel.isBehind(now) }

    // MARK: Reading

    // Mutating only so that callers in other modules lend the table instead of copying it.
    @usableFromInline
    mutating func start(_ hash: UInt64) -> Int { index.start(hash) }

    @usableFromInline
    mutating func next(_ probe: inout Int, _ hash: UInt64) -> Int? { index.next(&probe, hash) }

    /// Judges a found entry and, if it can be served, counts the use.
    @usableFromInline
    mutating func touch(_ slot: Int, _ now: UInt64) -> Condition {
        let epoch = epoch.pointee.load(ordering: .acquiring)
        if slots[slot].checked != epoch {
            guard isCurrent(slot) else { return .invalidated }
            slots[slot].checked = epoch
        }
        // Field by field: to call a method, the slot would be copied.
        if now >= slots[slot].deadline || now >= slots[slot].idleDeadline { return .expired }
        let idle = slots[slot].idleMilliseconds
        if idle != 0 {
            slots[slot].idleDeadline = now.addingClamped(UInt64(idle) &* 1_000_000)
        }
        use(slot)
        guard now < slots[slot].freshUntil else {
            counters.staleServed &+= 1
            return .stale
        }
        counters.hits &+= 1
        return .fresh
    }

    /// Counts a use for the eviction policy.
    @inline(__always)
    mutating func use(_ slot: Int) {
        let hash = slots[slot].hash
        sketch.increment(hash)
        promote(UInt32(slot))
        if hash & sampleMask == 0, isFull { sample(hash) }
    }

    /// Whether there is anything to decide: a table with room keeps everything.
    private var isFull: Bool { weight > weightLimit / 2 }

    /// Counts a request that found nothing to serve.
    @usableFromInline
    mutating func miss(_ hash: UInt64) {
        counters.misses &+= 1
        if hash & sampleMask == 0, isFull { sample(hash) }
    }

    /// Keeps a request for the tuner, and hands over what was kept when it is enough.
    private mutating func sample(_ hash: UInt64) {
        guard let tuner else { return }
        sampled.append(hash)
        guard sampled.count >= WindowTuner.batchSize else { return }
        let share = tuner.observe(sampled, entries: count)
        sampled.removeAll(keepingCapacity: true)
        windowLimit = WindowTuner.windowLimit(of: weightLimit, share)
    }

    /// Whether none of the entry's tags was invalidated since its load began.
    @inline(__always)
    func isCurrent(_ slot: Int) -> Bool {
        let stamp = slots[slot].stamp
        let tag = slots[slot].tag
        guard tags.isCurrent(tag == 0 ? TagIndex.root : tag, since: stamp) else { return false }
        return slots[slot].moreTags.allSatisfy { tags.isCurrent($0, since: stamp) }
    }

    // MARK: Writing

    /// Adds an entry; the caller files key and value under the returned number and then evicts.
    @usableFromInline
    mutating func insert(_ hash: UInt64, _ weight: Int, _ stamp: UInt64, _ tagIDs: [UInt32]) -> Int
    {
        var slot = Slot()
        slot.hash = hash
        slot.weight = UInt32(clamping: weight)
        slot.stamp = stamp
        slot.checked = stamp
        if let first = tagIDs.first { slot.tag = first }
        if tagIDs.count > 1 { slot.moreTags = Array(tagIDs.dropFirst()) }
        let number: Int
        if let reused = free.popLast() {
            number = Int(reused)
            slots[number] = slot
        } else {
            number = slots.count
            slots.growByQuarter()
            slots.append(slot)
        }
        index.insert(hash, number)
        sketch.ensure(capacity: count + 1)
        sketch.increment(hash)
        append(UInt32(number), to: .window)
        return number
    }

    /// Puts new contents in the place of old ones; it counts as a use.
    @usableFromInline
    mutating func replace(_ number: Int, _ weight: Int, _ stamp: UInt64, _ tagIDs: [UInt32]) {
        releaseTags(number)
        let queue = slots[number].queue
        unlink(UInt32(number))
        slots[number].weight = UInt32(clamping: weight)
        append(UInt32(number), to: queue)
        promote(UInt32(number))
        slots[number].stamp = stamp
        slots[number].checked = stamp
        if let first = tagIDs.first { slots[number].tag = first }
        if tagIDs.count > 1 { slots[number].moreTags = Array(tagIDs.dropFirst()) }
        sketch.increment(slots[number].hash)
        counters.departures[Departure.replaced.rawValue] &+= 1
    }

    private mutating func releaseTags(_ number: Int) {
        if slots[number].tag == 0 { return }
        tags.release(slots[number].tag)
        slots[number].tag = 0
        if slots[number].moreTags.isEmpty { return }
        for tag in slots[number].moreTags { tags.release(tag) }
        slots[number].moreTags = []
    }

    /// Sets how long the entry lives and files it with the timer.
    @usableFromInline
    mutating func setLifetime(_ number: Int, _ lifetime: Lifetime, _ now: UInt64) {
        wheel.cancel(UInt32(number), &slots)
        slots[number].freshUntil = lifetime.freshUntil
        slots[number].deadline = lifetime.deadline
        slots[number].idleMilliseconds = lifetime.idleMilliseconds
        let idle = UInt64(lifetime.idleMilliseconds) &* 1_000_000
        slots[number].idleDeadline = idle == 0 ? .max : now.addingClamped(idle)
        wheel.schedule(UInt32(number), &slots)
    }

    /// Removes an entry; the caller drops key and value.
    @usableFromInline
    mutating func remove(_ number: Int, _ departure: Departure) {
        unlink(UInt32(number))
        wheel.cancel(UInt32(number), &slots)
        index.remove(slots[number].hash, number)
        releaseTags(number)
        counters.departures[departure.rawValue] &+= 1
        free.append(UInt32(number))
    }

    /// The tags of an entry.
    func tagIDs(_ number: Int) -> [UInt32] {
        slots[number].tag == 0 ? [] : [slots[number].tag] + slots[number].moreTags
    }

    /// The next entry that has outlived its time; nil when none is left or the budget is used up.
    @usableFromInline
    mutating func nextExpired(_ now: UInt64, budget: inout Int) -> Int? {
        wheel.nextExpired(now, &slots, budget: &budget).map(Int.init)
    }
}

extension Array {
    /// Makes room for one more element; grows by a quarter, since tables are many and long-lived.
    @usableFromInline
    mutating func growByQuarter() {
        if count == capacity { reserveCapacity(count + count / 4 + 16) }
    }
}
