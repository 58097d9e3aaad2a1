import ArgumentParser
import Dispatch
import Simulation
import Synchronization

/// Fails every call that a scripted workload makes of its disk, in every way, and then calls of the recovery, too.
struct ExhaustiveCampaign {
    /// Of the script's calls, one in so many is a crash whose recovery is failed call by call.
    let crashStride: Int

    /// Leaves most of them out; the long run takes 1.
    static let usualCrashStride = 19

    /// Cases that differ in nothing but the call that fails.
    private enum Loop: Sendable {
        case script(FaultKind, repeats: Int, Aftermath)
        case recovery(from: Fault, FaultKind, repeats: Int)

        func run(afterCase: () -> Void) throws(Violation) -> FaultLoop.Tally {
            switch self {
            case .script(let kind, let repeats, let aftermath):
                try FaultLoop.run(kind, repeats: repeats, aftermath, afterCase: afterCase)
            case .recovery(let crash, let second, let repeats):
                try FaultLoop.run(crash, then: second, repeats: repeats, afterCase: afterCase)
            }
        }
    }

    private struct Progress {
        var loops = 0
        var cases = 0
        var recoveries = 0
        /// The longest way of the script to its end.
        var calls = 0
        var violation: Violation?
    }

    /// Runs all loops and prints what they did.
    ///
    /// - Throws: `Violation` at the first broken promise, with the command that repeats it.
    func run() throws {
        let start = ContinuousClock.now
        let single = try play("calls of the script", Self.everyCall(), Progress())
        let result = try play(
            "calls of recoveries",
            everyCallOfRecovery(scriptCalls: single.calls),
            single
        )
        var table = Table(.left("WHAT"), .right("COUNT"))
        table.add("calls of the script", "\(single.calls)")
        table.add("times one or all from there failed", "\(single.cases)")
        table.add("times calls of the recovery failed, too", "\(result.cases - single.cases)")
        table.add("crashes recovered from", "\(result.recoveries)")
        table.add("promises broken", "0")
        table.show()
        print("in \(Int((start.duration(to: .now) / .seconds(1)).rounded())) s")
    }

    /// Plays one case and prints what it was.
    ///
    /// - Throws: `Violation` when it breaks a promise; `CommandFailure` when it does not come about.
    static func replay(_ faultCase: FaultCase) throws {
        let outcome = try faultCase.run()
        guard outcome.hasFired, faultCase.second == nil || outcome.hasSecondFired else {
            let fault = outcome.hasFired ? "second fault" : "fault"
            throw CommandFailure(
                "the \(fault) of this case is not met: there are not so many calls",
                remedy: "Another version may make other calls: run all of `--exhaustive`."
            )
        }
        print("\(faultCase): \(outcome.recoveries) recoveries, no promise broken")
    }

    private static func everyCall() -> [Loop] {
        FaultKind.allCases.flatMap { kind in
            FaultLoop.repeats(of: kind).flatMap { repeats in
                FaultLoop.aftermaths(of: kind).map { aftermath in
                    Loop.script(kind, repeats: repeats, aftermath)
                }
            }
        }
    }

    private func everyCallOfRecovery(scriptCalls: Int) -> [Loop] {
        let crashes: [FaultKind] = [.kill, .powerLossLosing, .powerLossTearing]
        return stride(from: 1, to: scriptCalls, by: crashStride).flatMap { call in
            crashes.flatMap { crash in
                FaultKind.allCases.flatMap { second in
                    FaultLoop.repeats(of: second).map { repeats in
                        Loop.recovery(from: Fault(crash, at: call), second, repeats: repeats)
                    }
                }
            }
        }
    }

    /// Runs loops on all processors, one loop on one.
    private func play(_ what: String, _ loops: [Loop], _ before: Progress) throws -> Progress {
        let progress = Mutex(before)
        let bar = ProgressBar(parts: loops.count)
        DispatchQueue.concurrentPerform(iterations: loops.count) { index in
            if progress.withLock({ $0.violation != nil }) { return }
            do throws(Violation) {
                let tally = try loops[index].run {
                    let done = progress.withLock { progress in
                        progress.cases += 1
                        return progress
                    }
                    guard done.cases % 10 == 0 else { return }
                    let loop = done.loops - before.loops
                    bar.show(
                        loop,
                        "\(what): \(loop) of \(loops.count) loops, \(done.cases) cases",
                        isMilestone: done.cases % 1_000 == 0
                    )
                }
                progress.withLock { progress in
                    progress.loops += 1
                    progress.recoveries += tally.recoveries
                    progress.calls = max(progress.calls, tally.end)
                }
            } catch {
                progress.withLock { $0.violation = $0.violation ?? error }
            }
        }
        ProgressBar.end()
        let result = progress.withLock { $0 }
        if let violation = result.violation { throw violation }
        return result
    }
}

/// A case on the command line, as in `--case 'inputOutput@12x*, then kill'`.
struct FaultCaseArgument: ExpressibleByArgument, CustomStringConvertible, Sendable {
    let faultCase: FaultCase

    init?(argument: String) {
        guard let faultCase = FaultCase(argument) else { return nil }
        self.faultCase = faultCase
    }

    var description: String { faultCase.description }
}
