#if Failpoints
// The state of one registry: a plain struct that decides and never waits.
//
// Invariants: per point the stack of armed programs has the latest on top, and only the top acts;
// whoever is in `parked` waits on its parker and is signalled exactly when it is taken out, under
// the lock that guards this struct; a rendezvous in `broken` lets nobody wait again; after a crash
// every arrival is answered with the crash until `restart`.

struct RegistryState {
    /// A program on duty and how often each of its steps fired.
    private struct Armed {
        let guardID: Int
        let program: FailpointProgram
        var fired: [Int]

        init(_ program: FailpointProgram, guardID: Int) {
            self.guardID = guardID
            self.program = program
            fired = program.steps.map { _ in 0 }
        }
    }

    private struct Meeting: Hashable {
        let name: String
        let parties: Int
    }

    private struct Parked {
        let point: String
        let meeting: Meeting?
        let parker: Parker
    }

    private struct Watcher {
        let point: String
        let count: Int
        let parker: Parker
    }

    /// What a registry says to one arrival.
    enum Answer {
        case notArmed
        /// What is done, and where it waits, if it does.
        case armed(FailpointAction, FailpointHit, Parker?)
    }

    let seed: UInt64
    var callbacks: [String: @Sendable (FailpointHit) -> Injection?] = [:]
    private(set) var crash: SimulatedCrash?
    private(set) var known: Set<String> = []
    /// Whether a draw decides anything that was ever armed, or which bits it flips; it may be disarmed by now.
    private(set) var drawsLots = false
    private var armed: [String: [Armed]] = [:]
    private var unfired: [String] = []
    private var hits: [String: Int] = [:]
    private var fired: [String: Int] = [:]
    private var trace: [FailpointHit] = []
    private var untracedCount = 0
    private var parked: [Parked] = []
    private var watchers: [Watcher] = []
    private var broken: Set<Meeting> = []
    private var timedOut: [String] = []
    private var lastGuardID = 0

    init(seed: UInt64) { self.seed = seed }

    // MARK: Arming

    mutating func know(_ names: [String]) { known.formUnion(names) }

    /// Throws if `point` or a callback of `program` is unknown.
    func check(_ point: String, _ program: FailpointProgram) throws(FailpointError) {
        guard known.isEmpty || known.contains(point) else { throw .unknownPoint(point) }
        for step in program.steps {
            if case .callback(let name) = step.action, callbacks[name] == nil {
                throw .unknownCallback(name)
            }
        }
    }

    /// Puts `program` on top; without a guard it replaces the one that was armed without a guard.
    mutating func arm(_ point: String, _ program: FailpointProgram) {
        disarm(point, guardID: 0)
        put(point, Armed(program, guardID: 0))
    }

    /// Puts `program` on top until `disarm` is called with the guard that is returned.
    mutating func push(_ point: String, _ program: FailpointProgram) -> Int {
        lastGuardID += 1
        put(point, Armed(program, guardID: lastGuardID))
        return lastGuardID
    }

    private mutating func put(_ point: String, _ entry: Armed) {
        armed[point, default: []].append(entry)
        drawsLots =
            drawsLots
            || entry.program.steps.contains { step in
                if case .corrupt = step.action { true } else { step.chance != nil }
            }
    }

    mutating func disarm(_ point: String, guardID: Int) {
        guard let index = armed[point]?.firstIndex(where: { $0.guardID == guardID }),
            let entry = armed[point]?.remove(at: index)
        else { return }
        unfired += Self.unfired(entry, at: point)
        if armed[point]?.isEmpty ?? false { armed[point] = nil }
    }

    private static func unfired(_ entry: Armed, at point: String) -> [String] {
        zip(entry.program.steps, entry.fired).filter { $0.action != .off && $1 == 0 }
            .map { "\(point)=\($0.0)" }
    }

    // MARK: Arriving

    /// Records one arrival; the latest program on duty answers it, if `answering`.
    mutating func reach(_ point: String, answering: Bool) -> Answer {
        let number = hits[point, default: 0] + 1
        hits[point] = number
        let hit = FailpointHit(point: point, number: number)
        if trace.count < FailpointReport.traceCountMax {
            trace.append(hit)
        } else {
            untracedCount += 1
        }
        guard answering else { return .notArmed }
        if crash != nil { return .armed(.crash, hit, nil) }
        guard let top = armed[point]?.indices.last, let entry = armed[point]?[top] else {
            return .notArmed
        }
        for (index, step) in entry.program.steps.enumerated()
        where entry.fired[index] < step.count ?? .max
            && isDrawn(step, index: index, hit: hit)
        {
            armed[point]?[top].fired[index] += 1
            if step.action != .off { fired[point, default: 0] += 1 }
            if step.action == .crash { loseOwner(at: hit) }
            return .armed(step.action, hit, place(for: step.action, at: point))
        }
        return .armed(.off, hit, nil)
    }

