import Storage
import Testing

@testable import Simulation

/// Single windows, each by its name.
struct WindowTests {
    private static let journal = World.root + "/journal"
    private static let rows = [(rows: 2, hour: 1, filler: 600)]

    private static func world() throws -> World {
        let world = World(WorldOptions(seed: 7))
        #expect(try world.open())
        try world.append(rows)
        return world
    }

    @Test func aDataDirectoryThatTheNodeMadeIsDurable() throws {
        var options = WorldOptions(seed: 1)
        options.makesRoot = true
        let world = World(options)
        #expect(try world.open())
        try world.append(Self.rows)
        world.losePower(.losing)
        #expect(try world.open())
    }

    @Test func rotInTheHeaderOfTheNewestJournalFileIsNotTakenForATornFile() throws {
        let world = try Self.world()
        world.close()
        let name = try #require(try world.fileSystem.list(Self.journal).last?.name)
        world.disk.rot(Self.journal + "/" + name, at: 10)
        let error = #expect(throws: Violation.self) { try world.open() }
        #expect(
            error?.description.contains("header is not valid") ?? false,
            "\(String(describing: error))"
        )
    }

    @Test func aStalledWriterGetsNothingCommitted() throws {
        for choice in 0..<4 {
            let world = try Self.world()
            try world.takeOver()
            try world.append(Self.rows)
            try world.wakeSleeper(choice)
            world.losePower(.losing)
            #expect(try world.open())
            try world.verify()
        }
    }

    @Test(arguments: ["flush", "compact", "collect", "retain"])
    func aTakeoverInTheMiddleOfAnOperationBreaksNothing(name: String) throws {
        let steps: [String: ScriptStep] = [
            "flush": .flush, "compact": .compact, "collect": .collect, "retain": .retain(before: 2),
        ]
        let step = try #require(steps[name])
        for call in 1...TakeoverCase.callsMax { try TakeoverCase(step: step, call: call).run() }
    }

    /// The lock of the data directory is all that keeps a stalled writer from this; commits are fenced, the
    /// journal is not.
    @Test func aStalledWriterAcknowledgesNothing() throws {
        let world = try Self.world()
        let stalled = try #require(world.engine)
        try world.takeOver()
        let number = world.ledger.attempt(rows: 1, hour: 1)
        withKnownIssue("the journal of an older epoch takes batches after a takeover") {
            #expect(throws: StorageError.self) {
                _ = try stalled.append([SimulatedCatalog.batch(number, rows: 1, hour: 1, filler: 0)]
                )
            }
        }
    }

    /// Two processes open the store at once because the lock is lost: one of them must learn it.
    @Test func ofTwoProcessesThatOpenAtOnceOneIsFenced() throws {
        for calls in 1...60 {
            let world = try Self.world()
            world.close()
            let slow = world.disk.boot()
            var quick: StorageEngine?
            func open(_ process: SimulatedFileSystem) throws(StorageError) -> StorageEngine {
                world.disk.loseLocks()
                return try StorageEngine.open(
                    environment: world.environment(process),
                    limits: SimulatedCatalog.limits,
                    dataDirectory: World.root,
                    catalog: SimulatedCatalog.tables,
                    spaces: [SimulatedCatalog.space],
                    decoder: SimulatedCatalog.decoder
                )
            }
            slow.observe(Interruption(afterCalls: calls) { quick = try? open(world.disk.boot()) })
            let late = try? open(slow)
            slow.observe(nil)
            let epochs = [late, quick].compactMap { $0?.epoch }
            #expect(
                Set(epochs).count == epochs.count,
                "both have epoch \(epochs) after call \(calls)"
            )
        }
    }
}
