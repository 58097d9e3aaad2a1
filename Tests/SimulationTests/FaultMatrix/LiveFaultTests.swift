import Failpoints
import Testing

@testable import Simulation
@testable import Storage

/// Faults of the disk while something is being written.
///
/// A failpoint says where the fault begins: the next call of its kind from there on fails.
@Suite(.enabled(if: FailpointRegistry.isCompiledIn))
struct LiveFaultTests {
    /// A row of the matrix in one column.
    struct Cell: Sendable, CustomTestStringConvertible {
        let row: String
        let column: FaultMatrix.Column
        /// Where the fault begins.
        let point: StorageFailpoint
        /// A call of 0 is the place itself.
        let fault: Fault
        /// What the caller is told; nil when the operation succeeds or nobody is left to be told.
        let code: StorageError.Code?
        let outcome: FaultMatrix.Outcome

        var testDescription: String { "\(row) × \(column.rawValue)" }
    }

    private typealias Told = (code: StorageError.Code?, outcome: FaultMatrix.Outcome)

    /// One row: the same fault in every column.
    private static func row(
        _ name: String,
        _ fault: Fault,
        journal: Told,
        others: Told,
        points: [StorageFailpoint] = [
            .journalAppendPre, .segmentWrite, .manifestPutPre, .letterPutPre,
        ]
    ) -> [Cell] {
        zip(FaultMatrix.Column.allCases, points).map { column, point in
            let told = column == .journal ? journal : others
            return Cell(
                row: name,
                column: column,
                point: point,
                fault: fault,
                code: told.code,
                outcome: told.outcome
            )
        }
    }

    /// A row whose process does not outlive the fault.
    private static func crash(
        _ name: String,
        _ fault: Fault,
        points: [StorageFailpoint] = [
            .journalAppendPre, .segmentWrite, .manifestPutPre, .letterPutPre,
        ]
    ) -> [Cell] {
        row(
            name,
            fault,
            journal: (nil, .nothingStored),
            others: (nil, .nothingStored),
            points: points
        )
    }

    /// Where a new name of each column is about to be made durable.
    private static let names: [StorageFailpoint] = [
        .journalRotateHeader, .segmentWrite, .manifestPutPre, .letterPutPre,
    ]
    /// Where each column is durable and nobody knows.
    private static let unanswered: [StorageFailpoint] = [
        .journalSyncPost, .flushCommitPre, .manifestPutAckLost, .letterPutPost,
    ]

    static let cells: [Cell] =
        crash("crash before the write", Fault(.powerLossLosing, at: 1, only: .write))
        + crash("killed in the middle of the write", Fault(.kill, at: 1, only: .write))
        + crash("torn, reordered or garbage tail", Fault(.powerLossTearing, at: 1, only: .sync))
        + crash(
            "crash after the sync, before the name",
            Fault(.powerLossLosing, at: 1, only: .syncDirectory),
            points: names
        )
        + crash(
            "crash after the name, before its sync",
            Fault(.powerLossTearing, at: 1, only: .syncDirectory),
            points: names
        )
        + crash(
            "crash when durable, before the answer",
            Fault(.powerLossLosing, at: 0),
            points: unanswered
        )
        + row(
            "write fails (EIO)",
            Fault(.inputOutput, at: 1, only: .write),
            journal: (.stop, .poisoned),
            others: (.retry, .repeated)
        )
        + row(
            "sync fails (EIO)",
            Fault(.inputOutput, at: 1, only: .sync),
            journal: (.stop, .poisoned),
            others: (.retry, .repeated)
        )
        + row(
            "sync of the name fails (EIO)",
            Fault(.inputOutput, at: 1, only: .syncDirectory),
            journal: (.stop, .poisoned),
            others: (.stop, .reopened),
            points: names
        )
        + row(
            "short write",
            Fault(.shortWrite, at: 1, only: .write),
            journal: (nil, .unnoticed),
            others: (nil, .unnoticed)
        )
        + row(
            "no space at the write",
            Fault(.noSpace, at: 1, only: .write),
            journal: (.stop, .poisoned),
            others: (.wait, .repeated)
        )
        + row(
            "no space at the sync",
            Fault(.noSpace, at: 1, only: .sync),
            journal: (.stop, .poisoned),
            others: (.wait, .repeated)
        )
        + row(
            "too many open files",
            Fault(.tooManyFiles, at: 1, only: .create),
            journal: (.stop, .poisoned),
            others: (.retry, .repeated)
        )
        + row(
            "done, and reported as failed",
            Fault(.doneButFailed, at: 1, only: .sync),
            journal: (.stop, .poisoned),
            others: (.retry, .repeated)
        )
        + row(
            "name made, and reported as failed",
            Fault(.doneButFailed, at: 1, only: .link),
            journal: (.stop, .poisoned),
            others: (.stop, .reopened),
            points: names
        )
        .filter { $0.column != .journal }

    @Test(arguments: cells)
    func aFaultWhileWriting(cell: Cell) throws {
        let registry = FailpointRegistry(seed: 1)
        var options = WorldOptions(seed: 11)
        options.failpoints = registry
        let world = World(options)
        let process = world.fileSystem
        world.isExcused = { registry.firedCount(cell.point) > 0 }
        try Self.prepare(world)
        registry.define(callback: "arm") { _ in
            process.arm(cell.fault)
            guard cell.fault.call == 0 else { return nil }
            process.disk.losePower(.losing)
            return .error("power loss")
        }
        try registry.arm(cell.point, .nth(1, .callback("arm")))
        let code = try Self.operate(world, cell.column)
        #expect(process.hasFired || cell.fault.call == 0)
        guard process.isAlive else {
            #expect(cell.fault.kind.isCrash)
            return try world.prove()
        }
        #expect(code == cell.code)
        process.arm(nil)
        if code == .stop {
            world.engineIsGone()
        } else if code != nil {
            #expect(try Self.operate(world, cell.column) == nil)
        }
        try world.check()
        world.losePower(.losing)
        try world.prove()
    }

    /// A store whose directories are known and whose next append begins a file.
    private static func prepare(_ world: World) throws {
        #expect(try world.open())
        try world.append([(rows: 2, hour: 1, filler: 0)])
        try world.append([(rows: 2, hour: 1, filler: 0)], poison: 0)
        try world.take(.flush)
        try world.append([(rows: 2, hour: 1, filler: 30_000)])
    }

    /// Does what writes to `column`; returns the error's code, if there was one.
    private static func operate(
        _ world: World,
        _ column: FaultMatrix.Column
    ) throws -> StorageError.Code? {
        let engine = try #require(world.engine)
        do throws(StorageError) {
            if column == .journal {
                let number = world.ledger.attempt(rows: 3, hour: 1)
                let batch = SimulatedCatalog.batch(number, rows: 3, hour: 1, filler: 900)
                _ = try engine.append([batch])
                world.ledger.acknowledge(number)
            } else {
                if column == .deadLetter {
                    let number = world.ledger.attempt(rows: 3, hour: 1, isPoisonous: true)
                    let batch = SimulatedCatalog.batch(
                        number,
                        rows: 3,
                        hour: 1,
                        filler: 0,
                        poison: 2
                    )
                    _ = try engine.append([batch])
                    world.ledger.acknowledge(number)
                }
                try engine.flush(space: SimulatedCatalog.space)
            }
            return nil
        } catch {
            return error.code
        }
    }
}
