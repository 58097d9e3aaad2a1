// The directory of the persistent tier.
//
//   lock         held (`flock`) while a cache has the directory open
//   state        "clean", the file's size and time of change; or "open" and the machine's boot id; and
//                how often the file has been opened since it was last closed in order
//   entries.mdb  LMDB's file, and beside it entries.mdb-lock
//
// Commits are not synced, so the file is sound after the death of the process but perhaps not
// after the loss of power. `state` is written and synced before the first transaction that changes the
// file; before the file is opened it says whether the machine has been started anew since it was last
// changed without being closed. Then it is dropped, unread. Only a new file has pages before that, which
// LMDB writes when it makes it, and no `state` calls such a file clean.
//
// "clean" is written after a sync if anything is not synced: what this life has written, or an earlier one
// that was not closed in order and whose file was trusted all the same.
//
// LMDB keeps no checksums, and a damaged page can end the process. So a file that was closed in order and
// has been changed since is dropped, too; and so is one whose last openings all ended out of order, lest
// what is damaged and looks sound ends one process after the other.

import Failpoints
import Synchronization

#if canImport(Glibc)
import Glibc
#endif

/// What `state` says of the file, and what is true of it.
private struct Mark: Sendable {
    /// Whether this life has noted that it changes the file.
    var isOpen = false
    /// Whether the file may have pages that are not synced, from this life or an earlier one.
    var isUnsynced = false
}

/// A locked directory.
final class PersistentDirectory: Sendable {
    let path: String
    /// The lock file, until it is given up.
    private let lock: Mutex<Int32?>
    private let mark = Mutex(Mark())
    /// How often the file was opened since it was last closed in order.
    private let openings = Atomic(1)
    private let failpoints: FailpointRegistry

    var filePath: String { path + "/entries.mdb" }
    private var statePath: String { path + "/state" }

    init(path: String, failpoints: FailpointRegistry) throws(TagCacheError) {
        self.path = path
        self.failpoints = failpoints
        if mkdir(path, 0o700) != 0, errno != EEXIST {
            throw LMDBFailure(code: errno).error(path: path)
        }
        do { try failpoints.reach(.openLock) } catch { throw error.error(path: path) }
        let file = Glibc.open(path + "/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        if file < 0 { throw LMDBFailure(code: errno).error(path: path) }
        lock = Mutex(file)
        if flock(file, LOCK_EX | LOCK_NB) != 0 {
            let code = errno
            unlock()
            throw code == EWOULDBLOCK
                ? .inUse(path: path) : LMDBFailure(code: code).error(path: path)
        }
    }

    deinit { unlock() }

    /// Lets others open the directory.
    func unlock() {
        let file = lock.withLock { file in
            defer { file = nil }
            return file
        }
        guard let file else { return }
        // Closing alone would not do: a child process that is just being started holds a copy.
        flock(file, LOCK_UN)
        Glibc.close(file)
    }

    /// Whether the file may be opened: it is as it was when it was closed in order, or this boot wrote it.
    ///
    /// Counts the opening.
    func isTrustworthy() throws(LMDBFailure) -> Bool {
        guard let found = Self.contents(of: statePath) else {
            return access(filePath, F_OK) != 0
        }
        let words = found.split(separator: " ")
        guard words.count > 2, let openings = Int(words[words.count - 1]),
            openings < TagCacheLimits.openingsWithoutEndMax
        else { return false }
        let state = words.dropLast().joined(separator: " ")
        guard state == Self.openState || state == fingerprint else { return false }
        try write("\(state) \(openings + 1)")
        self.openings.store(openings + 1, ordering: .relaxed)
        if state == Self.openState { mark.withLock { $0.isUnsynced = true } }
        return true
    }

    /// Notes durably that the file is being changed; comes before the first transaction.
    func markOpen() throws(LMDBFailure) {
        try mark.withLock { mark throws(LMDBFailure) in
            if mark.isOpen { return }
            try failpoints.reach(.markOpen)
            try write("\(Self.openState) \(openings.load(ordering: .relaxed))", isDurable: true)
            mark = Mark(isOpen: true, isUnsynced: true)
        }
    }

    /// Notes that the file is whole, if `sync` makes it so.
    func markClean(_ sync: () throws(LMDBFailure) -> Void) throws(LMDBFailure) {
        try mark.withLock { mark throws(LMDBFailure) in
            if mark.isUnsynced {
                try failpoints.reach(.closeSync)
                try sync()
                try failpoints.reach(.closeMark)
            }
            if let fingerprint { try write("\(fingerprint) 0", isDurable: mark.isUnsynced) }
            mark = Mark()
        }
    }

    /// Removes LMDB's file, if there is one.
    func dropFile() throws(LMDBFailure) {
        try failpoints.reach(.openDrop)
        unlink(filePath + "-lock")
        if unlink(filePath) != 0, errno != ENOENT { throw LMDBFailure(code: errno) }
    }

    /// Says that the file is whole, and which one; nil when there is none.
    private var fingerprint: String? {
        var status = stat()
        guard stat(filePath, &status) == 0 else { return nil }
        let time = status.st_mtim
        return "clean \(status.st_size) \(time.tv_sec).\(time.tv_nsec)"
    }

    private static let openState = "open " + (contents(of: "/proc/sys/kernel/random/boot_id") ?? "")

    private static func contents(of path: String) -> String? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 256)
        let count = Glibc.read(file, &bytes, bytes.count)
        guard count >= 0 else { return nil }
        return String(decoding: bytes.prefix(count).filter { $0 != 10 }, as: UTF8.self)
    }

    private func write(_ text: String, isDurable: Bool = false) throws(LMDBFailure) {
        let file = open(statePath, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw LMDBFailure(code: errno) }
        defer { close(file) }
        let bytes = Array(text.utf8)
        guard Glibc.write(file, bytes, bytes.count) == bytes.count,
            !isDurable || fsync(file) == 0
        else {
            throw LMDBFailure(code: errno)
        }
    }
}
