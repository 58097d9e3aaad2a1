import Testing

@testable import Simulation
@testable import Storage

/// What goes wrong, in what, and what must come of it.
enum FaultMatrix {
    /// What the fault happens to.
    enum Column: String, CaseIterable, Sendable {
        case journal, segment, manifest
        case deadLetter = "dead letter"
    }

    /// What must come of it.
    enum Outcome: String, Sendable {
        case nothingStored = "refused as retryable or never answered; absent or whole afterwards"
        case poisoned = "refused as retryable; journal poisoned; reopened through recovery"
        case repeated = "the operation fails, nothing is lost, the same call then succeeds"
        case reopened = "undecided: the engine stops; opening anew settles it"
        case repeatedOrReopened = "as repeated; once the new version is out, as reopened"
        case unnoticed = "the operation succeeds"
        case settled = "settled by reading back or by the same put again: done once"
        case cut = "the torn tail ends there, for good, and is counted"
        case refusesToOpen = "does not open; the message names the file, or the one after a gap"
        case opensLater = "the open fails as retryable; the next one succeeds"
        case fellBack = "one version back, the rest from the journal: nothing is lost"
        case queryFails = "the query fails and names the file, never a partial answer"
        case queryLater = "the query fails as retryable; the next one succeeds"
        case setAside = "set aside by name; everything else is served"
        case leftAlone = "named as a problem and left where it is; everything else is served"
        case served = "everything else is served"
        case fenced = "refused; the replaced process stops; its files are garbage"
        case kept = "kept while anybody reads or names it"
        case timeless = "goes by numbers and never asks for the time: no fault can be aimed at it"
        case swept = "recovery writes none; what is left of one in tmp/ is removed"
    }

    /// One cell, with the test that shows it.
    struct Cell: Sendable {
        let row: String
        let column: Column
        let outcome: Outcome
        let test: String
    }

    /// Every cell that a test shows, in the order of the rows.
    static var cells: [Cell] {
        LiveFaultTests.cells.map {
            Cell(row: $0.row, column: $0.column, outcome: $0.outcome, test: "LiveFaultTests")
        }
            + RestFaultTests.cells.map {
                Cell(row: $0.row, column: $0.column, outcome: $0.outcome, test: "RestFaultTests")
            }
            + ContendedFaultTests.cells.map {
                Cell(
                    row: $0.row,
                    column: $0.column,
                    outcome: $0.outcome,
                    test: "ContendedFaultTests"
                )
            }
            + PauseFaultTests.cells.map {
                Cell(row: $0.row, column: $0.column, outcome: $0.outcome, test: "PauseFaultTests")
            }
    }

    /// The table of `docs/reliability.md`.
    static func markdown() -> String {
        var rows: [String] = []
        for cell in cells where !rows.contains(cell.row) { rows.append(cell.row) }
        var lines = ["| fault | journal | segment | manifest | dead letter | test |"]
        lines.append("|---|---|---|---|---|---|")
        var legend: [Outcome] = []
        for row in rows {
            let own = cells.filter { $0.row == row }
            let columns = Column.allCases.map { column -> String in
                guard let outcome = own.first(where: { $0.column == column })?.outcome else {
                    return "–"
                }
                if !legend.contains(outcome) { legend.append(outcome) }
                return "\(outcome)"
            }
            let test = own.first.map { "`\($0.test)`" } ?? ""
            lines.append("| " + ([row] + columns + [test]).joined(separator: " | ") + " |")
        }
        lines += ["", "| outcome | meaning |", "|---|---|"]
        lines += legend.map { "| \($0) | \($0.rawValue) |" }
        return lines.joined(separator: "\n") + "\n"
    }
}
