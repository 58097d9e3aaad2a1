public import Failpoints
import Synchronization

// An object store in a local directory.
//
// put(ifAbsent): write tmp/<opening>/<n> · fdatasync · link(2) to the key · fsync(directory of the key) · unlink.
// Power lost before the link: a file in tmp/, removed at the next open. After the link and before the
// directory sync: the name may or may not be there, and nobody was told that it is. `link` fails when the
// name is taken, so of two writers one wins, and a reader never sees half an object.
// put(always): the same with rename(2) in place of link(2).
// Every opening has a directory of its own in tmp/ and removes all others: a process that was replaced can name
// nothing any more, neither what it had written before nor what it would write, and never what its successor writes.

/// Objects as files below one directory.
///
/// Put-if-absent is atomic, and durable when it returns.
public final class LocalObjectStore: ObjectStore {
    private let fileSystem: any FileSystem
    private let root: String
    private let temporaries: String
    fileprivate let failpoints: FailpointRegistry
    private struct State {
        var nextTemporary = 0
        /// Directories known to exist durably.
        var directories: Set<String> = []
    }
    private let state = Mutex(State())

    /// Opens the store in `root` (made when missing) and takes `tmp/` over: whoever had it open stores
    /// nothing any more.
    ///
    /// - Parameters:
    ///   - fileSystem: where `root` is.
    ///   - root: the directory of the store.
    ///   - opening: a number that no other opening has.
    ///   - failpoints: hit when a name is given.
    /// - Throws: `.fixRequest` on a file system without hard links.
    public init(
        fileSystem: any FileSystem,
        root: String,
        opening: UInt64,
        failpoints: FailpointRegistry = FailpointRegistry()
    ) throws(StorageError) {
        self.fileSystem = fileSystem
        self.failpoints = failpoints
        self.root = root
        temporaries = root + "/tmp/" + hexadecimal(opening)
        try storing(root) { () throws(FileError) in
            try Self.clear(fileSystem, root + "/tmp")
            try fileSystem.makeDirectory(temporaries)
        }
        try probeLinks()
    }

    /// Removes everything in a directory, though another process may be adding and removing files.
    private static func clear(
        _ fileSystem: any FileSystem,
        _ directory: String
    ) throws(FileError) {
        for entry in try fileSystem.list(directory) {
            let path = directory + "/" + entry.name
            guard entry.isDirectory else {
                try removeIfThere(fileSystem, path)
                continue
            }
            for attempt in 1... {
                try clear(fileSystem, path)
                do throws(FileError) {
                    try removeIfThere(fileSystem, path)
                    break
                } catch {
                    // A file was added in between; its owner needs longer for the next one than we do.
                    if attempt == clearingAttemptsMax { throw error }
                }
            }
        }
    }

    private static let clearingAttemptsMax = 16

    private static func removeIfThere(
        _ fileSystem: any FileSystem,
        _ path: String
    ) throws(FileError) {
        do throws(FileError) {
            try fileSystem.remove(path)
        } catch {
            if error.kind != .notFound { throw error }
        }
    }

    private func probeLinks() throws(StorageError) {
        let (probe, second) = (temporaries + "/probe", temporaries + "/probe-link")
        try storing(probe) { () throws(FileError) in
            _ = try fileSystem.open(probe, .create)
        }
        do throws(FileError) {
            try fileSystem.link(probe, to: second)
            try fileSystem.remove(second)
            try fileSystem.remove(probe)
        } catch {
            try? fileSystem.remove(probe)
            guard error.kind == .notSupported else { throw storageError(error) }
            throw StorageError(
                .fixRequest,
                "the file system of \(root) has no hard links (\(error)), so put-if-absent cannot be atomic",
                remedy:
                    "put the data directory on ext4, XFS, Btrfs or another file system with link(2)"
            )
        }
    }

    /// Stores an object durably; the outcome is `.created` or `.exists`.
    public func put(
        _ key: String,
        _ bytes: [UInt8],
        _ condition: PutCondition
    ) throws(StorageError) -> PutOutcome {
        let upload = try LocalUpload(store: self, key: key)
        try bytes.withBytes { bytes throws(StorageError) in try upload.write(bytes) }
        try upload.seal()
        switch condition {
        case .ifAbsent: return try upload.publish()
        case .always:
            try upload.replace()
            return .created
        }
    }

    /// Begins a file in `tmp/` that gets the name `key` when it is published.
    public func beginUpload(_ key: String) throws(StorageError) -> any ObjectUpload {
        try LocalUpload(store: self, key: key)
    }

