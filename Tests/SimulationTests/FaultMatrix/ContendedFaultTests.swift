import Foundation
import Testing

@testable import Simulation
@testable import Storage

/// Two processes on one store, an object store whose answers are lost, time that jumps, and a recovery that is itself
/// interrupted.
struct ContendedFaultTests {
    /// What is in the way.
    enum Trouble: String, CaseIterable, Sendable {
        case twoWriters = "two writers, one of them replaced"
        case reader = "collection while somebody reads"
        case ambiguous = "ambiguous answer of the object store"
        case conflict = "409 of the object store"
        case exists = "412 of the object store, to a put that has landed"
        case unavailable = "503 of the object store"
        case listing = "a listing of the object store lags behind"
        case clock = "the clock jumps back and forth"
        case recovery = "a second crash during recovery"

        /// What the object store does.
        var answers: [WritableKeyPath<ObjectStoreFaults, Int>] {
            switch self {
            case .ambiguous: [\.unknownLanded, \.unknownNotLanded]
            case .conflict: [\.conflict]
            case .exists: [\.existsLanded]
            case .unavailable: [\.failure]
            default: []
            }
        }
    }

    struct Cell: Sendable, CustomTestStringConvertible {
        let trouble: Trouble
        let column: FaultMatrix.Column
        let outcome: FaultMatrix.Outcome

        var row: String { trouble.rawValue }
        var testDescription: String { "\(row) × \(column.rawValue)" }
    }

    private static func row(
        _ trouble: Trouble,
        _ outcomes: [FaultMatrix.Outcome?]
    ) -> [Cell] {
        zip(FaultMatrix.Column.allCases, outcomes).compactMap { column, outcome in
            outcome.map { Cell(trouble: trouble, column: column, outcome: $0) }
        }
    }

    static let cells: [Cell] =
        row(.twoWriters, [.fenced, .fenced, .fenced, .fenced])
        + row(.reader, [nil, .kept, .kept, nil])
        + row(.ambiguous, [nil, .settled, .settled, .settled])
        + row(.conflict, [nil, .settled, .settled, .settled])
        + row(.exists, [nil, .reopened, .settled, .settled])
        + row(.unavailable, [nil, .repeated, .repeatedOrReopened, .repeated])
        + row(.listing, [nil, nil, .unnoticed, nil])
        + row(.clock, [.timeless, .unnoticed, .unnoticed, .unnoticed])
        + row(.recovery, [.nothingStored, .swept, .nothingStored, .setAside])

    @Test(arguments: cells)
    func whatComesOfIt(cell: Cell) throws {
        var options = WorldOptions(seed: 5)
        options.limits.garbageGraceSeconds = 0
        options.usesObjectStore = !cell.trouble.answers.isEmpty || cell.trouble == .listing
        // Only the age of their window makes segments merge.
        if cell.trouble == .clock { options.limits.compactionFanIn = 64 }
        let world = World(options)
        #expect(try world.open())
        try world.append([(rows: 3, hour: 1, filler: 10)], poison: 1)
        try world.take(.flush)
        try world.append(
            [(rows: 3, hour: 1, filler: 10)],
            poison: cell.column == .deadLetter ? 0 : nil
        )
        switch cell.trouble {
        case .twoWriters: try replace(world, cell)
        case .reader: try read(world, cell)
        case .ambiguous, .conflict, .exists, .unavailable: try answerBadly(world, cell)
        case .listing: try lag(world)
        case .clock: try jump(world, cell.column)
        case .recovery: try crashTwice(world, cell.column)
        }
        world.calm()
        world.losePower(.tearing)
        try world.prove()
    }

