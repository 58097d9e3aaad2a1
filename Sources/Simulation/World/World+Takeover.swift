import Storage
import Synchronization

// Writers that should be dead, and work in the middle of other work.
//
// The lock of the data directory is what keeps a second process out. Here it is lost, as a network file system may
// lose it: a stalled engine stays while a newer one opens, and wakes later. What it commits must be refused.
// An `Interruption` runs other work between two calls of a flush, a merge or a collection, on the one thread there is.

/// Runs something once, at a later change of the disk outside the journal.
final class Interruption: CallObserver {
    /// The work; it runs on the thread that drives the world, inside one of its calls.
    struct Work: @unchecked Sendable {
        let body: () -> Void
    }

    private struct State {
        var callsLeft: Int
        var work: Work?
    }

    private let state: Mutex<State>

    init(afterCalls calls: Int, _ body: @escaping () -> Void) {
        state = Mutex(State(callsLeft: calls, work: Work(body: body)))
    }

    func willCall(_ operation: FileOperation, _ path: String) {
        // The journal's lock may be held over calls on its files.
        guard !path.contains("/journal") else { return }
        let due = state.withLock { state -> Work? in
            state.callsLeft -= 1
            guard state.callsLeft <= 0 else { return nil }
            defer { state.work = nil }
            return state.work
        }
        due?.body()
    }
}

extension World {
    /// Opens the store in another process although this one still runs; this one sleeps from now on.
    func takeOver() throws {
        guard let engine, fileSystem.isAlive else { return }
        log("take over")
        fileSystem.arm(nil)
        sleepers.append((engine, fileSystem))
        disk.loseLocks()
        fileSystem = disk.boot()
        self.engine = nil
        if try !open() { throw Violation("the store does not open on a sound disk") }
    }

    /// Has one stalled engine do what it was about to do; it must not get it committed.
    func wakeSleeper(_ choice: Int) throws {
        guard let (engine, process) = sleepers.first, process.isAlive else { return }
        let space = SimulatedCatalog.space
        log("a stalled writer wakes: \(choice)")
        do throws(StorageError) {
            let committed =
                switch choice % 4 {
                case 0: try engine.flush(space: space)
                case 1: try engine.compact(space: space) > 0
                case 2: try engine.retain(space: space, before: .max, bytesMax: nil) > 0
                default: try engine.collectGarbage(space: space) < 0
                }
            if committed { throw StorageError(.restore, "a fenced writer committed", remedy: "") }
        } catch {
            if error.code == .restore, error.remedy.isEmpty { throw Violation(error.message) }
            if error.code == .stop { sleepers.removeFirst() }
        }
        try check()
    }

    /// Runs `operation` with `work` in the middle of it.
    func interrupt(
        afterCalls calls: Int,
        with work: @escaping () throws -> Void,
        _ operation: () throws -> Void
    ) throws {
        let failure = Mutex<(any Error)?>(nil)
        let process = fileSystem
        process.observe(
            Interruption(afterCalls: calls) {
                do { try work() } catch { failure.withLock { $0 = error } }
            }
        )
        defer { process.observe(nil) }
        try operation()
        if let failure = failure.withLock({ $0 }) { throw failure }
        try check()
    }

    /// Reads everything as a query does: all of it, or an error that a fault explains.
    func query() throws {
        guard let engine, let expected = try observe() else { return }
        do {
            var fresh = SnapshotReader(disk: disk, root: Self.root)
            var found = Observation(batches: ledger.batches.count)
            for space in engine.spaceNames {
                if let snapshot = engine.snapshot(space: space) {
                    try fresh.add(snapshot, to: &found)
                }
            }
            guard found == expected else { throw Violation("a query was answered in part") }
            log("query")
        } catch let violation as Violation {
            throw violation
        } catch {
            log("query failed: \(error)")
            guard !fileSystem.isAlive || fileSystem.hasFired else {
                throw Violation("a query failed without a fault: \(error)")
            }
        }
    }
}
