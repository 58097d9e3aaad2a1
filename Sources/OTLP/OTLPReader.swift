/// Columns back to the object model: for tests, dead letters and display, not for the hot path.
///
/// Text that is not UTF-8 is repaired. Resources without records are kept, scopes without records
/// are not: nothing says which resource they belong to.
public enum OTLPReader {
    /// The spans of a request, grouped as they came.
    public static func spans(from columns: SpanColumns) -> [ResourceSpans] {
        let source = ModelSource(text: columns.text, origins: columns.origins)
        var groups = (0..<columns.origins.resourceCount).map { row in
            let (resource, schemaURL) = source.resource(row)
            return ResourceSpans(resource: resource, schemaURL: schemaURL)
        }
        for run in source.runs(columns.resource, columns.scope) {
            let (scope, schemaURL) = source.scope(run.scope)
            let spans = run.rows.map { row in span(row, of: columns, source) }
            groups[run.resource].scopes.append(
                ScopeSpans(scope: scope, spans: spans, schemaURL: schemaURL)
            )
        }
        return groups
    }

    /// The log records of a request, grouped as they came.
    public static func logs(from columns: LogColumns) -> [ResourceLogs] {
        let source = ModelSource(text: columns.text, origins: columns.origins)
        var groups = (0..<columns.origins.resourceCount).map { row in
            let (resource, schemaURL) = source.resource(row)
            return ResourceLogs(resource: resource, schemaURL: schemaURL)
        }
        for run in source.runs(columns.resource, columns.scope) {
            let (scope, schemaURL) = source.scope(run.scope)
            let records = run.rows.map { row in log(row, of: columns, source) }
            groups[run.resource].scopes.append(
                ScopeLogs(scope: scope, records: records, schemaURL: schemaURL)
            )
        }
        return groups
    }

    private static func span(
        _ row: Int,
        of columns: SpanColumns,
        _ source: ModelSource
    ) -> Span {
        let events = range(columns.eventStarts, row).map { event in
            SpanEvent(
                time: columns.eventTimes[event],
                name: source.string(columns.eventNames[event]),
                attributes: source.attributes(
                    columns.eventAttributes,
                    range(columns.eventAttributeStarts, event)
                ),
                droppedAttributes: columns.eventDroppedAttributes[event]
            )
        }
        let links = range(columns.linkStarts, row).map { link in
            SpanLink(
                traceID: traceID(columns.linkTraceIDs, link),
                spanID: SpanID(columns.linkSpanIDs[link]),
                traceState: source.string(columns.linkTraceStates[link]),
                flags: columns.linkFlags[link],
                attributes: source.attributes(
                    columns.linkAttributes,
                    range(columns.linkAttributeStarts, link)
                ),
                droppedAttributes: columns.linkDroppedAttributes[link]
            )
        }
        return Span(
            traceID: traceID(columns.traceIDs, row),
            spanID: SpanID(columns.spanIDs[row]),
            parentSpanID: SpanID(columns.parentSpanIDs[row]),
            traceState: source.string(columns.traceStates[row]),
            flags: columns.flags[row],
            name: source.string(columns.names[row]),
            kind: columns.kinds[row],
            startTime: columns.startTimes[row],
            endTime: columns.endTimes[row],
            attributes: source.attributes(columns.attributes, range(columns.attributeStarts, row)),
            droppedAttributes: columns.droppedAttributes[row],
            events: events,
            droppedEvents: columns.droppedEvents[row],
            links: links,
            droppedLinks: columns.droppedLinks[row],
            status: SpanStatus(
                code: columns.statusCodes[row],
                message: source.string(columns.statusMessages[row])
            )
        )
    }

    private static func log(
        _ row: Int,
        of columns: LogColumns,
        _ source: ModelSource
    ) -> LogRecord {
        LogRecord(
            time: columns.times[row],
            observedTime: columns.observedTimes[row],
            severityNumber: columns.severityNumbers[row],
            severityText: source.string(columns.severityTexts[row]),
            body: source.value(columns.bodyKinds[row], columns.bodyPayloads[row]),
            attributes: source.attributes(columns.attributes, range(columns.attributeStarts, row)),
            droppedAttributes: columns.droppedAttributes[row],
            flags: columns.flags[row],
            traceID: traceID(columns.traceIDs, row),
            spanID: SpanID(columns.spanIDs[row]),
            eventName: source.string(columns.eventNames[row])
        )
    }

    static func range(_ starts: [UInt32], _ row: Int) -> Range<Int> {
        Int(starts[row])..<Int(starts[row + 1])
    }

    static func traceID(_ words: [UInt64], _ row: Int) -> TraceID {
        TraceID(high: words[row * 2], low: words[row * 2 + 1])
    }
}

/// The parts of the object model that all signals share.
struct ModelSource {
    let text: RequestText
    let origins: OriginColumns

    func string(_ ref: TextRef) -> String { String(decoding: text[ref], as: UTF8.self) }

    func value(_ kind: ValueKind, _ payload: UInt64) -> AnyValue {
        switch kind {
        case .empty: return .empty
        case .string: return .string(string(TextRef(rawValue: payload)))
        case .bool: return .bool(payload != 0)
        case .int: return .int(Int64(bitPattern: payload))
        case .double: return .double(Double(bitPattern: payload))
        case .bytes: return .bytes(Array(text[TextRef(rawValue: payload)]))
        case .json:
            let json = text[TextRef(rawValue: payload)]
            // The decoder wrote this text; should it ever be unreadable, show it as it is.
            do throws(OTLPError) { return try ValueJSON.parse(json) } catch {
                return .string(String(decoding: json, as: UTF8.self))
            }
        }
    }

    func attributes(_ columns: AttributeColumns, _ range: Range<Int>) -> [KeyValue] {
        range.map { row in
            KeyValue(string(columns.keys[row]), value(columns.kinds[row], columns.payloads[row]))
        }
    }

    func resource(_ row: Int) -> (resource: Resource, schemaURL: String) {
        let resource = Resource(
            attributes: attributes(
                origins.resourceAttributes,
                OTLPReader.range(origins.resourceAttributeStarts, row)
            ),
            droppedAttributes: origins.resourceDroppedAttributes[row]
        )
        return (resource, string(origins.resourceSchemaURLs[row]))
    }

    func scope(_ row: Int) -> (scope: Scope, schemaURL: String) {
        let scope = Scope(
            name: string(origins.scopeNames[row]),
            version: string(origins.scopeVersions[row]),
            attributes: attributes(
                origins.scopeAttributes,
                OTLPReader.range(origins.scopeAttributeStarts, row)
            ),
            droppedAttributes: origins.scopeDroppedAttributes[row]
        )
        return (scope, string(origins.scopeSchemaURLs[row]))
    }

    /// Adjacent rows of one scope.
    struct Run {
        var resource: Int
        var scope: Int
        var rows: Range<Int>
    }

    /// The runs of two parallel columns.
    func runs(_ resources: [UInt32], _ scopes: [UInt32]) -> [Run] {
        var runs: [Run] = []
        for row in scopes.indices {
            if let last = runs.last, last.scope == Int(scopes[row]) {
                runs[runs.count - 1].rows = last.rows.lowerBound..<(row + 1)
            } else {
                runs.append(
                    Run(
                        resource: Int(resources[row]),
                        scope: Int(scopes[row]),
                        rows: row..<(row + 1)
                    )
                )
            }
        }
        return runs
    }
}
