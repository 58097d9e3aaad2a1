/// Every bound of the module in one place.
public enum TagCacheLimits {
    /// Longest tag, in bytes.
    public static let tagByteCountMax = 256
    /// Most segments in a tag (`a:b:c` has three).
    public static let tagSegmentCountMax = 16
    /// Most tags on one entry.
    public static let tagsPerEntryMax = 4096

    /// Locks of the tag table; a power of two.
    static let tagStripeCount = 16
    /// Groups of top-level tags that are numbered, and if need be made stale, together on the bus.
    static let partitionCount = 16
    /// Tags that one stripe holds before it looks for unused ones.
    static let tagSweepThresholdMin = 1024

    /// Most evictions that one operation performs; what is left is done by the next ones.
    static let evictionsPerOperationMax = 64
    /// Most timer entries that one operation handles.
    static let expirationsPerOperationMax = 32
    /// Most empty timer ticks that one operation steps over.
    static let timerTicksPerOperationMax = 1024

    /// Tables of the memory tier: fewest entries that one of them should have room for.
    static let entriesPerShardMin = 512
    /// Bytes that one table of a memory tier with a weigher should have room for: no value that weighs more is kept.
    static let bytesPerShardMin = 4 << 20
    /// Most tables of the memory tier.
    static let shardCountMax = 64

    /// How long a caller waits for a load unless configured otherwise.
    public static let waitMaxDefault: Duration = .seconds(60)
    /// How often a caller may find that the load it waited for began before an invalidation.
    static let loadAttemptsMax = 64

    /// Longest key of the persistent tier, in bytes: LMDB's own limit.
    public static let persistentKeyByteCountMax = 511
    /// Most simultaneous readers of the persistent tier.
    static let readerCountMax = 512
    /// How often the file of the persistent tier is opened without being closed in order before it is dropped.
    static let openingsWithoutEndMax = 5
    /// How often a read of the persistent tier is repeated because of writes beside it.
    static let persistentReadAttemptsMax = 8
    /// Most writes that one transaction of the persistent tier carries.
    static let writesPerTransactionMax = 512
    /// Tags whose invalidation the persistent tier remembers before it forgets the oldest half.
    static let durableTagCountMax = 100_000

    /// Longest message of the bus, in bytes.
    public static let messageByteCountMax = 1024
    /// Largest number of a message on the bus; a node that sends a million a second needs nine years for it.
    static let messageNumberMax: UInt64 = 1 << 48
    /// Peers that the bus side of a cache keeps track of.
    static let peerCountMax = 1024
}
