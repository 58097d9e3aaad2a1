import ArgumentParser

/// The parent of the commands about dead letters.
struct DeadLetters: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List, show, replay or discard what was accepted and could not be applied.",
        discussion: """
            A dead letter is kept until it is replayed or discarded. Example:

              holdfast dead-letters list
              holdfast dead-letters replay 01hzy3
            """,
        subcommands: [List.self, Show.self, Replay.self, Discard.self],
        defaultSubcommand: List.self
    )

    /// What `GET /api/dead-letters` answers.
    struct Answer: Decodable {
        struct Letter: Decodable {
            let id: String
            let space: String
            let attempts: Int
            let error: String
            let bytes: Int
            /// Text, or Unix nanoseconds as a decimal string.
            let since: String

            var moment: String { Int64(since).map(TimeText.moment) ?? since }
        }

        let deadLetters: [Letter]
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
                Example:

                  holdfast dead-letters list --json
                """
        )

        @OptionGroup var server: ServerOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let body = try await server.client().body(.get, "/api/dead-letters")
            guard !output.json else { return JSONOutput.show(body: body) }
            let letters = try APIClient.decode(Answer.self, body, "/api/dead-letters").deadLetters
            guard !letters.isEmpty else {
                print("no dead letters")
                return
            }
            var table = Table(
                .left("ID"),
                .left("SPACE"),
                .left("SINCE (UTC)"),
                .right("ATTEMPTS"),
                .right("BYTES"),
                .flexible("ERROR")
            )
            for letter in letters {
                table.add(
                    letter.id,
                    letter.space,
                    letter.moment,
                    "\(letter.attempts)",
                    "\(letter.bytes)",
                    letter.error
                )
            }
            table.show()
        }
    }

    /// Shows one letter.
    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show one dead letter with what is in it.",
            discussion: """
                Prints the server's JSON. Example:

                  holdfast dead-letters show 01hzy3
                """
        )

        @OptionGroup var letter: LetterOptions

        func run() async throws {
            JSONOutput.show(body: try await letter.server.client().body(.get, letter.path))
        }
    }

    /// Applies one letter again.
    struct Replay: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Apply one dead letter again; what is stored already is not stored twice.",
            discussion: """
                Example:

                  holdfast dead-letters replay 01hzy3
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
                There is no way back. Example:

                  holdfast dead-letters discard 01hzy3
                """
        )

        @OptionGroup var letter: LetterOptions

        func run() async throws {
            let body = try await letter.server.client().body(.delete, letter.path)
            guard !letter.output.json else { return JSONOutput.show(body: body) }
            print("discarded \(Terminal.clean(letter.id))")
        }
    }
}
