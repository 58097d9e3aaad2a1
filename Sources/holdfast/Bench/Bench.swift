import ArgumentParser

/// The parent of the measuring commands.
struct Bench: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measure a server: make data, send it, query it.",
        discussion: """
            Example: a million of each, sent and asked for:

              holdfast bench generate --out /tmp/load
              holdfast bench ingest --file /tmp/load/traces.bin --signal traces --pid $(pidof holdfast)
              holdfast bench query --queries /tmp/load/queries.json
            """,
        subcommands: [
            BenchGenerate.self, BenchIngest.self, BenchQuery.self, BenchRecovery.self,
        ]
    )
}
