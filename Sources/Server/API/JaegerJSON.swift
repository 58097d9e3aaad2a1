import OTLP
import Telemetry

/// The JSON that Jaeger's clients expect.
enum JaegerJSON {
    /// A list: `{"data":[...],"total":n,"limit":0,"offset":0,"errors":null}`, or with an error for each trace of
    /// `missing`.
    static func list<Element>(
        _ elements: [Element],
        missing: [TraceID] = [],
        _ body: (inout JSONWriter, Element) -> Void
    ) -> [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.key("data")
            writer.array { writer in
                for element in elements { body(&writer, element) }
            }
            writer.member("total", elements.count)
            writer.member("limit", 0)
            writer.member("offset", 0)
            writer.key("errors")
            if missing.isEmpty {
                writer.null()
            } else {
                writer.array { writer in
                    for id in missing { noTrace(id, &writer) }
                }
            }
        }
        return writer.bytes
    }

    private static func noTrace(_ id: TraceID, _ writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("code", 404)
            writer.member("msg", "trace not found")
            writer.member("traceID", id.description)
        }
    }

    /// A list under a name: `{"name":[...]}`.
    static func named<Element>(
        _ name: String,
        _ elements: [Element],
        _ body: (inout JSONWriter, Element) -> Void
    ) -> [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.key(name)
            writer.array { writer in
                for element in elements { body(&writer, element) }
            }
        }
        return writer.bytes
    }

    // MARK: - The first API

    /// The envelope around traces that `trace` wrote.
    static func traces(_ traces: [[UInt8]], missing: [TraceID] = []) -> [UInt8] {
        list(traces, missing: missing) { writer, trace in writer.json(trace) }
    }

    /// One trace, with what its spans share under `processes`.
    static func trace(_ trace: FoundTrace) -> [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            let traceID = trace.id.description
            writer.member("traceID", traceID)
            var processes = OriginNumbers { $0.hasResource(of: $1) }
            writer.key("spans")
            writer.array { writer in
                for found in trace.spans {
                    let process = processes.number(of: found.origin)
                    span(found, traceID, "p\(process + 1)", &writer)
                }
            }
            writer.key("processes")
            writer.object { writer in
                for (number, origin) in processes.firsts.enumerated() {
                    process("p\(number + 1)", origin, &writer)
                }
            }
            writer.key("warnings")
            writer.null()
        }
        return writer.bytes
    }

    private static func process(_ name: String, _ origin: Origin, _ writer: inout JSONWriter) {
        writer.key(name)
        writer.object { writer in
            writer.member("serviceName", origin.serviceName)
            writer.key("tags")
            writer.array { writer in
                for attribute in origin.resource.attributes where attribute.key != "service.name" {
                    tag(attribute.key, attribute.value, &writer)
                }
            }
        }
    }

    private static func span(
        _ found: FoundSpan,
        _ traceID: String,
        _ process: String,
        _ writer: inout JSONWriter
    ) {
        let span = found.span
        writer.object { writer in
            writer.member("traceID", traceID)
            writer.member("spanID", span.spanID.description)
            writer.member("operationName", span.name)
            writer.member("flags", span.flags & 0xff)
            writer.key("references")
            writer.array { writer in
                if !span.parentSpanID.isNone {
                    reference("CHILD_OF", traceID, span.parentSpanID.description, &writer)
                }
                // A link may have no ids, only attributes; there is nothing to refer to.
                for link in span.links where !link.traceID.isNone {
                    reference(
                        "FOLLOWS_FROM",
                        link.traceID.description,
                        link.spanID.description,
                        &writer
                    )
                }
            }
            writer.member("startTime", span.startTime / 1_000)
            writer.member(
                "duration",
                span.endTime >= span.startTime ? (span.endTime - span.startTime) / 1_000 : 0
            )
            writer.key("tags")
            writer.array { writer in tags(found, &writer) }
            writer.key("logs")
            writer.array { writer in
                for event in span.events {
                    writer.object { writer in
                        writer.member("timestamp", event.time / 1_000)
                        writer.key("fields")
                        writer.array { writer in
                            tag("event", .string(event.name), &writer)
                            for attribute in event.attributes {
                                tag(attribute.key, attribute.value, &writer)
                            }
                        }
                    }
                }
            }
            writer.member("processID", process)
            writer.key("warnings")
            writer.null()
        }
    }

    private static func tags(_ found: FoundSpan, _ writer: inout JSONWriter) {
        let span = found.span
        for attribute in span.attributes { tag(attribute.key, attribute.value, &writer) }
        if (1...5).contains(span.kind) {
            tag("span.kind", .string(TelemetryText.spanKind(span.kind)), &writer)
        }
        if !found.origin.scope.name.isEmpty {
            tag("otel.scope.name", .string(found.origin.scope.name), &writer)
        }
        if !found.origin.scope.version.isEmpty {
            tag("otel.scope.version", .string(found.origin.scope.version), &writer)
        }
        if !span.traceState.isEmpty { tag("w3c.tracestate", .string(span.traceState), &writer) }
        switch span.status.code {
        case 1: tag("otel.status_code", .string("OK"), &writer)
        case 2:
            tag("otel.status_code", .string("ERROR"), &writer)
            tag("error", .bool(true), &writer)
        default: break
        }
        if !span.status.message.isEmpty {
            tag("otel.status_description", .string(span.status.message), &writer)
        }
    }

    private static func reference(
        _ type: String,
        _ traceID: String,
        _ spanID: String,
        _ writer: inout JSONWriter
    ) {
        writer.object { writer in
            writer.member("refType", type)
            writer.member("traceID", traceID)
            writer.member("spanID", spanID)
        }
    }

    private static func tag(_ key: String, _ value: AnyValue, _ writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("key", key)
            switch value {
            case .string(let text):
                writer.member("type", "string")
                writer.member("value", text)
            case .bool(let flag):
                writer.member("type", "bool")
                writer.member("value", flag)
            case .int(let number):
                writer.member("type", "int64")
                // What browsers would round is text, as in Jaeger.
                if number.magnitude < 1 << 53 {
                    writer.member("value", number)
                } else {
                    writer.member("value", "\(number)")
                }
            case .double(let number):
                writer.member("type", "float64")
                if number.isFinite {
                    writer.key("value")
                    writer.double(number)
                } else {
                    // JSON has no such number. Its pages show text as it is: this is what Go prints.
                    writer.member("value", number.isNaN ? "NaN" : number < 0 ? "-Inf" : "+Inf")
                }
            case .bytes(let bytes):
                writer.member("type", "binary")
                writer.member("value", TelemetryText.base64(bytes))
            case .array, .kvlist, .empty:
                writer.member("type", "string")
                writer.member("value", TelemetryText.json(value))
            }
        }
    }

    // MARK: - Operations

    /// Operations of one kind, or of every one, as the first API lists them.
    static func operationList(_ operations: [Operation], kind: String?) -> [UInt8] {
        list(shown(operations, kind: kind), operation)
    }

    /// The same as version 3 lists them.
    static func operations(_ operations: [Operation], kind: String?) -> [UInt8] {
        named("operations", shown(operations, kind: kind), operation)
    }

    private struct ShownOperation: Hashable {
        let service: String
        let name: String
        let kind: String
    }

    /// Operations in order, each once; spans that do not say their kind count as internal.
    private static func shown(_ operations: [Operation], kind: String?) -> [ShownOperation] {
        let shownKind = { (kind: String) in
            kind == TelemetryText.spanKind(0) ? TelemetryText.spanKind(1) : kind
        }
        let wanted = kind.map(shownKind)
        var known: Set<ShownOperation> = []
        for operation in operations {
            let kind = shownKind(operation.kind)
            guard wanted == nil || wanted == kind else { continue }
            known.insert(
                ShownOperation(service: operation.service, name: operation.name, kind: kind)
            )
        }
        return known.sorted { ($0.service, $0.name, $0.kind) < ($1.service, $1.name, $1.kind) }
    }

    private static func operation(_ writer: inout JSONWriter, _ operation: ShownOperation) {
        writer.object { writer in
            writer.member("name", operation.name)
            writer.member("spanKind", operation.kind)
        }
    }

    // MARK: - Version 3

    /// The spans of traces as OTLP: `{"result":{"resourceSpans":[...]}}`.
    static func result(_ traces: [FoundTrace]) -> [UInt8] {
        // OTLP/JSON leaves an empty list out; whoever reads this one looks into it.
        if traces.isEmpty { return Array("{\"result\":{\"resourceSpans\":[]}}".utf8) }
        let spans = OTLPEncoder.json(traces: traces.flatMap(\.resourceSpans))
        return Array("{\"result\":".utf8) + spans + [UInt8(ascii: "}")]
    }

    static func summaries(_ traces: [FoundTrace]) -> [UInt8] {
        named("summaries", traces) { writer, trace in
            let root = trace.spans.first { $0.span.parentSpanID.isNone } ?? trace.spans.first
            let start = trace.spans.map(\.span.startTime).min() ?? 0
            let end = trace.spans.map(\.span.endTime).max() ?? 0
            let orphans = trace.orphanCount
            writer.object { writer in
                writer.member("traceId", trace.id.description)
                writer.member("rootServiceName", root?.origin.serviceName ?? "")
                writer.member("rootOperationName", root?.span.name ?? "")
                writer.member("minTimeUnixNano", "\(start)")
                writer.member("maxTimeUnixNano", "\(end)")
                // The same by Jaeger's names; proto JSON leaves zeros out.
                if start > 0 { writer.member("minStartTimeUnixNano", "\(start)") }
                if end > 0 { writer.member("maxEndTimeUnixNano", "\(end)") }
                writer.member("spanCount", trace.spans.count)
                writer.member("errorSpanCount", trace.spans.count { $0.span.status.code == 2 })
                if orphans > 0 { writer.member("orphanSpanCount", orphans) }
                writer.key("services")
                writer.array { writer in
                    for (service, spans) in Dictionary(
                        grouping: trace.spans,
                        by: \.origin.serviceName
                    )
                    .sorted(by: { $0.key < $1.key }) {
                        writer.object { writer in
                            writer.member("name", service)
                            writer.member("spanCount", spans.count)
                            writer.member(
                                "errorSpanCount",
                                spans.count { $0.span.status.code == 2 }
                            )
                        }
                    }
                }
            }
        }
    }
}

