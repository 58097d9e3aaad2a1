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
        let boundary = listed == nil ? try SpaceVersion.boundary(store, space: space) : 0
        let newest = listed ?? boundary + 1
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
    /// An opening commits to every space before it makes a file of the journal. So a space whose newest version is older
    /// than the newest such opening was made behind its back, by a replaced process; whoever trims the journal
    /// does not know of it. Or its newest version is lost: then it has segments, or the journal has its batches.
    ///
    /// - Throws: `.restore` when the journal has batches of a wanted space that has no version.
    static func unusedSpaces(
        _ versions: [String: SpaceVersion],
        wanted: [String],
        _ recovery: JournalRecovery
    ) throws(StorageError) -> Set<String> {
        let sealedEpoch = try recovery.sealedEpoch()
        let old = versions.filter { entry in
            entry.value.writerEpoch < sealedEpoch
                && entry.value.segments.values.allSatisfy(\.isEmpty)
        }
        var unused = Set(old.keys).union(wanted.filter { versions[$0] == nil })
        guard sealedEpoch > 0, !unused.isEmpty else { return unused }
        let foldedLSN = versions.values.map(\.foldedLSN).max() ?? 0
        _ = try recovery.run(folded: foldedLSN...foldedLSN) {
            lsn,
            record throws(StorageError) in
            guard unused.contains(record.space) else { return }
            guard let version = versions[record.space] else {
                throw JournalReplay.missingManifest(lsn, record.space)
            }
            if lsn > version.foldedLSN { unused.remove(record.space) }
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
