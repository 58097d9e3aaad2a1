import ArgumentParser
import Failpoints
import Foundation
import Storage

/// The root of the command line.
@main
struct Holdfast: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "holdfast",
        abstract: "An OpenTelemetry backend that holds on to what it is given.",
        discussion: """
            Start a server, send it a lifelike shop's traffic, and look at it:

              holdfast serve
              holdfast demo
              holdfast traces --service checkout --since 10m

            Commands that talk to a server find it at --url. Exit codes: 0 ok, 1 failed, 2 usage. Completions for bash, \
            zsh and fish:

              source <(holdfast --generate-completion-script bash)
            """,
        version: "0.1.0",
        groupedSubcommands: [
            CommandGroup(name: "Server", subcommands: [Serve.self, Demo.self, Status.self]),
            CommandGroup(
                name: "Look",
                subcommands: [
                    Services.self, Traces.self, ShowTrace.self, Logs.self, Metrics.self,
                ]
            ),
            CommandGroup(
                name: "Keep",
                subcommands: [
                    Spaces.self, DeadLetters.self, Verify.self, Files.self,
                ]
            ),
            CommandGroup(name: "Measure", subcommands: [Bench.self, Torture.self]),
        ]
    )

    static func main() async {
        do {
            try FailpointRegistry.installProcessScope { $0.knowStorage() }
            var command = try parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch {
            guard exitCode(for: error) == .validationFailure else { exit(withError: error) }
            Terminal.complain(fullMessage(for: error))
            Foundation.exit(2)
        }
    }
}
