import Failpoints
import Synchronization

// Opening a store.
//
// lock the directory · FORMAT · for every space: newest manifest (list, then probe forward), checksum and chain; a damaged
// newest one is set aside when the journal still holds everything since the one before · cut torn journal tails ·
// commit the new epoch to every space (the fence) · replay the journal above each space's folded LSN (a batch that
// cannot be decoded becomes a dead letter) · a new journal file under the new epoch. Every step may be repeated: a crash
// during recovery is a crash like any other.

extension StorageEngine {
    /// Opens the store in `dataDirectory`, recovering whatever an earlier process left.
    ///
    /// - Parameters:
    ///   - environment: the file system, clock, random source and failpoints to use.
    ///   - limits: the bounds of the engine; traps when they contradict each other.
    ///   - dataDirectory: where everything is kept; made when missing.
    ///   - catalog: every table, in an order that never changes.
    ///   - wanted: spaces that are made when missing.
    ///   - decoder: turns a journaled batch into rows, for replay; what it cannot decode becomes a dead
    ///     letter.
    /// - Returns: the engine, which holds the directory until it is closed.
    /// - Throws: `.stop` when another process has the directory; `.restore` when acknowledged bytes are
    ///   damaged or missing; the message names the file.
    package static func open(
        environment: Environment,
        limits: Limits = Limits(),
        dataDirectory: String,
        catalog: [TableDefinition],
        spaces wanted: [String],
        decoder: BatchDecoder
    ) throws(StorageError) -> StorageEngine {
        limits.checkInvariants()
        let fileSystem = environment.fileSystem
        let journalDirectory = dataDirectory + "/journal"
        let lock = try storing(dataDirectory) { () throws(FileError) in
            try fileSystem.makeDirectory(journalDirectory)
            try fileSystem.syncDirectory(parentDirectory(of: dataDirectory))
            return try fileSystem.lock(dataDirectory + "/LOCK")
        }
        let store = try LocalObjectStore(fileSystem: fileSystem, root: dataDirectory)
        let identity = try StoreIdentity.open(store, environment)
        let recovery = JournalRecovery(
            environment: environment,
            directory: journalDirectory,
            storeID: identity.storeID
        )

        let letters = try LetterBox(
            environment: environment,
            store: store,
            storeID: identity.storeID
        )
        var versions: [String: SpaceVersion] = [:]
        let existing = try storing(dataDirectory) { () throws(FileError) in
            try fileSystem.list(dataDirectory + "/spaces").filter(\.isDirectory).map(\.name)
        }
        for name in existing {
            versions[name] = try newestVersion(store, name, identity.storeID, recovery)
        }
        let foldedLSN = versions.values.map(\.foldedLSN).max() ?? 0
        var epoch = versions.values.map(\.writerEpoch).max() ?? 0
        epoch = max(epoch, try recovery.newestEpoch()) + 1

        // Spaces that existed before are fenced; new ones begin.
        var states: [String: SpaceState] = [:]
        for name in Set(existing).union(wanted).sorted() {
            let base = versions[name] ?? emptyVersion(name, identity.storeID)
            let door = CommitDoor(
                environment: environment,
                limits: limits,
                store: store,
                storeID: identity.storeID,
                epoch: epoch,
                newest: base
            )
            var change = SpaceChange(operation: versions[name] == nil ? "create" : "open")
            change.writerEpoch = epoch
            change.foldedLSN = versions[name] == nil ? foldedLSN : nil
            let version = try door.commit(change)
            states[name] = SpaceState(
                space: Space(name: name, door: door),
                version: version,
                previousFoldedLSN: base.id == 0 ? version.foldedLSN : base.foldedLSN,
                active: Memtable(tables: catalog.count),
                previousSettled: base.settledLetters
            )
            letters.settle(version.settledLetters)
        }
        do {
            try environment.failpoints.hit(StorageFailpoint.recoveryReplay)
        } catch {
            throw StorageError(.stop, "injected fault: \(error)", remedy: "this is a test")
        }
        let now = environment.clock.now()
        let replayed = try recovery.run(foldedLSN: foldedLSN, repair: true) {
            lsn,
            record throws(StorageError) in
            guard var entry = states[record.space] else {
                throw StorageError(
                    .restore,
                    "the journal holds batch \(lsn) of space \(record.space), which has no manifest",
                    remedy: "restore the directory spaces/\(record.space) from a backup"
                )
            }
            guard lsn > entry.version.foldedLSN else { return }
            switch try decoder.decode(record) {
            case .rows(let rows):
                states[record.space] = nil
                entry.active.apply(rows, lsn: lsn, at: now)
            case .poisoned(let reason):
                let id = DeadLetterID(lsn: lsn)
                try letters.keep(DeadLetter(id: id, record: record, since: now, reason: reason))
                entry.poisoned.insert(id)
            }
            states[record.space] = entry
        }
        let journal = Journal(
            environment: environment,
            limits: limits,
            directory: journalDirectory,
            storeID: identity.storeID,
            position: JournalPosition(
                epoch: epoch,
                nextLSN: max(replayed.lastLSN, foldedLSN) + 1,
                chain: replayed.chain
            ),
            retained: replayed.files
        )
        return StorageEngine(
            environment: environment,
            limits: limits,
            store: store,
            dataDirectory: dataDirectory,
            catalog: catalog,
            cache: SegmentCache(store: store, limits: limits),
            decoder: decoder,
            letters: letters,
            storeID: identity.storeID,
            epoch: epoch,
            recovery: replayed.report,
            journal: journal,
            state: State(spaces: states),
            lock: lock
        )
    }

