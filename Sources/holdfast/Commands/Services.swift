import ArgumentParser

/// Lists the services that have sent spans.
struct Services: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List the services of a space and how many operations each has.",
        discussion: """
            Example:

              holdfast services --space staging
            """
    )

    /// A list of names, as Jaeger's API gives it.
    struct Answer: Decodable {
        let data: [String]
    }

    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let client = try server.client()
        let body = try await client.body(.get, "/api/services")
        guard !output.json else { return JSONOutput.show(body: body) }
        let names = try APIClient.decode(Answer.self, body, "/api/services").data.sorted()
        guard !names.isEmpty else {
            Terminal.complain("No spans yet. Send some with `holdfast demo`.")
            return
        }
        var table = Table(.left("SERVICE"), .right("OPERATIONS"))
        for name in names {
            let path = "/api/services/\(APIClient.escape(name))/operations"
            table.add(name, "\(try await client.get(Answer.self, path).data.count)")
        }
        table.show()
    }
}
