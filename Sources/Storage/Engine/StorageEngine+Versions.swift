// Which version of a space an opening begins with.

extension StorageEngine {
    /// The version before the first.
    static func emptyVersion(_ space: String, _ storeID: String) -> SpaceVersion {
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
    static func newestVersion(
        _ store: any ObjectStore,
        _ space: String,
        _ storeID: String,
        _ recovery: JournalRecovery
    ) throws(StorageError) -> SpaceVersion? {
        let environment = recovery.environment
        // A listing may lag behind: it is where the search begins. Where it shows nothing, everything up to the boundary
        // may have been collected.
        let listed = try SpaceVersion.list(store, space: space).last
        var boundary: UInt64?
        do throws(StorageError) {
            boundary = try SpaceVersion.boundary(store, space: space)
        } catch {
            // A boundary that does not read back forbids the step back, and nothing else.
            if listed == nil || error.code != .restore { throw error }
        }
        let newest = listed ?? (boundary ?? 0) + 1
        let damage: StorageError
        do throws(StorageError) {
            guard
                var version = try SpaceVersion.load(
                    store,
                    space: space,
                    id: newest,
                    storeID: storeID
                )
            else {
                if listed == nil, boundary == 0 { return nil }
                throw changing(space)
            }
            while let next = try SpaceVersion.load(
                store,
                space: space,
                id: version.id + 1,
                storeID: storeID
            ) {
                version = next
            }
            if let boundary, version.id <= boundary {
                let key = Manifest.key(space: space, id: version.id + 1)
                throw Manifest.damaged(key, "it is missing, and the one before it was collected")
            }
            try checkChain(store, version)
            return version
        } catch {
            damage = error
        }
        // One step back is lossless when the journal still holds every batch folded since, and nothing of the version
        // before was collected.
        guard damage.code == .restore, newest > 1, let boundary, newest - 1 > boundary,
            let previous = try SpaceVersion.load(
                store,
                space: space,
                id: newest - 1,
                storeID: storeID
            ),
            let first = try recovery.firstLSN(), first <= previous.foldedLSN + 1,
            let bytes = try store.get(Manifest.key(space: space, id: newest))
        else { throw damage }
        guard try store.byteCount(Manifest.key(space: space, id: newest + 1)) == nil else {
            throw changing(space)
        }
        try environment.reach(.manifestSetAsidePre)
        try store.replace("spaces/\(space)/damaged/\(newest).json", bytes)
        try environment.reach(.manifestSetAsidePost)
        try store.delete(Manifest.key(space: space, id: newest))
        return previous
    }

    /// The spaces in which nobody was ever promised anything: they are folded as far as any other is.
    ///
    /// New ones, that is, and with an object store those that a replaced process has made. An opening commits to every
    /// space before it makes a file of the journal, so a space that is older than the newest such opening was made
    /// behind its back; whoever trims the journal does not know of it. In a directory a replaced process names nothing
    /// any more (LocalObjectStore.swift): a space that looks so has lost its newest manifest.
    ///
    /// - Throws: `.restore` when the journal has batches of a wanted space that has no version.
    static func unusedSpaces(
        _ versions: [String: SpaceVersion],
        wanted: [String],
        hasObjectStore: Bool,
        _ recovery: JournalRecovery
    ) throws(StorageError) -> Set<String> {
        var unused = Set(wanted.filter { versions[$0] == nil })
        if !unused.isEmpty {
            // A space is durable before anybody can append to it.
            let foldedLSN = versions.values.map(\.foldedLSN).max() ?? 0
            _ = try recovery.run(folded: foldedLSN...foldedLSN) {
                lsn,
                record throws(StorageError) in
                guard !unused.contains(record.space) else {
                    throw JournalReplay.missingManifest(lsn, record.space)
                }
            }
        }
        guard hasObjectStore else { return unused }
        let sealedEpoch = try recovery.sealedEpoch()
        for (name, version) in versions
        where version.writerEpoch < sealedEpoch && version.segments.values.allSatisfy(\.isEmpty) {
            unused.insert(name)
        }
        return unused
    }

    private static func changing(_ space: String) -> StorageError {
        StorageError(
            .retry,
            "space \(space) changes while the store is being opened",
            remedy: "another process serves this store: stop one of the two"
        )
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
        guard manifest.follows(version.id - 1, checksum) else {
            throw Manifest.damaged(
                Manifest.key(space: manifest.space, id: version.id),
                "it does not follow the one before it"
            )
        }
    }
}

extension JournalRecovery {
    /// The first LSN the journal still holds; nil when there is no file with a header.
    func firstLSN() throws(StorageError) -> UInt64? {
        for name in try names() {
            let path = directory + "/" + name
            let bytes = try storing(path) { () throws(FileError) in
                try environment.fileSystem.open(path, .read).read(
                    at: 0,
                    count: JournalFormat.blockBytes
                )
            }
            if let header = JournalFileHeader(bytes) { return header.firstLSN }
        }
        return nil
    }

    /// The newest epoch whose opening came to its end: it has made a file.
    func sealedEpoch() throws(StorageError) -> UInt64 {
        try names().compactMap { JournalFormat.parse(fileName: $0)?.epoch }.max() ?? 0
    }

    func names() throws(StorageError) -> [String] {
        let entries = try storing(directory) { () throws(FileError) in
            try environment.fileSystem.list(directory)
        }
        return entries.map(\.name).filter { JournalFormat.parse(fileName: $0) != nil }
    }
}
