/// ExportTraceServiceRequest in OTLP/JSON, straight into columns.
struct JSONSpanDecoder: JSONSignalDecoder {
    static let resourcesField = JSONField.resourceSpans
    static let scopesField = JSONField.scopeSpans
    static let recordsField = JSONField.spans

    var context: JSONContext
    var columns: SpanColumns

    init(body: [UInt8], limits: DecodeLimits) {
        context = JSONContext(body.span, limits: limits)
        columns = SpanColumns(body: body)
        columns.reserve(spans: body.count / 900, attributes: body.count / 80)
    }

    /// The columns, once everything has been read.
    consuming func finish() -> SpanColumns {
        columns.origins = context.origins
        columns.text.scratch = context.reader.scratch
        columns.rejections.ignoredStringIndexes = context.reader.ignoredStringIndexes
        return columns
    }

    mutating func record(
        _ bytes: Bytes,
        resource: UInt32,
        scope: UInt32
    ) throws(OTLPError) {
        try context.reader.budget.countRecord(at: context.reader.cursor.position)
        var span = PendingSpan(resource: resource, scope: scope)
        var isFirst = try context.reader.openObject(bytes)
        while let field = try context.reader.nextField(&isFirst, bytes) {
            switch field {
            case .traceId: span.traceID = try context.reader.traceID(bytes)
            case .spanId: span.spanID = try context.reader.spanID(bytes)
            case .traceState: span.traceState = try context.reader.text(bytes)
            case .parentSpanId: span.parentSpanID = try context.reader.spanID(bytes)
            case .name: span.name = try context.reader.text(bytes)
            case .kind: span.kind = try context.reader.enumeration(bytes)
            case .startTimeUnixNano: span.startTime = try context.reader.uint64(bytes)
            case .endTimeUnixNano: span.endTime = try context.reader.uint64(bytes)
            case .attributes:
                try context.reader.attributes(bytes, into: &columns.attributes)
            case .droppedAttributesCount:
                span.droppedAttributes = try context.reader.uint32(bytes)
            case .events:
                var isFirstEvent = try context.reader.openArray(bytes)
                while try context.reader.nextElement(&isFirstEvent, bytes) { try event(bytes) }
            case .droppedEventsCount: span.droppedEvents = try context.reader.uint32(bytes)
            case .links:
                var isFirstLink = try context.reader.openArray(bytes)
                while try context.reader.nextElement(&isFirstLink, bytes) {
                    try link(bytes, of: &span)
                }
            case .droppedLinksCount: span.droppedLinks = try context.reader.uint32(bytes)
            case .status: try status(bytes, of: &span)
            case .flags: span.flags = try context.reader.uint32(bytes)
            default: try context.reader.skip(bytes)
            }
        }
        columns.finish(span)
    }

    private mutating func event(_ bytes: Bytes) throws(OTLPError) {
        try context.reader.budget.countElement(at: context.reader.cursor.position)
        var event = PendingEvent()
        var isFirst = try context.reader.openObject(bytes)
        while let field = try context.reader.nextField(&isFirst, bytes) {
            switch field {
            case .timeUnixNano: event.time = try context.reader.uint64(bytes)
            case .name: event.name = try context.reader.text(bytes)
            case .attributes:
                try context.reader.attributes(bytes, into: &columns.eventAttributes)
            case .droppedAttributesCount:
                event.droppedAttributes = try context.reader.uint32(bytes)
            default: try context.reader.skip(bytes)
            }
        }
        columns.finish(event)
    }

    private mutating func link(
        _ bytes: Bytes,
        of span: inout PendingSpan
    ) throws(OTLPError) {
        try context.reader.budget.countElement(at: context.reader.cursor.position)
        var link = PendingLink()
        var isFirst = try context.reader.openObject(bytes)
        while let field = try context.reader.nextField(&isFirst, bytes) {
            switch field {
            case .traceId: link.traceID = try context.reader.traceID(bytes)
            case .spanId: link.spanID = try context.reader.spanID(bytes)
            case .traceState: link.traceState = try context.reader.text(bytes)
            case .attributes:
                try context.reader.attributes(bytes, into: &columns.linkAttributes)
            case .droppedAttributesCount:
                link.droppedAttributes = try context.reader.uint32(bytes)
            case .flags: link.flags = try context.reader.uint32(bytes)
            default: try context.reader.skip(bytes)
            }
        }
        columns.finish(link, of: &span)
    }

    private mutating func status(
        _ bytes: Bytes,
        of span: inout PendingSpan
    ) throws(OTLPError) {
        var isFirst = try context.reader.openObject(bytes)
        while let field = try context.reader.nextField(&isFirst, bytes) {
            switch field {
            case .message: span.statusMessage = try context.reader.text(bytes)
            case .code: span.statusCode = try context.reader.enumeration(bytes)
            default: try context.reader.skip(bytes)
            }
        }
    }
}
