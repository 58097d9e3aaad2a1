import Hummingbird
import OTLP
import Storage
import Telemetry

/// Jaeger's query APIs: the first, which its older pages and Grafana's data source speak, and version 3.
struct JaegerRoutes: RouteGroup {
    let runner: QueryRunner

    func add(to router: Router<HoldfastRequestContext>) {
        router.get("/api/services") { request, context in
            let space = context.space
            let tags = [AnswerTag.names(in: space)]
            return try await runner.json(request, context, dependsOn: tags) { node in
                JaegerJSON.list(try node.services(space: space)) { writer, service in
                    writer.string(service)
                }
            }
        }
        router.get("/api/services/{service}/operations") { request, context in
            let service = PercentCoding.decoded(context.parameters.get("service") ?? "")
            let space = context.space
            let tags = [AnswerTag.service(service, .traces, in: space)]
            return try await runner.json(request, context, dependsOn: tags) { node in
                let names = Set(try node.operations(of: service, space: space).map(\.name)).sorted()
                return JaegerJSON.list(names) { writer, name in writer.string(name) }
            }
        }
        router.get("/api/operations") { request, context in
            let parameters = QueryParameters(request)
            let space = context.space
            let service = parameters.text("service")
            let tags = [AnswerTag.service(service, .traces, in: space)]
            return try await runner.json(request, context, dependsOn: tags) { node in
                JaegerJSON.operationList(
                    try node.operations(of: service, space: space),
                    kind: parameters.text("spanKind")
                )
            }
        }
        router.get("/api/traces") { request, context in
            let parameters = QueryParameters(request)
            let search = try Self.search(parameters)
            let ids = try parameters.all("traceID").map { try TraceID(parameter: $0) }
            let space = context.space
            if !ids.isEmpty { return try await traces(ids, request, context) }
            // Time that is counted back from now moves on: such an answer is not kept.
            if Self.countsFromNow(parameters) {
                return try await runner.json(request) { node in
                    JaegerJSON.traces(
                        try node.searchTraces(search, space: space) { JaegerJSON.trace($0) }
                    )
                }
            }
            let tags = [AnswerTag.service(search.service, .traces, in: space)]
            return try await runner.json(request, context, dependsOn: tags) { node, tags in
                let found = try node.searchTraces(search, space: space) {
                    (id: $0.id, json: JaegerJSON.trace($0))
                }
                tags += found.map { AnswerTag.trace($0.id, in: space) }
                return JaegerJSON.traces(found.map(\.json))
            }
        }
        router.get("/api/traces/{id}") { request, context in
            let text = PercentCoding.decoded(context.parameters.get("id") ?? "")
            let id = try TraceID(parameter: text)
            let space = context.space
            let tags = [AnswerTag.trace(id, in: space)]
            return try await runner.json(request, context, dependsOn: tags) { node in
                guard let trace = try node.trace(id, space: space) else { throw Self.noTrace(text) }
                return JaegerJSON.traces([JaegerJSON.trace(trace)])
            }
        }
        router.get("/api/dependencies") { request, context in
            let parameters = QueryParameters(request)
            let times = try Self.dependencyTimes(parameters)
            let space = context.space
            let tags = [AnswerTag.all(.traces, in: space)]
            return try await runner.json(request, context, dependsOn: tags) { node in
                JaegerJSON.list(try node.dependencies(times, space: space)) { writer, dependency in
                    writer.object { writer in
                        writer.member("parent", dependency.parent)
                        writer.member("child", dependency.child)
                        writer.member("callCount", dependency.callCount)
                        writer.member("errorCount", dependency.errorCount)
                    }
                }
            }
        }
        addVersion3(to: router)
    }

