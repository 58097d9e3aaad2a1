import Parquet

/// What an offline check found.
package struct VerificationReport: Sendable {
    package var manifests = 0
    package var segments = 0
    package var rows = 0
    package var bytes = 0
    package var journalBatches = 0
    package var deadLetters = 0
    /// What is damaged or missing, a sentence each.
    package var problems: [String] = []
}

/// Reads a store without taking its lock or changing a byte.
package struct StoreInspection: Sendable {
    private let environment: Environment
    private let store: any ObjectStore
    private let dataDirectory: String
    private let catalog: [TableDefinition]
    private let storeID: String

    /// Looks at the store in `dataDirectory`.
    ///
    /// - Parameters:
    ///   - environment: the file system to read.
    ///   - dataDirectory: where the journal is.
    ///   - store: where everything else is; nil for the data directory itself.
    ///   - catalog: every table.
    /// - Throws: `.restore` when there is no store, or one of another format.
    package init(
        environment: Environment,
        dataDirectory: String,
        store: (any ObjectStore)? = nil,
        catalog: [TableDefinition]
    ) throws(StorageError) {
        self.environment = environment
        self.dataDirectory = dataDirectory
        self.catalog = catalog
        self.store =
            store
            ?? ReadOnlyObjectStore(fileSystem: environment.fileSystem, root: dataDirectory)
        guard let identity = try StoreIdentity.read(self.store) else {
            throw StorageError(
                .restore,
                "there is no store in \(dataDirectory)",
                remedy: "give the data directory of a server with --data"
            )
        }
        storeID = identity.storeID
    }

    /// The spaces of the store, sorted.
    package func spaces() throws(StorageError) -> [String] {
        try store.folders("spaces/")
    }

    /// The newest version of a space, without what is only in the journal.
    package func snapshot(space: String) throws(StorageError) -> Snapshot {
        guard let id = try SpaceVersion.list(store, space: space).last,
            let version = try SpaceVersion.load(store, space: space, id: id, storeID: storeID)
        else {
            throw StorageError(
                .fixRequest,
                "there is no space called \(space) in \(dataDirectory)",
                remedy: "the spaces are: \(try spaces().joined(separator: ", "))"
            )
        }
        return Snapshot(
            space: space,
            version: version,
            memory: catalog.map { _ in [] },
            catalog: catalog,
            cache: SegmentCache(store: store, limits: Limits(), catalog: catalog)
        )
    }

    /// Checks every manifest, every object it names, the dead letters, and the journal.
    ///
    /// - Parameters:
    ///   - decoder: turns a journaled batch into rows; a batch that cannot be decoded and is no dead
    ///     letter yet is a problem.
    ///   - progress: told what is being checked, line by line.
    /// - Returns: what was checked, and every problem found.
    /// - Throws: when the spaces or their manifests cannot be listed; damage is reported, not thrown.
    package func verify(
        decoder: BatchDecoder,
        progress: (String) -> Void
    ) throws(StorageError) -> VerificationReport {
        var report = VerificationReport()
        var folded: [String: UInt64] = [:]
        for space in try spaces() {
            var checked: Set<String> = []
            var previous: SpaceVersion?
            // What was collected may still be listed: a deletion is not durable at once.
            let boundary = try SpaceVersion.boundary(store, space: space)
            for id in try SpaceVersion.list(store, space: space) where id > boundary {
                do throws(StorageError) {
                    guard
                        let version = try SpaceVersion.load(
                            store,
                            space: space,
                            id: id,
                            storeID: storeID
                        )
                    else { continue }
                    if let previous, previous.id + 1 == id,
                        !version.manifest.follows(previous.id, previous.checksum)
                    {
                        report.problems.append(
                            "space \(space): version \(id) does not follow version \(id - 1)"
                        )
                    }
                    previous = version
                    report.manifests += 1
                    folded[space] = version.foldedLSN
                    for (table, segments) in version.segments.sorted(by: { $0.key < $1.key }) {
                        for segment in segments {
                            let key = segment.key(space: space, table: table)
                            guard checked.insert(key).inserted else { continue }
                            if checked.count % 100 == 1 { progress("checking \(key)") }
                            check(segment, of: table, key, &report)
                        }
                    }
                } catch {
                    report.problems.append(error.message)
                }
            }
        }
        let letters = verifyLetters(&report, progress)
        do throws(StorageError) {
            progress("checking the journal")
            let recovery = JournalRecovery(
                environment: environment,
                directory: dataDirectory + "/journal",
                storeID: storeID
            )
            let directory = dataDirectory + "/journal"
            if !folded.isEmpty, try !JournalFence.isKnown(environment, directory) {
                throw JournalRecovery.missing("the journal is not there", directory)
            }
            var problems: [String] = []
            let least = folded.values.min() ?? 0
            let result = try recovery.run(folded: least...max(least, folded.values.max() ?? 0)) {
                lsn,
                record throws(StorageError) in
                guard lsn > folded[record.space] ?? 0,
                    case .poisoned(let reason) = try decoder.decode(record),
                    !letters.contains(DeadLetterID(lsn: lsn))
                else { return }
                problems.append(
                    "batch \(lsn) of space \(record.space) becomes a dead letter at the next start: \(reason)"
                )
            }
            report.problems += problems
            report.journalBatches = result.report.records
        } catch {
            report.problems.append(error.message)
        }
        return report
    }

    /// Reads every dead letter and its attempts; returns the ids of the letters that are whole.
    private func verifyLetters(
        _ report: inout VerificationReport,
        _ progress: (String) -> Void
    ) -> Set<DeadLetterID> {
        var whole: Set<DeadLetterID> = []
        do throws(StorageError) {
            for object in try store.list(DeadLetterID.folder) {
                if object.key.hasSuffix(".damaged") {
                    report.problems.append("\(object.key) was damaged and has been set aside")
                }
                guard let id = LetterBox.id(object.key) else { continue }
                progress("checking \(object.key)")
                do throws(StorageError) {
                    guard let bytes = try store.get(object.key) else { continue }
                    _ = try DeadLetter.decode(bytes, id: id, storeID: storeID)
                    report.deadLetters += 1
                    whole.insert(id)
                } catch {
                    report.problems.append(error.message)
                }
                verifyAttempts(id, &report)
            }
        } catch {
            report.problems.append(error.message)
        }
        return whole
    }

    /// Reads how often the replay of a letter has failed; most letters have no such file.
    private func verifyAttempts(_ id: DeadLetterID, _ report: inout VerificationReport) {
        do throws(StorageError) {
            guard let bytes = try store.get(id.attemptsKey),
                DeadLetterAttempts.decode(bytes) == nil
            else { return }
            report.problems.append(
                "\(id.attemptsKey) is damaged: how often the replay of its letter failed is not known"
            )
        } catch {
            report.problems.append(error.message)
        }
    }

    private func check(
        _ segment: SegmentInfo,
        of table: String,
        _ key: String,
        _ report: inout VerificationReport
    ) {
        do {
            guard let object = try store.openObject(key) else {
                report.problems.append("segment \(key) is missing")
                return
            }
            let bytes = try object.read(at: 0, count: object.byteCount)
            guard bytes.count == segment.bytes, crc32c(bytes) == segment.crc32c else {
                report.problems.append(
                    "segment \(key) is not what was written: size or checksum differ"
                )
                return
            }
            let reader = try ParquetReader(BytesSource(bytes, name: key))
            guard reader.rowCount == segment.rows else {
                report.problems.append(
                    "segment \(key) has \(reader.rowCount) rows, not \(segment.rows)"
                )
                return
            }
            try reader.verify()
            if let known = catalog.first(where: { $0.name == table }) {
                // Whether this program can read it.
                _ = try ParquetReader(BytesSource(bytes, name: key), as: known.schema)
            }
            report.segments += 1
            report.rows += segment.rows
            report.bytes += segment.bytes
        } catch {
            report.problems.append("segment \(key): \(error)")
        }
    }
}

