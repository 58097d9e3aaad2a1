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
    struct Names: Codable {
        struct Metric: Codable {
            let name: String
            let type: String
            let unit: String
            let description: String
            let services: [String]
        }

        let metrics: [Metric]
    }

    /// What `GET /api/metrics/series` answers, as far as it is looked at.
    struct SeriesList: Decodable {
        struct Series: Decodable {
            let pointCount: Int
        }

        let series: [Series]
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
        let all = try await client.get(Names.self, "/api/metrics/names")
        let names = try await fitting(all.metrics, client)
        guard !output.json else { return try JSONOutput.show(Names(metrics: names)) }
        guard !all.metrics.isEmpty else {
            Terminal.complain("No metrics yet. Send some with `holdfast demo`.")
            return
        }
        guard !names.isEmpty else {
            Terminal.complain("No metric \(time.text) fits; see --since.")
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

    /// Those with a point in the time looked at, of the service if one is given.
    ///
    /// The server's list knows no times, so it is asked for the series of each.
    private func fitting(
        _ metrics: [Names.Metric],
        _ client: APIClient
    ) async throws -> [Names.Metric] {
        let now = TimeText.now()
        let end = time.end(now: now).map { "\($0)" }
        let candidates = metrics.filter { metric in
            service.map { metric.services.contains($0) } ?? true
        }
        // A metric without a name cannot be asked for.
        var fits = ["": true]
        for metric in candidates where fits[metric.name] == nil {
            let query: [(String, String?)] = [
                ("name", metric.name), ("service", service),
                ("start", "\(time.start(now: now))"), ("end", end),
            ]
            let list = try await client.get(SeriesList.self, "/api/metrics/series", query)
            fits[metric.name] = list.series.contains { $0.pointCount > 0 }
        }
        return candidates.filter { fits[$0.name] == true }
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
