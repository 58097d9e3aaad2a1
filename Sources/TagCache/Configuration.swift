public import Failpoints

/// How long entries live.
public struct Expiration: Sendable, Equatable {
    /// How long a value is fresh after it was written; nil means for ever.
    public var ttl: Duration?
    /// How long after that it may still be served while one load renews it.
    public var staleWhileRevalidate: Duration
    /// How long a value may stay unread before it goes; nil means for ever.
    public var idle: Duration?
    /// How long after it was written a value goes whatever else is set; nil means never.
    public var maximumAge: Duration?
    /// The share of `ttl`, 0...1, by which it is cut at random, so that values written together do
    /// not expire together.
    public var jitter: Double

    /// Values live until they are invalidated, removed or evicted unless limits are given.
    public init(
        ttl: Duration? = nil,
        staleWhileRevalidate: Duration = .zero,
        idle: Duration? = nil,
        maximumAge: Duration? = nil,
        jitter: Double = 0
    ) {
        self.ttl = ttl
        self.staleWhileRevalidate = staleWhileRevalidate
        self.idle = idle
        self.maximumAge = maximumAge
        self.jitter = jitter
    }
}

/// An `Expiration` in nanoseconds, worked out once.
struct ExpirationPlan: Sendable {
    let ttl: UInt64?
    let staleWhileRevalidate: UInt64
    let idleMilliseconds: UInt32
    let maximumAge: UInt64
    let jitter: Double

    init(_ expiration: Expiration) {
        ttl = expiration.ttl?.clampedNanoseconds
        staleWhileRevalidate = expiration.staleWhileRevalidate.clampedNanoseconds
        maximumAge = expiration.maximumAge?.clampedNanoseconds ?? .max
        jitter = min(max(expiration.jitter, 0), 1)
        idleMilliseconds =
            expiration.idle.map { UInt32(clamping: max(1, $0.clampedNanoseconds / 1_000_000)) }
            ?? 0
    }

    /// The lifetime of a value written at `now`; `ttl` goes before the plan's own, and `chance` is
    /// uniform over all keys.
    func lifetime(at now: UInt64, ttl own: Duration?, chance: UInt64) -> Lifetime {
        var lifetime = Lifetime()
        if let ttl = own?.clampedNanoseconds ?? ttl {
            lifetime.freshUntil = now.addingClamped(ttl &- cut(of: ttl, chance ^ now))
            lifetime.deadline = lifetime.freshUntil.addingClamped(staleWhileRevalidate)
        }
        let end = now.addingClamped(maximumAge)
        lifetime.deadline = min(lifetime.deadline, end)
        lifetime.freshUntil = min(lifetime.freshUntil, end)
        lifetime.idleMilliseconds = idleMilliseconds
        return lifetime
    }

    private func cut(of ttl: UInt64, _ chance: UInt64) -> UInt64 {
        if jitter == 0 { return 0 }
        let mixed = chance &* 0x9E37_79B9_7F4A_7C15
        return min(UInt64(Double(ttl) * jitter * (Double(mixed >> 11) / Double(1 << 53))), ttl)
    }
}

/// How long failures of a load are remembered.
public struct FailureBackoff: Sendable, Equatable {
    /// After the first failure in a row; each further one doubles it.
    public var initial: Duration
    /// The longest.
    public var maximum: Duration

    /// Remembers a failure for `initial`, and at most for `maximum` when failures repeat.
    public init(initial: Duration, maximum: Duration) {
        self.initial = initial
        self.maximum = maximum
    }
}

/// What becomes of a load for which nobody waits any more.
public enum AbandonedLoad: Sendable, Equatable {
    /// Its task is cancelled and its result is not used.
    case cancel
    /// It goes on and its value is stored.
    case finish
}

/// Which values stand for "there is nothing", and how long they live.
public struct NegativeEntries<Value: Sendable>: Sendable {
    let isNegative: @Sendable (Value) -> Bool
    let plan: ExpirationPlan

    /// Values for which `isNegative` holds live as `expiration` says instead of the cache's own.
    public init(expiration: Expiration, isNegative: @escaping @Sendable (Value) -> Bool) {
        self.isNegative = isNegative
        plan = ExpirationPlan(expiration)
    }
}

/// How a cache is set up.
public struct TagCacheConfiguration<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    /// Most weight that the memory tier holds, in the unit of `weigher`.
    public var weightLimit: Int
    /// The weight of an entry, at least 1; nil counts every entry as 1.
    public var weigher: (@Sendable (Key, Value) -> Int)?
    /// How long entries live unless a call says otherwise.
    public var expiration = Expiration()
    /// Values that stand for "there is nothing"; nil treats them as others.
    public var negative: NegativeEntries<Value>?
    /// How long failures are remembered; nil does not remember them.
    public var failureBackoff: FailureBackoff?
    /// How long a caller waits for a load.
    public var waitMax: Duration = TagCacheLimits.waitMaxDefault
    /// What becomes of a load for which nobody waits any more.
    public var abandonedLoad = AbandonedLoad.cancel
    /// Where the time comes from.
    public var clock = CacheClock.system
    /// Where tests make the steps of the persistent tier and of the bus fail.
    public var failpoints = FailpointRegistry()
    /// Seed of what is decided by chance: jitter and admission.
    public var seed: UInt64 = 0x5EED

    /// A cache of at most `entryLimit` entries.
    public init(entryLimit: Int) { weightLimit = entryLimit }

    /// A cache of at most `byteLimit` bytes: the sizes that `byteCount` reports and
    /// `entryOverheadBytes` for each entry.
    public init(byteLimit: Int, byteCount: @escaping @Sendable (Key, Value) -> Int) {
        weightLimit = byteLimit
        weigher = { key, value in
            let (sum, overflow) = byteCount(key, value).addingReportingOverflow(entryOverheadBytes)
            return overflow ? Int.max : sum
        }
    }
}

/// What an entry takes in memory beside its key and value, in bytes.
public let entryOverheadBytes = 150
