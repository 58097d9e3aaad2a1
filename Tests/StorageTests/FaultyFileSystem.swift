import Synchronization

@testable import Storage

/// The operating system's files behind a counter: call number `failAt` of those that change the disk
/// fails, and, when the fault is a crash, every call after it too.
///
/// What was written and not synced stays on the disk: this finds the windows between steps. Losing
/// unsynced bytes is the business of the simulated file system; so syncs are counted and not done.
final class FaultyFileSystem: FileSystem {
    enum Fault: String, CaseIterable {
        /// The call does nothing and fails; later calls work.
        case error
        /// The disk is full for this call.
        case noSpace
        /// The call does nothing and the process is gone.
        case crash
        /// The call does half of its work (a write) and the process is gone.
        case crashMidway
    }

    private struct State {
        var calls = 0
        var isDead = false
        var volume: (total: Int, available: Int)?
    }

    private let base = PosixFileSystem()
    private let fault: Fault
    private let failAt: Int
    private let only: String?
    private let state = Mutex(State())

    /// A sound disk.
    convenience init() { self.init(.error, at: .max) }

    /// With `only`, nothing but calls of that operation counts.
    init(_ fault: Fault, at failAt: Int, only: String? = nil) {
        self.fault = fault
        self.failAt = failAt
        self.only = only
    }

    /// Whether the fault has been met.
    var hasFired: Bool { state.withLock { $0.calls >= failAt } }

    /// What the volume is said to have, instead of what it has.
    var volume: (total: Int, available: Int)? {
        get { state.withLock { $0.volume } }
        set { state.withLock { $0.volume = newValue } }
    }

    /// Counts a call; throws when it is the one to fail.
    ///
    /// True when half of it is to be done.
    func change(_ operation: String, _ path: String) throws(FileError) -> Bool {
        let verdict = state.withLock { state -> (fails: Bool, halfway: Bool) in
            if state.isDead { return (true, false) }
            guard only == nil || only == operation else { return (false, false) }
            state.calls += 1
            guard state.calls == failAt else { return (false, false) }
            state.isDead = fault == .crash || fault == .crashMidway
            return (true, fault == .crashMidway)
        }
        if verdict.halfway, operation == "write" { return true }
        if verdict.fails { throw failure(operation, path) }
        return false
    }

    /// The error of this fault.
    func failure(_ operation: String, _ path: String) -> FileError {
        FileError(
            fault == .noSpace ? .noSpace : .input,
            operation: operation,
            path: path,
            errno: fault == .noSpace ? 28 : 5
        )
    }

    func open(_ path: String, _ mode: OpenMode) throws(FileError) -> any FileHandle {
        if case .create = mode { _ = try change("create", path) }
        return FaultyFileHandle(base: try base.open(path, mode), path: path, fileSystem: self)
    }

    func makeDirectory(_ path: String) throws(FileError) {
        _ = try change("mkdir", path)
        try base.makeDirectory(path)
    }

    func syncDirectory(_ path: String) throws(FileError) {
        _ = try change("sync directory", path)
    }

    func list(_ path: String) throws(FileError) -> [DirectoryEntry] { try base.list(path) }

    func link(_ path: String, to name: String) throws(FileError) {
        _ = try change("link", name)
        try base.link(path, to: name)
    }

    func rename(_ path: String, to name: String) throws(FileError) {
        _ = try change("rename", name)
        try base.rename(path, to: name)
    }

    func remove(_ path: String) throws(FileError) {
        _ = try change("remove", path)
        try base.remove(path)
    }

    func byteCount(_ path: String) throws(FileError) -> Int? { try base.byteCount(path) }
    func exists(_ path: String) throws(FileError) -> Bool { try base.exists(path) }
    func space(_ path: String) throws(FileError) -> (total: Int, available: Int) {
        if let volume { return volume }
        return try base.space(path)
    }
    func lock(_ path: String) throws(FileError) -> any FileHandle { try base.lock(path) }
}

private final class FaultyFileHandle: FileHandle {
    private let base: any FileHandle
    private let path: String
    private let fileSystem: FaultyFileSystem

    init(base: any FileHandle, path: String, fileSystem: FaultyFileSystem) {
        self.base = base
        self.path = path
        self.fileSystem = fileSystem
    }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(FileError) -> Int {
        if try fileSystem.change("write", path) {
            let half = UnsafeRawBufferPointer(rebasing: bytes[..<(bytes.count / 2)])
            if !half.isEmpty { _ = try base.write(half, at: offset) }
            throw fileSystem.failure("write", path)
        }
        return try base.write(bytes, at: offset)
    }

    func readSome(at offset: Int, count: Int) throws(FileError) -> [UInt8] {
        try base.readSome(at: offset, count: count)
    }

    func sync() throws(FileError) {
        _ = try fileSystem.change("sync", path)
    }

    func byteCount() throws(FileError) -> Int { try base.byteCount() }
}
