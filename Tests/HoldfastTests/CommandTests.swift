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

    /// The parser wraps lines itself: those of one paragraph are one line, unless they are indented.
    @Test func helpHasNoLineBreaksInParagraphs() {
        for command in Self.all(Holdfast.self) {
            let lines = command.configuration.discussion.split(
                separator: "\n",
                omittingEmptySubsequences: false
            )
            let isText = lines.map { !$0.isEmpty && !$0.hasPrefix(" ") }
            let breaks = zip(isText, isText.dropFirst()).filter { $0 && $1 }
            #expect(breaks.isEmpty, "\(command)")
        }
    }

    @Test(arguments: [
        ["traces", "--tag", "novalue"], ["traces", "--limit", "0"], ["demo", "--rate", "0"],
        ["traces", "--status", "broken"], ["traces", "--since", "1h", "--until", "61m"],
        ["logs", "--tag", "=value"], ["logs", "--until", "2h"], ["metrics", "--until", "soon"],
        ["metrics", "m", "--since", "5m", "--until", "6m"], ["logs", "--follow", "--until", "1m"],
        ["demo", "--backfill", "soon"], ["logs", "--follow", "--json"], ["trace"],
        ["bench", "query", "--queries", "x", "--kinds", "trace,nothing"],
        ["bench", "ingest", "--file", "x", "--signal", "spans"],
        ["bench", "ingest", "--file", "x", "--signal", "logs", "--protocol", "http/json"],
        [
            "bench", "ingest", "--file", "x", "--signal", "logs", "--protocol", "grpc",
            "--path", "/",
        ],
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
            "--since", "2h", "--until", "2h", "--status", "ok",
        ])
        let traces = try #require(command as? Traces)
        #expect(traces.service == "s")
        #expect(traces.tags.tag == ["a=b=c", "d="])
        #expect(traces.status == .ok)
        #expect(traces.minDuration?.nanoseconds == 1_500_000_000)
        #expect(traces.time.since.seconds == 7_200)
        #expect(traces.time.until?.seconds == 7_200)
    }

    @Test func timesAreCountedBackFromNow() throws {
        let now: Int64 = 10_000_000_000_000
        let past = try TimeOptions.parse(["--since", "2h", "--until", "30m"])
        #expect(past.start(now: now) == 2_800_000_000_000)
        #expect(past.end(now: now) == 8_200_000_000_000)
        #expect(past.length == 5_400_000_000_000)
        #expect(past.text == "between 2h and 30m ago")
        let hour = try TimeOptions.parse([])
        #expect(hour.start(now: now) == 6_400_000_000_000)
        #expect(hour.end(now: now) == nil)
        #expect(hour.length == 3_600_000_000_000)
        #expect(hour.text == "in the last 1h")
    }

    @Test func tagsAreOneObject() throws {
        let tags = try TagOptions.parse([
            "--tag", "a=b=c", "--tag", "d=", "--tag", "a=\"é\"", "--tag", "$bytes=x",
        ])
        let members = #""a":"b=c","d":"","a":"\"é\"","$$bytes":"x""#
        #expect(try tags.json() == "{\(members)}")
        #expect(
            try tags.json(and: StatusArgument.error.attribute)
                == "{\(members),\"otel.status_code\":\"ERROR\"}"
        )
        let none = try TagOptions.parse([])
        #expect(try none.json() == nil)
        #expect(
            try none.json(and: StatusArgument.ok.attribute) == #"{"otel.status_code":"OK"}"#
        )
    }

    @Test func logsSayHowToSeeMore() throws {
        let (oldest, now): (Int64, Int64) = (1_000_000_000, 61_500_000_000)
        for (limit, says) in [
            (5, "… more: --limit 50 or --until 60.5s"),
            (9_999, "… more: --limit 10000 or --until 60.5s"), (10_000, "… more: --until 60.5s"),
        ] {
            let logs = try Logs.parse(["--limit", "\(limit)"])
            #expect(logs.more(before: oldest, now: now) == says)
        }
        let clockIsBehind = try Logs.parse([]).more(before: now, now: oldest)
        #expect(clockIsBehind == "… more: --limit 1000 or --until 0.0s")
        #expect(DurationArgument(argument: "60.5s")?.nanoseconds == 60_500_000_000)
    }

    @Test func listsOfFilesAreTextOfSQL() {
        #expect(Files.quoted(["a/b.parquet", "it's"]) == "'a/b.parquet','it''s'")
        #expect(Files.quoted([]) == "")
    }

    @Test func anUnknownTableIsRefusedWithTheKnownOnes() throws {
        let files = try Files.parse(["--table", "span"])
        let failure = #expect(throws: CommandFailure.self) { try files.run() }
        #expect(failure?.message.contains("span") == true)
        #expect(failure?.remedy?.contains("spans, traces, logs, metric_points") == true)
    }

    @Test(arguments: ["ftp://x", "127.0.0.1:4318", "", "http://"])
    func whatIsNoAddressIsRefused(url: String) throws {
        let options = try ServerOptions.parse(["--url", url])
        #expect(throws: ValidationError.self) { try options.client() }
    }

    @Test func serversAreLookedForWhereTheirProtocolIs() throws {
        let options = try ServerOptions.parse([])
        #expect(try options.client().base == "http://127.0.0.1:4318")
        let grpc = try #require(ProtocolArgument(argument: "grpc"))
        #expect(try options.client(defaultURL: grpc.defaultURL).base == "http://127.0.0.1:4317")
        #expect(ProtocolArgument(argument: "http/protobuf") == .http)
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
