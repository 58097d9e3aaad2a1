import Failpoints
import Testing

@testable import Simulation
@testable import Storage

/// Every named window of the engine fails, is killed and loses power: nothing acknowledged is lost, and nothing
/// refused comes half.
@Suite(.enabled(if: FailpointRegistry.isCompiledIn))
struct FailpointTests {
    /// What happens at a failpoint.
    enum Blow: String, CaseIterable, Sendable {
        /// The step fails once.
        case error
        case kill, powerLossLosing, powerLossKeeping, powerLossTearing
    }

    /// The script with `registry`, as far as its process lives.
    private static func play(_ world: World) throws {
        let first = world.fileSystem
        try world.reopen()
        for step in ScriptStep.everything where first.isAlive { try world.take(step) }
    }

    /// How often the script reaches each place, from one run without a fault.
    private static let hits: Result<[String: Int], any Error> = Result {
        let world = World(WorldOptions(seed: 1))
        try play(world)
        let registry = world.options.failpoints
        return Dictionary(
            uniqueKeysWithValues: StorageFailpoint.allCases.map {
                ($0.rawValue, registry.hitCount($0))
            }
        )
    }

    @Test(arguments: StorageFailpoint.allCases)
    func theScriptReachesEveryFailpoint(point: StorageFailpoint) throws {
        let count = try Self.hits.get()[point.rawValue] ?? 0
        #expect(count > 0, "\(point.rawValue) is never reached: give the script a step that does")
    }

    @Test(arguments: StorageFailpoint.allCases)
    func noFailureAtAFailpointBreaksAPromise(point: StorageFailpoint) throws {
        let count = try Self.hits.get()[point.rawValue] ?? 0
        for (index, blow) in Blow.allCases.enumerated() {
            // The first arrival, the last, and one between them, another for each blow.
            for number in Set([1, count, 1 + count * (index + 1) / 7]) where number <= count {
                try Self.strike(point, number, blow)
            }
        }
    }

    private static func strike(_ point: StorageFailpoint, _ number: Int, _ blow: Blow) throws {
        let registry = FailpointRegistry(seed: 1)
        var options = WorldOptions(seed: UInt64(number))
        options.failpoints = registry
        let world = World(options)
        let process = world.fileSystem
        world.firedCount = { registry.firedCount(point) }
        registry.define(callback: "blow") { _ in
            switch blow {
            case .error: break
            case .kill: process.kill()
            case .powerLossLosing: process.disk.losePower(.losing)
            case .powerLossKeeping: process.disk.losePower(.keeping)
            case .powerLossTearing: process.disk.losePower(.tearing)
            }
            return .error(blow.rawValue)
        }
        try registry.arm(point, .nth(number, .callback("blow")))
        do {
            try play(world)
            #expect(registry.firedCount(point) == 1)
            #expect(process.isAlive == (blow == .error))
            if process.isAlive { world.losePower(.losing) }
            try world.prove()
            try registry.finish()
        } catch {
            let schedule = world.schedule.joined(separator: "\n  ")
            Issue.record("\(point.rawValue)#\(number) \(blow): \(error)\n  \(schedule)")
        }
    }
}
