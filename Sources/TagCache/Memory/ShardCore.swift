// One table of the memory tier without keys and values: lookup, eviction, expiry, counting.
//
// Eviction is W-TinyLFU. A new entry enters the window, a plain LRU. What the window has no room
// for goes to probation and, when the table is over its limit, duels with the entry of probation
// that was used longest ago: the one asked for less often in the recent past leaves. An entry of
// probation that is used moves to the protected queue, at most 80 % of the main part. How large the
// window is, is decided by `WindowTuner`.
//
// A hit tells the policy nothing: it counts in the entry's slot and, the first time, puts the slot
// into `noted`. The policy is told when `noted` is full and before it decides anything, in the order
// in which the slots were noted.
//
// Invariants: a slot is in exactly one queue and filed in `index` exactly once, or free; it is in
// `noted` exactly once if it has uses, else not; the table is within its limit after an
// operation unless the operation's budget was used up, and then the next operations go on.

public import Synchronization

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
struct ShardCore: ~Copyable, @unchecked Sendable {
    // Guard: `slots` and `noted` belong to this value alone; `epoch` points into `tags`, which this
    // holds.
    struct List: Sendable {
        var newest = Slot.none
        var oldest = Slot.none
        var count = 0
        var weight = 0
    }

    // What a hit touches comes first.
    @usableFromInline var slots: UnsafeMutablePointer<Slot>
    @usableFromInline var index = HashIndex()
    @usableFromInline let epoch: UnsafeMutablePointer<Atomic<UInt64>>
    @usableFromInline let noted: UnsafeMutablePointer<UInt32>
    @usableFromInline var notedCount = 0
    @usableFromInline var counters = ShardCounters()

