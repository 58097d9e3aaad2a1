#if Failpoints
// The thin shell around `RegistryState`: it locks, asks, unlocks, and then does what was decided.
//
// Nothing waits, calls back or ends the process under the lock.

import Synchronization

@usableFromInline
final class RegistryCore: Sendable {
    let state: Mutex<RegistryState>
    private let clock: any FailpointClock
    private let bound: Duration

    init(seed: UInt64, clock: any FailpointClock, bound: Duration) {
        state = Mutex(RegistryState(seed: seed))
        self.clock = clock
        self.bound = bound
    }

    /// Records the arrival in this registry and in the scopes around it; the first that armed acts.
    func reach(_ point: String) -> InjectedFault? {
        var chain = [self]
        for scope in [TaskScope.core, ProcessScope.core.withLock { $0 }] {
            if let scope, !chain.contains(where: { $0 === scope }) { chain.append(scope) }
        }
        var decision:
            (core: RegistryCore, action: FailpointAction, hit: FailpointHit, place: Parker?)?
        for core in chain {
            let isOpen = decision == nil
            let answer = core.state.withLock { $0.reach(point, answering: isOpen) }
            if case .armed(let action, let hit, let place) = answer {
                decision = (core, action, hit, place)
            }
        }
        guard let (core, action, hit, place) = decision else { return nil }
        return core.perform(action, at: hit, waitingOn: place)
            .map { InjectedFault(hit: hit, injection: $0) }
    }

    private func perform(
        _ action: FailpointAction,
        at hit: FailpointHit,
        waitingOn place: Parker?
    ) -> Injection? {
        switch action {
        case .off, .count: return nil
        case .error(let label): return .error(label)
        case .errno(let number): return .errno(number)
        case .short(let bytes): return .short(bytes)
        case .corrupt(let bits):
            var draw = state.withLock { $0.draw(for: hit, stream: 0) }
            return .corrupt(bits: bits, seed: draw.next())
        case .crash: return .crash
        case .delay(let duration):
            clock.wait(for: duration)
            return nil
        case .pause: return place.flatMap { wait(on: $0, for: hit.point) }
        case .rendezvous(let name, _): return place.flatMap { wait(on: $0, for: name) }
        case .callback(let name):
            return state.withLock { $0.callbacks[name] }?(hit)
        case .abort: HostProcess.abort()
        case .kill: HostProcess.kill()
        }
    }

    private func wait(on parker: Parker, for name: String) -> Injection? {
        if parker.wait(for: bound) == nil { state.withLock { $0.giveUp(parker) } }
        switch parker.wait(for: .zero) {
        case .proceed: return nil
        case .crash: return .crash
        case .fail, nil: return .timedOut(name)
        }
    }

    func waitUntilParked(at point: String, count: Int) throws(FailpointError) {
        let parker = state.withLock { $0.watch(point, count: count) }
        if parker.wait(for: bound) != nil { return }
        state.withLock { $0.unwatch(parker) }
        throw .notParked(point)
    }

    /// Wakes whoever is parked after a body threw, and says how to draw the same lots again.
    func abandon() {
        let seed = state.withLock { state in
            _ = state.finish()
            return state.drawsLots ? state.seed : nil
        }
        if let seed { HostProcess.say("seed \(seed)") }
    }
}

/// The registry that a task and its children look into after their own.
enum TaskScope {
    @TaskLocal static var core: RegistryCore?
}

/// The registry that everybody looks into last.
enum ProcessScope {
    static let core = Mutex<RegistryCore?>(nil)
}
#endif