/// A local store that is only looked at: no probe, no lock, nothing made or removed.
private struct ReadOnlyObjectStore: ObjectStore {
    let fileSystem: any FileSystem
    let root: String

    func get(_ key: String) throws(StorageError) -> [UInt8]? {
        guard let reader = try openObject(key) else { return nil }
        return try reader.read(at: 0, count: reader.byteCount)
    }

    func openObject(_ key: String) throws(StorageError) -> (any ObjectReader)? {
        try LocalObjectStore.open(fileSystem, path: root + "/" + key)
    }

    func list(_ prefix: String) throws(StorageError) -> [ObjectInfo] {
        try LocalObjectStore.list(fileSystem, root: root, prefix)
    }

    func folders(_ prefix: String) throws(StorageError) -> [String] {
        try LocalObjectStore.folders(fileSystem, root: root, prefix)
    }

    func byteCount(_ key: String) throws(StorageError) -> Int? {
        try storing(key) { () throws(FileError) in try fileSystem.byteCount(root + "/" + key) }
    }

    func put(
        _ key: String,
        _ bytes: [UInt8],
        _ condition: PutCondition
    ) throws(StorageError) -> PutOutcome { throw Self.readOnly }

    func beginUpload(_ key: String) throws(StorageError) -> any ObjectUpload { throw Self.readOnly }

    func delete(_ key: String) throws(StorageError) { throw Self.readOnly }

    func deleteDurably(_ key: String) throws(StorageError) { throw Self.readOnly }

    private static let readOnly = StorageError(
        .stop,
        "this store was opened to be read only",
        remedy: "open it with `holdfast serve`"
    )
}