    /// What a replaced process was about to do fails for good.
    private func replace(_ world: World, _ cell: Cell) throws {
        let old = try #require(world.engine)
        let letter = try #require(old.deadLetters.first?.id)
        try world.takeOver()
        let error = #expect(throws: StorageError.self) {
            switch cell.column {
            case .journal:
                let number = world.ledger.attempt(rows: 1)
                _ = try old.append([SimulatedCatalog.batch(number, rows: 1, hour: 1, filler: 0)])
            case .segment: try old.flush(space: SimulatedCatalog.space)
            case .manifest:
                _ = try old.retain(space: SimulatedCatalog.space, before: .max, bytesMax: nil)
            case .deadLetter: _ = try old.discardDeadLetter(letter)
            }
        }
        #expect(error?.code == .stop)
        // It deletes nothing of its successor's.
        for _ in 0..<2 {
            #expect((try? old.collectGarbage(space: SimulatedCatalog.space)) ?? 0 == 0)
        }
        try world.check()
    }

    /// What a held snapshot names stays until it is let go, although no version that is kept names it.
    private func read(_ world: World, _ cell: Cell) throws {
        try world.hold()
        let part = cell.column == .segment ? "/segments/" : "/pages/"
        let keys = try Self.version(world).objectKeys().filter { $0.contains(part) }
        #expect(!keys.isEmpty)
        for _ in 0..<4 {
            try world.append([(rows: 1, hour: 1, filler: 0)])
            try world.take(.flush)
            try world.take(.compact)
            try world.take(.collect)
            try world.take(.collect)
            // Reads every snapshot that is held, byte for byte.
            try world.check()
            #expect(keys.allSatisfy { world.contents($0) != nil })
            if cell.column == .manifest { try expectRetained(world) }
        }
        #expect(try Self.version(world).objectKeys().isDisjoint(with: keys))
        world.release()
        try world.take(.collect)
        #expect(keys.allSatisfy { world.contents($0) == nil })
    }

    /// Of two manifests that are retained, the former is there with all that it names, and the one before it is not.
    private func expectRetained(_ world: World) throws {
        let engine = try #require(world.engine)
        let space = SimulatedCatalog.space
        let newest = try Self.version(world).id
        #expect(world.options.limits.manifestsRetained == 2)
        let former = try SpaceVersion.load(
            engine.store,
            space: space,
            id: newest - 1,
            storeID: engine.storeID
        )
        let keys = try #require(former).objectKeys()
        #expect(keys.allSatisfy { world.contents($0) != nil })
        #expect(world.contents(Manifest.key(space: space, id: newest - 2)) == nil)
    }

    private static func version(_ world: World) throws -> SpaceVersion {
        try #require(world.engine?.snapshot(space: SimulatedCatalog.space)).version
    }

    // MARK: - Answers of the object store

    /// What is in every key of a column.
    private static func keys(_ column: FaultMatrix.Column) -> String {
        switch column {
        case .journal: "journal/"
        case .segment: "/segments/"
        case .manifest: "/manifest/"
        case .deadLetter: DeadLetterID.folder
        }
    }

    /// Every request of a flush that is about the column is answered badly, one after another.
    private func answerBadly(_ world: World, _ cell: Cell) throws {
        for fault in cell.trouble.answers {
            var turn = 1
            while turn < 20, try isStruck(world, cell, fault, turn) { turn += 1 }
            #expect((2..<20).contains(turn))
        }
    }

    /// Has one request of a flush answered badly; false when there are not so many.
    private func isStruck(
        _ world: World,
        _ cell: Cell,
        _ fault: WritableKeyPath<ObjectStoreFaults, Int>,
        _ turn: Int
    ) throws -> Bool {
        let objects = try #require(world.objects)
        let isLetter = cell.column == .deadLetter
        try world.append([(rows: 3, hour: 1, filler: 0)], poison: isLetter ? 1 : nil)
        var faults = ObjectStoreFaults()
        faults[keyPath: fault] = 1
        faults.aim = Self.keys(cell.column)
        faults.turn = turn
        objects.misbehave(faults)
        let code = try Self.flush(world)
        let struck = objects.struckKeys
        world.calm()
        guard let key = struck.first else {
            #expect(code == nil)
            try world.check()
            return false
        }
        #expect(struck.count == 1)
        #expect(key.contains(Self.keys(cell.column)))
        #expect(code == Self.code(cell.outcome, key))
        if code == .stop {
            world.engineIsGone()
            #expect(try world.open())
        }
        #expect(try Self.flush(world) == nil)
        try world.check()
        return true
    }

    /// What a flush is told whose request for `key` was answered badly.
    private static func code(_ outcome: FaultMatrix.Outcome, _ key: String) -> StorageError.Code? {
        switch outcome {
        case .settled: nil
        case .repeated: .retry
        // The boundary is read when the manifest is there.
        case .repeatedOrReopened: key.hasSuffix("/BOUNDARY") ? .stop : .retry
        default: .stop
        }
    }

    private static func flush(_ world: World) throws -> StorageError.Code? {
        let engine = try #require(world.engine)
        do throws(StorageError) {
            try engine.flush(space: SimulatedCatalog.space)
            return nil
        } catch {
            return error.code
        }
    }

    private func lag(_ world: World) throws {
        try world.take(.createSpace)
        try world.append([(rows: 2, hour: 1, filler: 0), (rows: 2, hour: 1, filler: 0)])
        let objects = try #require(world.objects)
        func listed() throws -> Int {
            try [SimulatedCatalog.space, World.secondSpace].reduce(0) {
                try $0 + SpaceVersion.list(objects, space: $1).count
            }
        }
        for lag in 1...6 {
            var faults = ObjectStoreFaults()
            faults.listLag = lag
            objects.misbehave(faults)
            let whole = try objects.withoutFaults { try listed() }
            #expect(try listed() < whole)
            world.close()
            #expect(try world.open())
        }
    }

    // MARK: - The clock

    private func jump(_ world: World, _ column: FaultMatrix.Column) throws {
        for seconds in [-86_400, 172_800, -172_800, 3_600] {
            world.clock.advance(seconds: seconds)
            switch column {
            case .journal: try appendAtAnotherTime(world)
            case .segment: try mergeAtAnotherTime(world, isLate: seconds == 172_800)
            case .manifest: try commitAtAnotherTime(world, isEarlier: seconds < 0)
            case .deadLetter: try putAsideAtAnotherTime(world, isEarlier: seconds < 0)
            }
            try world.check()
        }
    }

    /// Batches have the numbers that follow, before and after an opening.
    private func appendAtAnotherTime(_ world: World) throws {
        let last = try #require(world.engine).journalStatus.lastLSN
        try world.append([(rows: 2, hour: 1, filler: 0)])
        #expect(world.engine?.journalStatus.lastLSN == last + 1)
        world.close()
        #expect(try world.open())
        #expect(world.engine?.journalStatus.lastLSN == last + 1)
    }

    /// Segments have the ids that follow and the hour of their rows; only whether they are merged is the clock's.
    private func mergeAtAnotherTime(_ world: World, isLate: Bool) throws {
        let table = SimulatedCatalog.tables[0].name
        let before = try Self.version(world).segments[table] ?? []
        let newest = before.map(\.id).max() ?? ""
        try world.append([(rows: 2, hour: 1, filler: 0)])
        try world.take(.flush)
        let flushed = try Self.version(world).segments[table] ?? []
        #expect(flushed.filter { $0.id > newest }.count == 1)
        #expect(flushed.count == before.count + 1)
        let merges = try #require(world.engine).compact(space: SimulatedCatalog.space)
        #expect((merges > 0) == isLate)
        let merged = try Self.version(world).segments[table] ?? []
        #expect(Set((before + flushed + merged).map(\.window)).count == 1)
    }

    /// Versions have the numbers that follow, whatever time they say.
    private func commitAtAnotherTime(_ world: World, isEarlier: Bool) throws {
        let before = try Self.version(world).manifest
        try world.append([(rows: 2, hour: 1, filler: 0)])
        try world.take(.flush)
        let after = try Self.version(world).manifest
        #expect(after.id == before.id + 1)
        #expect((after.committedAt < before.committedAt) == isEarlier)
        try world.take(.collect)
        try expectRetained(world)
    }

    /// Letters have the numbers of their batches, are kept, and are replayed when somebody asks for it.
    private func putAsideAtAnotherTime(_ world: World, isEarlier: Bool) throws {
        let before = try #require(world.engine?.deadLetters.last)
        try world.append([(rows: 2, hour: 1, filler: 0)], poison: 0)
        try world.take(.flush)
        let letters = try #require(world.engine).deadLetters
        let after = try #require(letters.last)
        #expect(after.id > before.id)
        #expect((after.since < before.since) == isEarlier)
        try world.take(.replayLetters)
        #expect(world.engine?.deadLetters.map(\.id) == letters.map(\.id))
        #expect(world.engine?.deadLetters.last?.attempts.count == 1)
    }

    // MARK: - A second crash

    /// Takes the power away at every change that recovery makes to the column, one after another, until it comes to
    /// its end.
    private func crashTwice(_ world: World, _ column: FaultMatrix.Column) throws {
        let place = try crashOnce(world, column)
        var crashes = 0
        for call in 1...100 {
            let process = world.disk.boot()
            world.fileSystem = process
            process.arm(Fault(.powerLossTearing, at: call, in: place))
            let isOpen = try world.open()
            #expect(isOpen != process.hasFired)
            if isOpen { break }
            crashes += 1
        }
        #expect(world.engine != nil, "recovery never comes to its end")
        #expect(crashes >= (column == .segment ? 1 : 3))
        switch column {
        case .journal, .manifest: break
        case .segment: #expect(world.disk.contents(place) == nil)
        case .deadLetter:
            let (id, bytes) = try #require(world.tornLetters.first)
            #expect(world.contents(id.damagedKey) == bytes)
            #expect(world.contents(id.letterKey) == nil)
        }
    }

    /// Ends the process so that recovery has to change something of the column; returns in what place.
    private func crashOnce(_ world: World, _ column: FaultMatrix.Column) throws -> String {
        switch column {
        case .journal:
            world.losePower(.tearing)
            return "/journal"
        case .segment:
            let process = world.fileSystem
            process.arm(Fault(.kill, at: 1, only: .write, in: "/tmp/"))
            try world.take(.flush)
            #expect(!process.isAlive)
            world.engineIsGone()
            // Half a segment without a name.
            let view = world.disk.boot()
            let root = World.root + "/tmp"
            let opening = try #require(try view.list(root).first?.name)
            let file = try #require(try view.list(root + "/" + opening).first?.name)
            return root + "/" + opening + "/" + file
        case .manifest:
            world.losePower(.tearing)
            return "/manifest"
        case .deadLetter:
            try world.tearLetter()
            world.losePower(.tearing)
            return "/dead-letters"
        }
    }
}

/// The table of the fault matrix in `docs/reliability.md` is the one that the tests make.
struct FaultMatrixTests {
    private static let begin =
        "<!-- made by `make docs` from Tests/SimulationTests/FaultMatrix -->\n"
    private static let end = "<!-- end -->\n"

    @Test func thePageOfReliabilityHasTheMatrix() throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../../docs/reliability.md").standardizedFileURL
        var text = try String(contentsOf: file, encoding: .utf8)
        let begin = try #require(text.firstRange(of: Self.begin)?.upperBound)
        let end = try #require(text[begin...].firstRange(of: Self.end)?.lowerBound)
        let table = FaultMatrix.markdown()
        if ProcessInfo.processInfo.environment["HOLDFAST_WRITE_DOCS"] != nil {
            text.replaceSubrange(begin..<end, with: table)
            return try text.write(to: file, atomically: true, encoding: .utf8)
        }
        #expect(text[begin..<end] == table, "docs/reliability.md is out of date: run `make docs`")
    }

    @Test func everyCellIsThereOnce() {
        let names = FaultMatrix.cells.map { "\($0.row) × \($0.column.rawValue)" }
        #expect(Set(names).count == names.count)
        #expect(names.count > 80)
    }
}
