import Dispatch
import Foundation
import Simulation
import Synchronization

/// Crashes simulated stores and checks that nothing acknowledged is lost.
struct SimulatedCampaign {
    /// How many histories at most.
    let histories: Int
    /// The seed of the first; the next has the next number.
    let seed: UInt64
    /// Operations in each history.
    let steps: Int
    let deadline: ContinuousClock.Instant?
    /// Each history is played twice, and both must be the same call for call.
    let twice: Bool
    private let start = ContinuousClock.now

    /// What came of the histories so far.
    private struct Tally {
        var histories = 0
        var recoveries = 0
        var faults = 0
        var acknowledged = 0
        var calls = 0
        var violation: Violation?
    }

    /// Plays all of them and prints what they did.
    ///
    /// - Throws: `Violation` at the first broken promise.
    func run() throws {
        let tally = Mutex(Tally())
        let next = Mutex(0)
        let bar = ProgressBar(parts: histories, deadline: deadline)
        // One thread for each processor; the histories do not know each other.
        DispatchQueue.concurrentPerform(iterations: ProcessInfo.processInfo.activeProcessorCount) {
            _ in
            while let index = take(next, tally) { play(index, tally, bar) }
        }
        let result = tally.withLock { $0 }
        ProgressBar.end()
        let seconds = start.duration(to: .now) / .seconds(1)
        var table = Table(.left("WHAT"), .right("COUNT"))
        table.add("histories", "\(result.histories)")
        table.add("crashes recovered from", "\(result.recoveries)")
        table.add("faults, kills and losses of power", "\(result.faults)")
        table.add("calls of the disk", "\(result.calls)")
        table.add("batches acknowledged", "\(result.acknowledged)")
        // The first promise that is broken ends it all.
        table.add("promises broken", result.violation == nil ? "0" : "1")
        table.show()
        if let violation = result.violation { throw violation }
        print(
            "seeds \(seed) to \(seed + UInt64(result.histories) - 1) in \(Int(seconds.rounded())) s"
        )
    }

    /// The next history, or nil when it is time to stop.
    private func take(
        _ next: borrowing Mutex<Int>,
        _ tally: borrowing Mutex<Tally>
    ) -> Int? {
        if let deadline, ContinuousClock.now >= deadline { return nil }
        if tally.withLock({ $0.violation != nil }) { return nil }
        let index = next.withLock { next in
            defer { next += 1 }
            return next
        }
        return index < histories ? index : nil
    }

    private func play(_ index: Int, _ tally: borrowing Mutex<Tally>, _ bar: ProgressBar) {
        let history = SeededRun(seed: seed + UInt64(index), steps: steps)
        do throws(Violation) {
            let outcome = twice ? try history.runTwice() : try history.run()
            let done = tally.withLock { tally in
                tally.histories += 1
                tally.recoveries += outcome.recoveries
                tally.faults += outcome.faults
                tally.acknowledged += outcome.acknowledged
                tally.calls += outcome.calls
                return tally
            }
            tell(done, bar)
        } catch {
            tally.withLock { $0.violation = $0.violation ?? error }
        }
    }

    private func tell(_ tally: Tally, _ bar: ProgressBar) {
        guard tally.histories % 10 == 0 else { return }
        bar.show(
            tally.histories,
            "\(tally.histories) histories, \(tally.recoveries) recoveries",
            isMilestone: tally.histories % 1_000 == 0
        )
    }
}
