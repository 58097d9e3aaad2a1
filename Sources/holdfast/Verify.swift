import ArgumentParser
import Storage
import Telemetry

/// Checks a store that is not being served.
struct Verify: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Check every checksum and reference of a data directory, offline.",
        discussion: """
            Reads manifests, pages, segments (every page of every column), the journal and the dead letters, and \
            changes nothing. Exits with 1 when anything is damaged or missing.

              holdfast verify --data /var/lib/holdfast
            """
    )

    @Option(help: "The data directory.")
    var data = "./holdfast-data"

    @Flag(help: "Print JSON.")
    var json = false

    /// What was found, as JSON shows it.
    private struct Found: Encodable {
        let manifests: Int
        let segments: Int
        let rows: Int
        let bytes: Int
        let journalBatches: Int
        let deadLetters: Int
        let problems: [String]

        init(_ report: VerificationReport) {
            manifests = report.manifests
            segments = report.segments
            rows = report.rows
            bytes = report.bytes
            journalBatches = report.journalBatches
            deadLetters = report.deadLetters
            problems = report.problems
        }
    }

    func run() throws {
        let report = try OfflineStore(dataDirectory: data).verify { line in
            if !json { print(line) }
        }
        if json {
            try JSONOutput.show(Found(report))
        } else {
            for problem in report.problems { print(problem) }
            print(
                "\(report.manifests) manifests, \(report.segments) segments, \(report.rows) rows, "
                    + "\(report.bytes) bytes, \(report.journalBatches) journaled batches, "
                    + "\(report.deadLetters) dead letters: "
                    + (report.problems.isEmpty ? "all well" : "\(report.problems.count) problems")
            )
        }
        if !report.problems.isEmpty { throw ExitCode.failure }
    }
}