    private func addVersion3(to router: Router<HoldfastRequestContext>) {
        router.get("/api/v3/services") { request, context in
            let space = context.space
            let tags = [AnswerTag.names(in: space)]
            return try await runner.json(request, context, dependsOn: tags) { node in
                JaegerJSON.named("services", try node.services(space: space)) { writer, service in
                    writer.string(service)
                }
            }
        }
        router.get("/api/v3/operations") { request, context in
            let parameters = QueryParameters(request)
            let space = context.space
            let service = parameters.text("service")
            let tags = [AnswerTag.service(service, .traces, in: space)]
            return try await runner.json(request, context, dependsOn: tags) { node in
                JaegerJSON.operations(
                    try node.operations(of: service, space: space),
                    kind: parameters.text("span_kind", "spanKind")
                )
            }
        }
        router.get("/api/v3/traces/{id}") { request, context in
            let text = PercentCoding.decoded(context.parameters.get("id") ?? "")
            let id = try TraceID(parameter: text)
            let space = context.space
            let tags = [AnswerTag.trace(id, in: space)]
            return try await runner.json(request, context, dependsOn: tags) { node in
                guard let trace = try node.trace(id, space: space) else { throw Self.noTrace(text) }
                return JaegerJSON.result([trace])
            }
        }
        router.get("/api/v3/traces") { request, context in
            let search = try Self.searchVersion3(QueryParameters(request))
            let space = context.space
            let tags = [AnswerTag.service(search.service, .traces, in: space)]
            return try await runner.json(request, context, dependsOn: tags) { node, tags in
                let found = try node.searchTraces(search, space: space)
                tags += found.map { AnswerTag.trace($0.id, in: space) }
                return JaegerJSON.result(found)
            }
        }
        router.get("/api/v3/trace-summaries") { request, context in
            let search = try Self.searchVersion3(QueryParameters(request))
            let space = context.space
            let tags = [AnswerTag.service(search.service, .traces, in: space)]
            return try await runner.json(request, context, dependsOn: tags) { node, tags in
                let found = try node.searchTraces(search, space: space)
                tags += found.map { AnswerTag.trace($0.id, in: space) }
                return JaegerJSON.summaries(found)
            }
        }
    }

    /// The traces with these ids, and an error for each that is not there.
    private func traces(
        _ ids: [TraceID],
        _ request: Request,
        _ context: HoldfastRequestContext
    ) async throws -> Response {
        let space = context.space
        let tags = ids.map { AnswerTag.trace($0, in: space) }
        return try await runner.json(request, context, dependsOn: tags) { node in
            var found: [[UInt8]] = []
            var missing: [TraceID] = []
            for id in ids {
                if let trace = try node.trace(id, space: space) {
                    found.append(JaegerJSON.trace(trace))
                } else {
                    missing.append(id)
                }
            }
            return JaegerJSON.traces(found, missing: missing)
        }
    }

    // MARK: - Parameters

    private static func search(_ parameters: QueryParameters) throws(APIError) -> TraceSearch {
        var search = TraceSearch()
        search.service = parameters.text("service")
        search.operation = parameters.text("operation")
        if search.operation == "all" { search.operation = nil }
        search.durationMin = try parameters.duration("minDuration")
        search.durationMax = try parameters.duration("maxDuration")
        let end = try parameters.micros("end") ?? (countsFromNow(parameters) ? now() : nil)
        search.start = try parameters.micros("start") ?? start(parameters, before: end)
        search.end = end ?? .max
        search.limit = try parameters.integer("limit", in: 1...10_000) ?? 20
        if let tags = parameters.text("tags") {
            search.attributes = try attributes(json: tags, "tags")
        }
        for tag in parameters.all("tag") {
            guard let colon = tag.firstIndex(of: ":") else {
                throw .badRequest("tag is \(tag)", remedy: "Give tag=key:value.")
            }
            search.attributes.append(
                (String(tag[..<colon]), String(tag[tag.index(after: colon)...]))
            )
        }
        return search
    }

    /// The start that `lookback` means.
    private static func start(_ parameters: QueryParameters, before end: Int64?) -> Int64 {
        guard let end, let lookback = lookback(parameters) else { return .min }
        let (start, overflow) = end.subtractingReportingOverflow(lookback)
        return overflow ? .min : start
    }

