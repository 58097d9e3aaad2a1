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
        case pause = "a pause longer than the grace"
        case reader = "collection while somebody reads"
        case ambiguous = "ambiguous answer of the object store"
        case conflict = "409 or 412 of the object store"
        case unavailable = "503 of the object store"
        case listing = "a listing of the object store lags behind"
        case clock = "the clock jumps back and forth"
        case recovery = "a second crash during recovery"
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
        + row(.pause, [.fenced, .fenced, .fenced, .fenced])
        + row(.reader, [nil, .kept, .kept, nil])
        + row(.ambiguous, [nil, .settled, .settled, .settled])
        + row(.conflict, [nil, .settled, .settled, .settled])
        + row(.unavailable, [nil, .repeated, .repeated, .repeated])
        + row(.listing, [nil, nil, .unnoticed, nil])
        + row(.clock, [.unnoticed, .unnoticed, .unnoticed, .unnoticed])
        + row(.recovery, [.nothingStored, .nothingStored, .nothingStored, .nothingStored])

    @Test(arguments: cells)
    func whatComesOfIt(cell: Cell) throws {
        var options = WorldOptions(seed: 5)
        options.limits.garbageGraceSeconds = 0
        options.usesObjectStore = [.ambiguous, .conflict, .unavailable, .listing]
            .contains(cell.trouble)
        let world = World(options)
        #expect(try world.open())
        try world.append([(rows: 3, hour: 1, filler: 10)], poison: 1)
        try world.take(.flush)
        try world.append(
            [(rows: 3, hour: 1, filler: 10)],
            poison: cell.column == .deadLetter ? 0 : nil
        )
        switch cell.trouble {
        case .twoWriters, .pause: try replace(world, cell)
        case .reader: try read(world, cell)
        case .ambiguous, .conflict, .unavailable: try answerBadly(world, cell)
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
        if cell.trouble == .pause {
            // Its successor writes versions until those that the old one knows are collected.
            for _ in 0..<6 {
                try world.append([(rows: 1, hour: 1, filler: 0)])
                try world.take(.flush)
                world.clock.advance(seconds: 7_200)
                try world.take(.collect)
            }
        }
        let error = #expect(throws: StorageError.self) {
            switch cell.column {
            case .journal:
                let number = world.ledger.attempt(rows: 1, hour: 1)
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

    private func read(_ world: World, _ cell: Cell) throws {
        try world.hold()
        for _ in 0..<4 {
            try world.append([(rows: 1, hour: 1, filler: 0)])
            try world.take(.flush)
            try world.take(.compact)
            try world.take(.collect)
            try world.take(.collect)
            // Reads every snapshot that is held, byte for byte.
            try world.check()
        }
    }

    private func answerBadly(_ world: World, _ cell: Cell) throws {
        let objects = try #require(world.objects)
        var happened = 0
        for _ in 0..<12 {
            var faults = ObjectStoreFaults()
            switch cell.trouble {
            case .ambiguous: (faults.unknownLanded, faults.unknownNotLanded) = (3, 4)
            case .conflict: faults.conflict = 2
            default: faults.failure = 4
            }
            objects.misbehave(faults)
            let isLetter = cell.column == .deadLetter
            try world.append([(rows: 2, hour: 1, filler: 0)], poison: isLetter ? 1 : nil)
            try world.take(.flush)
            happened += objects.hasMisbehaved ? 1 : 0
            world.calm()
            try world.take(.flush)
            try world.check()
        }
        #expect(happened > 3)
    }

    private func lag(_ world: World) throws {
        try world.take(.createSpace)
        try world.append([(rows: 2, hour: 1, filler: 0), (rows: 2, hour: 1, filler: 0)])
        for lag in 1...6 {
            var faults = ObjectStoreFaults()
            faults.listLag = lag
            try #require(world.objects).misbehave(faults)
            world.close()
            #expect(try world.open())
        }
    }

    private func jump(_ world: World, _ column: FaultMatrix.Column) throws {
        for seconds in [-86_400, 172_800, -172_800, 3_600] {
            world.clock.advance(seconds: seconds)
            try world.append(
                [(rows: 2, hour: 1, filler: 0)],
                poison: column == .deadLetter ? 0 : nil
            )
            try world.take(.flush)
            try world.take(.replayLetters)
            try world.take(.compact)
            try world.take(.collect)
            try world.check()
        }
    }

    /// Kills the recovery at one call after another, until it comes to its end.
    private func crashTwice(_ world: World, _ column: FaultMatrix.Column) throws {
        for call in stride(from: 1, to: 400, by: column == .journal ? 1 : 3) {
            world.losePower(.tearing)
            world.fileSystem = world.disk.boot()
            world.fileSystem.arm(Fault(.powerLossTearing, at: call))
            if try world.open() { return }
        }
        Issue.record("recovery never comes to its end")
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
