import Parquet
import Synchronization

// The engine of one node.
//
// Locks, in the order they are taken: journal (one append or freeze at a time, held over the barrier), then state (never
// held over I/O). Flush, compaction and collection of a space exclude one another through its maintenance lock, which
// is taken before either.
//
// append: journal · barrier · memtable · acknowledged. freeze happens between two appends, so a frozen memtable
// holds every batch of its space up to its LSN and none above. flush: segments of the frozen rows · commit with that
// LSN · drop the frozen rows and swap the version in one step, so that a snapshot never sees a row twice or not at all.

/// A batch on its way to the journal: what is journaled, and the rows it stands for.
package struct PendingBatch: Sendable {
    package let record: JournalRecord
    package let rows: DecodedBatch

    package init(record: JournalRecord, rows: DecodedBatch) {
        self.record = record
        self.rows = rows
    }
}

/// Makes batches durable, keeps them queryable, and folds them into segments.
package final class StorageEngine: Sendable {
    /// One space while the engine is open.
    final class Space: Sendable {
        let name: String
        let door: CommitDoor
        /// Held by whoever writes segments of this space or deletes them.
        let maintenance = Mutex(())
        /// What garbage collection has seen unreferenced, and since when.
        let garbage = Mutex<[String: UInt64]>([:])

        init(name: String, door: CommitDoor) {
            self.name = name
            self.door = door
        }
    }

    /// The rows and version of one space.
    struct SpaceState {
        var space: Space
        var version: SpaceVersion
        /// Folded LSN of the version before: the journal is kept from there on, so that one damaged
        /// manifest loses nothing.
        var previousFoldedLSN: UInt64
        var active: Memtable
        var frozen: [Memtable] = []
        /// Letters of batches above the folded LSN, made when the journal was replayed.
        var poisoned: Set<DeadLetterID> = []
        /// Letters that the version before settles: see `LetterBox`.
        var previousSettled: Set<DeadLetterID> = []
        /// Bytes of letters for which the last flush found no room; 0 when it found some.
        var letterBytesWanted = 0
        /// Versions that a snapshot may still hold.
        var held: [WeakVersion] = []
    }

    package struct WeakVersion: Sendable {
        weak var version: SpaceVersion?
    }

    struct State {
        var spaces: [String: SpaceState] = [:]
        /// What a space is folded to that somebody is about to make, by attempt: the journal keeps everything behind it.
        var beginnings: [UInt64: UInt64] = [:]
        var nextBeginning: UInt64 = 1
        var nextSegment: UInt64 = 1
    }

    let environment: Environment
    let limits: Limits
    let store: any ObjectStore
    let dataDirectory: String
    let catalog: [TableDefinition]
    let cache: SegmentCache
    let decoder: BatchDecoder
    let letters: LetterBox
    package let storeID: String
    package let epoch: UInt64
    /// What recovery found when the engine was opened.
    package let recovery: JournalRecoveryReport
    let fence: JournalFence
    let journal: Mutex<Journal>
    let state: Mutex<State>
    private let lock: Mutex<(any FileHandle)?>

    init(
        environment: Environment,
        limits: Limits,
        store: any ObjectStore,
        dataDirectory: String,
        catalog: [TableDefinition],
        cache: SegmentCache,
        decoder: BatchDecoder,
        letters: LetterBox,
        storeID: String,
        epoch: UInt64,
        recovery: JournalRecoveryReport,
        fence: JournalFence,
        journal: sending Journal,
        state: sending State,
        lock: any FileHandle
    ) {
        self.environment = environment
        self.limits = limits
        self.store = store
        self.dataDirectory = dataDirectory
        self.catalog = catalog
        self.cache = cache
        self.decoder = decoder
        self.letters = letters
        self.storeID = storeID
        self.epoch = epoch
        self.recovery = recovery
        self.fence = fence
        self.journal = Mutex(journal)
        self.state = Mutex(state)
        self.lock = Mutex(lock)
    }

    /// Gives the data directory up.
    ///
    /// The engine is not used afterwards; snapshots stay readable, and whoever opens the store next in this process
    /// keeps what they name if it is told of `versionsInUse`.
    package func close() { lock.withLock { $0 = nil } }

    /// The versions that snapshots of this engine may hold, by space.
    package var versionsInUse: [String: [WeakVersion]] {
        state.withLock { state in
            state.spaces.mapValues { $0.held + [WeakVersion(version: $0.version)] }
        }
    }

    /// Collects nothing that these versions name while anybody holds them.
    package func keep(_ versions: [String: [WeakVersion]]) {
        state.withLock { state in
            for (space, versions) in versions { state.spaces[space]?.held += versions }
        }
    }

    /// Makes `batches` durable behind one barrier, then visible.
    ///
    /// - Returns: the LSN of the first; when this returns, every one survives power loss.
    /// - Throws: `.stop`: none may be acknowledged; the engine must be opened anew.
    package func append(_ batches: [PendingBatch]) throws(StorageError) -> UInt64 {
        let result = journal.withLock { journal -> Result<UInt64, StorageError> in
            do throws(StorageError) {
                let first = try journal.append(batches.map(\.record))
                try environment.reach(.memtableApply)
                let now = environment.clock.now()
                state.withLock { state in
                    for (index, batch) in batches.enumerated() {
                        state.spaces[batch.record.space]?.active.apply(
                            batch.rows,
                            lsn: first + UInt64(index),
                            at: now
                        )
                    }
                }
                try environment.reach(.acknowledge)
                return .success(first)
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    /// Refuses every batch from now on, so that its owner opens the store anew: this engine was fenced, or
    /// no longer knows what is durable.
    package func stopAppending() { journal.withLock { $0.poison() } }

    /// What a query of `space` reads, or nil when there is no such space.
    package func snapshot(space: String) -> Snapshot? {
        state.withLock { state in
            guard let entry = state.spaces[space] else { return nil }
            var memory = entry.active.rows
            for frozen in entry.frozen.reversed() {
                for table in memory.indices {
                    memory[table].insert(contentsOf: frozen.rows[table], at: 0)
                }
            }
            return Snapshot(
                space: space,
                version: entry.version,
                memory: memory,
                catalog: catalog,
                cache: cache
            )
        }
    }

    package var spaceNames: [String] { state.withLock { $0.spaces.keys.sorted() } }

    package func hasSpace(_ name: String) -> Bool { state.withLock { $0.spaces[name] != nil } }

    /// Bytes of rows not yet in segments, over all spaces.
    package var memtableByteCount: Int {
        state.withLock { state in
            state.spaces.values.reduce(0) { sum, entry in
                entry.frozen.reduce(sum + entry.active.byteCount) { $0 + $1.byteCount }
            }
        }
    }

    /// Share of the volume that is in use, 0 to 1.
    package func diskUsedFraction() throws(StorageError) -> Double {
        let space = try storing(dataDirectory) { () throws(FileError) in
            try environment.fileSystem.space(dataDirectory)
        }
        return space.total > 0 ? 1 - Double(space.available) / Double(space.total) : 0
    }

    /// Bytes that may be written before the volume is fuller than `Limits.diskUsedFractionMax`.
    func diskRoom() throws(StorageError) -> Int {
        let space = try storing(dataDirectory) { () throws(FileError) in
            try environment.fileSystem.space(dataDirectory)
        }
        let usable = Int(Double(space.total) * limits.diskUsedFractionMax)
        return usable - (space.total - space.available)
    }

    /// Figures of the journal.
    package var journalStatus: (lastLSN: UInt64, bytes: Int, barriers: Int) {
        journal.withLock { ($0.lastLSN, $0.byteCount, $0.barrierCount) }
    }

    /// A new segment id, greater than every one before.
    func mintSegmentID() -> String {
        state.withLock { state in
            defer { state.nextSegment += 1 }
            return String(hexadecimal(epoch).suffix(8) + hexadecimal(state.nextSegment).suffix(12))
        }
    }

    /// Publishes `version` to readers.
    func swap(
        _ version: SpaceVersion,
        space: String,
        dropFrozen: Bool
    ) throws(StorageError) {
        try environment.reach(.manifestSwap)
        state.withLock { state in
            guard var entry = state.spaces[space] else { return }
            entry.held.removeAll { $0.version == nil }
            entry.held.append(WeakVersion(version: entry.version))
            entry.previousFoldedLSN = entry.version.foldedLSN
            entry.previousSettled = entry.version.settledLetters
            entry.poisoned = entry.poisoned.filter { $0.lsn > version.foldedLSN }
            entry.version = version
            if dropFrozen { entry.frozen.removeAll() }
            state.spaces[space] = entry
        }
    }
}

/// Figures of one space, for status.
package struct SpaceStatus: Sendable {
    package let space: String
    package let version: UInt64
    package let journaledLSN: UInt64
    package let foldedLSN: UInt64
    package let segments: Int
    package let segmentBytes: Int
    package let memtableBytes: Int
    /// Rows by table, in segments and in memory.
    package let rows: [String: Int]
}

extension StorageEngine {
    /// Figures of every space, sorted by name.
    package func status() -> [SpaceStatus] {
        let lastLSN = journal.withLock { $0.lastLSN }
        return state.withLock { state in
            state.spaces.values.map { entry in
                var rows: [String: Int] = [:]
                for (position, table) in catalog.enumerated() {
                    let stored = entry.version.segments[table.name]?.reduce(0) { $0 + $1.rows } ?? 0
                    let memory = ([entry.active] + entry.frozen).reduce(0) { sum, memtable in
                        memtable.rows[position].reduce(sum) { $0 + $1.rowCount }
                    }
                    rows[table.name] = stored + memory
                }
                let segments = entry.version.segments.values.flatMap { $0 }
                return SpaceStatus(
                    space: entry.space.name,
                    version: entry.version.id,
                    journaledLSN: lastLSN,
                    foldedLSN: entry.version.foldedLSN,
                    segments: segments.count,
                    segmentBytes: segments.reduce(0) { $0 + $1.bytes },
                    memtableBytes: entry.frozen.reduce(entry.active.byteCount) {
                        $0 + $1.byteCount
                    },
                    rows: rows
                )
            }.sorted { $0.space < $1.space }
        }
    }
}
