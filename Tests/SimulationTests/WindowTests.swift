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

    /// Also when a process that ended at once has made it, and the names above it, without syncing anything.
    @Test(arguments: ["/data", ""], [false, true])
    func aDataDirectoryThatTheNodeMadeIsDurable(above: String, madeBefore: Bool) throws {
        var options = WorldOptions(seed: 1)
        options.durableDirectory = above
        let world = World(options)
        if madeBefore {
            try world.fileSystem.makeDirectory(Self.journal)
            world.kill()
        }
        #expect(try world.open())
        try world.append(Self.rows)
        world.losePower(.losing)
        #expect(try world.open())
    }

    @Test func rotInTheHeaderOfTheNewestJournalFileIsNotTakenForATornFile() throws {
        let world = try Self.world()
        world.close()
        let names = try world.fileSystem.list(Self.journal).map(\.name)
        let name = try #require(names.last { $0.hasSuffix(".wal") })
        world.disk.rot(Self.journal + "/" + name, at: 10)
        let error = #expect(throws: Violation.self) { try world.open() }
        #expect(
            error?.description.contains("header is not valid") ?? false,
            "\(String(describing: error))"
        )
    }

    @Test func aStalledWriterGetsNothingCommitted() throws {
        for choice in 0..<World.sleeperChoices {
            let world = try Self.world()
            try world.takeOver()
            try world.append(Self.rows)
            try world.wakeSleeper(choice)
            world.losePower(.losing)
            #expect(try world.open())
            try world.verify()
        }
    }

    @Test(arguments: ["append", "flush", "compact", "collect", "retain"])
    func aTakeoverInTheMiddleOfAnOperationBreaksNothing(name: String) throws {
        let steps: [String: ScriptStep] = [
            "append": .append(batches: 2, hour: 1, filler: 9_000), "flush": .flush,
            "compact": .compact, "collect": .collect, "retain": .retain(before: 2),
        ]
        let step = try #require(steps[name])
        for call in 1...TakeoverCase.callsMax { try TakeoverCase(step: step, call: call).run() }
    }

    /// The lock of the data directory is lost and the former writer knows nothing of it.
    @Test func aStalledWriterAcknowledgesNothing() throws {
        let world = try Self.world()
        let stalled = try #require(world.engine)
        try world.takeOver()
        let number = world.ledger.attempt(rows: 1)
        let error = #expect(throws: StorageError.self) {
            _ = try stalled.append([SimulatedCatalog.batch(number, rows: 1, hour: 1, filler: 0)])
        }
        #expect(error?.code == .stop)
        #expect(error?.message.contains("taken over") ?? false)
        // Not even after the next recovery, which finds what it wrote.
        try world.append(Self.rows)
        world.losePower(.keeping)
        #expect(try world.open())
        let found = try #require(try world.observe())
        #expect(found.rows[Int(number)] == 0)
        try world.verify()
    }

    /// The former writer goes on at every moment of a takeover: what it is told is true, and all else is as if it
    /// had not been.
    @Test(arguments: 0..<World.sleeperChoices)
    func aWriterThatWakesDuringTheTakeoverBreaksNothing(choice: Int) throws {
        for call in 1...40 {
            var options = WorldOptions(seed: UInt64(call))
            options.limits.garbageGraceSeconds = 0
            let world = World(options)
            #expect(try world.open())
            for _ in 0..<3 {
                try world.append(Self.rows)
                try world.take(.flush)
            }
            try world.append([(rows: 2, hour: 1, filler: 9_000)], poison: 1)
            try world.takeOver(wake: (call, choice))
            try world.append(Self.rows)
            for late in 0..<World.sleeperChoices { try world.wakeSleeper(late) }
            try world.check()
            world.losePower(.tearing)
            #expect(try world.open())
            try world.verify()
        }
    }

    /// The files that a fenced writer makes outlive those they belonged to.
    @Test func aFileThatAFencedWriterLeavesIsNoHole() throws {
        let world = try Self.world()
        let stalled = try #require(world.engine)
        try world.takeOver()
        for _ in 0..<12 { try world.append([(rows: 2, hour: 1, filler: 5_000)]) }
        try world.take(.flush)
        try world.append(Self.rows)
        try world.take(.flush)
        let number = world.ledger.attempt(rows: 1)
        #expect(throws: StorageError.self) {
            let batch = SimulatedCatalog.batch(number, rows: 1, hour: 1, filler: 40_000)
            _ = try stalled.append([batch, batch, batch])
        }
        for _ in 0..<2 {
            world.losePower(.keeping)
            #expect(try world.open())
            try world.append(Self.rows)
            try world.verify()
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
            slow.observe(
                Interruption(afterCalls: calls, includesJournal: true) {
                    quick = try? open(world.disk.boot())
                }
            )
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
