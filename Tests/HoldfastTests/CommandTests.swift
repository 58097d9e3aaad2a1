import ArgumentParser
import Testing

@testable import holdfast

/// Checks of the commands as a whole: what they say of themselves and what they take.
struct CommandTests {
    private static func all(_ command: any ParsableCommand.Type) -> [any ParsableCommand.Type] {
        let configuration = command.configuration
        let below =
            configuration.subcommands + configuration.groupedSubcommands.flatMap(\.subcommands)
        return [command] + below.flatMap(all)
    }

    @Test func everyCommandSaysWhatItDoesAndHow() {
        let commands = Self.all(Holdfast.self)
        #expect(commands.count >= 29)
        for command in commands {
            #expect(!command.configuration.abstract.isEmpty, "\(command)")
            #expect(command.configuration.discussion.contains("holdfast "), "\(command)")
        }
    }

    @Test(arguments: [
        ["traces", "--tag", "novalue"], ["traces", "--limit", "0"], ["demo", "--rate", "0"],
        ["demo", "--backfill", "soon"], ["logs", "--follow", "--json"], ["trace"],
        ["bench", "query", "--queries", "x", "--kinds", "trace,nothing"],
        ["bench", "ingest", "--file", "x", "--signal", "spans"],
        ["bench", "generate", "--out", "x", "--base", "5"],
        ["torture", "--at", "all"], ["torture", "--kill", "--once"], ["torture", "--runs", "0"],
        ["serve", "--limit", "nothing=1"],
        ["dead-letters", "replay"], ["dead-letters", "discard", "--yes"],
        ["dead-letters", "mend", "0000000000000001-0001"],
    ])
    func wrongArgumentsAreUsageErrors(arguments: [String]) {
        do {
            _ = try Holdfast.parseAsRoot(arguments)
            Issue.record("\(arguments) were taken")
        } catch {
            #expect(Holdfast.exitCode(for: error) == .validationFailure)
        }
    }

    @Test func argumentsAreTaken() throws {
        let command = try Holdfast.parseAsRoot([
            "traces", "--service", "s", "--tag", "a=b=c", "--tag", "d=", "--min-duration", "1.5s",
            "--since", "2h",
        ])
        let traces = try #require(command as? Traces)
        #expect(traces.service == "s")
        #expect(traces.tag == ["a=b=c", "d="])
        #expect(traces.minDuration?.nanoseconds == 1_500_000_000)
        #expect(traces.since.seconds == 7_200)
    }

    @Test(arguments: ["ftp://x", "127.0.0.1:4318", "", "http://"])
    func whatIsNoAddressIsRefused(url: String) throws {
        let options = try ServerOptions.parse(["--url", url])
        #expect(throws: ValidationError.self) { try options.client() }
    }

    @Test func queryStringsAreEscaped() {
        #expect(
            APIClient.queryText([("a", "x y&z=é"), ("b", nil), ("c", "1")])
                == "?a=x%20y%26z%3D%C3%A9&c=1"
        )
        #expect(APIClient.queryText([("a", nil)]) == "")
        #expect(APIClient.escape("a/b") == "a%2Fb")
    }
}
