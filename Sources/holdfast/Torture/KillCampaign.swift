import Foundation

/// Kills a loaded server again and again and reads everything back after each recovery.
///
/// A round: clients send; the server is killed with SIGKILL at a random moment of it or shortly after; now and then it
/// is killed again while it recovers; it is started, and what it has is compared with what clients were told. The seed
/// decides the load and the moments, which are as exact as the machine lets them be.
final class KillCampaign {
    /// How long it goes on and where.
    struct Plan {
        var rounds: Int
        var seed: UInt64
        var deadline: ContinuousClock.Instant?
        /// Stores are made below it.
        var parent: String
    }

    let referee = KillReferee()
    private let plan: Plan
    private let bar: ProgressBar
    private let interrupt = Interrupt()
    private var random: SeededGenerator

    /// After so many rounds a store is checked as a whole, and the next is begun.
    private static let roundsPerStore = 25

    init(plan: Plan) {
        self.plan = plan
        bar = ProgressBar(parts: plan.rounds, deadline: plan.deadline)
        random = SeededGenerator(seed: plan.seed)
    }

    /// Plays all rounds.
    ///
    /// - Throws: `KillReferee.Broken` at the first round that is not clean.
    func run() async throws {
        while goesOn {
            let name = "store-\(referee.tally.verified)"
            let store = try KillStore(parent: plan.parent, name: name, tag: random.next() | 1)
            try await referee.guarding(store) { try await play(store) }
        }
    }

    private var goesOn: Bool {
        !interrupt.isRaised && referee.tally.rounds < plan.rounds
            && plan.deadline.map { ContinuousClock.now < $0 } ?? true
    }

    private func play(_ store: KillStore) async throws {
        var check = KillCheck(store: store)
        referee.tally.roundsBegun = referee.tally.rounds + 1
        var server = try referee.start(store, limits())
        var round = 0
        while goesOn, round < Self.roundsPerStore {
            referee.tally.roundsBegun = referee.tally.rounds + 1
            try await load(store, round, server)
            try await killRecoveries(store)
            server = try referee.start(store, limits())
            let rounds = [round, random.below(round + 1)]
            try await referee.examine(&check, rounds: rounds, server)
            round += 1
            referee.tally.rounds += 1
            referee.tally.note(store.ledger)
            tell()
        }
        server.kill()
        try await referee.finish(&check, rounds: 0..<round)
    }

    // MARK: - The parts of a round

    /// Loads the server and kills it, under load or shortly after.
    private func load(_ store: KillStore, _ round: Int, _ server: ServerProcess) async throws {
        let load = KillLoad(
            store: store,
            round: round,
            seed: plan.seed,
            client: server.client,
            shape: KillLoad.Shape()
        )
        // Early moments are the more frequent ones: more of them hit a step just begun.
        let moment = 2 + pow(random.unit(), 2) * 400
        let isIdle = random.chance(0.2)
        let wait = random.unit() * 60
        async let clients: Void = load.run()
        try await Task.sleep(for: .milliseconds(moment))
        if isIdle {
            load.stop()
            await clients
            try await Task.sleep(for: .milliseconds(wait))
        }
        store.schedule.note(
            "round \(round): load for \(Int(moment)) ms, "
                + (isIdle ? "rest for \(Int(wait)) ms, " : "") + "SIGKILL"
        )
        let wasRunning = server.isRunning
        let exit = server.kill()
        load.stop()
        await clients
        referee.tally.kills += 1
        guard wasRunning else {
            throw KillReferee.Broken(
                problems: ["the server ended by itself: \(exit)"],
                store: store
            )
        }
        guard load.problems.isEmpty else {
            throw KillReferee.Broken(problems: load.problems, store: store)
        }
    }

    /// Now and then, kills the server while it recovers, once or several times.
    private func killRecoveries(_ store: KillStore) async throws {
        while random.chance(0.3) {
            let server = try store.start(limits())
            let moment = random.unit() * referee.tally.typicalStart * 1.2
            try await Task.sleep(for: .milliseconds(moment))
            store.schedule.note("SIGKILL during recovery, after \(Int(moment)) ms")
            let exit = server.kill()
            guard exit == .signal(SIGKILL) else {
                throw KillReferee.Broken(
                    problems: ["recovery ended by itself: \(exit)"],
                    store: store
                )
            }
            referee.tally.kills += 1
            referee.tally.killsInRecovery += 1
        }
    }

    private func limits() -> [NodeLimit] {
        random.chance(0.5) ? KillLimits.poisoning : KillLimits.healing
    }

    // MARK: - Telling

    private func tell() {
        let tally = referee.tally
        let isEndless = plan.rounds > 1 << 32
        bar.show(
            tally.rounds,
            "\(tally.rounds)\(isEndless ? "" : " of \(plan.rounds)") rounds, \(tally.kills) kills, "
                + "\(tally.acknowledged) batches acknowledged, slowest restart "
                + "\(Int(tally.slowestStart)) ms",
            isMilestone: tally.rounds % Self.roundsPerStore == 0
        )
    }
}
