import ArgumentParser

/// Searches and follows log records.
struct Logs: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Search log records, or follow them as they come.",
        discussion: """
            Prints the newest records that fit, oldest first. Examples:

              holdfast logs --service checkout --severity ERROR --since 10m
              holdfast logs --tag exception.type=Timeout --since 2h --until 1h
              holdfast logs --query "did not answer" --follow
            """
    )

    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    @Option(help: "Part of the text, in the same case.")
    var query: String?

    @Option(help: "The service that wrote them.")
    var service: String?

    @Option(help: "A severity, such as ERROR.")
    var severity: String?

    @Option(help: "The trace they belong to.")
    var traceID: String?

    @OptionGroup var tags: TagOptions
    @OptionGroup var time: TimeOptions

    @Option(help: "How many at most; with --follow, how many to begin with.")
    var limit = 100

    @Flag(name: .shortAndLong, help: "Go on with what comes, until Ctrl-C.")
    var follow = false

    private static let limitMax = 10_000

    func validate() throws {
        guard (1...Self.limitMax).contains(limit) else {
            throw ValidationError("--limit is 1 to \(Self.limitMax).")
        }
        guard !(follow && output.json) else {
            throw ValidationError("--follow prints lines, not --json.")
        }
        guard !(follow && time.until != nil) else {
            throw ValidationError("--follow goes on with what comes: it takes no --until.")
        }
    }

    func run() async throws {
        let client = try server.client()
        let now = TimeText.now()
        let attributes = try tags.json()
        let end = time.end(now: now).map { "\($0)" }
        let parameters = [
            ("q", query), ("service", service), ("severity", severity), ("traceId", traceID),
            ("attributes", attributes), ("start", "\(time.start(now: now))"), ("end", end),
            ("limit", "\(limit)"),
        ]
        let body = try await client.body(.get, "/api/logs", parameters)
        guard !output.json else { return JSONOutput.show(body: body) }
        let page = try APIClient.decode(LogPage.self, body, "/api/logs")
        for log in page.logs.reversed() { log.show() }
        guard follow else {
            if let oldest = page.logs.last {
                if page.nextCursor != nil { Terminal.complain(more(before: oldest.time, now: now)) }
            } else {
                Terminal.complain("No record \(time.text) fits; see --since.")
            }
            return
        }
        let fixed = parameters.filter { $0.0 != "start" && $0.0 != "limit" }
        try await follow(client, fixed, from: page.logs)
    }

    /// How to see the records that did not fit, which are before those shown.
    func more(before oldest: Int64, now: Int64) -> String {
        let age = max(0, now.subtractingSaturated(oldest))
        let until = "--until \(TimeText.fixed(Double(age) / 1e9, decimals: 1))s"
        guard limit < Self.limitMax else { return "… more: \(until)" }
        return "… more: --limit \(min(Self.limitMax, limit * 10)) or \(until)"
    }

    private func follow(
        _ client: APIClient,
        _ parameters: [(String, String?)],
        from first: [LogPage.Log]
    ) async throws {
        let interrupt = Interrupt()
        var follower = LogFollower(shown: first, now: TimeText.now())
        while !interrupt.isRaised {
            await interrupt.sleep(seconds: 1)
            guard !interrupt.isRaised else { return }
            var found: [LogPage.Log] = []
            var cursor: String?
            repeat {
                let query =
                    parameters + [
                        ("start", "\(follower.start)"), ("limit", "1000"), ("cursor", cursor),
                    ]
                let page = try await client.get(LogPage.self, "/api/logs", query)
                found += page.logs
                cursor = page.logs.isEmpty ? nil : page.nextCursor
            } while cursor != nil && !interrupt.isRaised
            for log in follower.take(found, now: TimeText.now()) { log.show() }
        }
    }
}
