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
        var point: StorageFailpoint
        /// A call of 0 is the place itself.
        let fault: Fault
        /// What the caller is told; nil when the operation succeeds or nobody is left to be told.
        let code: StorageError.Code?
        let outcome: FaultMatrix.Outcome

        /// Whether the journal begins a file when the fault happens: before that a file has its header.
        var beginsFile: Bool {
            column == .journal && (point == .journalRotateHeader || fault.only == .create)
        }
        /// Whether the disk has a choice of what is left.
        var isDrawn: Bool { fault.kind == .powerLossTearing || fault.kind == .kill }
        /// A sync that fails leaves some of what it should have written.
        var seeds: UInt64 { fault.only == .sync && !fault.kind.isCrash ? 4 : 1 }

        var testDescription: String {
            "\(row) × \(column.rawValue)" + (point == .journalRotateHeader ? ", new file" : "")
        }
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

    /// Where each column is about to be synced.
    private static let barriers: [StorageFailpoint] = [
        .journalSyncPre, .segmentWrite, .manifestPutPre, .letterPutPre,
    ]
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
        + crash(
            "torn, reordered or garbage tail",
            Fault(.powerLossTearing, at: 1, only: .sync),
            points: barriers
        )
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
            others: (.retry, .repeated),
            points: barriers
        )
        + row(
            "sync of the name fails (EIO)",
            Fault(.inputOutput, at: 1, only: .syncDirectory),
            journal: (.stop, .poisoned),
            others: (.stop, .reopened),
            points: names
        )
        + row(
            "interrupted by a signal (EINTR)",
            Fault(.interrupted, at: 1, only: .sync),
            journal: (.stop, .poisoned),
            others: (.retry, .repeated),
            points: barriers
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
            others: (.wait, .repeated),
            points: barriers
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
            others: (.retry, .repeated),
            points: barriers
        )
        + row(
            "name made, and reported as failed",
            Fault(.doneButFailed, at: 1, only: .link),
            journal: (.stop, .poisoned),
            others: (.stop, .reopened),
            points: names
        )
        .filter { $0.column != .journal }

    /// The same in a journal file that is just being begun: in its header, before the first group.
    private static let headerCells: [Cell] = cells.compactMap { cell in
        guard cell.column == .journal, cell.fault.only == .write || cell.fault.only == .sync else {
            return nil
        }
        var cell = cell
        cell.point = .journalRotateHeader
        return cell
    }

    @Test(arguments: cells + headerCells)
    func aFaultWhileWriting(cell: Cell) throws {
        for seed in 11..<(11 + cell.seeds) {
            let run = try LiveFaultRun(cell, seed: seed)
            let code = try run.strike()
            #expect(code == cell.code || cell.fault.kind.isCrash)
            guard cell.fault.kind.isCrash else {
                // The system may drop what counts as written.
                if seed % 2 == 0 { run.world.disk.evict() }
                try run.goOn(code)
                continue
            }
            try expectCrash(run)
            try run.world.prove()
        }
    }

    /// What is left by a crash that leaves the disk no choice.
    private func expectCrash(_ run: LiveFaultRun) throws {
        let cell = run.cell
        if cell.fault.call == 0 {
            run.expectKept()
            let (tails, isThere) = try run.recover()
            #expect(tails == 0)
            // Nobody was told of them, or long before.
            #expect(isThere)
            run.expectKept()
            try run.expectServed(true)
        } else if cell.fault.kind == .powerLossLosing {
            let remains = try run.remains()
            let (tails, isThere) = try run.recover()
            try run.expectServed(false)
            guard cell.column == .journal else { return #expect(remains.byteCount == nil) }
            #expect(tails == 0 && !isThere)
            #expect(remains.isUnchanged == !cell.beginsFile)
        }
    }

    /// What the disk chooses, it chooses in every way, and recovery tells one from the other.
    @Test(arguments: cells.filter(\.isDrawn))
    func whateverTheDiskKeepsIsWholeOrAbsent(cell: Cell) throws {
        var left: Set<LiveFaultRun.Remains> = []
        var isThere: Set<Bool> = []
        var tails = 0
        for seed in 1...64 as ClosedRange<UInt64> {
            let run = try LiveFaultRun(cell, seed: seed)
            _ = try run.strike()
            let remains = try run.remains()
            left.insert(remains)
            let recovered = try run.recover()
            isThere.insert(recovered.isThere)
            tails += recovered.tails
            if cell.fault.only == .syncDirectory {
                try run.expectServed(remains.byteCount != nil)
            }
            run.world.losePower(.losing)
            #expect(try run.recover().isThere == recovered.isThere)
            if seed % 16 == 0 { try run.world.prove() }
        }
        switch cell.fault.only {
        // Some of it, or all.
        case .write: #expect(Set(left.map(\.byteCount)).count > 1)
        case .sync:
            #expect(Set(left.filter { $0.byteCount != nil }.map(\.isUnchanged)) == [true, false])
        default: #expect(Set(left.map { $0.byteCount == nil }) == [true, false])
        }
        guard cell.column == .journal else { return }
        if cell.fault.only == .syncDirectory {
            #expect(isThere == [false])
        } else {
            #expect(isThere == [true, false])
            #expect(tails > 0)
        }
    }
}
