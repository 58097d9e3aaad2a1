import ArgumentParser
import Dispatch
import Foundation
import Simulation
import Synchronization

/// Crashes simulated stores and checks that nothing acknowledged is lost.
struct Torture: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Crash simulated stores thousands of times and check that nothing is lost.",
        discussion: """
            Each seed is one history of the storage engine on a simulated disk that tears and loses what was not \
            synced: writers, flushes, merges, collection, readers, a second process that takes over, faults and power \
            losses. After every recovery each acknowledged batch must be there exactly once. Nothing outside this \
            process is touched. Exits with 1 at the first broken promise, with the command that repeats it.

              holdfast torture --runs 1000
              holdfast torture --seed 4711 --runs 1
              holdfast torture --minutes 60 --once
            """
    )

    @Option(help: "How many histories; 1000 unless --minutes says when to stop.")
    var runs: Int?

    @Option(help: "The seed of the first; the next has the next number.")
    var seed: UInt64 = 1

    @Option(help: "Operations in each history.")
    var steps = 60

    @Option(help: "Stop after so many minutes.")
    var minutes: Double?

    @Flag(help: "Run each history once; else twice, and both must be the same call for call.")
    var once = false

    func validate() throws {
        guard (1...Self.runsMax).contains(runs ?? 1), steps > 0, minutes ?? 1 > 0 else {
            throw ValidationError("--runs, --steps and --minutes are above zero.")
        }
        guard seed <= UInt64.max - UInt64(Self.runsMax) else {
            throw ValidationError("--seed is too large for the seeds that follow it.")
        }
    }

    private static let runsMax = 1 << 40

    private var historiesMax: Int { runs ?? (minutes == nil ? 1_000 : Self.runsMax) }

    /// What came of the histories so far.
    private struct Tally {
        var histories = 0
        var recoveries = 0
        var acknowledged = 0
        var calls = 0
        var violation: Violation?
    }

    func run() throws {
        let start = ContinuousClock.now
        let tally = Mutex(Tally())
        let next = Mutex(0)
        let deadline = minutes.map { start + .seconds($0 * 60) }
        // One thread for each processor; the histories do not know each other.
        DispatchQueue.concurrentPerform(iterations: ProcessInfo.processInfo.activeProcessorCount) {
            _ in
            while let index = take(next, deadline, tally) { play(index, tally) }
        }
        let result = tally.withLock { $0 }
        if let violation = result.violation {
            print("BROKEN PROMISE\n\(violation)")
            throw ExitCode.failure
        }
        let seconds = start.duration(to: .now) / .seconds(1)
        var table = Table(.left("WHAT"), .right("COUNT"))
        table.add("histories", "\(result.histories)")
        table.add("crashes recovered from", "\(result.recoveries)")
        table.add("calls of the disk", "\(result.calls)")
        table.add("batches acknowledged", "\(result.acknowledged)")
        table.add("lost, doubled or halved", "0")
        table.show()
        print(
            "seeds \(seed) to \(seed + UInt64(result.histories) - 1) in \(Int(seconds.rounded())) s"
        )
    }

    /// The next history, or nil when it is time to stop.
    private func take(
        _ next: borrowing Mutex<Int>,
        _ deadline: ContinuousClock.Instant?,
        _ tally: borrowing Mutex<Tally>
    ) -> Int? {
        if let deadline, ContinuousClock.now >= deadline { return nil }
        if tally.withLock({ $0.violation != nil }) { return nil }
        let index = next.withLock { next in
            defer { next += 1 }
            return next
        }
        return index < historiesMax ? index : nil
    }

    private func play(_ index: Int, _ tally: borrowing Mutex<Tally>) {
        let history = SeededRun(seed: seed + UInt64(index), steps: steps)
        do throws(Violation) {
            let outcome = once ? try history.run() : try history.runTwice()
            let done = tally.withLock { tally in
                tally.histories += 1
                tally.recoveries += outcome.recoveries
                tally.acknowledged += outcome.acknowledged
                tally.calls += outcome.calls
                return tally
            }
            if done.histories % 100 == 0 {
                Terminal.complain(
                    "\(done.histories) histories, \(done.recoveries) recoveries"
                )
            }
        } catch {
            tally.withLock { $0.violation = $0.violation ?? error }
        }
    }
}
