import Storage

// The exhaustive fault loop: call 1, 2, 3, … of the script fails, in every way there is, and each time everything
// that was acknowledged must be found afterwards, by this process or the next, before and after a loss of power.

/// What befalls the process after the script, when the fault has left it alive.
package enum Aftermath: String, CaseIterable, Sendable {
    case kill, killAndEvict, powerLossLosing, powerLossTearing
}

/// One execution of the script with its faults.
package struct FaultCase: Sendable, CustomStringConvertible {
    package var fault: Fault
    package var aftermath: Aftermath
    /// A fault in the recovery that follows.
    package var second: Fault?
    package var mutant: Mutant?

    package init(
        _ fault: Fault,
        _ aftermath: Aftermath,
        second: Fault? = nil,
        mutant: Mutant? = nil
    ) {
        self.fault = fault
        self.aftermath = aftermath
        self.second = second
        self.mutant = mutant
    }

    package var description: String {
        "\(fault), then \(aftermath.rawValue)" + (second.map { ", then \($0)" } ?? "")
    }

    /// Reads what `description` says, which is nothing of a mutant; nil when it is something else.
    package init?(_ text: String) {
        let parts = text.split(separator: ", then ", omittingEmptySubsequences: false)
        guard parts.count == 2 || parts.count == 3, let fault = Fault(String(parts[0])),
            let aftermath = Aftermath(rawValue: String(parts[1]))
        else { return nil }
        self.init(fault, aftermath)
        guard parts.count == 3 else { return }
        second = Fault(String(parts[2]))
        if second == nil { return nil }
    }

    /// What one execution came to.
    package struct Outcome: Sendable {
        /// The fault of the script, or nil of them, was met.
        package var hasFired = false
        package var hasSecondFired = false
        package var recoveries = 0
        package var trace: UInt64 = 0
    }

    /// Executes the script.
    ///
    /// - Throws: `Violation` with the schedule, and how to repeat it, when a promise was broken.
    package func run() throws(Violation) -> Outcome {
        var options = WorldOptions(seed: UInt64(fault.call) &* 31 &+ UInt64(second?.call ?? 0))
        options.mutant = mutant
        let world = World(options)
        do {
            return try run(world)
        } catch {
            let schedule = world.schedule.joined(separator: "\n  ")
            throw Violation("\(self): \(error)\n  \(schedule)\n\(replay)")
        }
    }

    private var replay: String { "replay: holdfast torture --exhaustive --case '\(self)'" }

    private func run(_ world: World) throws -> Outcome {
        var outcome = Outcome()
        world.fileSystem.arm(fault)
        let first = world.fileSystem
        try world.reopen()
        for step in ScriptStep.everything where first.isAlive { try world.take(step) }
        outcome.hasFired = first.hasFired
        if first.isAlive { end(world) }
        world.disk.note(first.hasFired ? 1 : 0)

        if let second {
            let recovering = world.disk.boot()
            world.fileSystem = recovering
            recovering.arm(second)
            _ = try world.open()
            outcome.hasSecondFired = recovering.hasFired
            world.kill()
        }
        try world.prove()
        outcome.recoveries = world.recoveries
        outcome.trace = world.disk.traceHash
        return outcome
    }

    private func end(_ world: World) {
        switch aftermath {
        case .kill: world.kill()
        case .killAndEvict:
            world.kill()
            world.disk.evict()
        case .powerLossLosing: world.losePower(.losing)
        case .powerLossTearing: world.losePower(.tearing)
        }
    }
}

/// Runs of the script over all calls.
package enum FaultLoop {
    /// What a loop came to.
    package struct Tally: Sendable, Equatable {
        package var cases = 0
        package var recoveries = 0
        /// The first call that the script does not reach.
        package var end = 0

        package init() {}
    }

    /// Whether a fault of `kind` can happen more than once.
    package static func repeats(of kind: FaultKind) -> [Int] { kind.isCrash ? [1] : [1, .max] }

    /// What can follow a fault of `kind`.
    package static func aftermaths(of kind: FaultKind) -> [Aftermath] {
        kind.isCrash ? [.kill] : Aftermath.allCases
    }

    /// Fails call `first`, `first + stride`, … until the script does not reach the call.
    ///
    /// - Parameters:
    ///   - kind: what happens.
    ///   - repeats: at how many calls in a row.
    ///   - aftermath: what befalls a process that survives the script.
    ///   - first: the first call that fails.
    ///   - stride: from one call to the next.
    ///   - afterCase: called after each.
    /// - Returns: what the loop came to.
    /// - Throws: the first broken promise.
    package static func run(
        _ kind: FaultKind,
        repeats: Int,
        _ aftermath: Aftermath,
        first: Int = 1,
        stride: Int = 1,
        afterCase: () -> Void = {}
    ) throws(Violation) -> Tally {
        var tally = Tally()
        tally.end = first
        while true {
            let fault = Fault(kind, at: tally.end, repeats: repeats)
            let outcome = try FaultCase(fault, aftermath).run()
            tally.cases += 1
            tally.recoveries += outcome.recoveries
            afterCase()
            guard outcome.hasFired else { return tally }
            tally.end += stride
        }
    }

    /// For one crash of the script, fails call `first`, `first + stride`, … of the recovery that follows, and, if
    /// `repeats` says so, calls after it.
    package static func run(
        _ crash: Fault,
        then kind: FaultKind,
        repeats: Int = 1,
        first: Int = 1,
        stride: Int = 1,
        afterCase: () -> Void = {}
    ) throws(Violation) -> Tally {
        var tally = Tally()
        tally.end = first
        while true {
            let second = Fault(kind, at: tally.end, repeats: repeats)
            let outcome = try FaultCase(crash, .kill, second: second).run()
            tally.cases += 1
            tally.recoveries += outcome.recoveries
            afterCase()
            guard outcome.hasFired, outcome.hasSecondFired else { return tally }
            tally.end += stride
        }
    }
}

extension Fault {
    /// Reads what `description` says; nil when it is something else.
    ///
    /// A path whose end looks like a number of repeats is read without it.
    package init?(_ text: String) {
        let form = /(\w+)@(\d+)(?: ([a-zA-Z]+))?(?: in (.+?))?(?:x(\*|\d+))?/
        guard let match = text.wholeMatch(of: form),
            let kind = FaultKind(rawValue: String(match.1)), let call = Int(match.2), call > 0
        else { return nil }
        self.init(kind, at: call, in: match.4.map { String($0) })
        if let name = match.3 {
            only = FileOperation(rawValue: String(name))
            if only == nil { return nil }
        }
        if let count = match.5 {
            repeats = count == "*" ? Int.max : Int(count) ?? 0
            if repeats < 1 { return nil }
        }
    }
}
