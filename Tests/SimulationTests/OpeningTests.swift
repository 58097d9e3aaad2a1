import Failpoints
import Testing

@testable import Simulation
@testable import Storage

/// What opening a store must see, must not do, and must leave to somebody else.
struct OpeningTests {
    private static let rows = [(rows: 2, hour: 1, filler: 600)]

    /// One space is folded beyond the file that is missing; another is not.
    @Test func aMissingFileIsNoticedByTheSpaceThatNeedsIt() throws {
        let world = World(WorldOptions(seed: 1))
        #expect(try world.open())
        let engine = try #require(world.engine)
        try engine.createSpace(World.secondSpace)
        for number in 1...12 as ClosedRange<UInt64> {
            let space = number == 3 ? World.secondSpace : SimulatedCatalog.space
            let batch = SimulatedCatalog.batch(
                number,
                rows: 1,
                hour: 1,
                filler: 9_000,
                space: space
            )
            _ = try engine.append([batch])
        }
        for _ in 0..<2 { try engine.flush(space: SimulatedCatalog.space) }
        engine.close()
        // The first file holds nothing but what it had when the second space was made.
        for file in try world.journalFiles().dropLast(2) { try world.fileSystem.remove(file) }
        let error = #expect(throws: StorageError.self) { try world.openEngine() }
        #expect(error?.code == .restore)
        #expect(error?.message.contains("are missing before ") == true)
    }

    /// A space that has nothing but batches in the journal, while the other one is folded beyond them, looks like one that
    /// a replaced process has made once the manifest of the last opening is gone.
    @Test(arguments: [SimulatedCatalog.space, World.secondSpace], [false, true])
    func aSpaceThatLosesTheManifestOfAnOpeningKeepsItsBatches(space: String, isThere: Bool) throws {
        let world = World(WorldOptions(seed: 1))
        #expect(try world.open())
        try world.take(.createSpace)
        let other = space == World.secondSpace ? SimulatedCatalog.space : World.secondSpace
        for _ in 0..<3 {
            for _ in 0..<3 { try world.append(Self.rows) }
            try world.engine?.flush(space: other)
            try world.take(.reopen)
        }
        try world.loseManifest(space, isThere: isThere)
        for _ in 0..<2 {
            try world.recover()
            try world.check()
            world.losePower(.losing)
        }
        try world.prove()
    }

    /// A full disk has made room of the version before the newest one, and its deletion was lost: its segments are gone.
    @Test(arguments: [false, true])
    func nothingStepsBackToACollectedVersion(isThere: Bool) throws {
        let isBack = try (1...40 as ClosedRange<UInt64>).contains { seed in
            let world = World(WorldOptions(seed: seed))
            #expect(try world.open())
            for _ in 0..<4 {
                try world.append(Self.rows)
                try world.take(.flush)
            }
            for _ in 0..<2 { try world.take(.advance) }
            world.clock.advance(seconds: 40_000)
            try world.take(.compact)
            let engine = try #require(world.engine)
            let newest = try #require(engine.snapshot(space: SimulatedCatalog.space)).version.id
            try engine.collectGarbage(space: SimulatedCatalog.space, isUrgent: true)
            world.losePower(.tearing)
            func path(_ id: UInt64) -> String {
                World.root + "/" + Manifest.key(space: SimulatedCatalog.space, id: id)
            }
            guard world.disk.contents(path(newest - 1)) != nil else { return false }
            world.disk.edit(path(newest)) { isThere ? Array($0.dropLast()) : nil }
            world.fileSystem = world.disk.boot()
            let error = #expect(throws: StorageError.self) { try world.openEngine() }
            #expect(error?.code == .restore)
            return true
        }
        #expect(isBack)
    }

