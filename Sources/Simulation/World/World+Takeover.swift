import Storage
import Synchronization

// Writers that should be dead, and work in the middle of other work.
//
// The lock of the data directory is what keeps a second process out. Here it is lost, as a network file system may
// lose it: a stalled engine stays while a newer one opens, and wakes in the middle of that or later. What it commits or
// acknowledges after the takeover must be refused.
// An `Interruption` runs other work between two calls of a flush, a merge or a collection, on the one thread there is.

/// Runs something once, at a later change of the disk.
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
    private let includesJournal: Bool

    /// - Parameters:
    ///   - calls: the work runs at the `calls`-th change from now.
    ///   - includesJournal: whether changes of the journal count: the engine may hold its journal's lock
    ///     then, so `body` must not append to the same engine.
    ///   - body: the work.
    init(afterCalls calls: Int, includesJournal: Bool, _ body: @escaping () -> Void) {
        self.includesJournal = includesJournal
        state = Mutex(State(callsLeft: calls, work: Work(body: body)))
    }

    func willCall(_ operation: FileOperation, _ path: String) {
        guard includesJournal || !path.contains("/journal") else { return }
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
    ///
    /// - Parameter wake: at which change of the opening the sleeper does something, and what; it may still
    ///   succeed then.
    /// - Throws: `Violation` when a promise is broken.
    func takeOver(wake: (afterCalls: Int, choice: Int)? = nil) throws {
        guard let engine, fileSystem.isAlive else { return }
        log("take over")
        calm()
        sleepers.append((engine, fileSystem))
        disk.loseLocks()
        fileSystem = disk.boot()
        self.engine = nil
        if let wake {
            let sleeper = sleepers.count - 1
            isContended = true
            defer { isContended = false }
            try interrupt(
                afterCalls: wake.afterCalls,
                includesJournal: true,
                with: { try self.wakeSleeper(wake.choice, at: sleeper, isOver: false) }
            ) {
                if try open() { return }
            }
        }
        guard self.engine == nil else { return }
        guard try open() else { throw Violation("the store does not open on a sound disk") }
    }

    /// Has one stalled engine do what it was about to do.
    ///
    /// Once the takeover is over, it must not get anything committed or acknowledged.
    func wakeSleeper(_ choice: Int, at index: Int = 0, isOver: Bool = true) throws {
        guard sleepers.indices.contains(index) else { return }
        let (engine, process) = sleepers[index]
        guard process.isAlive else { return }
        log("a stalled writer wakes: \(choice)")
        if !isOver, choice % Self.sleeperChoices == 2 { try expire(engine, before: .max) }
        do throws(StorageError) {
            if try act(engine, choice), isOver {
                throw StorageError(.restore, "a fenced writer was told success", remedy: "")
            }
        } catch {
            if error.code == .restore, error.remedy.isEmpty { throw Violation(error.message) }
            log("it is refused: \(error.message)")
            if error.code == .stop, isOver { sleepers.remove(at: index) }
        }
        try check()
    }

    static let sleeperChoices = 6

    /// One thing that an engine may be about to do; true when that changed the store for certain.
    private func act(_ engine: StorageEngine, _ choice: Int) throws(StorageError) -> Bool {
        let space = SimulatedCatalog.space
        switch choice % Self.sleeperChoices {
        case 0: return try engine.flush(space: space)
        case 1: return try engine.compact(space: space) > 0
        case 2: return try engine.retain(space: space, before: .max, bytesMax: nil) > 0
        case 3:
            try engine.collectGarbage(space: space)
            return false
        case 4:
            if !engine.hasSpace(Self.secondSpace) { try engine.createSpace(Self.secondSpace) }
            return false
        default:
            let number = ledger.attempt(rows: 2)
            _ = try engine.append([SimulatedCatalog.batch(number, rows: 2, hour: 1, filler: 3_000)])
            ledger.acknowledge(number)
            return true
        }
    }

    /// Runs `operation` with `work` in the middle of it.
    func interrupt(
        afterCalls calls: Int,
        includesJournal: Bool = false,
        with work: @escaping () throws -> Void,
        _ operation: () throws -> Void
    ) throws {
        let failure = Mutex<(any Error)?>(nil)
        let process = fileSystem
        process.observe(
            Interruption(afterCalls: calls, includesJournal: includesJournal) {
                do { try work() } catch { failure.withLock { $0 = error } }
            }
        )
        defer { process.observe(nil) }
        try operation()
        if let failure = failure.withLock({ $0 }) { throw failure }
        try check()
    }
}