    /// Nil for what is no length of time, such as the "custom" of Jaeger's page.
    private static func lookback(_ parameters: QueryParameters) -> Int64? {
        parameters.text("lookback").flatMap { DurationText.nanoseconds($0, unit: 1_000) }
    }

    /// Whether the time that is asked for is counted back from now.
    private static func countsFromNow(_ parameters: QueryParameters) -> Bool {
        parameters.text("start") == nil && parameters.text("end") == nil
            && lookback(parameters) != nil
    }

    private static func now() -> Int64 { Int64(clamping: SystemClock().now()) }

    private static func searchVersion3(
        _ parameters: QueryParameters
    ) throws(APIError) -> TraceSearch {
        // To ignore a condition would answer another question. (query.raw_traces asks for traces that are not
        // adjusted, which none here is.)
        if parameters.text("query.filter") != nil {
            throw .badRequest(
                "query.filter is not supported",
                remedy: "Give query.attributes={\"key\":\"value\"} instead."
            )
        }
        var search = TraceSearch()
        search.service = parameters.text("query.service_name", "query.serviceName")
        search.operation = parameters.text("query.operation_name", "query.operationName")
        search.start =
            try parameters.time("query.start_time_min", "query.startTimeMin") ?? .min
        search.end =
            try parameters.time("query.start_time_max", "query.startTimeMax") ?? .max
        search.durationMin = try parameters.duration("query.duration_min", "query.durationMin")
        search.durationMax = try parameters.duration("query.duration_max", "query.durationMax")
        search.limit =
            try parameters.integer(
                "query.search_depth",
                "query.searchDepth",
                "query.num_traces",
                in: 1...10_000
            ) ?? 20
        if let json = parameters.text("query.attributes") {
            search.attributes = try attributes(json: json, "query.attributes")
        }
        return search
    }

    /// The members of a JSON object of scalars.
    static func attributes(
        json text: String,
        _ name: String
    ) throws(APIError) -> [(key: String, value: String)] {
        guard let members = try? ValueJSON.parseObject(Array(text.utf8)) else {
            throw .badRequest(
                "\(name) is not a JSON object",
                remedy: "Give \(name)={\"key\":\"value\"}."
            )
        }
        var attributes: [(key: String, value: String)] = []
        for member in members {
            guard let value = TelemetryText.scalar(member.value) else {
                throw .badRequest(
                    "\(name) holds a structured value for \(member.key)",
                    remedy: "Give text, numbers or booleans."
                )
            }
            attributes.append((member.key, value))
        }
        return attributes
    }

    private static func dependencyTimes(
        _ parameters: QueryParameters
    ) throws(APIError) -> ClosedRange<Int64> {
        guard let end = try parameters.integer("endTs", in: 0...Int(Int64.max / 1_000_000)) else {
            return .min ... .max
        }
        let lookback =
            try parameters.integer("lookback", in: 0...Int(Int64.max / 1_000_000)) ?? 86_400_000
        return Int64(max(0, end - lookback)) * 1_000_000...Int64(end) * 1_000_000
    }

    private static func noTrace(_ id: String) -> APIError {
        .notFound(
            "there is no trace \(id)",
            remedy: "Check the id, and the space (X-Holdfast-Space)."
        )
    }
}

extension TraceID {
    /// An id of 1 to 32 hexadecimal digits; short ones are filled up with zeros in front.
    init(parameter text: String) throws(APIError) {
        let digits =
            text.utf8.count <= 32 ? String(repeating: "0", count: 32 - text.utf8.count) + text : ""
        guard !text.isEmpty, digits.utf8.count == 32, !digits.hasPrefix("+"),
            let high = UInt64(digits.prefix(16), radix: 16),
            let low = UInt64(digits.suffix(16), radix: 16)
        else {
            throw .badRequest("\(text) is not a trace id", remedy: "Give 32 hexadecimal digits.")
        }
        self.init(high: high, low: low)
    }
}
