import ArgumentParser

/// Lists metrics, or shows one.
struct Metrics: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List the metrics of a space, or show the series of one.",
        discussion: """
            Without a name: the metrics that have a point in the time looked at. With a name: every series, its last \
            value and how it went. Examples:

              holdfast metrics --service storefront
              holdfast metrics http.server.request.duration --service storefront --since 30m
            """
    )

    /// What `GET /api/metrics/names` answers.
    struct Names: Decodable {
        struct Metric: Decodable {
            let name: String
            let type: String
            let unit: String
            let description: String
            let services: [String]
        }

        let metrics: [Metric]
    }

    /// What `GET /api/metrics/range` answers.
    struct Range: Decodable {
        struct Series: Decodable {
            let labels: [String: String]
            let points: [Point]
        }

        /// A pair: the time as text and the value.
        struct Point: Decodable {
            let time: Int64
            let value: Double

            init(from decoder: any Decoder) throws {
                var values = try decoder.unkeyedContainer()
                time = Int64(try values.decode(String.self)) ?? 0
                if let number = try? values.decode(Double.self) {
                    value = number
                } else {
                    // What JSON has no number for is text: "NaN", "Infinity" or "-Infinity".
                    value = (try? values.decode(String.self)).flatMap(Double.init) ?? .nan
                }
            }
        }

        let series: [Series]
    }

    @Argument(help: "The metric to show.")
    var name: String?

    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    @Option(help: "Only of this service.")
    var service: String?

    @OptionGroup var time: TimeOptions

    @Option(help: "Time between points (default: an eightieth of the time shown).")
    var step: DurationArgument?

    func run() async throws {
        let client = try server.client()
        if let name {
            try await show(name, client)
        } else {
            try await list(client)
        }
    }

    private func list(_ client: APIClient) async throws {
        let now = TimeText.now()
        let query: [(String, String?)] = [
            ("service", service), ("start", "\(time.start(now: now))"),
            ("end", time.end(now: now).map { "\($0)" }),
        ]
        let body = try await client.body(.get, "/api/metrics/names", query)
        guard !output.json else { return JSONOutput.show(body: body) }
        let names = try APIClient.decode(Names.self, body, "/api/metrics/names").metrics
        guard !names.isEmpty else {
            Terminal.complain(
                "No metric \(time.text) fits; see --since. `holdfast demo` sends some."
            )
            return
        }
        var table = Table(
            .left("NAME"),
            .left("TYPE"),
            .left("UNIT"),
            .right("SERVICES"),
            .flexible("DESCRIPTION")
        )
        for metric in names.sorted(by: { $0.name < $1.name }) {
            table.add(
                metric.name,
                metric.type,
                metric.unit,
                "\(metric.services.count)",
                metric.description
            )
        }
        table.show()
    }

    private func show(_ name: String, _ client: APIClient) async throws {
        let now = TimeText.now()
        let step = max(1_000_000_000, step?.nanoseconds ?? time.length / 80)
        let body = try await client.body(
            .get,
            "/api/metrics/range",
            [
                ("name", name), ("service", service), ("start", "\(time.start(now: now))"),
                ("end", "\(time.end(now: now) ?? now)"), ("step", "\(step)ns"),
            ]
        )
        guard !output.json else { return JSONOutput.show(body: body) }
        let series = try APIClient.decode(Range.self, body, "/api/metrics/range").series
        guard series.contains(where: { !$0.points.isEmpty }) else {
            Terminal.complain("No point of \(Terminal.clean(name)) \(time.text); see --since.")
            return
        }
        var table = Table(.flexible("SERIES"), .right("LAST"), .left("TREND"))
        for series in series where !series.points.isEmpty {
            let labels = series.labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
            let values = series.points.map(\.value)
            let last = values.last.map(Sparkline.number) ?? "-"
            table.add(labels.joined(separator: " "), last, Sparkline.draw(values, width: 30))
        }
        table.show()
    }
}
