import ArgumentParser

/// The parent of the commands about spaces.
struct Spaces: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List the spaces of a server, or create one.",
        discussion: """
            A space isolates everything of one tenant, team or environment. Example:

              holdfast spaces create staging
              holdfast spaces list
            """,
        subcommands: [List.self, Create.self],
        defaultSubcommand: List.self
    )

    /// What `GET /api/spaces` answers.
    struct Answer: Decodable {
        struct Ready: Decodable {
            let space: String
            let version: Int
        }

        struct Quarantined: Decodable {
            let space: String
            let code: String
            let reason: String
            let remedy: String
        }

        let ready: [Ready]
        let quarantined: [Quarantined]
    }

    /// Lists every space.
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the spaces, those in quarantine with why and what to do.",
            discussion: """
                Example:

                  holdfast spaces list --json
                """
        )

        @OptionGroup var server: ServerOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let body = try await server.client().body(.get, "/api/spaces")
            guard !output.json else { return JSONOutput.show(body: body) }
            let answer = try APIClient.decode(Answer.self, body, "/api/spaces")
            var table = Table(.left("SPACE"), .right("VERSION"), .left("STATE"))
            for space in answer.ready { table.add(space.space, "\(space.version)", "ready") }
            for space in answer.quarantined {
                table.add(
                    space.space,
                    "-",
                    "quarantined: \(space.code): \(space.reason) \(space.remedy)"
                )
            }
            table.show()
        }
    }

    /// Creates a space.
    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Create a space.",
            discussion: """
                Example:

                  holdfast spaces create staging
                """
        )

        @Argument(help: "Its name.")
        var name: String

        @OptionGroup var server: ServerOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let body = try await server.client().body(
                .post,
                "/api/spaces/\(APIClient.escape(name))"
            )
            guard !output.json else { return JSONOutput.show(body: body) }
            print("the space \(Terminal.clean(name)) is ready")
        }
    }
}
