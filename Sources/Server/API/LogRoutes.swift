import Hummingbird
import OTLP
import Telemetry

/// `GET /api/logs`: log records, newest first, page by page.
struct LogRoutes: RouteGroup {
    let runner: QueryRunner

    func add(to router: Router<HoldfastRequestContext>) {
        router.get("/api/logs") { request, context in
            let search = try Self.search(QueryParameters(request))
            let space = context.space
            let tags = [AnswerTag.service(search.service, .logs, in: space)]
            return try await runner.json(request, context, dependsOn: tags) { node in
                Self.json(try node.searchLogs(search, space: space))
            }
        }
    }

    private static func search(_ parameters: QueryParameters) throws(APIError) -> LogSearch {
        var search = LogSearch()
        search.text = parameters.text("q")
        search.service = parameters.text("service")
        search.severity = parameters.text("severity")
        if let text = parameters.text("traceId", "traceID") {
            search.traceID = try TraceID(parameter: text)
        }
        search.start = try parameters.time("start") ?? .min
        search.end = try parameters.time("end") ?? .max
        search.limit = try parameters.integer("limit", in: 1...10_000) ?? 100
        if let json = parameters.text("attributes") {
            search.attributes = try JaegerRoutes.attributes(json: json, "attributes")
        }
        if let text = parameters.text("cursor") {
            guard let cursor = LogCursor(text) else {
                throw .badRequest(
                    "cursor is \(text)",
                    remedy:
                        "Give nextCursor of the answer before; after an upgrade, begin without one."
                )
            }
            search.cursor = cursor
        }
        return search
    }

    private static func json(_ found: FoundLogs) -> [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.key("logs")
            writer.array { writer in
                for log in found.logs { Self.log(log, &writer) }
            }
            writer.key("nextCursor")
            if let cursor = found.nextCursor {
                writer.string(cursor.description)
            } else {
                writer.null()
            }
        }
        return writer.bytes
    }

    private static func log(_ log: FoundLog, _ writer: inout JSONWriter) {
        let record = log.record
        writer.object { writer in
            writer.member("timeUnixNano", "\(record.time)")
            writer.member("observedTimeUnixNano", "\(record.observedTime)")
            writer.member("severityText", record.severityText)
            writer.member("severityNumber", record.severityNumber)
            writer.key("body")
            writer.value(record.body)
            writer.member("eventName", record.eventName)
            writer.member("service", log.origin.serviceName)
            writer.member("traceId", record.traceID.isNone ? "" : record.traceID.description)
            writer.member("spanId", record.spanID.isNone ? "" : record.spanID.description)
            writer.member("flags", record.flags)
            writer.key("attributes")
            writer.attributes(record.attributes)
            writer.member("droppedAttributesCount", record.droppedAttributes)
            writer.origin(log.origin)
        }
    }
}

extension JSONWriter {
    /// A value of the object model, by the rules of `ValueJSON`.
    mutating func value(_ value: AnyValue) {
        var bytes: [UInt8] = []
        ValueJSON.append(value, into: &bytes)
        json(bytes)
    }

    /// Where a record comes from, as members of it.
    mutating func origin(_ origin: Origin) {
        key("resource")
        attributes(origin.resource.attributes)
        member("resourceSchemaUrl", origin.resourceSchemaURL)
        key("scope")
        object { writer in
            writer.member("name", origin.scope.name)
            writer.member("version", origin.scope.version)
            writer.key("attributes")
            writer.attributes(origin.scope.attributes)
            writer.member("schemaUrl", origin.scopeSchemaURL)
        }
    }

    /// Attributes as an object.
    mutating func attributes(_ attributes: [KeyValue]) {
        object { writer in
            for attribute in attributes {
                writer.key(attribute.key)
                writer.value(attribute.value)
            }
        }
    }
}
