/// Which queue of the eviction policy an entry is in.
@usableFromInline
enum Queue: UInt8, BitwiseCopyable, Sendable {
    /// The slot is free.
    case none
    /// New entries, kept by recency alone.
    case window
    /// Entries that have to defend their place.
    case probation
    /// Entries that were asked for again.
    case protected
}

/// What the tables know about an entry besides its key and value: one line of the processor's
/// cache.
@usableFromInline
struct Slot: BitwiseCopyable, Sendable {
    @usableFromInline static var none: UInt32 { .max }

    @usableFromInline var hash: UInt64 = 0
    /// The epoch at which the entry was last known to be current; first, when its load began.
    ///
    /// An entry found current at a later epoch may take that epoch: none of its tags has a version
    /// between the two.
    @usableFromInline var stamp: UInt64 = 0
    /// Until when it is fresh.
    @usableFromInline var freshUntil = UInt64.max
    /// When it goes unless it is used before.
    @usableFromInline var deadline = UInt64.max
    var weight: UInt32 = 0
    var previous = Slot.none
    var next = Slot.none
    var timerPrevious = Slot.none
    var timerNext = Slot.none
    /// The first tag; 0 when there is none.
    var tag: UInt32 = 0
    /// Where the rest is, for entries that have more to say; `none` for most.
    @usableFromInline var extra = Slot.none
    var timerBucket = TimerWheel.noBucket
    @usableFromInline var queue = Queue.none
    /// Uses that the eviction policy has not been told of.
    @usableFromInline var uses: UInt8 = 0
}

/// What few entries have: tags after the first, or a time that they may stay unused.
struct SlotExtra: Sendable {
    var moreTags: [UInt32] = []
    /// How long the entry may stay unused, in milliseconds; 0 means for ever.
    var idleMilliseconds: UInt32 = 0
    /// When it goes, however it is used.
    var finalDeadline = UInt64.max
}

/// The tags of an entry by their numbers; held, and given back by whoever ends up with them.
@usableFromInline
struct TagList: Sendable {
    /// 0 when there is none.
    @usableFromInline var first: UInt32 = 0
    @usableFromInline var more: [UInt32] = []

    @usableFromInline
    init(first: UInt32) { self.first = first }

    @usableFromInline
    init(_ ids: [UInt32]) {
        first = ids.first ?? 0
        if ids.count > 1 { more = Array(ids.dropFirst()) }
    }
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
enum Departure: Sendable {
    case capacity
    case expired
    case invalidated
    case removed
    case replaced
}