    /// The bytes of an object, or nil when there is none.
    public func get(_ key: String) throws(StorageError) -> [UInt8]? {
        guard let reader = try openObject(key) else { return nil }
        return try reader.read(at: 0, count: reader.byteCount)
    }

    /// Opens an object for ranged reads, or nil when there is none.
    public func openObject(_ key: String) throws(StorageError) -> (any ObjectReader)? {
        try Self.open(fileSystem, path: path(of: key))
    }

    /// Opens a file for ranged reads, or nil when there is none.
    static func open(
        _ fileSystem: any FileSystem,
        path: String
    ) throws(StorageError) -> (any ObjectReader)? {
        do throws(FileError) {
            let handle = try fileSystem.open(path, .read)
            return LocalReader(handle: handle, path: path, byteCount: try handle.byteCount())
        } catch {
            if error.kind == .notFound { return nil }
            throw storageError(error)
        }
    }

    /// The size of an object in bytes, or nil when there is none.
    public func byteCount(_ key: String) throws(StorageError) -> Int? {
        try storing(key) { () throws(FileError) in try fileSystem.byteCount(path(of: key)) }
    }

    /// The objects in the directory `prefix` and below it, sorted by key.
    public func list(_ prefix: String) throws(StorageError) -> [ObjectInfo] {
        try Self.list(fileSystem, root: root, prefix)
    }

    /// The files below a directory, sorted by key.
    static func list(
        _ fileSystem: any FileSystem,
        root: String,
        _ prefix: String
    ) throws(StorageError) -> [ObjectInfo] {
        var found: [ObjectInfo] = []
        var pending = [prefix.hasSuffix("/") ? String(prefix.dropLast()) : prefix]
        while let directory = pending.popLast() {
            try storing(directory) { () throws(FileError) in
                for entry in try fileSystem.list(root + "/" + directory) {
                    let key = directory + "/" + entry.name
                    if entry.isDirectory {
                        pending.append(key)
                    } else if let size = try fileSystem.byteCount(root + "/" + key) {
                        found.append(ObjectInfo(key: key, byteCount: size))
                    }
                }
            }
        }
        return found.sorted { $0.key < $1.key }
    }

    /// The directories in the directory `prefix`, sorted.
    public func folders(_ prefix: String) throws(StorageError) -> [String] {
        try Self.folders(fileSystem, root: root, prefix)
    }

    /// The directories in a directory, sorted.
    static func folders(
        _ fileSystem: any FileSystem,
        root: String,
        _ prefix: String
    ) throws(StorageError) -> [String] {
        try storing(prefix) { () throws(FileError) in
            try fileSystem.list(root + "/" + prefix.dropLast()).filter(\.isDirectory).map(\.name)
        }
    }

    /// Removes an object, not yet durably; succeeds when there is none.
    public func delete(_ key: String) throws(StorageError) {
        do throws(FileError) {
            try fileSystem.remove(path(of: key))
        } catch {
            if error.kind != .notFound { throw storageError(error) }
        }
    }

    /// Removes an object and syncs its directory; succeeds when there is none.
    ///
    /// - Throws: `.stop` when the name is gone and that could not be synced.
    public func deleteDurably(_ key: String) throws(StorageError) {
        try delete(key)
        let name = path(of: key)
        let directory = String(name[..<(name.lastIndex(of: "/") ?? name.startIndex)])
        do throws(FileError) {
            try fileSystem.syncDirectory(directory)
        } catch {
            if error.kind == .notFound { return }
            throw StorageError(
                .stop,
                "the deletion of \(key) may not be durable: \(error)",
                remedy: "the node reopens by itself; if this repeats, check the disk"
            )
        }
    }

    private func path(of key: String) -> String { root + "/" + key }

    fileprivate func openTemporary(for key: String) throws(StorageError) -> (any FileHandle, String)
    {
        let number = state.withLock { state in
            state.nextTemporary += 1
            return state.nextTemporary
        }
        let path = temporaries + "/\(number)"
        do throws(FileError) {
            return (try fileSystem.open(path, .create), path)
        } catch {
            throw error.kind == .notFound ? Self.replaced(key) : storageError(error)
        }
    }

    /// What a process is told whose directory for unnamed files is gone.
    private static func replaced(_ key: String) -> StorageError {
        StorageError(
            .stop,
            "\(key) cannot be stored: another process has opened this store since",
            remedy: "let only one process serve a data directory"
        )
    }