extension FoundTrace {
    /// How many spans have a parent that is not in the trace.
    fileprivate var orphanCount: Int {
        let ids = Set(spans.map(\.span.spanID))
        return spans.count {
            !$0.span.parentSpanID.isNone && !ids.contains($0.span.parentSpanID)
        }
    }

    /// The spans grouped by resource and scope, as OTLP carries them.
    var resourceSpans: [ResourceSpans] {
        var resources = OriginNumbers { $0.hasResource(of: $1) }
        var origins = OriginNumbers { $0.isSame(as: $1) }
        var groups: [ResourceSpans] = []
        /// The place of each origin among the scopes of its resource.
        var places: [Int] = []
        for found in spans {
            let origin = found.origin
            let resource = resources.number(of: origin)
            if resource == groups.count {
                groups.append(
                    ResourceSpans(resource: origin.resource, schemaURL: origin.resourceSchemaURL)
                )
            }
            let number = origins.number(of: origin)
            if number == places.count {
                places.append(groups[resource].scopes.count)
                groups[resource].scopes.append(
                    ScopeSpans(scope: origin.scope, schemaURL: origin.scopeSchemaURL)
                )
            }
            groups[resource].scopes[places[number]].spans.append(found.span)
        }
        return groups
    }
}

/// Small pieces of text that several answers share.
enum TelemetryText {
    private static let kinds = [
        "unspecified", "internal", "server", "client", "producer", "consumer",
    ]

    /// The name of an OTLP span kind.
    static func spanKind(_ kind: Int32) -> String {
        kinds.indices.contains(Int(kind)) ? kinds[Int(kind)] : kinds[0]
    }

    /// A value as JSON text.
    static func json(_ value: AnyValue) -> String {
        var bytes: [UInt8] = []
        ValueJSON.append(value, into: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// A scalar as people write it; nil for structured values.
    static func scalar(_ value: AnyValue) -> String? {
        switch value {
        case .string(let text): text
        case .bool, .int, .double: json(value)
        case .bytes, .array, .kvlist, .empty: nil
        }
    }

    /// RFC 4648 base64 of `bytes`: the text between the quotes of the JSON form.
    static func base64(_ bytes: [UInt8]) -> String {
        String(json(.bytes(bytes)).dropFirst("{\"$bytes\":\"".count).dropLast(2))
    }
}
