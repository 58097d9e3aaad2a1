import Hummingbird
import OTLP
import Telemetry

/// `GET /api/metrics/names|series|range`.
struct MetricRoutes: RouteGroup {
    let runner: QueryRunner

    func add(to router: Router<HoldfastRequestContext>) {
        router.get("/api/metrics/names") { request, context in
            let search = try Self.search(QueryParameters(request), name: "")
            let space = context.space
            let tags = [AnswerTag.service(search.service, .metrics, in: space)]
            return try await runner.json(request, context, dependsOn: tags) { node in
                let names = try node.metricNames(search, space: space)
                return JaegerJSON.named("metrics", names) { writer, metric in
                    writer.object { writer in
                        writer.member("name", metric.name)
                        writer.member("type", metric.type)
                        writer.member("unit", metric.unit)
                        writer.member("description", metric.description)
                        writer.key("services")
                        writer.array { writer in
                            for service in metric.services { writer.string(service) }
                        }
                    }
                }
            }
        }
        router.get("/api/metrics/series") { request, context in
            let search = try Self.search(QueryParameters(request))
            let space = context.space
            let tags = [AnswerTag.service(search.service, .metrics, in: space)]
            return try await runner.json(request, context, dependsOn: tags) { node in
                Self.json(try node.metricRange(search, space: space), points: false)
            }
        }
        router.get("/api/metrics/range") { request, context in
            let search = try Self.search(QueryParameters(request))
            let space = context.space
            let tags = [AnswerTag.service(search.service, .metrics, in: space)]
            return try await runner.json(request, context, dependsOn: tags) { node in
                Self.json(try node.metricRange(search, space: space), points: true)
            }
        }
    }

    private static func search(_ parameters: QueryParameters) throws(APIError) -> MetricSearch {
        guard let name = parameters.text("name") else {
            throw .badRequest(
                "name is missing",
                remedy: "Give name=METRIC; /api/metrics/names lists them."
            )
        }
        return try search(parameters, name: name)
    }

    private static func search(
        _ parameters: QueryParameters,
        name: String
    ) throws(APIError) -> MetricSearch {
        var search = MetricSearch(name: name)
        search.service = parameters.text("service")
        search.start = try parameters.time("start") ?? .min
        search.end = try parameters.time("end") ?? .max
        search.step = try parameters.duration("step", unit: 1_000_000_000)
        return search
    }

    private static func json(_ series: [MetricSeries], points: Bool) -> [UInt8] {
        JaegerJSON.named("series", series) { writer, series in
            writer.object { writer in
                writer.key("labels")
                writer.object { writer in
                    for label in series.labels { writer.member(label.key, label.value) }
                }
                writer.member("unit", series.unit)
                writer.origin(series.origin)
                guard points else {
                    writer.member("pointCount", series.points.count)
                    return
                }
                writer.key("points")
                writer.array { writer in
                    // Tables hold times signed, OTLP does not: those below zero are the last ones.
                    let late = series.points.prefix { $0.time < 0 }
                    for point in series.points.dropFirst(late.count) + late {
                        writer.array { writer in
                            writer.string("\(UInt64(bitPattern: point.time))")
                            switch point.value {
                            case .int(let value): writer.integer(value)
                            case .count(let value): writer.integer(value)
                            case .double(let value): writer.double(value)
                            }
                        }
                    }
                }
            }
        }
    }
}
