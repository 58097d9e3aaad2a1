// Who may acknowledge into the journal.
//
// DATA/journal/<epoch>.fence (16 hexadecimal digits): the writer of that epoch owns the journal while this name is there.
//
// take over:    list the names · create the fence of an epoch above all of them · fsync(directory) · list again: a higher
//               epoch than the own one is there: stop · remove every lower fence · fsync(directory) · read the journal
// acknowledge:  write the group · fdatasync · is the own fence still there? · only then tell anybody
// seal:         write into the fence, as a file header, where the journal read ends (LSN and chain) · fdatasync ·
//               link(2) it to <epoch>-1.wal · fsync(directory) · only then serve anybody
//
// Nothing acknowledged is missed: a writer that still finds its fence made its group durable before the fence went, and
// whoever removed the fence reads the journal after that. A writer that does not find it tells nobody.
// Epochs may skip: a writer asks for its own name only, so it does not matter how many openers came and died in between.
// One winner: an epoch's fence is created exclusively; the highest one is never removed; and who creates a fence late,
// below a higher one, sees that one in the second list. So of many that open at once, at most the highest goes on.
// What a fenced writer puts behind the point where the next owner stopped reading was acknowledged by nobody, and nobody
// ever reads it: the seal is the first file of its epoch and says where the files before it end. It is a second
// name of the fence, so it cannot be made any more once the fence is gone: one lineage is all there is.
// A seal may go once a later file begins at the same batch: that one says the same.
// Power lost before the seal: the next opener reads the same files again; nobody was served meanwhile.

/// The right of one epoch to write the journal.
struct JournalFence {
    let epoch: UInt64
    private let environment: Environment
    private let directory: String
    private let path: String

    private init(_ epoch: UInt64, _ environment: Environment, _ directory: String) {
        self.epoch = epoch
        self.environment = environment
        self.directory = directory
        path = directory + "/" + JournalFormat.fenceName(epoch: epoch)
    }

    /// Whether anybody has ever had the journal.
    static func isKnown(
        _ environment: Environment,
        _ directory: String
    ) throws(StorageError) -> Bool {
        try !names(environment, directory).isEmpty
    }

    /// Takes the journal from whoever has it, durably.
    ///
    /// - Parameters:
    ///   - environment: the file system and failpoints to use.
    ///   - directory: where the journal is.
    ///   - known: an epoch that the new one has to be above.
    /// - Returns: the right to write, until somebody else takes it.
    /// - Throws: `.stop` when another process takes it at this moment.
    static func takeOver(
        _ environment: Environment,
        _ directory: String,
        above known: UInt64
    ) throws(StorageError) -> JournalFence {
        try environment.reach(.journalFencePre)
        let fileSystem = environment.fileSystem
        let newest = try names(environment, directory).map(\.epoch).max() ?? 0
        let fence = JournalFence(max(newest, known) + 1, environment, directory)
        do throws(FileError) {
            _ = try fileSystem.open(fence.path, .create)
        } catch {
            throw error.kind == .exists ? fence.lost : storageError(error)
        }
        try environment.reach(.journalFenceDirectorySync)
        try storing(directory) { () throws(FileError) in try fileSystem.syncDirectory(directory) }
        let others = try names(environment, directory).filter { $0.epoch != fence.epoch }
        if others.contains(where: { $0.epoch > fence.epoch }) { throw fence.lost }
        for other in others where other.isFence {
            try environment.reach(.journalFenceRemove)
            do throws(FileError) {
                try fileSystem.remove(directory + "/" + other.name)
            } catch {
                if error.kind != .notFound { throw storageError(error) }
            }
            try environment.reach(.journalFenceRemoved)
        }
        try storing(directory) { () throws(FileError) in try fileSystem.syncDirectory(directory) }
        try environment.reach(.journalFencePost)
        return fence
    }

    /// Makes sure that nobody has taken the journal since.
    ///
    /// - Throws: `.stop` when somebody has; another error when that cannot be told.
    func check() throws(StorageError) {
        let isHeld = try storing(path) { () throws(FileError) in
            try environment.fileSystem.exists(path)
        }
        guard isHeld else { throw lost }
    }

    /// Ends every file of earlier epochs where `header` says that the journal goes on.
    ///
    /// - Returns: the path of the seal, which is the first file of this epoch.
    /// - Throws: `.stop` when another process has taken the journal since.
    func seal(_ header: JournalFileHeader) throws(StorageError) -> String {
        try environment.reach(.journalSealPre)
        let fileSystem = environment.fileSystem
        let name = JournalFormat.fileName(epoch: epoch, sequence: JournalFormat.sealSequence)
        let seal = directory + "/" + name
        let file = try holding { () throws(FileError) in
            let file = try fileSystem.open(path, .readWrite)
            try header.encoded().withBytes { bytes throws(FileError) in
                try file.writeAll(bytes, at: 0)
            }
            return file
        }
        try environment.reach(.journalSealSync)
        try holding { () throws(FileError) in
            try file.sync()
            try fileSystem.link(path, to: seal)
        }
        try environment.reach(.journalSealDirectorySync)
        try holding { () throws(FileError) in try fileSystem.syncDirectory(directory) }
        try environment.reach(.journalSealPost)
        return seal
    }

    /// Runs a step that needs the fence: a name that is missing means that it was taken.
    private func holding<Result>(
        _ step: () throws(FileError) -> Result
    ) throws(StorageError) -> Result {
        do throws(FileError) {
            return try step()
        } catch {
            throw error.kind == .notFound ? lost : storageError(error)
        }
    }

    /// Why nothing more is written.
    var lost: StorageError {
        StorageError(
            .stop,
            "another process has taken over the journal from epoch \(epoch)",
            remedy: "another process serves this store: stop one of the two"
        )
    }

    /// The names in the journal directory that carry an epoch.
    private static func names(
        _ environment: Environment,
        _ directory: String
    ) throws(StorageError) -> [(name: String, epoch: UInt64, isFence: Bool)] {
        let entries = try storing(directory) { () throws(FileError) in
            try environment.fileSystem.list(directory)
        }
        return entries.compactMap { entry in
            if let epoch = JournalFormat.parse(fenceName: entry.name) {
                return (entry.name, epoch, true)
            }
            return JournalFormat.parse(fileName: entry.name).map { (entry.name, $0.epoch, false) }
        }
    }
}
