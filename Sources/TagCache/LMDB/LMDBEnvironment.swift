// With `LMDBTransaction` the only file that calls LMDB.
//
// One environment is one file with three tables: entries (key bytes to record), tags (tag to the
// version of its last invalidation), meta (fixed names to numbers). Commits are not synced: the
// page cache survives the death of the process, and `PersistentDirectory` drops a file that was in
// use when the machine went down. Pages are written with `pwrite`, never through the map, so that a
// full disk is an error and not a signal.
//
// Read transactions are pooled and reused (`MDB_NOTLS`), so that a thread needs none of its own. In the
// pool they keep their snapshot: it is as good as a new one while nothing is committed, and to take
// a new one costs a third of a read. A writer drops the snapshots of the pool before it begins, so that
// they keep no page from being used again; one that comes back later is dropped then or by the next
// writer.
// Write transactions are begun and ended by one call, on the caller's thread.
import CLMDB
import Failpoints
import Synchronization

#if canImport(Glibc)
import Glibc
#endif

/// A code of LMDB or of the system.
struct LMDBFailure: Error, Equatable {
    let code: Int32

    static let mapFull = LMDBFailure(code: MDB_MAP_FULL)
    static let foreign = LMDBFailure(code: MDB_INVALID)

    init(code: Int32) { self.code = code }

    /// What a test injects: an error number, `error(map-full)`, or else the failure of the disk.
    init(_ injection: Injection) {
        switch injection {
        case .errno(let number): code = number
        case .error("map-full"): code = MDB_MAP_FULL
        default: code = EIO
        }
    }

    /// Whether the file itself is at fault, so that only dropping it helps.
    var meansDamage: Bool {
        switch code {
        case MDB_INVALID, MDB_CORRUPTED, MDB_PAGE_NOTFOUND, MDB_VERSION_MISMATCH, MDB_PANIC,
            MDB_INCOMPATIBLE, MDB_BAD_DBI:
            true
        default: false
        }
    }

    /// The failure as a caller of the cache sees it.
    func error(path: String) -> TagCacheError {
        switch code {
        case MDB_MAP_FULL: .mapFull
        case ENOSPC, EDQUOT: .diskFull
        case MDB_READERS_FULL: .readersFull
        case EACCES, EPERM, EROFS: .permissionDenied(path: path)
        default: .storage(code: code, message: String(cString: mdb_strerror(code)))
        }
    }
}

/// A read transaction that waits to be used again.
private struct Reader: @unchecked Sendable {
    // Guard: in the pool nobody uses it, out of it one call does.
    let handle: OpaquePointer
    /// The number of the commit that it shows; nil when it shows none.
    var commit: UInt64?
}

/// An open file.
final class LMDBEnvironment: @unchecked Sendable {
    // Guard: LMDB's own locks for `handle`; `tables` is written before the initialiser returns.
    private let handle: OpaquePointer
    private var tables: LMDBTableNumbers?
    private let readers = Mutex<[Reader]>([])
    /// Counts commits; raised when one is complete.
    private let commits = Atomic<UInt64>(0)
    private let beforeWriting: @Sendable () throws(LMDBFailure) -> Void
    private let failpoints: FailpointRegistry
    let path: String

    // Without reading ahead: a cold lookup wants four pages, not the megabyte around each of them.
    private static let flags = UInt32(MDB_NOSUBDIR | MDB_NOSYNC | MDB_NOTLS | MDB_NORDAHEAD)

    /// Opens or makes a file; `beforeWriting` is called before each write transaction.
    init(
        path: String,
        mapByteCount: Int,
        readerCountMax: Int,
        failpoints: FailpointRegistry = FailpointRegistry(),
        beforeWriting: @escaping @Sendable () throws(LMDBFailure) -> Void
    ) throws(LMDBFailure) {
        self.path = path
        self.beforeWriting = beforeWriting
        self.failpoints = failpoints
        var created: OpaquePointer?
        try Self.check(mdb_env_create(&created))
        guard let created else { throw LMDBFailure(code: ENOMEM) }
        handle = created
        do throws(LMDBFailure) {
            try Self.check(mdb_env_set_mapsize(created, mapByteCount))
            try Self.check(mdb_env_set_maxdbs(created, UInt32(LMDBTable.allCases.count)))
            try Self.check(mdb_env_set_maxreaders(created, UInt32(clamping: readerCountMax)))
            try failpoints.reach(.openFile)
            try Self.check(mdb_env_open(created, path, Self.flags, 0o600))
            try Self.checkFileSize(created, path)
            // A file that has its tables is not changed by opening it.
            tables = try openTables(isNew: false)
            if tables == nil { tables = try openTables(isNew: true) }
        } catch {
            mdb_env_close(created)
            throw error
        }
    }

