import Failpoints
import Testing

@testable import Simulation
@testable import Storage

/// A process stands still in the middle of something, for longer than the grace, while another takes over, writes
/// versions, and collects those that the first one knows.
///
/// It goes on as if nothing had been. In a directory it has lost its place in `tmp/`. In an object store the number of
/// its next manifest is free again, so its put succeeds: it must see that the number lies in collected history.
@Suite(.enabled(if: FailpointRegistry.isCompiledIn))
struct PauseFaultTests {
    struct Cell: Sendable, CustomTestStringConvertible {
        let column: FaultMatrix.Column
        /// Where it stands still.
        let points: [StorageFailpoint]
        let outcome = FaultMatrix.Outcome.fenced

        var row: String { "a pause longer than the grace" }
        var testDescription: String { "\(row) × \(column.rawValue)" }
    }

    static let cells = [
        Cell(column: .journal, points: [.journalAppendPre, .journalSyncPre, .journalSyncPost]),
        Cell(column: .segment, points: [.segmentWrite, .segmentPublish, .flushCommitPre]),
        Cell(column: .manifest, points: [.manifestRead, .manifestPutPre]),
        Cell(column: .deadLetter, points: [.letterPutPre, .letterPutPost, .letterDiscardPre]),
    ]

    @Test(arguments: cells, [true, false])
    func whoeverWakesIsFenced(cell: Cell, usesObjectStore: Bool) throws {
        for point in cell.points {
            try Pause(point, usesObjectStore: usesObjectStore).run(cell.column)
        }
    }
}

/// One pause.
private final class Pause {
    private static let space = SimulatedCatalog.space

    private let point: StorageFailpoint
    private let world: World
    private let registry = FailpointRegistry(seed: 1)
    /// The engine that stands still.
    private let old: StorageEngine
    private let letter: DeadLetterID
    /// The version that it would publish.
    private let next: UInt64
    private var failure: (any Error)?

    init(_ point: StorageFailpoint, usesObjectStore: Bool) throws {
        self.point = point
        var options = WorldOptions(seed: 5)
        options.limits.garbageGraceSeconds = 0
        options.usesObjectStore = usesObjectStore
        options.failpoints = registry
        world = World(options)
        #expect(try world.open())
        try world.append([(rows: 3, hour: 1, filler: 10)], poison: 1)
        try world.take(.flush)
        let isLetter = point == .letterPutPre || point == .letterPutPost
        try world.append([(rows: 3, hour: 1, filler: 10)], poison: isLetter ? 0 : nil)
        old = try #require(world.engine)
        letter = try #require(old.deadLetters.first?.id)
        next = try #require(old.snapshot(space: Self.space)).version.id + 1
    }

    func run(_ column: FaultMatrix.Column) throws {
        // It runs on the thread that drives the world, in the middle of the old engine's call.
        let pause = Interruption.Work {
            do { try self.succeed() } catch { self.failure = error }
        }
        registry.define(callback: "pause") { _ in
            pause.body()
            return nil
        }
        try registry.arm(point, .nth(1, .callback("pause")))
        let message = try wake(column)
        if let failure { throw failure }
        try registry.finish()
        #expect(message.contains(reason(column)), "\(point.rawValue): \(message)")
        // Its put succeeded if nothing but the boundary told it.
        let isPublished = reason(column).contains("collected")
        #expect((world.contents(manifest) != nil) == isPublished, "\(point.rawValue)")
        try expectNothingOfIt()
        world.losePower(.tearing)
        try world.recover()
        try world.take(.collect)
        #expect(world.contents(manifest) == nil)
        try world.prove()
    }

    private var manifest: String { Manifest.key(space: Self.space, id: next) }

    /// Another process opens the store and writes versions until those that the old one knows are collected, and the
    /// number of the next one, too.
    private func succeed() throws {
        try world.takeOver()
        for _ in 0..<6 {
            try world.append([(rows: 1, hour: 1, filler: 0)])
            try world.take(.flush)
            world.clock.advance(seconds: 7_200)
            try world.take(.collect)
        }
        let store = try #require(world.engine).store
        #expect(try SpaceVersion.boundary(store, space: Self.space) > next)
        #expect(world.contents(manifest) == nil)
        world.log("the old process goes on")
    }

    /// Has the old engine go on until it stops; returns why it does.
    private func wake(_ column: FaultMatrix.Column) throws -> String {
        let number = column == .journal ? world.ledger.attempt(rows: 1) : 0
        for _ in 0..<3 {
            let error = try #require(throws: StorageError.self) {
                if column == .journal {
                    let batch = SimulatedCatalog.batch(number, rows: 1, hour: 1, filler: 0)
                    _ = try old.append([batch])
                } else if point == .letterDiscardPre {
                    _ = try old.discardDeadLetter(letter)
                } else {
                    try old.flush(space: Self.space)
                }
            }
            if error.code == .stop { return error.message }
            // What it has uploaded is collected: it is to write that anew.
            #expect(error.code == .retry, "\(point.rawValue)")
        }
        throw Violation("a process that was replaced goes on at \(point.rawValue)")
    }

    /// Why it must stop.
    private func reason(_ column: FaultMatrix.Column) -> String {
        if column == .journal || point == .letterDiscardPre { return "has taken over the journal" }
        return world.objects == nil
            ? "another process has opened this store" : "lies in collected history"
    }

    /// It serves nobody, deletes nothing, and its successor has everything.
    private func expectNothingOfIt() throws {
        #expect(old.snapshot(space: Self.space)?.version.id == next - 1)
        for _ in 0..<2 { #expect((try? old.collectGarbage(space: Self.space)) ?? 0 == 0) }
        try world.check()
        try world.verify()
    }
}
