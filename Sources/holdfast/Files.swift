import ArgumentParser
import Telemetry

/// Prints the files of one version.
struct Files: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print the Parquet files of the newest version of a space.",
        discussion: """
            Reads the data directory itself; a server may be running. Other engines should read exactly these \
            files: a directory may hold others that are not part of the version.

              duckdb -c "select count(*) from read_parquet([$(holdfast files --table spans --quoted)])"
            """
    )

    @Option(help: "The data directory.")
    var data = "./holdfast-data"

    @Option(help: "The space.")
    var space = "default"

    @Option(help: "Only the files of this table.")
    var table: String?

    @Flag(help: "Print one line of quoted paths with commas, for read_parquet([...]).")
    var quoted = false

    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
        if let table, !OfflineStore.tableNames.contains(table) {
            throw CommandFailure(
                "there is no table called \(table)",
                remedy: "The tables are: \(OfflineStore.tableNames.joined(separator: ", "))."
            )
        }
        let files = try OfflineStore(dataDirectory: data).files(space: space)
            .filter { table == nil || $0.table == table }
        if quoted {
            print(files.map { "'\(data)/\($0.path)'" }.joined(separator: ","))
        } else if json {
            let rows = files.map {
                #"{"table":"\#($0.table)","path":"\#(data)/\#($0.path)","rows":\#($0.rows),"bytes":\#($0.bytes)}"#
            }
            print("[\(rows.joined(separator: ",\n"))]")
        } else {
            for file in files { print("\(data)/\(file.path)") }
        }
    }
}
