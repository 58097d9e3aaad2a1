import Storage
import Synchronization

// Defects planted below the engine.
//
// Each stands for a mistake that storage engines have made. They exist to show that the checks of this module
// find such a mistake: a check that has never failed proves nothing.

/// A planted defect.
package enum Mutant: String, CaseIterable, Sendable {
    /// Success is answered before the journal is synced.
    case acknowledgeBeforeSync
    /// Names are never synced.
    case missingDirectorySync
    /// A commit counts, and the engine goes on from it, before its manifest is in the store: it gets its name
    /// with the next commit, if the process lives to see that.
    case countBeforeCommit
    /// What the newest manifest does not name is deleted at once, whoever still reads it.
    case collectWithoutGrace
    /// A second recovery applies a batch a second time.
    case replayWithoutIdempotence
    /// A manifest replaces another one of the same number, and may be a replaced process's.
    case manifestOverwrite
    /// A failed sync is called again, and its success believed.
    case syncAgainAfterError

    func planted(over base: any FileSystem) -> any FileSystem {
        MutantFileSystem(mutant: self, base: base)
    }

    /// The decoder of an engine with this defect.
    func planted(over decoder: BatchDecoder) -> BatchDecoder {
        guard self == .replayWithoutIdempotence else { return decoder }
        let seen = Seen()
        return BatchDecoder(
            decode: { record throws(StorageError) in
                let outcome = try decoder.decode(record)
                guard case .rows(let rows) = outcome, !seen.isNew(record.receivedAt) else {
                    return outcome
                }
                return .rows(DecodedBatch(tables: rows.tables + rows.tables))
            },
            split: decoder.split
        )
    }

    /// Which batches were decoded before.
    private final class Seen: Sendable {
        private let batches = Mutex<Set<UInt64>>([])

        func isNew(_ batch: UInt64) -> Bool { batches.withLock { $0.insert(batch).inserted } }
    }
}

/// A file system with a defect.
private struct MutantFileSystem: FileSystem {
    let mutant: Mutant
    let base: any FileSystem
    let unnamed = Unnamed()

    func open(_ path: String, _ mode: OpenMode) throws(FileError) -> any FileHandle {
        let handle = try base.open(path, mode)
        switch mutant {
        case .acknowledgeBeforeSync where path.hasSuffix(".wal"), .syncAgainAfterError:
            return MutantHandle(mutant: mutant, base: handle)
        default: return handle
        }
    }

    func syncDirectory(_ path: String) throws(FileError) {
        if mutant != .missingDirectorySync { try base.syncDirectory(path) }
    }

    func link(_ path: String, to name: String) throws(FileError) {
        let isManifest = name.hasSuffix(".json")
        if mutant == .manifestOverwrite, isManifest { return try base.rename(path, to: name) }
        if mutant == .countBeforeCommit, isManifest, try putsOff(path, name) { return }
        try base.link(path, to: name)
        if mutant == .collectWithoutGrace, isManifest { try collect(after: name) }
    }

    /// Names the manifest that waits for that; lets this one wait instead if it is a flush's.
    private func putsOff(_ path: String, _ name: String) throws(FileError) -> Bool {
        if let late = unnamed.take() {
            try base.link(late.file, to: late.name)
            try base.remove(late.file)
        }
        guard try contents(path).contains("\"operation\":\"flush\"") else { return false }
        unnamed.keep(path, name)
        return true
    }

    /// Deletes every segment that the pages of this manifest do not name.
    private func collect(after manifest: String) throws(FileError) {
        let space = String(manifest.dropLast("/manifest/".utf8.count + 25))
        let text = try contents(manifest)
        var named = ""
        for page in try base.list(space + "/pages") where text.contains(page.name) {
            named += try contents(space + "/pages/" + page.name)
        }
        for table in try base.list(space + "/segments") {
            for window in try base.list(space + "/segments/" + table.name) {
                let directory = space + "/segments/" + table.name + "/" + window.name
                for segment in try base.list(directory)
                where !named.contains(segment.name.dropLast(8)) {
                    try base.remove(directory + "/" + segment.name)
                }
            }
        }
    }

    private func contents(_ path: String) throws(FileError) -> String {
        let handle = try base.open(path, .read)
        return String(
            decoding: try handle.read(at: 0, count: try handle.byteCount()),
            as: UTF8.self
        )
    }

    func makeDirectory(_ path: String) throws(FileError) { try base.makeDirectory(path) }
    func list(_ path: String) throws(FileError) -> [DirectoryEntry] { try base.list(path) }
    func rename(_ path: String, to name: String) throws(FileError) {
        try base.rename(path, to: name)
    }
    func remove(_ path: String) throws(FileError) {
        // Whoever keeps its place in tmp/ can still give names.
        if mutant == .manifestOverwrite, path.contains("/tmp/") { return }
        if mutant == .countBeforeCommit, unnamed.holds(path) { return }
        try base.remove(path)
    }
    func byteCount(_ path: String) throws(FileError) -> Int? { try base.byteCount(path) }
    func exists(_ path: String) throws(FileError) -> Bool { try base.exists(path) }
    func space(_ path: String) throws(FileError) -> (total: Int, available: Int) {
        try base.space(path)
    }
    func lock(_ path: String) throws(FileError) -> any FileHandle { try base.lock(path) }
}

/// A manifest that still has to get its name.
private final class Unnamed: Sendable {
    private let manifest = Mutex<(file: String, name: String)?>(nil)

    func keep(_ file: String, _ name: String) {
        manifest.withLock { $0 = (file: file, name: name) }
    }

    func holds(_ file: String) -> Bool { manifest.withLock { $0?.file == file } }

    /// The one that waits, which waits no more.
    func take() -> (file: String, name: String)? {
        manifest.withLock { manifest -> (file: String, name: String)? in
            defer { manifest = nil }
            return manifest
        }
    }
}

private final class MutantHandle: FileHandle {
    private let mutant: Mutant
    private let base: any FileHandle

    init(mutant: Mutant, base: any FileHandle) {
        self.mutant = mutant
        self.base = base
    }

    func sync() throws(FileError) {
        guard mutant == .syncAgainAfterError else { return }
        do throws(FileError) { try base.sync() } catch { try base.sync() }
    }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(FileError) -> Int {
        try base.write(bytes, at: offset)
    }
    func readSome(at offset: Int, count: Int) throws(FileError) -> [UInt8] {
        try base.readSome(at: offset, count: count)
    }
    func byteCount() throws(FileError) -> Int { try base.byteCount() }
}
