import Storage
import Testing

@testable import Simulation

/// The checks find every planted defect, each the one that is meant for it: a check that has never failed proves
/// nothing.
struct MutantTests {
    private static let seedsMax: UInt64 = 200

    /// What the checks that are meant for a defect say: all the words of one of these.
    private static func findings(of mutant: Mutant) -> [[String]] {
        switch mutant {
        case .acknowledgeBeforeSync, .missingDirectorySync: [["batch ", " is lost"]]
        case .countBeforeCommit:
            [["manifest ", " of space ", " is missing"], ["space ", " went back from version "]]
        case .collectWithoutGrace: [["segment spaces/", " is missing"]]
        case .replayWithoutIdempotence: [["batch ", " was found twice"]]
        case .manifestOverwrite: [["manifest ", " of space ", " was replaced"]]
        case .syncAgainAfterError:
            // What is gone is part of the journal, of a segment or of a manifest.
            [
                ["batch ", " is lost"], ["the store does not open: journal file "],
                ["segment spaces/"], ["a manifest of space ", " was given up"],
            ]
        }
    }

    /// Whether a check found what it is meant to find; the schedule behind its sentence does not count.
    private static func isFinding(_ violation: Violation, of mutant: Mutant) -> Bool {
        let sentence = Self.sentence(violation)
        return findings(of: mutant).contains { words in
            words.allSatisfy { sentence.contains($0) }
        }
    }

    private static func sentence(_ violation: Violation) -> String {
        violation.description.split(separator: "\n").first.map(String.init) ?? ""
    }

    @Test(arguments: Mutant.allCases)
    func everyPlantedDefectIsFoundBySeeds(mutant: Mutant) {
        search(for: mutant, usesObjectStore: false)
    }

    /// What syncs alone can do wrong is wrong on the disk.
    @Test(arguments: Mutant.allCases.filter { $0 != .syncAgainAfterError })
    func everyPlantedDefectIsFoundWithAnObjectStore(mutant: Mutant) {
        search(for: mutant, usesObjectStore: true)
    }

    private func search(for mutant: Mutant, usesObjectStore: Bool) {
        var others: [String] = []
        for seed in 1...Self.seedsMax {
            let run = SeededRun(seed: seed, mutant: mutant, usesObjectStore: usesObjectStore)
            do throws(Violation) {
                _ = try run.run()
            } catch {
                if Self.isFinding(error, of: mutant) { return }
                others.append("seed \(seed): \(Self.sentence(error))")
            }
        }
        Issue.record("\(Self.seedsMax) seeds do not find \(mutant); what they find: \(others)")
    }

    /// The window is a few calls wide: another process opens between the last look at the newest manifest and the
    /// link of the next.
    @Test func aReplacedManifestIsFound() {
        var others: [String] = []
        for call in 1...TakeoverCase.callsMax {
            do throws(Violation) {
                try TakeoverCase(step: .flush, call: call, mutant: .manifestOverwrite).run()
            } catch {
                if Self.isFinding(error, of: .manifestOverwrite) { return }
                others.append(Self.sentence(error))
            }
        }
        Issue.record("no call shows that a manifest was replaced; what they find: \(others)")
    }

    /// It takes no crash: the version that the engine counts is compared with what is in the store.
    @Test func aCommitThatCountsTooEarlyIsFoundAtOnce() throws {
        var options = WorldOptions(seed: 1)
        options.mutant = .countBeforeCommit
        let world = World(options)
        #expect(try world.open())
        try world.take(.append(batches: 1, hour: 1, filler: 0))
        try world.take(.flush)
        let version = world.engine?.snapshot(space: SimulatedCatalog.space)?.version.id
        #expect(version == 2)
        let violation = #expect(throws: Violation.self) { try world.check() }
        #expect(violation?.description == "manifest 2 of space default is missing")
    }
}

/// Another process opens the store at one call of an operation.
struct TakeoverCase {
    /// No operation makes more changes.
    static let callsMax = 80

    let step: ScriptStep
    let call: Int
    var mutant: Mutant?

    func run() throws(Violation) {
        var options = WorldOptions(seed: UInt64(call))
        options.mutant = mutant
        options.limits.garbageGraceSeconds = 0
        let world = World(options)
        do {
            _ = try world.open()
            for _ in 0..<3 {
                try world.take(.append(batches: 2, hour: 2, filler: 100))
                try world.take(.flush)
            }
            try world.take(.append(batches: 2, hour: 1, filler: 100))
            try world.interrupt(
                afterCalls: call,
                includesJournal: true,
                with: { try world.takeOver() }
            ) {
                try world.take(step)
            }
            for choice in 0..<World.sleeperChoices { try world.wakeSleeper(choice) }
            try world.take(.append(batches: 1, hour: 2, filler: 0))
            try world.take(.flush)
            try world.check()
            try world.verify()
            world.losePower(.losing)
            guard try world.open() else { throw Violation("the store does not open") }
            try world.verify()
        } catch {
            throw Violation("call \(call): \(error)\n  \(world.schedule.joined(separator: "\n  "))")
        }
    }
}
