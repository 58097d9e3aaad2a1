// Single flight as a state machine: which loads run, and who waits for them.
//
// A flight is one run of a load. It is current while later callers may join it and its value may be
// stored; at most one flight per key is. It stops being current when its key is set or removed,
// when a caller finds its tags invalidated, or when nobody waits for it and abandoned loads are
// cancelled; a new flight may then start beside it, and each completes only itself.
//
// Whoever joined at an epoch above the flight's stamp began after an invalidation that the load may
// have missed. If the flight ends stale, they are told to try again; the others began before it
// and may have the value. Every waiter is answered exactly once: the method that takes it out
// returns it, and the caller resumes it after the lock is released.

/// How a wait ends.
enum WaitOutcome<Value: Sendable>: Sendable {
    case value(Value, tags: [String])
    case failure(any Error, tags: [String])
    case again
}

/// A caller that waits.
struct Waiter<Value: Sendable>: Sendable {
    let joinedAt: UInt64
    let deadline: UInt64
    /// The load inside which the caller runs, if any.
    let parent: UInt64?
    let continuation: CheckedContinuation<WaitOutcome<Value>, Never>
}

/// One run of a load.
struct Flight<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    let key: Key
    let stamp: UInt64
    let startedAt: UInt64
    /// Tags known before the load; held.
    let tags: [UInt32]
    var isCurrent = true
    var isCancelled = false
    var waiters: [UInt64: Waiter<Value>] = [:]
    var task: Task<Void, Never>?
    var timer: Task<Void, Never>?
    /// When the timer looks next who has waited too long; nil when there is none.
    var timerDue: UInt64?
}

/// The loads of one table.
@usableFromInline
struct FlightTable<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private var flights: [UInt64: Flight<Key, Value>] = [:]
    private var current: [Key: UInt64] = [:]
    private var waiterFlight: [UInt64: UInt64] = [:]

    @usableFromInline var isEmpty: Bool { flights.isEmpty }

    /// The flight that callers for `key` may join.
    func currentFlight(for key: Key) -> (id: UInt64, stamp: UInt64, tags: [UInt32])? {
        guard let id = current[key], let flight = flights[id] else { return nil }
        return (id, flight.stamp, flight.tags)
    }

    /// The epoch at which a running flight began.
    func stamp(of id: UInt64) -> UInt64 { flights[id]?.stamp ?? 0 }

    /// A new current flight.
    mutating func begin(_ id: UInt64, _ flight: Flight<Key, Value>) {
        detach(flight.key)
        flights[id] = flight
        current[flight.key] = id
    }

    /// Ends the currency of the key's flight: it answers who waits, and nothing more.
    @usableFromInline
    mutating func detach(_ key: Key) {
        if isEmpty { return }
        if let id = current.removeValue(forKey: key) { flights[id]?.isCurrent = false }
    }

    /// Lets a caller wait.
    ///
    /// Returns whether the flight needs a timer: it has none, or one that comes too late for this caller.
    mutating func join(_ id: UInt64, _ waiterID: UInt64, _ waiter: Waiter<Value>) -> Bool {
        guard let flight = flights[id] else { preconditionFailure("joined an ended flight") }
        let needsTimer = waiter.deadline < flight.timerDue ?? .max
        flights[id]?.waiters[waiterID] = waiter
        if needsTimer { flights[id]?.timerDue = waiter.deadline }
        waiterFlight[waiterID] = id
        return needsTimer
    }

    /// Hands over the flight's load.
    ///
    /// That of a flight that is over or unwanted by now is cancelled.
    mutating func attach(_ id: UInt64, task: Task<Void, Never>) {
        guard let flight = flights[id], !flight.isCancelled else { return task.cancel() }
        flights[id]?.task = task
    }

    /// Hands over a timer that looks at `due` for the first time.
    ///
    /// Of two, the one that looks earlier stays; that of a flight that is over or unwanted by now is
    /// cancelled.
    mutating func attach(_ id: UInt64, timer: Task<Void, Never>, due: UInt64) {
        guard let flight = flights[id], !flight.isCancelled, due <= flight.timerDue ?? .max else {
            return timer.cancel()
        }
        flight.timer?.cancel()
        flights[id]?.timer = timer
    }

    /// A caller stops waiting; nil if it has been answered.
    ///
    /// Whether the load was cancelled for want of waiters is in the second part.
    mutating func leave(_ waiterID: UInt64, _ abandoned: AbandonedLoad) -> (Waiter<Value>, Bool)? {
        guard let id = waiterFlight.removeValue(forKey: waiterID),
            let waiter = flights[id]?.waiters.removeValue(forKey: waiterID)
        else { return nil }
        if let parent = waiter.parent { WaitGraph.remove(parent, waitsFor: id) }
        guard abandoned == .cancel, let flight = flights[id], flight.waiters.isEmpty else {
            return (waiter, false)
        }
        flights[id]?.isCancelled = true
        flights[id]?.isCurrent = false
        flight.task?.cancel()
        flight.timer?.cancel()
        if current[flight.key] == id { current[flight.key] = nil }
        return (waiter, true)
    }

    /// Who has waited too long at `now`, and when to look again; the flight's timer ends when that
    /// is nil.
    mutating func expire(_ id: UInt64, at now: UInt64) -> (overdue: [UInt64], next: UInt64?) {
        guard let flight = flights[id] else { return ([], nil) }
        let overdue = flight.waiters.filter { $0.value.deadline <= now }.map(\.key)
        let next = flight.waiters.values.lazy.map(\.deadline).filter { $0 > now && $0 != .max }
            .min()
        flights[id]?.timerDue = next
        return (overdue, next)
    }

    /// Ends a flight and returns it with everyone who still waits.
    mutating func finish(_ id: UInt64) -> Flight<Key, Value> {
        guard let flight = flights.removeValue(forKey: id) else {
            preconditionFailure("a flight ends once")
        }
        if current[flight.key] == id { current[flight.key] = nil }
        for (waiterID, waiter) in flight.waiters {
            waiterFlight[waiterID] = nil
            if let parent = waiter.parent { WaitGraph.remove(parent, waitsFor: id) }
        }
        flight.timer?.cancel()
        return flight
    }
}