    /// Makes a space, durably.
    ///
    /// - Throws: `.fixRequest` when the name is taken or not allowed.
    package func createSpace(_ name: String) throws(StorageError) {
        guard Self.isValidSpaceName(name) else {
            throw StorageError(
                .fixRequest,
                "\(name) is not a name for a space",
                remedy: "use 1 to 63 of a-z, 0-9, - and _, beginning with a letter or digit"
            )
        }
        guard !hasSpace(name) else {
            throw StorageError(
                .fixRequest,
                "space \(name) exists already",
                remedy: "choose another name"
            )
        }
        let lastLSN = journal.withLock { $0.lastLSN }
        let door = CommitDoor(
            environment: environment,
            limits: limits,
            store: store,
            storeID: storeID,
            epoch: epoch,
            newest: Self.emptyVersion(name, storeID)
        )
        var change = SpaceChange(operation: "create")
        change.foldedLSN = lastLSN
        let version = try door.commit(change)
        state.withLock { state in
            guard state.spaces[name] == nil else { return }
            state.spaces[name] = SpaceState(
                space: Space(name: name, door: door),
                version: version,
                previousFoldedLSN: version.foldedLSN,
                active: Memtable(tables: catalog.count)
            )
        }
    }

    /// Whether `name` may be a space: it is a directory name and a header value.
    package static func isValidSpaceName(_ name: String) -> Bool {
        guard (1...63).contains(name.utf8.count), let first = name.utf8.first else { return false }
        let isAlphanumeric = { (byte: UInt8) in
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        }
        return isAlphanumeric(first)
            && name.utf8.allSatisfy {
                isAlphanumeric($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_")
            }
    }

    /// The version before the first.
    private static func emptyVersion(_ space: String, _ storeID: String) -> SpaceVersion {
        SpaceVersion(
            manifest: Manifest(
                id: 0,
                previousChecksum: "",
                storeID: storeID,
                space: space,
                writerEpoch: 0,
                transactionID: "",
                actor: "",
                operation: "",
                committedAt: 0,
                foldedLSN: 0,
                branches: [:],
                tables: [:]
            ),
            checksum: "",
            pages: [:]
        )
    }

    /// The newest readable version of a space; nil when it has none (its creation never finished).
    private static func newestVersion(
        _ store: any ObjectStore,
        _ space: String,
        _ storeID: String,
        _ recovery: JournalRecovery
    ) throws(StorageError) -> SpaceVersion? {
        guard let newest = try SpaceVersion.list(store, space: space).last else { return nil }
        let damage: StorageError
        do throws(StorageError) {
            guard
                var version = try SpaceVersion.load(
                    store,
                    space: space,
                    id: newest,
                    storeID: storeID
                )
            else { return nil }
            while let next = try SpaceVersion.load(
                store,
                space: space,
                id: version.id + 1,
                storeID: storeID
            ) {
                version = next
            }
            try checkChain(store, version)
            return version
        } catch {
            damage = error
        }
        // One step back is lossless when the journal still holds every batch folded since.
        guard damage.code == .restore, newest > 1,
            let previous = try SpaceVersion.load(
                store,
                space: space,
                id: newest - 1,
                storeID: storeID
            ),
            let first = try recovery.firstLSN(), first <= previous.foldedLSN + 1,
            let bytes = try store.get(Manifest.key(space: space, id: newest))
        else { throw damage }
        _ = try store.put("spaces/\(space)/damaged/\(newest).json", bytes, .always)
        try store.delete(Manifest.key(space: space, id: newest))
        return previous
    }

    /// A version must follow the one before it, when that is still there.
    private static func checkChain(
        _ store: any ObjectStore,
        _ version: SpaceVersion
    ) throws(StorageError) {
        let manifest = version.manifest
        guard version.id > 1 else { return }
        let key = Manifest.key(space: manifest.space, id: version.id - 1)
        guard let bytes = try store.get(key) else { return }
        guard
            let (_, checksum) = try? Manifest.decode(bytes, key: key, storeID: manifest.storeID)
        else { return }
        guard checksum == manifest.previousChecksum else {
            throw Manifest.damaged(
                Manifest.key(space: manifest.space, id: version.id),
                "it does not follow the one before it"
            )
        }
    }
}

extension JournalRecovery {
    /// The newest epoch that a journal file's name carries.
    func newestEpoch() throws(StorageError) -> UInt64 {
        try names().compactMap { JournalFormat.parse(fileName: $0)?.epoch }.max() ?? 0
    }

    /// The first LSN the journal still holds; nil when there is no file.
    func firstLSN() throws(StorageError) -> UInt64? {
        guard let name = try names().first else { return nil }
        let path = directory + "/" + name
        let bytes = try storing(path) { () throws(FileError) in
            try environment.fileSystem.open(path, .read).read(
                at: 0,
                count: JournalFormat.blockBytes
            )
        }
        return JournalFileHeader(bytes)?.firstLSN
    }

    func names() throws(StorageError) -> [String] {
        let entries = try storing(directory) { () throws(FileError) in
            try environment.fileSystem.list(directory)
        }
        return entries.map(\.name).filter { JournalFormat.parse(fileName: $0) != nil }
    }
}
