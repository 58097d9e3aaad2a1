/// Every bound of the engine, with the relations between them asserted.
public struct Limits: Sendable {
    /// A journal file is closed and a new one begun past this size.
    public var journalFileBytesMax = 64 << 20
    /// One group of batches (one barrier) holds at most this many payload bytes.
    public var journalGroupBytesMax = 16 << 20
    /// Payload bytes that recovery decodes at once.
    public var replayBytesMax = 16 << 20
    /// Bytes of requests that wait for the journal; more are refused.
    public var queueBytesMax = 96 << 20
    /// A space's memtable is flushed when its rows take this many bytes in memory.
    public var memtableFlushBytes = 48 << 20
    /// Requests are refused while the node's memtables (being filled and being flushed) exceed this.
    public var memtableBytesMax = 192 << 20
    /// Requests that wait for room in the memtables; more are refused.
    public var waitersMax = 1_024
    /// A request that waited this long is refused.
    public var waitSecondsMax = 10
    /// A memtable with any row is flushed at this age.
    public var memtableAgeMaxSeconds = 300
    /// Rows in a row group: the unit of pruning and of copying at compaction.
    public var rowGroupRowsMax = 65_536
    /// Row groups with fewer rows are merged when their segment is compacted.
    public var rowGroupRowsSmall = 32_768
    /// Bytes, before compression, of row groups that are decoded and merged at once.
    public var mergeBytesMax = 256 << 20
    /// Segments of one size tier and window that start a compaction.
    public var compactionFanIn = 8
    /// A segment of this size is not compacted again.
    public var segmentBytesMax = 256 << 20
    /// Hours a flush may spread over before the rest shares a segment.
    public var windowsPerFlushMax = 48
    /// Segment entries in one page of a manifest.
    public var segmentsPerPageMax = 256
    /// Manifests kept for readers and for falling back.
    public var manifestsRetained = 16
    /// Unreferenced objects are kept this long before they are deleted.
    public var garbageGraceSeconds = 3_600
    /// Attempts to publish one manifest before the commit gives up.
    public var commitAttemptsMax = 20
    /// One value in a segment takes at most this many bytes; a row with a larger one becomes a dead letter.
    public var segmentValueBytesMax = 64 << 20
    /// New work is refused while dead letters take this many bytes.
    public var deadLetterBytesMax = 256 << 20
    /// Failed replays of a dead letter after which only a person asks for another.
    public var deadLetterAttemptsMax = 8
    /// Parts of one batch that become letters of their own; what is poisoned beyond is not divided.
    public var deadLettersPerBatchMax = 64
    /// New work is refused above this share of the disk.
    public var diskUsedFractionMax = 0.90
    /// Bytes of footers and filters of open segments kept in memory.
    public var segmentCacheBytes = 64 << 20
    /// Open segment files.
    public var segmentCacheFiles = 256

    /// The default limits.
    public init() {}

    /// Traps when a set of limits contradicts itself.
    public func checkInvariants() {
        precondition(journalGroupBytesMax <= journalFileBytesMax)
        precondition(memtableFlushBytes * 2 <= memtableBytesMax)
        precondition(rowGroupRowsSmall <= rowGroupRowsMax)
        precondition(compactionFanIn >= 2 && manifestsRetained >= 2)
        precondition(segmentValueBytesMax > 0 && deadLettersPerBatchMax > 0)
        precondition(diskUsedFractionMax > 0 && diskUsedFractionMax < 1)
    }
}
