import ArgumentParser
import OTLP

/// The status of a span, as an argument.
enum StatusArgument: String, ExpressibleByArgument, CaseIterable {
    case error
    case ok
    case unset

    /// The same as the search knows it.
    var attribute: KeyValue { KeyValue("otel.status_code", .string(rawValue.uppercased())) }
}

/// Searches for traces.
struct Traces: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Search for traces.",
        discussion: """
            The newest traces with a span that fits all that is asked for. Examples:

              holdfast traces --service checkout --min-duration 500ms
              holdfast traces --service payments --status error --since 2h --until 1h
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

    @OptionGroup var tags: TagOptions

    @Option(help: "The status of a span.")
    var status: StatusArgument?

    @Option(help: "The least duration of a span.")
    var minDuration: DurationArgument?

    @Option(help: "The greatest duration of a span.")
    var maxDuration: DurationArgument?

    @OptionGroup var time: TimeOptions

    @Option(help: "How many at most.")
    var limit = 20

    func validate() throws {
        guard (1...10_000).contains(limit) else { throw ValidationError("--limit is 1 to 10000.") }
    }

    func run() async throws {
        let now = TimeText.now()
        let attributes = try tags.json(and: status?.attribute)
        let body = try await server.client().body(
            .get,
            "/api/v3/trace-summaries",
            [
                ("query.service_name", service), ("query.operation_name", operation),
                ("query.attributes", attributes),
                ("query.duration_min", minDuration.map { "\($0.nanoseconds)ns" }),
                ("query.duration_max", maxDuration.map { "\($0.nanoseconds)ns" }),
                ("query.start_time_min", "\(time.start(now: now))"),
                ("query.start_time_max", time.end(now: now).map { "\($0)" }),
                ("query.search_depth", "\(limit)"),
            ]
        )
        guard !output.json else { return JSONOutput.show(body: body) }
        let answer = try APIClient.decode(Answer.self, body, "/api/v3/trace-summaries")
        guard !answer.summaries.isEmpty else {
            Terminal.complain("No trace \(time.text) fits; see --since.")
            return
        }
        show(answer.summaries)
    }

    private func show(_ summaries: [Answer.Summary]) {
        // The date goes without saying when it is that of the last hours: the root needs the room.
        let isLong = time.since.seconds > 43_200
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
            let start = Self.time(trace.minTimeUnixNano) ?? 0
            let end = Self.time(trace.maxTimeUnixNano) ?? start
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

    /// A time of OTLP, which has no sign; the end of the range for those far beyond any clock.
    private static func time(_ text: String) -> Int64? {
        UInt64(text).map { Int64(clamping: $0) }
    }
}
