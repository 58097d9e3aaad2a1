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

    /// A file as JSON shows it.
    private struct Row: Encodable {
        let table: String
        let path: String
        let rows: Int
        let bytes: Int
    }

    func run() throws {
        if let table, !OfflineStore.tableNames.contains(table) {
            throw CommandFailure(
                "there is no table called \(table)",
                remedy: "The tables are: \(OfflineStore.tableNames.joined(separator: ", "))."
            )
        }
        let files = try OfflineStore(dataDirectory: data).files(space: space)
            .filter { table == nil || $0.table == table }
            .map {
                Row(table: $0.table, path: "\(data)/\($0.path)", rows: $0.rows, bytes: $0.bytes)
            }
        if quoted {
            print(Self.quoted(files.map(\.path)))
        } else if json {
            try JSONOutput.show(files)
        } else {
            for file in files { print(file.path) }
        }
    }

    /// Texts as SQL writes them, with commas.
    static func quoted(_ texts: [String]) -> String {
        texts.map { "'\($0.replacing("'", with: "''"))'" }.joined(separator: ",")
    }
}