    /// Names `temporary` as `key`; `false` when the name is taken.
    ///
    /// - Throws: `.stop` when the name was made and could not be synced: nobody can tell whether it is
    ///   durable, and a second sync would not say.
    fileprivate func name(
        _ temporary: String,
        _ key: String,
        replacing: Bool
    ) throws(StorageError) -> Bool {
        let directory = try storing(key) { () throws(FileError) in try durableDirectory(of: key) }
        try failpoints.reach(.objectNamePre)
        do throws(FileError) {
            if replacing {
                try fileSystem.rename(temporary, to: path(of: key))
            } else {
                try fileSystem.link(temporary, to: path(of: key))
            }
        } catch {
            // The one who made that name may have ended before its directory was synced.
            if !replacing, error.kind == .exists {
                try syncName(key, in: directory)
                return false
            }
            // A call can fail after it was done: only a name that is not there was not made.
            if !replacing, (try? fileSystem.byteCount(path(of: key))) == .some(nil) {
                throw error.kind == .notFound ? Self.replaced(key) : storageError(error)
            }
            throw Self.undecided(key, error)
        }
        try failpoints.reach(.objectNamePost)
        try syncName(key, in: directory)
        return true
    }

    private func syncName(_ key: String, in directory: String) throws(StorageError) {
        do throws(FileError) {
            try fileSystem.syncDirectory(directory)
        } catch {
            throw Self.undecided(key, error)
        }
    }

    private static func undecided(_ key: String, _ error: FileError) -> StorageError {
        StorageError(
            .stop,
            "the name of \(key) may not be durable: \(error)",
            remedy: "the node reopens by itself; if this repeats, check the disk"
        )
    }

    fileprivate func removeTemporary(_ path: String) {
        // A left-over is removed at the next open.
        try? fileSystem.remove(path)
    }

    /// The directory of `key`, made and durable together with every directory above it.
    private func durableDirectory(of key: String) throws(FileError) -> String {
        var directory = root
        for part in key.split(separator: "/").dropLast() {
            let parent = directory
            directory += "/" + part
            if state.withLock({ $0.directories.contains(directory) }) { continue }
            try fileSystem.makeDirectory(directory)
            try fileSystem.syncDirectory(parent)
            state.withLock { _ = $0.directories.insert(directory) }
        }
        return directory
    }
}

private final class LocalUpload: ObjectUpload {
    private let store: LocalObjectStore
    private let key: String
    private let handle: any FileHandle
    private let path: String
    private var byteCount = 0

    init(store: LocalObjectStore, key: String) throws(StorageError) {
        self.store = store
        self.key = key
        (handle, path) = try store.openTemporary(for: key)
    }

    deinit { store.removeTemporary(path) }

    func write(_ bytes: UnsafeRawBufferPointer) throws(StorageError) {
        try storing(key) { () throws(FileError) in try handle.writeAll(bytes, at: byteCount) }
        byteCount += bytes.count
    }

    func seal() throws(StorageError) {
        try store.failpoints.reach(.objectSyncPre)
        try storing(key) { () throws(FileError) in try handle.sync() }
    }

    func reader() throws(StorageError) -> any ObjectReader {
        LocalReader(handle: handle, path: path, byteCount: byteCount)
    }

    func publish() throws(StorageError) -> PutOutcome {
        try store.name(path, key, replacing: false) ? .created : .exists
    }

    func replace() throws(StorageError) {
        _ = try store.name(path, key, replacing: true)
    }
}

private struct LocalReader: ObjectReader {
    let handle: any FileHandle
    let path: String
    let byteCount: Int

    func read(at offset: Int, count: Int) throws(StorageError) -> [UInt8] {
        let bytes = try storing(path) { () throws(FileError) in
            try handle.read(at: offset, count: count)
        }
        guard bytes.count == count else {
            throw StorageError(
                .restore,
                "\(path) ends before byte \(offset + count)",
                remedy: "run `holdfast verify` and restore the file from a backup"
            )
        }
        return bytes
    }
}

/// Runs file operations and turns their error into this module's.
func storing<Result>(
    _ what: String,
    _ operation: () throws(FileError) -> Result
) throws(StorageError) -> Result {
    do throws(FileError) {
        return try operation()
    } catch {
        throw storageError(error)
    }
}

/// What the caller can do about a failed file operation.
func storageError(_ error: FileError) -> StorageError {
    switch error.kind {
    case .noSpace:
        StorageError(
            .wait,
            "the disk is full: \(error)",
            remedy: "free space or enlarge the volume"
        )
    case .tooManyFiles:
        StorageError(
            .retry,
            "too many open files: \(error)",
            remedy: "raise the limit (ulimit -n) and retry"
        )
    case .locked:
        StorageError(
            .stop,
            "another process has the data directory open: \(error)",
            remedy: "stop that process, or use another --data directory"
        )
    default:
        StorageError(
            .retry,
            "the file system failed: \(error)",
            remedy: "check the disk and its permissions; nothing acknowledged is lost"
        )
    }
}
