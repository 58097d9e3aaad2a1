import Failpoints
import Foundation
import Storage

#if Failpoints

/// Kills a server at every failpoint in turn: at its first arrival there, at the second, and at a later one.
///
/// The names come from the catalogs of this very program, so that a new place is visited by itself; a place that no
/// load reaches so often is a failure. Needs a program with failpoints compiled in.
final class FailpointCampaign {
    /// What is done to a server until it dies, one after the other.
    private enum Stage: String, CaseIterable {
        /// Load; what is poisoned becomes dead letters, which are discarded.
        case loading
        /// Load; dead letters are replayed, too.
        case healing
        /// Load, while the journal keeps failing and the store is opened anew.
        case reopening

        /// In which order they come: first what is likely to arrive at `point`.
        static func order(for point: String) -> [Stage] {
            let isOfOpening = point.hasPrefix("journal.") || point.hasPrefix("recovery.")
            return isOfOpening ? [.reopening, .loading, .healing] : allCases
        }
    }

    let referee = KillReferee()
    private let parent: String
    private let seed: UInt64
    private let points: [String]
    private let interrupt = Interrupt()

    /// Which arrivals.
    static let hits = [1, 2, 5]
    /// Places that an opening reaches only if the newest manifest does not read back.
    private static let behindDamage: Set<String> = [
        "manifest.setAside.pre", "manifest.setAside.post",
    ]
    /// Places that a process reaches once at most: to arrive again, it has to be killed there and started anew.
    private static let oncePerOpening = behindDamage.union(["store.identity.pre"])
    /// Letters that every first server finds torn, so that the fifth, too, has to be set aside.
    private static let tornLetters = 5
    /// Steady rather than fast: many flushes, each with a few dead letters.
    private static let shape = KillLoad.Shape(
        batchesMax: 8_000,
        poisonedPerMille: 6,
        pause: .milliseconds(3),
        letterPause: .milliseconds(250)
    )
    private static let shortShape = KillLoad.Shape(batchesMax: 500)
    private static let stageSecondsMax = 30.0
    private static let idleSecondsMax = 1.0

    /// The names of every place.
    static var names: [String] {
        let registry = FailpointRegistry()
        registry.knowStorage()
        return registry.knownNames
    }

    init(points: [String], seed: UInt64, parent: String) {
        self.points = points
        self.seed = seed
        self.parent = parent
    }

    /// Visits all of them and prints how each was met.
    ///
    /// - Throws: `KillReferee.Broken` at the first place that loses something or is not reached.
    func run() async throws {
        let bar = ProgressBar(parts: points.count * Self.hits.count)
        var table = Table(.left("FAILPOINT"), .right("HIT"), .left("KILLED WHILE"), .right("MS"))
        for (index, point) in points.enumerated() {
            for hit in Self.hits where !interrupt.isRaised {
                let began = ContinuousClock.now
                let store = try KillStore(
                    parent: parent,
                    name: "\(point)-\(hit)",
                    tag: UInt64(index * 10 + hit)
                )
                let how = try await referee.guarding(store) {
                    try await visit(point, hit, store)
                }
                let time = Int(began.duration(to: .now) / .milliseconds(1))
                table.add(point, "\(hit)", how, "\(time)")
                referee.tally.rounds += 1
                bar.show(
                    referee.tally.rounds,
                    "\(point) #\(hit): killed while \(how), nothing lost",
                    isMilestone: true
                )
            }
        }
        ProgressBar.end()
        table.show()
    }

