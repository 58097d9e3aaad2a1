import Synchronization

// Opening a store.
//
// lock the directory · FORMAT · take the journal from a former writer (JournalFence.swift) · for every space: newest
// manifest (list, then probe forward), checksum and chain; a damaged newest one is set aside when the journal still holds
// everything since the one before · commit the new epoch to every space, which fences its commits · replay the journal
// above each space's folded LSN · keep what cannot be decoded as dead letters · seal the journal where it was found to
// end. Every step may be repeated: a crash during recovery is a crash like any other.

extension StorageEngine {
    /// Opens the store in `dataDirectory`, recovering whatever an earlier process left.
    ///
    /// - Parameters:
    ///   - environment: the file system, clock, random source and failpoints to use.
    ///   - limits: the bounds of the engine; traps when they contradict each other.
    ///   - dataDirectory: where everything is kept; made when missing.
    ///   - store: where everything but the journal is kept; nil for the data directory itself.
    ///   - catalog: every table, in an order that never changes.
    ///   - wanted: spaces that are made when missing.
    ///   - acceptsLoss: whether to go on without files of the journal that are missing; what `recovery.lost` names is
    ///     in no space then.
    ///   - decoder: turns a journaled batch into rows, for replay; what it cannot decode becomes a dead
    ///     letter.
    /// - Returns: the engine, which holds the directory until it is closed.
    /// - Throws: `.stop` when another process has the directory; `.restore` when acknowledged bytes are
    ///   damaged or missing; the message names the file.
    package static func open(
        environment: Environment,
        limits: Limits = Limits(),
        dataDirectory: String,
        store: (any ObjectStore)? = nil,
        catalog: [TableDefinition],
        spaces wanted: [String],
        acceptsLoss: Bool = false,
        decoder: BatchDecoder
    ) throws(StorageError) -> StorageEngine {
        limits.checkInvariants()
        let fileSystem = environment.fileSystem
        let journalDirectory = dataDirectory + "/journal"
        let lock = try storing(dataDirectory) { () throws(FileError) in
            let lockPath = dataDirectory + "/LOCK"
            try fileSystem.makeDirectory(journalDirectory)
            // Whoever made the names above may have ended before they were synced; the lock is made behind that.
            if try fileSystem.byteCount(lockPath) == nil {
                try fileSystem.syncNames(above: dataDirectory)
            }
            try fileSystem.syncDirectory(parentDirectory(of: dataDirectory))
            try fileSystem.syncDirectory(dataDirectory)
            return try fileSystem.lock(lockPath)
        }
        let hasObjectStore = store != nil
        let store: any ObjectStore =
            if let store { store } else {
                try LocalObjectStore(
                    fileSystem: fileSystem,
                    root: dataDirectory,
                    opening: environment.random.next(),
                    failpoints: environment.failpoints
                )
            }
        let identity = try StoreIdentity.open(store, environment)
        let recovery = JournalRecovery(
            environment: environment,
            directory: journalDirectory,
            storeID: identity.storeID,
            acceptsLoss: acceptsLoss
        )
        // The fence of the first opening is there before the first manifest, and the newest is never removed.
        if !acceptsLoss, try !store.folders("spaces/").isEmpty,
            try !JournalFence.isKnown(environment, journalDirectory)
        {
            throw JournalRecovery.missing("the journal is not there", journalDirectory)
        }
        var fence = try JournalFence.takeOver(environment, journalDirectory, above: 0)
        var versions: [String: SpaceVersion] = [:]
        for name in try store.folders("spaces/") {
            versions[name] = try newestVersion(store, name, identity.storeID, recovery)
        }
        let known = versions.values.map(\.writerEpoch).max() ?? 0
        if known >= fence.epoch {
            // The journal was lost, which was accepted.
            fence = try JournalFence.takeOver(environment, journalDirectory, above: known)
        }
        var states: [String: SpaceState] = [:]
        let foldedLSN = versions.values.map(\.foldedLSN).max() ?? 0
        let unused = try unusedSpaces(
            versions,
            wanted: wanted,
            hasObjectStore: hasObjectStore,
            recovery
        )
        for name in Set(versions.keys).union(wanted).sorted() {
            let base = versions[name] ?? emptyVersion(name, identity.storeID)
            let door = CommitDoor(
                environment: environment,
                limits: limits,
                store: store,
                storeID: identity.storeID,
                epoch: fence.epoch,
                newest: base,
                schema: catalog.schemaIDs
            )
            states[name] = try begin(
                door,
                base,
                foldedAtLeast: unused.contains(name) ? foldedLSN : nil,
                catalog
            )
        }
        // Not before: until the commits above a former writer may have folded a batch into a new letter.
        let letters = try LetterBox(
            environment: environment,
            store: store,
            storeID: identity.storeID
        )
        for entry in states.values { letters.settle(entry.version.settledLetters) }
        try environment.reach(.recoveryReplay)
        let replayed = try replay(
            recovery,
            fence,
            decoder,
            limits,
            environment,
            letters,
            &states
        )
        let position = JournalPosition(
            epoch: fence.epoch,
            nextLSN: max(replayed.lastLSN, states.values.map(\.version.foldedLSN).max() ?? 0) + 1,
            chain: replayed.chain
        )
        let seal = try fence.seal(
            JournalFileHeader(
                epoch: position.epoch,
                sequence: JournalFormat.sealSequence,
                firstLSN: position.nextLSN,
                chain: position.chain,
                storeID: identity.storeID
            )
        )
        let journal = Journal(
            environment: environment,
            limits: limits,
            directory: journalDirectory,
            storeID: identity.storeID,
            fence: fence,
            position: position,
            retained: replayed.files + [(seal, position.nextLSN, JournalFormat.blockBytes)]
        )
        journal.dropEmptyFiles()
        let engine = StorageEngine(
            environment: environment,
            limits: limits,
            store: store,
            dataDirectory: dataDirectory,
            catalog: catalog,
            cache: SegmentCache(store: store, limits: limits, catalog: catalog),
            decoder: decoder,
            letters: letters,
            storeID: identity.storeID,
            epoch: fence.epoch,
            recovery: replayed.report,
            fence: fence,
            journal: journal,
            state: State(spaces: states),
            lock: lock
        )
        if acceptsLoss {
            // Once every space is folded beyond it, the gap is nobody's.
            for name in engine.spaceNames { try engine.flush(space: name) }
            try engine.advanceIdleSpaces()
        }
        return engine
    }