    /// Slots that were ever used; those behind are not initialised.
    @usableFromInline var slotCount = 0
    @usableFromInline var slotCapacity = 0
    var free: [UInt32] = []
    var extras: [SlotExtra] = []
    var freeExtras: [UInt32] = []
    var window = List()
    var probation = List()
    var protected = List()
    var sketch = FrequencySketch()
    var wheel: TimerWheel
    var randomState: UInt64
    var weightLimit: Int
    var windowLimit: Int
    let tags: TagIndex
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
        slots = Self.allocateSlots(0)
        noted = .allocate(capacity: Self.notedMax)
    }

    @inlinable deinit {
        slots.deallocate()
        noted.deallocate()
    }

    static func allocateSlots(_ capacity: Int) -> UnsafeMutablePointer<Slot> {
        UnsafeMutableRawPointer
            .allocate(byteCount: capacity * MemoryLayout<Slot>.stride, alignment: 64)
            .bindMemory(to: Slot.self, capacity: capacity)
    }

    /// Weight of all entries.
    var weight: Int { window.weight + probation.weight + protected.weight }
    /// Number of entries.
    var count: Int { window.count + probation.count + protected.count }
    var protectedLimit: Int { (weightLimit - windowLimit) / 5 * 4 }

    /// Slots that wait at most until the policy is told of their uses.
    @usableFromInline static var notedMax: Int { 128 }
    @usableFromInline
    static var evictionsPerOperationMax: Int { TagCacheLimits.evictionsPerOperationMax }
    @usableFromInline
    static var expirationsPerOperationMax: Int { TagCacheLimits.expirationsPerOperationMax }

    /// Whether there are expired entries that a budget has left.
    @usableFromInline
    func isTimerBehind(_ now: UInt64) -> Bool { wheel.isBehind(now) }

    // MARK: Reading

    /// Whether a found entry is fresh; if so, counts the hit.
    @inlinable @inline(__always)
    mutating func hit(_ slot: Int, _ now: UInt64) -> Bool {
        let place = slots + slot
        let epoch = epoch.pointee.load(ordering: .acquiring)
        guard place.pointee.stamp == epoch || confirm(slot, epoch) else { return false }
        guard now < place.pointee.freshUntil, now < place.pointee.deadline else { return false }
        use(slot)
        if place.pointee.extra != Slot.none { prolong(slot, now) }
        counters.hits &+= 1
        return true
    }

    /// Judges a found entry and, if it can be served, counts the use.
    @usableFromInline
    mutating func touch(_ slot: Int, _ now: UInt64) -> Condition {
        if hit(slot, now) { return .fresh }
        guard confirm(slot, epoch.pointee.load(ordering: .acquiring)) else { return .invalidated }
        if now >= slots[slot].deadline { return .expired }
        use(slot)
        prolong(slot, now)
        counters.staleServed &+= 1
        return .stale
    }

    /// Whether none of the entry's tags was invalidated since its load began; then it is known to
    /// be current at `epoch`.
    @usableFromInline
    mutating func confirm(_ slot: Int, _ epoch: UInt64) -> Bool {
        guard isCurrent(slot) else { return false }
        slots[slot].stamp = epoch
        return true
    }

    /// Notes a use for the eviction policy.
    @inlinable @inline(__always)
    mutating func use(_ slot: Int) {
        let place = slots + slot
        let uses = place.pointee.uses
        if uses == 0 {
            noted[notedCount] = UInt32(truncatingIfNeeded: slot)
            notedCount &+= 1
            place.pointee.uses = 1
            if notedCount == Self.notedMax { tellPolicy() }
        } else if uses != .max {
            place.pointee.uses = uses &+ 1
        }
    }

    /// Puts the end of an entry's idle time off.
    @usableFromInline
    mutating func prolong(_ slot: Int, _ now: UInt64) {
        guard let extra = extra(of: slot), extras[extra].idleMilliseconds != 0 else { return }
        let idle = UInt64(extras[extra].idleMilliseconds) &* 1_000_000
        slots[slot].deadline = min(extras[extra].finalDeadline, now.addingClamped(idle))
    }

    /// Tells the eviction policy of all uses.
    @usableFromInline
    mutating func tellPolicy() {
        let isFull = isFull
        // In two passes, so that the processor fetches what the sketch has for many keys at once.
        for position in 0..<notedCount where isFull {
            let place = slots + Int(noted[position])
            for _ in 0..<min(Int(place.pointee.uses), FrequencySketch.countMax) {
                sketch.increment(place.pointee.hash)
            }
        }
        for position in 0..<notedCount {
            let number = noted[position]
            let uses = slots[Int(number)].uses
            slots[Int(number)].uses = 0
            guard isFull else { continue }
            promote(number)
            let hash = slots[Int(number)].hash
            if hash & sampleMask == 0 { for _ in 0..<uses { sample(hash) } }
        }
        notedCount = 0
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
    func isCurrent(_ slot: Int) -> Bool {
        let stamp = slots[slot].stamp
        let tag = slots[slot].tag
        guard tags.isCurrent(tag == 0 ? TagIndex.root : tag, since: stamp) else { return false }
        guard let extra = extra(of: slot) else { return true }
        return extras[extra].moreTags.allSatisfy { tags.isCurrent($0, since: stamp) }
    }

    /// The tags of an entry.
    func tagIDs(_ slot: Int) -> [UInt32] {
        let tag = slots[slot].tag
        if tag == 0 { return [] }
        return extra(of: slot).map { [tag] + extras[$0].moreTags } ?? [tag]
    }

    func extra(of slot: Int) -> Int? {
        slots[slot].extra == Slot.none ? nil : Int(slots[slot].extra)
    }

    /// The next entry that has outlived its time; nil when none is left or the budget is used up.
    @usableFromInline
    mutating func nextExpired(_ now: UInt64, budget: inout Int) -> Int? {
        wheel.nextExpired(now, slots, budget: &budget).map(Int.init)
    }

    /// Whether a slot holds an entry.
    @usableFromInline
    func isUsed(_ slot: Int) -> Bool { slots[slot].queue != .none }
}
