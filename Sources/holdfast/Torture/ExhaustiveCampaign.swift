import Dispatch
import Simulation
import Synchronization

/// Fails every call that a scripted workload makes of its disk, in every way, and then calls of the recovery, too.
struct ExhaustiveCampaign {
    /// Of the script's calls, one in so many is a crash whose recovery is failed call by call.
    private static let crashStride = 19

    private struct Loop: Sendable {
        let name: String
        let run: @Sendable () throws(Violation) -> FaultLoop.Tally
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
    /// - Throws: `Violation` at the first broken promise.
    func run() throws {
        let start = ContinuousClock.now
        let single = try play(Self.everyCall(), Progress())
        let result = try play(Self.everyCallOfRecovery(scriptCalls: single.calls), single)
        var table = Table(.left("WHAT"), .right("COUNT"))
        table.add("calls of the script", "\(single.calls)")
        table.add("times one or all from there failed", "\(single.cases)")
        table.add("times a call of the recovery failed, too", "\(result.cases - single.cases)")
        table.add("crashes recovered from", "\(result.recoveries)")
        table.add("promises broken", "0")
        table.show()
        print("in \(Int((start.duration(to: .now) / .seconds(1)).rounded())) s")
    }

    private static func everyCall() -> [Loop] {
        FaultKind.allCases.flatMap { kind in
            FaultLoop.repeats(of: kind).flatMap { repeats in
                FaultLoop.aftermaths(of: kind).map { aftermath in
                    let times = repeats == 1 ? "once" : "for good"
                    return Loop(name: "\(kind) \(times), then \(aftermath)") {
                        () throws(Violation) in
                        try FaultLoop.run(kind, repeats: repeats, aftermath)
                    }
                }
            }
        }
    }

    private static func everyCallOfRecovery(scriptCalls: Int) -> [Loop] {
        let crashes: [FaultKind] = [.kill, .powerLossLosing, .powerLossTearing]
        return stride(from: 1, to: scriptCalls, by: crashStride).flatMap { call in
            crashes.flatMap { crash in
                FaultKind.allCases.map { second in
                    Loop(name: "\(crash) at call \(call), then \(second)") { () throws(Violation) in
                        try FaultLoop.run(Fault(crash, at: call), then: second)
                    }
                }
            }
        }
    }

    /// Runs loops on all processors, one loop on one.
    private func play(_ loops: [Loop], _ before: Progress) throws -> Progress {
        let progress = Mutex(before)
        DispatchQueue.concurrentPerform(iterations: loops.count) { index in
            if progress.withLock({ $0.violation != nil }) { return }
            do throws(Violation) {
                let tally = try loops[index].run()
                let done = progress.withLock { progress in
                    progress.loops += 1
                    progress.cases += tally.cases
                    progress.recoveries += tally.recoveries
                    progress.calls = max(progress.calls, tally.end)
                    return progress
                }
                Terminal.complain(
                    "\(done.loops - before.loops) of \(loops.count): \(loops[index].name), "
                        + "\(tally.cases) cases"
                )
            } catch {
                progress.withLock { $0.violation = $0.violation ?? error }
            }
        }
        let result = progress.withLock { $0 }
        if let violation = result.violation {
            throw Violation("\(violation)\nreplay: holdfast torture --exhaustive")
        }
        return result
    }
}
