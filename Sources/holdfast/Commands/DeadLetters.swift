import ArgumentParser

/// The parent of the commands about dead letters.
struct DeadLetters: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List, show, replay or discard what was acknowledged and could not be applied.",
        discussion: """
            A dead letter is kept until it is replayed or discarded. Example:

              holdfast dead-letters list
              holdfast dead-letters show 000000000000002a-0001
              holdfast dead-letters replay 000000000000002a-0001
            """,
        subcommands: [List.self, Show.self, Replay.self, Discard.self],
        defaultSubcommand: List.self
    )

    /// What `GET /api/dead-letters` answers.
    struct Answer: Decodable {
        struct Letter: Decodable {
            let id: String
            let space: String
            let signal: String?
            let attempts: Int
            let error: String
            let bytes: Int
            /// Unix nanoseconds, decimal.
            let since: String
            let nextAttempt: String?
        }

        let deadLetters: [Letter]

        /// The letters for people.
        var table: Table {
            var table = Table(
                .left("ID"),
                .left("SPACE"),
                .left("SIGNAL"),
                .left("SINCE (UTC)"),
                .right("ATTEMPTS"),
                .left("NEXT (UTC)"),
                .right("BYTES"),
                .flexible("ERROR")
            )
            for letter in deadLetters {
                table.add(
                    letter.id,
                    letter.space,
                    letter.signal ?? "-",
                    Self.moment(letter.since),
                    "\(letter.attempts)",
                    letter.nextAttempt.map(Self.moment) ?? "-",
                    "\(letter.bytes)",
                    letter.error
                )
            }
            return table
        }

        private static func moment(_ nanoseconds: String) -> String {
            Int64(nanoseconds).map(TimeText.moment) ?? nanoseconds
        }
    }

    /// What all commands about one letter need.
    struct LetterOptions: ParsableArguments {
        @Argument(help: "The id of the letter, as `dead-letters list` shows it.")
        var id: String

        @OptionGroup var server: ServerOptions
        @OptionGroup var output: OutputOptions

        var path: String { "/api/dead-letters/\(APIClient.escape(id))" }
    }

    /// Lists every letter.
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the dead letters of all spaces.",
            discussion: """
                NEXT is when the server replays a letter by itself; without it the letter waits for you. Example:

                  holdfast dead-letters list --json
                """
        )

        @OptionGroup var server: ServerOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let body = try await server.client().body(.get, "/api/dead-letters")
            guard !output.json else { return JSONOutput.show(body: body) }
            let answer = try APIClient.decode(Answer.self, body, "/api/dead-letters")
            guard !answer.deadLetters.isEmpty else { return print("no dead letters") }
            answer.table.show()
        }
    }

    /// Shows one letter.
    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show one dead letter with what is in it, as JSON.",
            discussion: """
                Example:

                  holdfast dead-letters show 000000000000002a-0001
                """
        )

        @OptionGroup var letter: LetterOptions

        func run() async throws {
            JSONOutput.show(body: try await letter.server.client().body(.get, letter.path))
        }
    }

    /// Applies one letter.
    struct Replay: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Apply one dead letter; what is stored already is not stored twice.",
            discussion: """
                Example:

                  holdfast dead-letters replay 000000000000002a-0001
                """
        )

        @OptionGroup var letter: LetterOptions

        func run() async throws {
            let body = try await letter.server.client().body(.post, letter.path + "/replay")
            guard !letter.output.json else { return JSONOutput.show(body: body) }
            print("replayed \(Terminal.clean(letter.id))")
        }
    }

    /// Deletes one letter.
    struct Discard: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Delete one dead letter for good.",
            discussion: """
                There is no way back; `show` prints what would be lost. Example:

                  holdfast dead-letters discard 000000000000002a-0001 --yes
                """
        )

        @OptionGroup var letter: LetterOptions

        @Flag(help: "Do not ask.")
        var yes = false

        func run() async throws {
            guard yes || confirms() else { throw CommandFailure("nothing was discarded") }
            let body = try await letter.server.client().body(.delete, letter.path)
            guard !letter.output.json else { return JSONOutput.show(body: body) }
            print("discarded \(Terminal.clean(letter.id))")
        }

        private func confirms() -> Bool {
            Terminal.complain(
                "discard \(Terminal.clean(letter.id)) for good? Type yes to go on, or give --yes."
            )
            return Self.isYes(readLine())
        }

        /// Whether an answer is a yes; the end of the input is none.
        static func isYes(_ answer: String?) -> Bool {
            ["y", "yes"].contains(answer?.lowercased() ?? "")
        }
    }
}
