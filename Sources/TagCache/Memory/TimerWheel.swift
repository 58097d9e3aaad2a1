// The expiry wheel: frees entries near their time without looking at the others.
//
// Four wheels of 64 buckets. A tick is 2^26 ns (67 ms); a bucket of wheel w spans 64^w ticks. An
// entry is filed by the distance of its expiry from `tick`, rounded up to the next tick, so that
// it never fires early; what lies further than the fourth wheel reaches (13 days) is filed at its
// rim and filed anew from there. Advancing by one tick first empties the outer buckets that begin
// at that tick into inner ones. Work is budgeted: a bucket is emptied from the front, and the tick
// is left only when its buckets are empty, so that a stop in between is harmless.
//
// Reads check the exact expiry themselves; the wheel is for memory, not for correctness.

/// Buckets of entries by time of expiry.
///
/// The links are in the slots.
struct TimerWheel: Sendable {
    static let noBucket = UInt16.max
    private static let tickShift: UInt64 = 26
    private static let levelCount = 4
    private static let levelShift: UInt64 = 6

    private var heads = [UInt32](repeating: Slot.none, count: 64 * levelCount)
    private var counts = [Int](repeating: 0, count: levelCount)
    private var tick: UInt64
    /// Whether a budget ended before the buckets of `tick` were empty.
    private var isUnfinished = false

    init(now: UInt64) { tick = now >> Self.tickShift }

    /// Whether there are ticks up to `now` that were not handled.
    func isBehind(_ now: UInt64) -> Bool { isUnfinished || tick < now >> Self.tickShift }

    /// Makes sure that an entry whose expiry was changed from `former` is looked at in time.
    ///
    /// One that lives longer now stays where it is: it is filed anew when its old time comes.
    mutating func reschedule(
        _ index: UInt32,
        from former: UInt64,
        _ slots: UnsafeMutablePointer<Slot>
    ) {
        if slots[Int(index)].timerBucket != Self.noBucket {
            if slots[Int(index)].deadline >= former { return }
            cancel(index, slots)
        }
        schedule(index, slots)
    }

    /// Files `index` under its expiry; entries that never expire are not filed.
    mutating func schedule(_ index: UInt32, _ slots: UnsafeMutablePointer<Slot>) {
        let expiry = slots[Int(index)].deadline
        guard expiry != .max else { return }
        let due = max((expiry >> Self.tickShift) &+ 1, tick &+ 1)
        let reach = UInt64(1) << (Self.levelShift * UInt64(Self.levelCount))
        let filed = min(due, tick &+ reach &- 1)
        var level = 0
        while level < Self.levelCount - 1,
            filed &- tick >= UInt64(1) << (Self.levelShift * UInt64(level + 1))
        {
            level += 1
        }
        let position = Int((filed >> (Self.levelShift * UInt64(level))) & 63)
        let bucket = level * 64 + position
        let head = heads[bucket]
        slots[Int(index)].timerBucket = UInt16(bucket)
        slots[Int(index)].timerPrevious = Slot.none
        slots[Int(index)].timerNext = head
        if head != Slot.none { slots[Int(head)].timerPrevious = index }
        heads[bucket] = index
        counts[level] += 1
    }

    /// Takes `index` out.
    mutating func cancel(_ index: UInt32, _ slots: UnsafeMutablePointer<Slot>) {
        let bucket = slots[Int(index)].timerBucket
        guard bucket != Self.noBucket else { return }
        let previous = slots[Int(index)].timerPrevious
        let next = slots[Int(index)].timerNext
        if previous == Slot.none {
            heads[Int(bucket)] = next
        } else {
            slots[Int(previous)].timerNext = next
        }
        if next != Slot.none { slots[Int(next)].timerPrevious = previous }
        slots[Int(index)].timerBucket = Self.noBucket
        counts[Int(bucket) / 64] -= 1
    }

    /// The next entry that has expired at `now`, still filed; nil when none is left or `budget`,
    /// which counts down, is used up.
    mutating func nextExpired(
        _ now: UInt64,
        _ slots: UnsafeMutablePointer<Slot>,
        budget: inout Int
    ) -> UInt32? {
        if !isBehind(now) { return nil }
        let target = now >> Self.tickShift
        isUnfinished = true
        var ticksLeft = TagCacheLimits.timerTicksPerOperationMax
        while true {
            // Outer buckets that begin at this tick come first, the outermost before the inner.
            for level in (0..<Self.levelCount).reversed() {
                let shift = Self.levelShift * UInt64(level)
                guard counts[level] > 0, tick & ((1 << shift) &- 1) == 0 else { continue }
                let bucket = level * 64 + Int((tick >> shift) & 63)
                while heads[bucket] != Slot.none {
                    if budget == 0 { return nil }
                    budget -= 1
                    let index = heads[bucket]
                    let expiry = slots[Int(index)].deadline
                    if expiry <= now { return index }
                    cancel(index, slots)
                    schedule(index, slots)
                }
            }
            isUnfinished = false
            if tick >= target || ticksLeft == 0 { return nil }
            ticksLeft -= 1
            advance(to: target)
            isUnfinished = true
        }
    }

    /// Goes to the next tick at which a bucket can be due, at most to `target`.
    private mutating func advance(to target: UInt64) {
        var level = 0
        while level < Self.levelCount, counts[level] == 0 { level += 1 }
        let shift = Self.levelShift * UInt64(level)
        let step = UInt64(1) << shift
        let next = (tick &+ step) & ~(step &- 1)
        tick = level == Self.levelCount ? target : min(next, target)
    }
}
