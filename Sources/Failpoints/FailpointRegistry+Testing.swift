// What a test does with a registry besides arming it: watch, release, bring back, and end.

#if Failpoints
import Synchronization
#endif

extension FailpointRegistry {
    /// How often `point` was reached.
    public func hitCount(_ point: some Failpoint) -> Int {
        #if Failpoints
        core.state.withLock { $0.hitCount(point.rawValue) }
        #else
        0
        #endif
    }

    /// How often an action other than `off` fired at `point`.
    public func firedCount(_ point: some Failpoint) -> Int {
        #if Failpoints
        core.state.withLock { $0.firedCount(point.rawValue) }
        #else
        0
        #endif
    }

    /// Lets every thread go that pauses at `point`; returns how many there were.
    ///
    /// It does not disarm: who arrives later pauses again, unless the program is used up.
    @discardableResult
    public func release(_ point: some Failpoint) -> Int {
        #if Failpoints
        core.state.withLock { $0.release(point.rawValue) }
        #else
        0
        #endif
    }

    /// Blocks the thread until `count` threads are parked at `point`.
    ///
    /// - Throws: `.notParked` when the registry's bound passes first; `.compiledOut`.
    public func waitUntilParked(
        at point: some Failpoint,
        count: Int = 1
    ) throws(FailpointError) {
        #if Failpoints
        try core.waitUntilParked(at: point.rawValue, count: count)
        #else
        throw .compiledOut
        #endif
    }

    /// Waits until `count` threads are parked at `point`, without blocking a thread of the pool.
    ///
    /// - Throws: `.notParked` when the registry's bound passes first; `.compiledOut`.
    public func waitUntilParked(
        at point: some Failpoint,
        count: Int = 1
    ) async throws(FailpointError) {
        #if Failpoints
        let (core, name) = (core, point.rawValue)
        try await runOnThread { () throws(FailpointError) in
            try core.waitUntilParked(at: name, count: count)
        }
        #else
        throw .compiledOut
        #endif
    }

    /// The simulated loss of power that every place answers with, if there was one.
    public var crash: SimulatedCrash? {
        #if Failpoints
        core.state.withLock { $0.crash }
        #else
        nil
        #endif
    }

    /// Throws if power was lost, whatever error the work made of it.
    ///
    /// - Throws: the crash.
    public func checkPower() throws(SimulatedCrash) {
        if let crash { throw crash }
    }

    /// Gives power back after a simulated crash; what is armed stays armed.
    public func restart() {
        #if Failpoints
        core.state.withLock { $0.restart() }
        #endif
    }

    /// What happened so far.
    public var report: FailpointReport {
        #if Failpoints
        core.state.withLock { $0.report() }
        #else
        .empty
        #endif
    }

    /// Ends a test: whoever is still parked is woken and fails.
    ///
    /// - Returns: what happened.
    /// - Throws: `.incomplete` if an armed action never fired or somebody was parked or waited in
    ///   vain; the report in it says who.
    @discardableResult
    public func finish() throws(FailpointError) -> FailpointReport {
        #if Failpoints
        let report = core.state.withLock { $0.finish() }
        guard report.isComplete else { throw .incomplete(report) }
        return report
        #else
        .empty
        #endif
    }
}

extension FailpointReport {
    #if !Failpoints
    fileprivate static var empty: FailpointReport {
        FailpointReport(
            seed: 0,
            points: [],
            trace: [],
            untracedCount: 0,
            unfired: [],
            parked: [],
            timedOut: []
        )
    }
    #endif
}
