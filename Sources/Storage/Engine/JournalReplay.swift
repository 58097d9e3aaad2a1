// Applying the journal when a store is opened: batches are decoded several at a time, which their owner may spread over
// processors, and applied one by one in LSN order, as if they had been decoded so.

/// Fills memtables from the journal.
struct JournalReplay {
    private(set) var states: [String: StorageEngine.SpaceState]
    /// Batches that cannot be decoded.
    private(set) var poisoned: [DeadLetter] = []
    private let decoder: BatchDecoder
    private let now: UInt64
    private let bytesMax: Int
    private var pending: [(lsn: UInt64, record: JournalRecord)] = []
    private var pendingBytes = 0

    init(
        states: [String: StorageEngine.SpaceState],
        decoder: BatchDecoder,
        now: UInt64,
        bytesMax: Int
    ) {
        self.states = states
        self.decoder = decoder
        self.now = now
        self.bytesMax = bytesMax
    }

    /// Takes the next batch of the journal; what is folded already is passed over.
    ///
    /// A batch that cannot be decoded is among `poisoned`.
    mutating func add(_ lsn: UInt64, _ record: JournalRecord) throws(StorageError) {
        guard let entry = states[record.space] else {
            throw Self.missingManifest(lsn, record.space)
        }
        guard lsn > entry.version.foldedLSN else { return }
        pending.append((lsn, record))
        pendingBytes += record.payload.count
        if pendingBytes >= bytesMax { try finish() }
    }

    /// Applies every batch that was taken.
    mutating func finish() throws(StorageError) {
        let outcomes = try decoder.decodeAll(pending.map(\.record))
        for (batch, outcome) in zip(pending, outcomes) {
            let (lsn, record) = batch
            switch outcome {
            case .rows(let rows): states[record.space]?.active.apply(rows, lsn: lsn, at: now)
            case .poisoned(let reason):
                let id = DeadLetterID(lsn: lsn)
                poisoned.append(DeadLetter(id: id, record: record, since: now, reason: reason))
                states[record.space]?.poisoned.insert(id)
            }
        }
        pending.removeAll(keepingCapacity: true)
        pendingBytes = 0
    }

    static func missingManifest(_ lsn: UInt64, _ space: String) -> StorageError {
        StorageError(
            .restore,
            "the journal holds batch \(lsn) of space \(space), which has no manifest",
            remedy: "restore the directory spaces/\(space) from a backup"
        )
    }
}
