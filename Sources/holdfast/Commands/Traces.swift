import ArgumentParser
import Foundation

/// Searches for traces.
struct Traces: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Search for traces.",
        discussion: """
            The newest traces with a span that fits all that is asked for. Examples:

              holdfast traces --service checkout --min-duration 500ms
              holdfast traces --service payments --tag error=true --since 1h
            """
    )

    /// What `GET /api/v3/trace-summaries` answers.
    struct Answer: Decodable {
        struct Summary: Decodable {
            struct Service: Decodable {
                let name: String
            }

            let traceId: String
            let rootServiceName: String
            let rootOperationName: String
            let minTimeUnixNano: String
            let maxTimeUnixNano: String
            let spanCount: Int
            let errorSpanCount: Int
            let services: [Service]
        }

        let summaries: [Summary]
    }

    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    @Option(help: "A service that takes part.")
    var service: String?

    @Option(help: "The name of a span.")
    var operation: String?

    @Option(help: ArgumentHelp("An attribute of a span; may be repeated.", valueName: "key=value"))
    var tag: [String] = []

    @Option(help: "The least duration of a span.")
    var minDuration: DurationArgument?

    @Option(help: "The greatest duration of a span.")
    var maxDuration: DurationArgument?

    @Option(help: "How far to look back.")
    var since = DurationArgument(minutes: 60)

    @Option(help: "How many at most.")
    var limit = 20

    func validate() throws {
        guard (1...10_000).contains(limit) else { throw ValidationError("--limit is 1 to 10000.") }
        _ = try tags()
    }

    func run() async throws {
        let end = TimeText.now()
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let tags = try tags()
        let attributes =
            tags.isEmpty ? nil : String(decoding: try encoder.encode(tags), as: UTF8.self)
        let body = try await server.client().body(
            .get,
            "/api/v3/trace-summaries",
            [
                ("query.service_name", service), ("query.operation_name", operation),
                ("query.attributes", attributes),
                ("query.duration_min", minDuration.map { "\($0.nanoseconds)ns" }),
                ("query.duration_max", maxDuration.map { "\($0.nanoseconds)ns" }),
                ("query.start_time_min", "\(end - since.nanoseconds)"),
                ("query.search_depth", "\(limit)"),
            ]
        )
        guard !output.json else { return JSONOutput.show(body: body) }
        let answer = try APIClient.decode(Answer.self, body, "/api/v3/trace-summaries")
        guard !answer.summaries.isEmpty else {
            Terminal.complain(
                "No trace of the last \(TimeText.duration(since.nanoseconds)) fits; see --since."
            )
            return
        }
        show(answer.summaries)
    }

    private func show(_ summaries: [Answer.Summary]) {
        // The date goes without saying when it is that of the last hours: the root needs the room.
        let isLong = since.seconds > 43_200
        var table = Table(
            .left("START (UTC)"),
            .right("DURATION"),
            .flexible("ROOT"),
            .right("SPANS"),
            .right("ERRORS"),
            .right("SERVICES"),
            .left("TRACE ID")
        )
        for trace in summaries {
            let start = Int64(trace.minTimeUnixNano) ?? 0
            let end = Int64(trace.maxTimeUnixNano) ?? start
            let moment = TimeText.moment(start)
            table.add(
                isLong ? moment : String(moment.suffix(12)),
                TimeText.duration(max(0, end - start)),
                "\(trace.rootServiceName): \(trace.rootOperationName)",
                "\(trace.spanCount)",
                trace.errorSpanCount == 0 ? "" : "\(trace.errorSpanCount)",
                "\(trace.services.count)",
                trace.traceId
            )
        }
        table.show()
    }

    private func tags() throws -> [String: String] {
        var tags: [String: String] = [:]
        for text in tag {
            guard let sign = text.firstIndex(of: "="), sign > text.startIndex else {
                throw ValidationError("--tag is \(text); give it like key=value.")
            }
            tags[String(text[..<sign])] = String(text[text.index(after: sign)...])
        }
        return tags
    }
}