    /// The tables' numbers; nil if the file does not have them and they are not to be made.
    private func openTables(isNew: Bool) throws(LMDBFailure) -> LMDBTableNumbers? {
        if isNew { try beforeWriting() }
        var begun: OpaquePointer?
        try Self.check(mdb_txn_begin(handle, nil, isNew ? 0 : UInt32(MDB_RDONLY), &begun))
        var opened = LMDBTableNumbers()
        for table in LMDBTable.allCases {
            var number: MDB_dbi = 0
            let code = mdb_dbi_open(begun, table.name, isNew ? UInt32(MDB_CREATE) : 0, &number)
            if code != MDB_SUCCESS {
                mdb_txn_abort(begun)
                if code == MDB_NOTFOUND, !isNew { return nil }
                throw LMDBFailure(code: code)
            }
            opened[table] = number
        }
        if isNew {
            do throws(LMDBFailure) { try failpoints.reach(.openTables) } catch {
                mdb_txn_abort(begun)
                throw error
            }
        }
        try Self.check(mdb_txn_commit(begun))
        return opened
    }

    /// Closes the file; every transaction has ended, since each one holds the environment.
    deinit {
        readers.withLock { $0.forEach { mdb_txn_abort($0.handle) } }
        if tables != nil { mdb_env_close(handle) }
    }

    /// A file shorter than its pages would end the process with a signal when it is read.
    private static func checkFileSize(_ handle: OpaquePointer, _ path: String) throws(LMDBFailure) {
        var information = MDB_envinfo()
        var statistics = MDB_stat()
        try check(mdb_env_info(handle, &information))
        try check(mdb_env_stat(handle, &statistics))
        var attributes = stat()
        guard stat(path, &attributes) == 0 else { throw LMDBFailure(code: errno) }
        let (needed, overflow) = (information.me_last_pgno &+ 1)
            .multipliedReportingOverflow(by: Int(statistics.ms_psize))
        if overflow || needed > attributes.st_size { throw .foreign }
    }

    static func check(_ code: Int32) throws(LMDBFailure) {
        if code != MDB_SUCCESS { throw LMDBFailure(code: code) }
    }

    /// Runs `body` on one snapshot of the file.
    func read<Result>(
        _ body: (LMDBTransaction) throws(LMDBFailure) -> Result
    ) throws(LMDBFailure) -> Result {
        try failpoints.reach(.readBegin)
        let reader = try takeReader()
        defer { giveBack(reader) }
        try failpoints.reach(.readFind)
        return try body(
            LMDBTransaction(
                handle: reader.handle,
                tables: tables ?? .init(),
                failpoints: failpoints
            )
        )
    }

    /// A read transaction that shows the last commit.
    private func takeReader() throws(LMDBFailure) -> Reader {
        let commit = commits.load(ordering: .acquiring)
        if var pooled = readers.withLock({ $0.popLast() }) {
            if pooled.commit == commit { return pooled }
            if pooled.commit != nil { mdb_txn_reset(pooled.handle) }
            let code = mdb_txn_renew(pooled.handle)
            if code != MDB_SUCCESS {
                mdb_txn_abort(pooled.handle)
                throw LMDBFailure(code: code)
            }
            pooled.commit = commit
            return pooled
        }
        var begun: OpaquePointer?
        try Self.check(mdb_txn_begin(handle, nil, UInt32(MDB_RDONLY), &begun))
        guard let begun else { throw LMDBFailure(code: ENOMEM) }
        return Reader(handle: begun, commit: commit)
    }

    private func giveBack(_ reader: Reader) {
        var reader = reader
        if reader.commit != commits.load(ordering: .relaxed) {
            mdb_txn_reset(reader.handle)
            reader.commit = nil
        }
        let idle = reader
        readers.withLock { $0.append(idle) }
    }

    /// Makes the readers that nobody uses give their snapshots up.
    private func dropIdleSnapshots() {
        readers.withLock { readers in
            for position in readers.indices where readers[position].commit != nil {
                mdb_txn_reset(readers[position].handle)
                readers[position].commit = nil
            }
        }
    }

    /// Runs `body` in a write transaction and commits; if anything fails, nothing was written.
    func write<Result>(
        _ body: (LMDBTransaction) throws(LMDBFailure) -> Result
    ) throws(LMDBFailure) -> Result {
        try beforeWriting()
        try failpoints.reach(.writeBegin)
        dropIdleSnapshots()
        var begun: OpaquePointer?
        try Self.check(mdb_txn_begin(handle, nil, 0, &begun))
        guard let begun else { throw LMDBFailure(code: ENOMEM) }
        let result: Result
        do throws(LMDBFailure) {
            result = try body(
                LMDBTransaction(handle: begun, tables: tables ?? .init(), failpoints: failpoints)
            )
            try failpoints.reach(.commitPre)
        } catch {
            mdb_txn_abort(begun)
            throw error
        }
        try Self.check(mdb_txn_commit(begun))
        commits.wrappingAdd(1, ordering: .releasing)
        _ = failpoints.evaluate(TagCacheFailpoint.commitPost)
        return result
    }

    /// Makes everything committed survive the loss of power.
    func sync() throws(LMDBFailure) { try Self.check(mdb_env_sync(handle, 1)) }
}