    /// A stalled writer has made its next file and ended before it wrote the header.
    @Test func aFileWithoutAHeaderForbidsNoStepBack() throws {
        let world = World(WorldOptions(seed: 1))
        #expect(try world.open())
        try world.append(Self.rows)
        try world.take(.reopen)
        let old = try #require(world.engine)
        let process = world.fileSystem
        try world.takeOver()
        for _ in 0..<4 {
            for _ in 0..<3 { try world.append([(rows: 1, hour: 1, filler: 9_000)]) }
            try world.take(.flush)
        }
        process.arm(Fault(.kill, at: 1, only: .write, in: "/journal/"))
        let number = world.ledger.attempt(rows: 1)
        let batch = SimulatedCatalog.batch(number, rows: 1, hour: 1, filler: 0)
        #expect(throws: StorageError.self) { try old.append([batch]) }
        let first = try #require(try world.journalFiles().first)
        #expect(JournalFileHeader(world.disk.contents(first) ?? []) == nil)
        try world.loseManifest(SimulatedCatalog.space, isThere: true)
        try world.recover()
        try world.prove()
    }

    /// The newest manifest of a space is gone, and the files with all its batches are.
    @Test func aLostManifestHidesNoMissingFile() throws {
        let world = World(WorldOptions(seed: 1))
        #expect(try world.open())
        var engine = try #require(world.engine)
        try engine.createSpace(World.secondSpace)
        for number in 1...9 as ClosedRange<UInt64> {
            if number == 9 {
                engine.close()
                engine = try world.openEngine()
            }
            let space = number == 9 ? SimulatedCatalog.space : World.secondSpace
            let batch = SimulatedCatalog.batch(
                number,
                rows: 1,
                hour: 1,
                filler: 9_000,
                space: space
            )
            _ = try engine.append([batch])
        }
        try engine.flush(space: SimulatedCatalog.space)
        engine.close()
        let files = try world.journalFiles().filter {
            (world.disk.contents($0) ?? []).count > 4_096
        }
        for file in files.dropLast() { try world.fileSystem.remove(file) }
        let directory = World.root + "/spaces/other/manifest"
        let name = try #require(
            try world.fileSystem.list(directory).map(\.name).last { $0.hasSuffix(".json") }
        )
        try world.fileSystem.remove(directory + "/" + name)
        let error = #expect(throws: StorageError.self) { try world.openEngine() }
        #expect(error?.code == .restore)
        #expect(error?.message.contains("are missing") == true)
    }

    /// The others go on while a space is made, and are folded further than it begins; somebody else perhaps tries to
    /// make it, too, and fails.
    @Test(arguments: 1...16, [false, true])
    func aSpaceThatIsMadeSlowlyKeepsTheJournal(call: Int, isTried: Bool) throws {
        let world = World(WorldOptions(seed: 1))
        #expect(try world.open())
        try world.append(Self.rows)
        let engine = try #require(world.engine)
        try world.interrupt(
            afterCalls: call,
            with: {
                if isTried {
                    world.fileSystem.arm(Fault(.inputOutput, at: 1))
                    #expect(throws: StorageError.self) {
                        try engine.createSpace(World.secondSpace)
                    }
                    world.fileSystem.arm(nil)
                }
                for _ in 0..<3 {
                    for _ in 0..<3 { try world.append([(rows: 1, hour: 1, filler: 9_000)]) }
                    try engine.flush(space: SimulatedCatalog.space)
                }
            }
        ) {
            try engine.createSpace(World.secondSpace)
        }
        world.losePower(.losing)
        try world.recover()
        try world.prove()
    }

    /// A query goes on with what it has although the store was opened anew, and the disk is full.
    @Test func whatAQueryHoldsOutlivesTheEngineItCameFrom() throws {
        let world = World(WorldOptions(seed: 1))
        #expect(try world.open())
        for _ in 0..<4 {
            try world.append(Self.rows)
            try world.take(.flush)
        }
        let engine = try #require(world.engine)
        let snapshot = try #require(engine.snapshot(space: SimulatedCatalog.space))
        world.clock.advance(seconds: 40_000)
        try world.take(.compact)
        engine.close()
        let next = try world.openEngine()
        next.keep(engine.versionsInUse)
        try next.collectGarbage(space: SimulatedCatalog.space, isUrgent: true)
        let keys = snapshot.version.objectKeys()
        #expect(keys != next.snapshot(space: SimulatedCatalog.space)?.version.objectKeys())
        for key in keys { #expect(world.disk.contents(World.root + "/" + key) != nil, "\(key)") }
    }

    /// A space that gets nothing holds the journal back no longer than one that does.
    @Test func everyIdleSpaceIsAdvancedWhileAnotherIsBusy() throws {
        let world = World(WorldOptions(seed: 1))
        #expect(try world.open())
        let engine = try #require(world.engine)
        let idle = ["first", "second", "third"]
        for name in idle { try engine.createSpace(name) }
        try world.append(Self.rows)
        try world.interrupt(afterCalls: 3, with: { try world.append(Self.rows) }) {
            try engine.advanceIdleSpaces()
        }
        for name in idle {
            let version = try #require(engine.snapshot(space: name)).version
            #expect(version.foldedLSN >= 1, "\(name)")
        }
    }

    /// Nobody knows whether the rows of a letter are in the newest version: it cannot be discarded.
    @Test(.enabled(if: FailpointRegistry.isCompiledIn))
    func aLetterIsNotDiscardedWhileItsReplayIsUndecided() throws {
        let registry = FailpointRegistry(seed: 1)
        var options = WorldOptions(seed: 1)
        options.failpoints = registry
        let world = World(options)
        world.firedCount = { registry.firedCount(StorageFailpoint.manifestBoundary) }
        #expect(try world.open())
        try world.append([(rows: 2, hour: 1, filler: 0)], poison: 1)
        try world.take(.flush)
        try world.take(.upgrade(true))
        let engine = try #require(world.engine)
        let id = try #require(engine.deadLetters.first).id
        try registry.arm(StorageFailpoint.manifestBoundary, FailpointProgram("1*error"))
        let undecided = #expect(throws: StorageError.self) { try engine.replayDeadLetter(id) }
        #expect(undecided?.code == .stop)
        let refused = #expect(throws: StorageError.self) { try engine.discardDeadLetter(id) }
        #expect(refused?.code == .stop)
        world.losePower(.losing)
        try world.recover()
        try world.prove()
        try registry.finish()
    }

    /// Nothing is made in the place of a space that the journal has batches of.
    @Test func aSpaceThatIsGoneIsNotBegunAnew() throws {
        let world = World(WorldOptions(seed: 1))
        #expect(try world.open())
        try world.take(.createSpace)
        for _ in 0..<3 { try world.append(Self.rows) }
        world.close()
        try world.fileSystem.removeAll(in: World.root + "/spaces/default")
        for _ in 0..<2 {
            let error = #expect(throws: StorageError.self) { try world.openEngine() }
            #expect(error?.code == .restore)
            #expect(error?.message.contains("of space default, which has no manifest") == true)
        }
    }

    @Test func aReplacedProcessMakesNoSpace() throws {
        let world = World(WorldOptions(seed: 1))
        #expect(try world.open())
        try world.append(Self.rows)
        let old = try #require(world.engine)
        try world.takeOver()
        let error = #expect(throws: StorageError.self) { try old.createSpace(World.secondSpace) }
        #expect(error?.code == .stop)
        #expect(try world.fileSystem.list(World.root + "/spaces").map(\.name) == ["default"])
    }

    /// A space that a process made while it was replaced stops nobody.
    @Test(arguments: 1...16)
    func aSpaceOfAReplacedProcessBeginsWhereTheJournalDoes(call: Int) throws {
        let world = World(WorldOptions(seed: 1))
        #expect(try world.open())
        try world.append(Self.rows)
        let old = try #require(world.engine)
        var isMade = false
        do {
            try world.interrupt(
                afterCalls: call,
                includesJournal: true,
                with: { try world.takeOver() }
            ) {
                try old.createSpace(World.secondSpace)
            }
            isMade = true
        } catch let error as StorageError {
            #expect(error.code == .stop)
        }
        for _ in 0..<3 {
            for _ in 0..<3 { try world.append([(rows: 1, hour: 1, filler: 9_000)]) }
            try world.take(.flush)
        }
        world.losePower(.losing)
        try world.recover()
        if isMade { #expect(world.engine?.hasSpace(World.secondSpace) == true) }
        // A flush that reads the journal back does not miss what the space never had.
        try world.append([(rows: 2, hour: 1, filler: 0), (rows: 2, hour: 1, filler: 0)], poison: 1)
        try world.take(.flush)
        try world.prove()
    }

    /// A process that is about to delete a page as garbage is stopped and replaced; its successor needs a page with the
    /// same content.
    @Test func aPageThatAReplacedProcessDeletesIsNeededByNobody() throws {
        var call = 0
        var isOver = false
        while !isOver {
            call += 1
            var options = WorldOptions(seed: 1)
            options.limits.garbageGraceSeconds = 0
            let world = World(options)
            #expect(try world.open())
            for hour in [1, 2] {
                try world.append([(rows: 2, hour: hour, filler: 0)])
                try world.take(.flush)
            }
            // The page of what is kept is put, the manifest is not.
            world.fileSystem.arm(Fault(.noSpace, at: 1, only: .link, in: "/manifest/"))
            try world.retain(before: 2)
            #expect(world.fileSystem.hasFired)
            world.calm()
            let old = try #require(world.engine)
            isOver = true
            try world.interrupt(
                afterCalls: call,
                with: {
                    isOver = false
                    try world.takeOver()
                    try world.retain(before: 2)
                }
            ) {
                _ = try? old.collectGarbage(space: SimulatedCatalog.space)
            }
            world.losePower(.keeping)
            try world.prove()
        }
        #expect(call > 3)
    }

    /// A file with a torn tail was sealed, folded and deleted; the deletion is lost with the power, that of its seal is
    /// not.
    @Test func aFileThatComesBackWithoutItsSealStopsNobody() throws {
        let world = World(WorldOptions(seed: 1))
        #expect(try world.open())
        try world.append(Self.rows)
        world.fileSystem.arm(Fault(.noSpace, at: 1, only: .write))
        try world.append([(rows: 2, hour: 1, filler: 9_000)])
        #expect(world.engine == nil)
        world.calm()
        let path = try #require(try world.journalFiles().last)
        let bytes = try #require(world.disk.contents(path))
        #expect(try world.open())
        for _ in 0..<3 {
            try world.append([(rows: 2, hour: 1, filler: 20_000)])
            try world.take(.flush)
        }
        #expect(try !world.journalFiles().contains(path))
        world.close()
        _ = try world.fileSystem.open(path, .create)
        world.disk.edit(path) { _ in bytes }
        try world.prove()
    }

    /// The copy under the name of a damaged letter does not land, or nobody can tell.
    @Test(arguments: [\ObjectStoreFaults.conflict, \.unknownNotLanded])
    func aTornLetterStaysUntilItsCopyIsThere(
        fault: any WritableKeyPath<ObjectStoreFaults, Int> & Sendable
    ) throws {
        let environment = World(WorldOptions(seed: 1)).environment(SimulatedDisk(seed: 1).boot())
        let store = SimulatedObjectStore(seed: 1)
        let id = DeadLetterID(lsn: 7)
        try store.replace(id.letterKey, [1, 2, 3])
        var faults = ObjectStoreFaults()
        faults[keyPath: fault] = 1
        store.misbehave(faults)
        let box = try LetterBox(environment: environment, store: store, storeID: "a")
        #expect(box.problems.count == 1)
        #expect(store.contents(id.letterKey) == [1, 2, 3])
        store.misbehave(ObjectStoreFaults())
        _ = try LetterBox(environment: environment, store: store, storeID: "a")
        #expect(store.contents(id.letterKey) == nil)
        #expect(store.contents(id.damagedKey) == [1, 2, 3])
    }

    /// Its deletion was done, reported as failed and never synced; then the power goes.
    @Test func aSettledLetterThatComesBackIsNoSecondRow() throws {
        let world = World(WorldOptions(seed: 1))
        #expect(try world.open())
        try world.append(Self.rows, poison: 0)
        try world.take(.flush)
        try world.take(.upgrade(true))
        try world.take(.replayLetters)
        try world.append(Self.rows)
        try world.take(.flush)
        world.fileSystem.arm(Fault(.doneButFailed, at: 1, only: .remove))
        try world.take(.collectLetters)
        #expect(world.fileSystem.hasFired)
        world.kill()
        try world.recover()
        try world.append(Self.rows)
        try world.take(.flush)
        world.losePower(.losing)
        try world.prove()
    }

    @Test func aNodeThatStartsAgainAndAgainLeavesNothingBehind() throws {
        let world = World(WorldOptions(seed: 1))
        #expect(try world.open())
        try world.append(Self.rows)
        for _ in 0..<20 {
            world.losePower(.losing)
            #expect(try world.open())
        }
        // One with the batch, and the newest seal.
        #expect(try world.journalFiles().count == 2)
        #expect(world.engine?.journalStatus.bytes == 3 * 4_096)
        let fences = try world.fileSystem.list(World.root + "/journal").map(\.name)
            .filter { $0.hasSuffix(".fence") }
        #expect(fences.count == 1)
    }

    @Test func aProbeThatFailsForAMomentDoesNotBlameTheFileSystem() throws {
        let world = World(WorldOptions(seed: 1))
        world.fileSystem.arm(Fault(.inputOutput, at: 1, only: .link))
        let error = #expect(throws: StorageError.self) { try world.openEngine() }
        #expect(error?.code == .retry)
        world.fileSystem.arm(nil)
        #expect(try world.open())
    }

    /// The newest batch was written, not synced, when the process ended; it cannot be decoded.
    ///
    /// Its letter must not outlive it: the number would be given to another batch.
    @Test(.enabled(if: FailpointRegistry.isCompiledIn))
    func aLetterIsNotMadeBeforeItsBatchIsDurable() throws {
        let registry = FailpointRegistry(seed: 1)
        var options = WorldOptions(seed: 1)
        options.failpoints = registry
        let world = World(options)
        #expect(try world.open())
        try world.append(Self.rows)
        world.fileSystem.arm(Fault(.kill, at: 1, only: .sync))
        _ = try? world.engine?.append([SimulatedCatalog.batch(9, rows: 1, hour: 1, filler: 0)])
        #expect(!world.fileSystem.isAlive)
        world.fileSystem = world.disk.boot()
        let disk = world.disk
        registry.define(callback: "power") { _ in
            disk.losePower(.losing)
            return .error("power loss")
        }
        try registry.arm(StorageFailpoint.letterPutPost, .nth(1, .callback("power")))
        let strict = BatchDecoder(
            decode: { record throws(StorageError) in
                guard record.receivedAt != 9 else { return .poisoned("a newer rule") }
                return try SimulatedCatalog.decoder.decode(record)
            },
            split: { _ in nil }
        )
        #expect(throws: StorageError.self) { try world.openEngine(decoder: strict) }
        try registry.finish()
        #expect(!world.fileSystem.isAlive)
        world.fileSystem = world.disk.boot()
        let engine = try world.openEngine(decoder: strict)
        let letter = try #require(engine.deadLetters.first?.id)
        let next = try engine.append([SimulatedCatalog.batch(10, rows: 1, hour: 1, filler: 0)])
        #expect(next > letter.lsn)
    }
}