    /// Commits the new epoch to a space: one that existed is fenced, a new one begins.
    private static func begin(
        _ door: CommitDoor,
        _ base: SpaceVersion,
        foldedAtLeast foldedLSN: UInt64?,
        _ catalog: [TableDefinition]
    ) throws(StorageError) -> SpaceState {
        var change = SpaceChange(operation: base.id == 0 ? "create" : "open")
        change.writerEpoch = door.epoch
        change.foldedLSN = foldedLSN
        change.foldsAtLeast = true
        let version = try door.commit(change)
        return SpaceState(
            space: Space(name: base.manifest.space, door: door),
            version: version,
            previousFoldedLSN: base.id == 0 ? version.foldedLSN : base.foldedLSN,
            active: Memtable(tables: catalog.count),
            previousSettled: base.settledLetters
        )
    }

    /// Applies the journal to the memtables; what cannot be decoded becomes a dead letter.
    private static func replay(
        _ recovery: JournalRecovery,
        _ fence: JournalFence,
        _ decoder: BatchDecoder,
        _ limits: Limits,
        _ environment: Environment,
        _ letters: LetterBox,
        _ states: inout [String: SpaceState]
    ) throws(StorageError) -> JournalRecovery.Result {
        var replay = JournalReplay(
            states: states,
            decoder: decoder,
            now: environment.clock.now(),
            bytesMax: limits.replayBytesMax
        )
        let folded = states.values.map(\.version.foldedLSN)
        let range = (folded.min() ?? 0)...(folded.max() ?? 0)
        let replayed = try recovery.run(folded: range, writer: fence.epoch) {
            lsn,
            record throws(StorageError) in try replay.add(lsn, record)
        }
        try replay.finish()
        states = replay.states
        // Only now is the newest batch durable: a letter of one that is lost would be taken for the next of its number.
        for letter in replay.poisoned {
            try fence.check()
            try letters.keep(letter)
        }
        return replayed
    }
}