    /// The draw depends on seed, place, number of the hit and step alone, not on other threads.
    private func isDrawn(_ step: FailpointProgram.Step, index: Int, hit: FailpointHit) -> Bool {
        guard let chance = step.chance else { return true }
        var draw = draw(for: hit, stream: UInt64(index) + 1)
        return draw.next() % 1_000_000 < UInt64(chance)
    }

    /// A stream of numbers for one arrival.
    func draw(for hit: FailpointHit, stream: UInt64) -> Draw {
        var hash = seed ^ 0xcbf2_9ce4_8422_2325
        for byte in hit.point.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
        var draw = Draw(seed: hash &+ UInt64(hit.number) &* 0x9fb2_1c65_1e98_df25 &+ stream)
        return Draw(seed: draw.next())
    }

    private mutating func loseOwner(at hit: FailpointHit) {
        crash = SimulatedCrash(hit: hit)
        wake(.crash) { _ in true }
    }

    mutating func restart() { crash = nil }

    // MARK: Parking

    /// Where an arrival waits, if it does; it is parked from the moment that its action has fired.
    private mutating func place(for action: FailpointAction, at point: String) -> Parker? {
        switch action {
        case .pause: pause(at: point)
        case .rendezvous(let name, let parties): meet(at: point, name: name, parties: parties)
        default: nil
        }
    }

    /// A place to wait for `release`.
    mutating func pause(at point: String) -> Parker {
        park(Parked(point: point, meeting: nil, parker: Parker()))
    }

    /// A place to wait for the others, which is already signalled if this is the last of them.
    mutating func meet(at point: String, name: String, parties: Int) -> Parker {
        let meeting = Meeting(name: name, parties: parties)
        guard !broken.contains(meeting) else {
            timedOut.append(point)
            let parker = Parker()
            parker.signal(.fail)
            return parker
        }
        let parker = park(Parked(point: point, meeting: meeting, parker: Parker()))
        if parked.count(where: { $0.meeting == meeting }) >= parties {
            wake(.proceed) { $0.meeting == meeting }
        }
        return parker
    }

    private mutating func park(_ place: Parked) -> Parker {
        parked.append(place)
        let satisfied = watchers.filter { isSatisfied($0.point, $0.count) }
        for watcher in satisfied {
            watcher.parker.signal(.proceed)
            unwatch(watcher.parker)
        }
        return place.parker
    }

    /// Lets the threads go that pause at `point`; how many there were.
    mutating func release(_ point: String) -> Int {
        wake(.proceed) { $0.point == point && $0.meeting == nil }
    }

    /// The bound of `parker` has passed: everybody at the same rendezvous fails with it.
    mutating func giveUp(_ parker: Parker) {
        guard let place = parked.first(where: { $0.parker === parker }) else { return }
        if let meeting = place.meeting { broken.insert(meeting) }
        let failing = parked.filter {
            $0.parker === parker || (place.meeting != nil && $0.meeting == place.meeting)
        }
        timedOut += failing.map(\.point)
        wake(.fail) { other in failing.contains { $0.parker === other.parker } }
    }

    @discardableResult
    private mutating func wake(_ how: Wakeup, where belongs: (Parked) -> Bool) -> Int {
        let before = parked.count
        parked.removeAll { place in
            guard belongs(place) else { return false }
            place.parker.signal(how)
            return true
        }
        return before - parked.count
    }

    /// Signals the result once `count` threads are parked at `point`.
    mutating func watch(_ point: String, count: Int) -> Parker {
        let parker = Parker()
        if isSatisfied(point, count) {
            parker.signal(.proceed)
        } else {
            watchers.append(Watcher(point: point, count: count, parker: parker))
        }
        return parker
    }

    mutating func unwatch(_ parker: Parker) { watchers.removeAll { $0.parker === parker } }

    private func isSatisfied(_ point: String, _ count: Int) -> Bool {
        parked.count { $0.point == point } >= count
    }

    // MARK: Reporting

    func hitCount(_ point: String) -> Int { hits[point] ?? 0 }

    func firedCount(_ point: String) -> Int { fired[point] ?? 0 }

    func report() -> FailpointReport {
        let pending = armed.flatMap { point, stack in
            stack.flatMap { Self.unfired($0, at: point) }
        }
        return FailpointReport(
            seed: seed,
            points: Set(hits.keys).union(armed.keys).sorted()
                .map { .init(name: $0, hits: hitCount($0), fired: firedCount($0)) },
            trace: trace,
            untracedCount: untracedCount,
            unfired: (unfired + pending).sorted(),
            parked: parked.map(\.point).sorted(),
            timedOut: timedOut.sorted()
        )
    }

    /// The report; every parked thread is woken and fails.
    mutating func finish() -> FailpointReport {
        let report = report()
        wake(.fail) { _ in true }
        return report
    }
}
#endif
