// The persistent tier without keys' and values' types: bytes in, bytes out.
//
// Writes go through a queue to one dispatch queue, never through the cooperative pool; what has
// gathered meanwhile is one transaction. A write is answered after its commit, and the counters
// change then. Until then it stands in `pending`, which reads look at first, so that a read never
// goes back behind a write.
//
// What must not be lost is a deletion or an invalidation: were it lost, the file would serve
// something stale later. If one cannot be committed, the file is dropped and begun anew, and its
// caller told why. If that fails too, the store is broken: it answers nothing, reports the error to
// every write, and tries again at the next one. A put that fails becomes a deletion of its key for
// the same reason.
import Dispatch
import Failpoints
import Synchronization

/// One change of the file.
enum PersistentWrite: Sendable {
    case put(key: [UInt8], record: [UInt8], stamp: UInt64)
    case delete(key: [UInt8])
    case invalidate(tag: String, version: UInt64)
    case invalidatePartition(Int, version: UInt64)
    /// Removes all entries; with the version of everything.
    case clear(version: UInt64)
    /// Removes what is stale or has expired, and history that nothing needs.
    case prune(wallNow: UInt64)
    /// Does nothing but wait for what came before.
    case barrier

    var key: [UInt8]? {
        switch self {
        case .put(let key, _, _), .delete(let key): key
        case .invalidate, .invalidatePartition, .clear, .prune, .barrier: nil
        }
    }
}

/// The answer to a write, once it is committed or has failed.
final class WriteReceipt: Sendable {
    private enum State: Sendable {
        case open
        case awaited(CheckedContinuation<TagCacheError?, Never>)
        case settled(TagCacheError?)
    }

    private let state = Mutex(State.open)

    func settle(_ error: TagCacheError?) {
        let waiter: CheckedContinuation<TagCacheError?, Never>? = state.withLock { state in
            defer { state = .settled(error) }
            if case .awaited(let continuation) = state { return continuation }
            return nil
        }
        waiter?.resume(returning: error)
    }

    func wait() async throws(TagCacheError) {
        let error: TagCacheError? = await withCheckedContinuation { continuation in
            let settled: TagCacheError?? = state.withLock { state in
                if case .settled(let error) = state { return .some(error) }
                state = .awaited(continuation)
                return nil
            }
            if let settled { continuation.resume(returning: settled) }
        }
        if let error { throw error }
    }
}

/// The file and the queue in front of it.
@usableFromInline
final class PersistentStore: Sendable {
    struct Queued: Sendable {
        let number: UInt64
        let write: PersistentWrite
        let receipt: WriteReceipt
    }

    struct State: Sendable {
        var environment: LMDBEnvironment?
        var queue: [Queued] = []
        var pending: [[UInt8]: (number: UInt64, record: [UInt8]?)] = [:]
        var lastNumber: UInt64 = 0
        var isDraining = false
        var isClosed = false
        var statistics = TagCacheStatistics.Persistent()
    }

    let state = Mutex(State())
    let hits = Atomic<Int>(0)
    let misses = Atomic<Int>(0)
    let readErrors = Atomic<Int>(0)
    let directory: PersistentDirectory
    let mapByteCount: Int
    let byteLimit: Int
    let readerCountMax: Int
    let index: TagIndex
    let wallNow: @Sendable () -> UInt64
    let failpoints: FailpointRegistry
    let dispatchQueue = DispatchQueue(label: "tagcache.persistent.writer")
    /// Used on `dispatchQueue` alone.
    let writer = Mutex(WriterState())

    /// Opens the directory, on the calling thread.
    init(
        path: String,
        fileByteLimit: Int,
        readerCountMax: Int = TagCacheLimits.readerCountMax,
        index: TagIndex,
        failpoints: FailpointRegistry,
        wallNow: @escaping @Sendable () -> UInt64
    ) throws(TagCacheError) {
        self.failpoints = failpoints
        directory = try PersistentDirectory(path: path, failpoints: failpoints)
        mapByteCount = max(fileByteLimit, 256 * 1024) / 4096 * 4096
        // Pages are copied before they are changed, and freed pages wait for a commit.
        byteLimit = mapByteCount / 2
        self.readerCountMax = readerCountMax
        self.index = index
        self.wallNow = wallNow
        do throws(LMDBFailure) {
            try openWhatCanBeTrusted()
        } catch {
            throw error.error(path: path)
        }
    }