    /// Kills at one arrival, in the first stage that gets there, and examines what is left.
    ///
    /// - Returns: what was done to the server meanwhile.
    private func visit(_ point: String, _ hit: Int, _ store: KillStore) async throws -> String {
        var check = KillCheck(store: store)
        try store.tearLetters(Self.tornLetters)
        var arrival = hit
        if Self.behindDamage.contains(point) {
            let server = try store.start(KillLimits.poisoning)
            guard try await play(.loading, 0, server, store, Self.shortShape) == nil else {
                throw broken(server.kill(), store)
            }
            try store.damageManifest()
        }
        if Self.oncePerOpening.contains(point) {
            for _ in 1..<hit { try killOpening(point, store) }
            arrival = 1
        }
        for (round, stage) in Stage.order(for: point).enumerated() {
            let server = try store.start(
                stage == .loading ? KillLimits.poisoning : KillLimits.healing,
                failpoints: Self.program(stage, point, arrival)
            )
            let died = try await play(stage, round, server, store)
            store.schedule.note(died.map { "killed while \($0)" } ?? "\(stage.rawValue): not there")
            referee.tally.kills += 1
            let next = try referee.start(store, KillLimits.poisoning)
            try await referee.examine(&check, rounds: 0...round, next)
            next.kill()
            if let died {
                let lost = try store.takeTornLetters(Self.tornLetters)
                guard lost.isEmpty else {
                    throw KillReferee.Broken(
                        problems: lost.map { "the torn letter \($0) is gone" },
                        store: store
                    )
                }
                try await referee.finish(&check, rounds: 0..<round + 1)
                return died
            }
        }
        throw KillReferee.Broken(
            problems: ["no load arrives at \(point) \(hit) times"],
            store: store
        )
    }

    /// Starts a server that is killed at its first arrival, while it opens the store.
    private func killOpening(_ point: String, _ store: KillStore) throws {
        let server = try store.start(
            KillLimits.poisoning,
            failpoints: Self.program(.loading, point, 1)
        )
        do {
            try server.waitUntilReady()
        } catch let error as ServerProcess.NotReady {
            guard error.exit == .signal(SIGKILL) else { throw broken(error.exit, store) }
            referee.tally.kills += 1
            return
        }
        throw KillReferee.Broken(
            problems: ["the opening does not arrive at \(point)"],
            store: store
        )
    }

    /// What is armed in the server.
    private static func program(_ stage: Stage, _ point: String, _ hit: Int) -> String {
        let kill = "\(point)=\(hit > 1 ? "\(hit - 1)*off->" : "")1*kill"
        let errors = "journal.append.pre"
        guard stage == .reopening, point != errors else { return kill }
        // Twice in a row: the second opening finds a journal file without a batch.
        return kill + ";\(errors)="
            + repeatElement("20*off->2*error", count: 10).joined(separator: "->")
    }

    /// Loads a server; says what it was doing when it was killed, or nil when that did not happen.
    private func play(
        _ stage: Stage,
        _ round: Int,
        _ server: ServerProcess,
        _ store: KillStore,
        _ shape: KillLoad.Shape = shape
    ) async throws -> String? {
        do {
            try server.waitUntilReady()
        } catch let error as ServerProcess.NotReady {
            guard error.exit == .signal(SIGKILL) else { throw broken(error.exit, store) }
            return "opening"
        }
        let load = KillLoad(
            store: store,
            round: round,
            seed: seed,
            client: server.client,
            shape: shape
        )
        async let clients: Void = load.run()
        let deadline = ContinuousClock.now + .seconds(Self.stageSecondsMax)
        var idleSince: ContinuousClock.Instant?
        while server.isRunning, .now < deadline {
            if load.isSpent, idleSince == nil { idleSince = .now }
            if let idleSince, .now > idleSince + .seconds(Self.idleSecondsMax) { break }
            try await Task.sleep(for: .milliseconds(2))
        }
        let wasRunning = server.isRunning
        let exit = server.kill()
        load.stop()
        await clients
        guard load.problems.isEmpty else {
            throw KillReferee.Broken(problems: load.problems, store: store)
        }
        if wasRunning { return nil }
        guard exit == .signal(SIGKILL) else { throw broken(exit, store) }
        return stage.rawValue
    }

    private func broken(_ exit: ServerProcess.Exit, _ store: KillStore) -> KillReferee.Broken {
        KillReferee.Broken(problems: ["the server ended by itself: \(exit)"], store: store)
    }
}

#endif
