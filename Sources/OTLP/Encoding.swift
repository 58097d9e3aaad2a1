// Which field of the object model goes where: once, for both encodings.

extension MessageSink {
    mutating func encode(_ value: AnyValue) {
        switch value {
        case .empty: break
        case .string(let text):
            string(AnyValueField.string, "stringValue", text, isChosen: true)
        case .bool(let flag):
            bool(AnyValueField.bool, "boolValue", flag, isChosen: true)
        case .int(let number):
            int(AnyValueField.int, "intValue", number, isChosen: true)
        case .double(let number):
            double(AnyValueField.double, "doubleValue", number, isChosen: true)
        case .bytes(let data): bytes(AnyValueField.bytes, "bytesValue", data)
        case .array(let elements):
            message(AnyValueField.array, "arrayValue") { sink in
                sink.messages(ListField.values, "values", elements) { element, sink in
                    sink.encode(element)
                }
            }
        case .kvlist(let pairs):
            message(AnyValueField.kvlist, "kvlistValue") { sink in
                sink.attributes(ListField.values, pairs, named: "values")
            }
        }
    }

    mutating func attributes(
        _ field: some WireField,
        _ pairs: [KeyValue],
        named name: StaticString = "attributes"
    ) {
        messages(field, name, pairs) { pair, sink in
            sink.string(KeyValueField.key, "key", pair.key, isChosen: true)
            sink.message(KeyValueField.value, "value") { sink in sink.encode(pair.value) }
        }
    }

    mutating func encode(_ resource: Resource) {
        message(ResourceGroupField.resource, "resource") { sink in
            sink.attributes(ResourceField.attributes, resource.attributes)
            sink.count(
                ResourceField.droppedAttributes,
                "droppedAttributesCount",
                resource.droppedAttributes
            )
        }
    }

    mutating func encode(_ scope: Scope) {
        message(ScopeGroupField.scope, "scope") { sink in
            sink.string(ScopeField.name, "name", scope.name)
            sink.string(ScopeField.version, "version", scope.version)
            sink.attributes(ScopeField.attributes, scope.attributes)
            sink.count(
                ScopeField.droppedAttributes,
                "droppedAttributesCount",
                scope.droppedAttributes
            )
        }
    }

    // MARK: - Traces

    mutating func encode(_ groups: [ResourceSpans]) {
        messages(RequestField.resources, "resourceSpans", groups) { group, sink in
            sink.encode(group.resource)
            sink.messages(ResourceGroupField.scopes, "scopeSpans", group.scopes) { group, sink in
                sink.encode(group.scope)
                sink.messages(ScopeGroupField.records, "spans", group.spans) { span, sink in
                    sink.encode(span)
                }
                sink.string(ScopeGroupField.schemaURL, "schemaUrl", group.schemaURL)
            }
            sink.string(ResourceGroupField.schemaURL, "schemaUrl", group.schemaURL)
        }
    }

    mutating func encode(_ span: Span) {
        traceID(SpanField.traceID, "traceId", span.traceID)
        spanID(SpanField.spanID, "spanId", span.spanID)
        string(SpanField.traceState, "traceState", span.traceState)
        spanID(SpanField.parentSpanID, "parentSpanId", span.parentSpanID)
        flags(SpanField.flags, "flags", span.flags)
        string(SpanField.name, "name", span.name)
        code(SpanField.kind, "kind", span.kind)
        word(SpanField.startTime, "startTimeUnixNano", span.startTime)
        word(SpanField.endTime, "endTimeUnixNano", span.endTime)
        attributes(SpanField.attributes, span.attributes)
        count(SpanField.droppedAttributes, "droppedAttributesCount", span.droppedAttributes)
        messages(SpanField.events, "events", span.events) { event, sink in sink.encode(event) }
        count(SpanField.droppedEvents, "droppedEventsCount", span.droppedEvents)
        messages(SpanField.links, "links", span.links) { link, sink in sink.encode(link) }
        count(SpanField.droppedLinks, "droppedLinksCount", span.droppedLinks)
        guard span.status != SpanStatus() else { return }
        message(SpanField.status, "status") { sink in
            sink.string(StatusField.message, "message", span.status.message)
            sink.code(StatusField.code, "code", span.status.code)
        }
    }

    private mutating func encode(_ event: SpanEvent) {
        word(EventField.time, "timeUnixNano", event.time)
        string(EventField.name, "name", event.name)
        attributes(EventField.attributes, event.attributes)
        count(EventField.droppedAttributes, "droppedAttributesCount", event.droppedAttributes)
    }

    private mutating func encode(_ link: SpanLink) {
        traceID(LinkField.traceID, "traceId", link.traceID)
        spanID(LinkField.spanID, "spanId", link.spanID)
        string(LinkField.traceState, "traceState", link.traceState)
        attributes(LinkField.attributes, link.attributes)
        count(LinkField.droppedAttributes, "droppedAttributesCount", link.droppedAttributes)
        flags(LinkField.flags, "flags", link.flags)
    }

    // MARK: - Logs

    mutating func encode(_ groups: [ResourceLogs]) {
        messages(RequestField.resources, "resourceLogs", groups) { group, sink in
            sink.encode(group.resource)
            sink.messages(ResourceGroupField.scopes, "scopeLogs", group.scopes) { group, sink in
                sink.encode(group.scope)
                sink.messages(ScopeGroupField.records, "logRecords", group.records) { log, sink in
                    sink.encode(log)
                }
                sink.string(ScopeGroupField.schemaURL, "schemaUrl", group.schemaURL)
            }
            sink.string(ResourceGroupField.schemaURL, "schemaUrl", group.schemaURL)
        }
    }

    mutating func encode(_ log: LogRecord) {
        word(LogField.time, "timeUnixNano", log.time)
        word(LogField.observedTime, "observedTimeUnixNano", log.observedTime)
        code(LogField.severityNumber, "severityNumber", log.severityNumber)
        string(LogField.severityText, "severityText", log.severityText)
        if log.body != .empty {
            message(LogField.body, "body") { sink in sink.encode(log.body) }
        }
        attributes(LogField.attributes, log.attributes)
        count(LogField.droppedAttributes, "droppedAttributesCount", log.droppedAttributes)
        flags(LogField.flags, "flags", log.flags)
        traceID(LogField.traceID, "traceId", log.traceID)
        spanID(LogField.spanID, "spanId", log.spanID)
        string(LogField.eventName, "eventName", log.eventName)
    }
}