    /// Opens the file; one that cannot be trusted or is damaged is dropped first.
    private func openWhatCanBeTrusted() throws(LMDBFailure) {
        if try !directory.isTrustworthy() {
            state.withLock { $0.statistics.rebuilds += 1 }
            try directory.dropFile()
        }
        do throws(LMDBFailure) {
            try open()
        } catch {
            guard error.meansDamage else { throw error }
            state.withLock { $0.statistics.rebuilds += 1 }
            try directory.dropFile()
            try open()
        }
    }

    /// Largest record that is accepted: more would push out a quarter of everything else.
    var recordByteCountMax: Int { byteLimit / 4 }

    // MARK: Reading

    /// The record under `key`, as of the last write that was queued.
    @usableFromInline
    func read(_ key: [UInt8]) throws(TagCacheError) -> Record? {
        let (pending, environment) = state.withLock { state in
            (state.pending.isEmpty ? nil : state.pending[key], state.environment)
        }
        if let pending {
            return pending.record.flatMap { bytes in
                bytes.withUnsafeBytes { Record($0, key: key) }
            }
        }
        guard let environment else { return nil }
        do {
            return try environment.read { transaction throws(LMDBFailure) in
                try transaction.get(.entries, key) { bytes in
                    bytes.flatMap { Record($0, key: key) }
                }
            }
        } catch {
            readErrors.wrappingAdd(1, ordering: .relaxed)
            throw error.error(path: directory.path)
        }
    }

    // MARK: Writing

    /// Puts a write in line; reads see it from now on.
    func enqueue(_ write: PersistentWrite) -> WriteReceipt {
        let receipt = WriteReceipt()
        let (accepted, starts) = state.withLock { state in
            if state.isClosed { return (false, false) }
            state.lastNumber += 1
            let number = state.lastNumber
            switch write {
            case .put(let key, let record, _): state.pending[key] = (number, record)
            case .delete(let key): state.pending[key] = (number, nil)
            default: break
            }
            state.queue.append(Queued(number: number, write: write, receipt: receipt))
            let starts = !state.isDraining
            state.isDraining = true
            return (true, starts)
        }
        if !accepted { receipt.settle(.closed) }
        if starts { dispatchQueue.async { self.drain() } }
        return receipt
    }

    /// Ends in order: writes what is queued, syncs, and lets the next open trust the file.
    ///
    /// Whatever fails, the store is closed afterwards and the directory free.
    func close() async throws(TagCacheError) {
        var failure: TagCacheError?
        do throws(TagCacheError) {
            try await enqueue(.barrier).wait()
        } catch {
            if error == .closed { throw error }
            failure = error
        }
        state.withLock { $0.isClosed = true }
        let receipt = WriteReceipt()
        dispatchQueue.async {
            self.drain()
            let error = self.syncAndMarkClean()
            self.directory.unlock()
            receipt.settle(error)
        }
        do throws(TagCacheError) { try await receipt.wait() } catch { failure = failure ?? error }
        if let failure { throw failure }
    }

    /// The file is closed when this returns, unless a read is still running.
    private func syncAndMarkClean() -> TagCacheError? {
        let taken = state.withLock { state in
            defer { state.environment = nil }
            return state.environment
        }
        guard let environment = taken else { return nil }
        do throws(LMDBFailure) {
            try directory.markClean { () throws(LMDBFailure) in try environment.sync() }
            return nil
        } catch {
            return error.error(path: directory.path)
        }
    }

    @usableFromInline static var readAttemptsMax: Int { TagCacheLimits.persistentReadAttemptsMax }

    @usableFromInline
    func countHit() { hits.wrappingAdd(1, ordering: .relaxed) }

    @usableFromInline
    func countMiss() { misses.wrappingAdd(1, ordering: .relaxed) }

    /// Counts a failure that no caller is told of.
    func countError() { readErrors.wrappingAdd(1, ordering: .relaxed) }

    var statistics: TagCacheStatistics.Persistent {
        var statistics = state.withLock { $0.statistics }
        statistics.hits = hits.load(ordering: .relaxed)
        statistics.misses = misses.load(ordering: .relaxed)
        statistics.errors += readErrors.load(ordering: .relaxed)
        return statistics
    }
}
