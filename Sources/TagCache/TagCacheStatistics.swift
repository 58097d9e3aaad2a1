/// Counts of one table, changed under its lock.
@usableFromInline
struct ShardCounters: Sendable {
    @usableFromInline var hits = 0
    var misses = 0
    var staleServed = 0
    var failuresServed = 0
    var coalesced = 0
    var loads = 0
    var loadFailures = 0
    var loadNanoseconds: UInt64 = 0
    var loadsDiscarded = 0
    var loadsCancelled = 0
    var waitsTimedOut = 0
    var evicted = 0
    var expired = 0
    var invalidated = 0
    var removed = 0
    var replaced = 0

    mutating func count(_ departure: Departure) {
        switch departure {
        case .capacity: evicted &+= 1
        case .expired: expired &+= 1
        case .invalidated: invalidated &+= 1
        case .removed: removed &+= 1
        case .replaced: replaced &+= 1
        }
    }

    mutating func add(_ other: ShardCounters) {
        hits += other.hits
        misses += other.misses
        staleServed += other.staleServed
        failuresServed += other.failuresServed
        coalesced += other.coalesced
        loads += other.loads
        loadFailures += other.loadFailures
        loadNanoseconds &+= other.loadNanoseconds
        loadsDiscarded += other.loadsDiscarded
        loadsCancelled += other.loadsCancelled
        waitsTimedOut += other.waitsTimedOut
        evicted += other.evicted
        expired += other.expired
        invalidated += other.invalidated
        removed += other.removed
        replaced += other.replaced
    }
}

/// What a cache has done since it was made, and what it holds.
public struct TagCacheStatistics: Sendable, Equatable {
    /// Entries that left the memory tier, by cause.
    public struct Evictions: Sendable, Equatable {
        /// For want of room.
        public var capacity = 0
        /// Past their time to live, idle time or maximum age.
        public var expired = 0
        /// Found to carry an invalidated tag.
        public var invalidated = 0
        /// By `remove` or `clear`.
        public var removed = 0
        /// By a newer value for the same key.
        public var replaced = 0
    }

    /// What the persistent tier has done and holds.
    public struct Persistent: Sendable, Equatable {
        /// Requests that it answered.
        public var hits = 0
        /// Requests that it could not answer.
        public var misses = 0
        /// Reads and writes that failed, whether or not somebody waited for them.
        public var errors = 0
        /// Entries dropped to make room.
        public var evictions = 0
        /// Committed entries.
        public var entries = 0
        /// Bytes of the file that committed entries take, estimated from their sizes.
        public var bytes = 0
        /// How often the file was dropped because it was damaged or foreign, or could not be used.
        public var rebuilds = 0
    }

    /// What the bus side has done.
    public struct Bus: Sendable, Equatable {
        /// Messages sent.
        public var published = 0
        /// Invalidations of other nodes carried out here.
        public var applied = 0
        /// Messages that had been seen before, or came after later ones; they were carried out.
        public var duplicates = 0
        /// Messages that could not be read; they were dropped.
        public var malformed = 0
        /// Times that messages were found missing and a partition was made stale.
        public var gaps = 0
        /// Messages whose time lies too far ahead of this node's.
        public var skewed = 0
        /// Times that a peer, or the bus, was silent for too long and everything was made stale.
        public var silences = 0
        /// Times that the bus could no longer be heard.
        public var interruptions = 0
    }

    /// Requests answered from memory with a fresh value.
    public var hits = 0
    /// Requests that memory could not answer.
    public var misses = 0
    /// Requests answered with a value past its time to live while it was loaded again.
    public var staleServed = 0
    /// Requests answered with a remembered failure.
    public var failuresServed = 0
    /// Requests that waited for a load begun by another.
    public var coalesced = 0
    /// Loads that ended with a value.
    public var loads = 0
    /// Loads that ended with an error.
    public var loadFailures = 0
    /// Time that ended loads took, in nanoseconds.
    public var loadNanoseconds: UInt64 = 0
    /// Loaded values not stored because something newer had happened.
    public var loadsDiscarded = 0
    /// Loads cancelled because nobody waited any more.
    public var loadsCancelled = 0
    /// Callers that gave up waiting.
    public var waitsTimedOut = 0
    /// Entries that left memory, by cause.
    public var evictions = Evictions()
    /// Entries in memory.
    public var entries = 0
    /// Weight of the entries in memory, in the weigher's unit.
    public var weight = 0
    /// Tags on record.
    public var tags = 0
    /// The number of the last invalidation: with a persistent tier those of earlier lives count, too.
    public var invalidations: UInt64 = 0
    /// The persistent tier; zeros without one.
    public var persistent = Persistent()
    /// The bus; zeros without one.
    public var bus = Bus()

    init() {}

    init(_ counters: ShardCounters) {
        hits = counters.hits
        misses = counters.misses
        staleServed = counters.staleServed
        failuresServed = counters.failuresServed
        coalesced = counters.coalesced
        loads = counters.loads
        loadFailures = counters.loadFailures
        loadNanoseconds = counters.loadNanoseconds
        loadsDiscarded = counters.loadsDiscarded
        loadsCancelled = counters.loadsCancelled
        waitsTimedOut = counters.waitsTimedOut
        evictions.capacity = counters.evicted
        evictions.expired = counters.expired
        evictions.invalidated = counters.invalidated
        evictions.removed = counters.removed
        evictions.replaced = counters.replaced
    }
}
