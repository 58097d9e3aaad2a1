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

    func run() throws {
        let report = try OfflineStore(dataDirectory: data).verify { line in
            if !json { print(line) }
        }
        if json {
            let problems = report.problems.map { "\"\($0.replacing("\"", with: "'"))\"" }
            print(
                #"{"manifests":\#(report.manifests),"segments":\#(report.segments),"rows":\#(report.rows),"#
                    + #""bytes":\#(report.bytes),"journalBatches":\#(report.journalBatches),"#
                    + #""deadLetters":\#(report.deadLetters),"#
                    + #""problems":[\#(problems.joined(separator: ","))]}"#
            )
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
