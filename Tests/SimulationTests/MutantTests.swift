import Storage
import Testing

@testable import Simulation

/// The checks find every planted defect: a check that has never failed proves nothing.
struct MutantTests {
    private static let seedsMax: UInt64 = 200

    @Test(arguments: Mutant.allCases.filter { $0 != .manifestOverwrite })
    func everyPlantedDefectIsFoundBySeeds(mutant: Mutant) {
        var found: Violation?
        var seed: UInt64 = 0
        while found == nil, seed < Self.seedsMax {
            seed += 1
            do throws(Violation) {
                _ = try SeededRun(seed: seed, mutant: mutant).run()
            } catch {
                found = error
            }
        }
        #expect(found != nil, "\(mutant) was not found by \(Self.seedsMax) seeds")
    }

    /// The window is a few calls wide: another process opens between the last look at the newest manifest and the
    /// link of the next.
    @Test func aReplacedManifestIsFound() {
        var finds = 0
        for call in 1...TakeoverCase.callsMax {
            do throws(Violation) {
                try TakeoverCase(step: .flush, call: call, mutant: .manifestOverwrite).run()
            } catch {
                finds += 1
            }
        }
        #expect(finds > 0)
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
