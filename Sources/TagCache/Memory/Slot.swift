/// Which queue of the eviction policy an entry is in.
enum Queue: UInt8, Sendable {
    case none
    /// New entries, kept by recency alone.
    case window
    /// Entries that have to defend their place.
    case probation
    /// Entries that were asked for again.
    case protected
}

/// What the tables know about an entry besides its key and value.
struct Slot: Sendable {
    static let none = UInt32.max

    var hash: UInt64 = 0
    /// The epoch at which the value's load began.
    var stamp: UInt64 = 0
    /// The epoch at which the entry was last found current.
    var checked: UInt64 = 0
    /// Until when it is fresh.
    var freshUntil = UInt64.max
    /// When it goes, however it is used.
    var deadline = UInt64.max
    /// When it goes unless it is used before.
    var idleDeadline = UInt64.max
    /// How long it may stay unused, in milliseconds; 0 means for ever.
    var idleMilliseconds: UInt32 = 0
    var weight: UInt32 = 0
    var previous = Slot.none
    var next = Slot.none
    var timerPrevious = Slot.none
    var timerNext = Slot.none
    /// The first tag; 0 when there is none.
    var tag: UInt32 = 0
    var timerBucket = TimerWheel.noBucket
    var queue = Queue.none
    /// The tags after the first.
    var moreTags: [UInt32] = []

    /// Whether it has been used up at `now`.
    func isExpired(_ now: UInt64) -> Bool { now >= deadline || now >= idleDeadline }
}

/// How long an entry lives, on the monotonic clock.
@usableFromInline
struct Lifetime: Sendable, Equatable {
    var freshUntil = UInt64.max
    var deadline = UInt64.max
    var idleMilliseconds: UInt32 = 0
}

/// Why an entry left the memory tier.
@usableFromInline
enum Departure: Int, Sendable, CaseIterable {
    case capacity
    case expired
    case invalidated
    case removed
    case replaced
}
