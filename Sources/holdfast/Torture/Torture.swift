import ArgumentParser
import Foundation
import Simulation

/// Crashes stores, simulated or real, and checks that nothing acknowledged is lost.
struct Torture: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Crash stores thousands of times and check that nothing is lost.",
        discussion: """
            Each seed is one history of the storage engine on a simulated disk that tears and loses what was not \
            synced: writers, flushes, merges, collection, readers, a second process that takes over, faults and power \
            losses. After every recovery each acknowledged batch must be there exactly once. Nothing outside this \
            process is touched. Exits with 1 at the first broken promise, with the command that repeats it.

              holdfast torture --runs 1000
              holdfast torture --seed 4711 --runs 1
              holdfast torture --minutes 60 --once

            With --exhaustive, every call that one scripted history makes of its disk fails, in every way, once and \
            for good (a crash happens once); then, after a crash at one call in 19, each call of the recovery, too. \
            --stride 1 is the long run: a crash at every call. A failure prints the command that repeats its case.

              holdfast torture --exhaustive
              holdfast torture --exhaustive --case 'inputOutput@12x*, then kill'

            With --kill, real servers are loaded over several connections and killed with SIGKILL at random moments, \
            during recovery, too. After each restart everything is read back: every acknowledged batch is there, \
            whole and once; every other one is there whole or not at all.

              holdfast torture --kill --runs 2000

            A program built with `swift build --traits Failpoints` also kills at named places between two durable \
            steps, each at its first, its second and its fifth arrival, under loads that reach all of them.

              holdfast torture --kill --at all
              holdfast torture --kill --at NAME,NAME
            """
    )

    @Option(
        help:
            "How many histories (1000) or rounds of --kill (200), unless --minutes says when to stop."
    )
    var runs: Int?

    @Option(help: "The seed of the first (1); the next has the next number. With --kill, of all.")
    var seed: UInt64?

    @Option(help: "Operations in each history (60).")
    var steps: Int?

    @Option(help: "Stop after so many minutes.")
    var minutes: Double?

    @Flag(help: "Run each history once; else twice, and both must be the same call for call.")
    var once = false

    @Flag(help: "Fail every call of one history instead of drawing many.")
    var exhaustive = false

    @Option(help: "With --exhaustive: fail recoveries after crashes at one call in so many (19).")
    var stride: Int?

    @Option(
        name: .customLong("case"),
        help: ArgumentHelp(
            "With --exhaustive: only this case, as a failure prints it.",
            valueName: "case"
        )
    )
    var only: FaultCaseArgument?

    @Flag(help: "Kill real servers.")
    var kill = false

    @Option(help: "With --kill: at these failpoints, with commas between them, or at all.")
    var at: String?

    @Flag(help: "Print the names of all failpoints.")
    var listFailpoints = false

    @Option(help: "Where --kill makes its stores. Default: a temporary directory.")
    var data: String?

    func validate() throws {
        guard (1...Self.runsMax).contains(runs ?? 1), steps ?? 1 > 0, stride ?? 1 > 0,
            minutes ?? 1 > 0
        else {
            throw ValidationError("--runs, --steps, --stride and --minutes are above zero.")
        }
        guard firstSeed <= UInt64.max - UInt64(Self.runsMax) else {
            throw ValidationError("--seed is too large for the seeds that follow it.")
        }
        guard kill || (data == nil && at == nil) else {
            throw ValidationError("--data and --at go with --kill.")
        }
        guard !kill || !(once || exhaustive || steps != nil) else {
            throw ValidationError("--once, --steps and --exhaustive do not go with --kill.")
        }
        guard !(exhaustive || at != nil) || (runs == nil && minutes == nil) else {
            throw ValidationError(
                "--runs and --minutes do not go with --exhaustive and --at: they end by themselves."
            )
        }
        guard !exhaustive || (seed == nil && steps == nil && !once) else {
            throw ValidationError(
                "--seed, --steps and --once do not go with --exhaustive: its history is a script."
            )
        }
        guard exhaustive || (stride == nil && only == nil) else {
            throw ValidationError("--stride and --case go with --exhaustive.")
        }
        guard stride == nil || only == nil else {
            throw ValidationError("--stride does not go with --case, which is one case.")
        }
    }

    private var firstSeed: UInt64 { seed ?? 1 }

    private static let runsMax = 1 << 40

    func run() async throws {
        let deadline = minutes.map { ContinuousClock.now + .seconds($0 * 60) }
        let runs = runs ?? (minutes != nil ? Self.runsMax : kill ? 200 : 1_000)
        if listFailpoints {
            for name in try Self.failpoints() { print(name) }
        } else if let at {
            #if Failpoints
            try await killServers(at: Self.failpoints(at))
            #else
            _ = try Self.failpoints(at)
            #endif
        } else if kill {
            try await killServers(runs, deadline)
        } else if let only {
            try simulate { try ExhaustiveCampaign.replay(only.faultCase) }
        } else if exhaustive {
            let stride = stride ?? ExhaustiveCampaign.usualCrashStride
            try simulate(ExhaustiveCampaign(crashStride: stride).run)
        } else {
            let campaign = SimulatedCampaign(
                histories: runs,
                seed: firstSeed,
                steps: steps ?? 60,
                deadline: deadline,
                twice: !once
            )
            try simulate(campaign.run)
        }
    }

    /// The names of the failpoints that `text` asks for, or of all.
    private static func failpoints(_ text: String = "all") throws -> [String] {
        #if Failpoints
        let names = FailpointCampaign.names
        if text == "all" { return names }
        let wanted = text.split(separator: ",").map(String.init)
        if let unknown = wanted.first(where: { !names.contains($0) }) {
            throw CommandFailure(
                "there is no failpoint \(unknown)",
                remedy: "holdfast torture --list-failpoints prints their names."
            )
        }
        return wanted
        #else
        throw CommandFailure(
            "this program has no failpoints",
            remedy: "Build one that has: swift build --traits Failpoints"
        )
        #endif
    }

    private func simulate(_ campaign: () throws -> Void) throws {
        do {
            try campaign()
        } catch let violation as Violation {
            print("BROKEN PROMISE\n\(violation)")
            throw ExitCode.failure
        }
    }

    private func killServers(_ runs: Int, _ deadline: ContinuousClock.Instant?) async throws {
        let parent = try Self.directory(in: data ?? NSTemporaryDirectory())
        let campaign = KillCampaign(
            plan: .init(rounds: runs, seed: firstSeed, deadline: deadline, parent: parent)
        )
        try await judge(campaign.referee, parent, campaign.run) { tally in
            "--runs \(tally.roundsBegun)"
        }
    }

    #if Failpoints
    private func killServers(at points: [String]) async throws {
        let parent = try Self.directory(in: data ?? NSTemporaryDirectory())
        let campaign = FailpointCampaign(points: points, seed: firstSeed, parent: parent)
        try await judge(campaign.referee, parent, campaign.run) { tally in
            "--at \(points.dropFirst(tally.rounds / FailpointCampaign.hits.count).joined(separator: ","))"
        }
    }
    #endif

    /// Runs a campaign and shows its score; whatever ends it early with the options that repeat it.
    private func judge(
        _ referee: KillReferee,
        _ parent: String,
        _ campaign: () async throws -> Void,
        replay: (KillTally) -> String
    ) async throws {
        let began = ContinuousClock.now
        do {
            try await campaign()
        } catch {
            ProgressBar.end()
            referee.tally.show()
            let command = "holdfast torture --kill --seed \(firstSeed) \(replay(referee.tally))"
            if let broken = error as? KillReferee.Broken {
                Self.show(broken, command)
            } else {
                print("FAILED\n\(error)")
                print("the stores are in \(parent); to repeat: \(command)")
            }
            throw ExitCode.failure
        }
        ProgressBar.end()
        referee.tally.show()
        let seconds = began.duration(to: .now) / .seconds(1)
        print("seed \(firstSeed) in \(Int(seconds.rounded())) s")
        try? FileManager.default.removeItem(atPath: parent)
    }

    private static func show(_ broken: KillReferee.Broken, _ replay: String) {
        print("BROKEN PROMISE")
        for problem in broken.problems.prefix(20) { print(problem) }
        if broken.problems.count > 20 { print("... \(broken.problems.count) problems in all") }
        print("what was done to the store:")
        for step in broken.store.schedule.steps { print("  \(step)") }
        print("the store is kept in \(broken.store.directory); to repeat: \(replay)")
        print("the server said:\n\(broken.store.logTail())")
    }

    /// A new directory below `parent`.
    private static func directory(in parent: String) throws -> String {
        let name = "holdfast-torture-\(ProcessInfo.processInfo.processIdentifier)"
        let path = URL(filePath: parent).appending(path: name).path
        try FileManager.default.createDirectory(
            atPath: path,
            withIntermediateDirectories: true
        )
        return path
    }
}
