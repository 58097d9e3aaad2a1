/// ExportTraceServiceRequest in protobuf, straight into columns.
struct ProtobufSpanDecoder: ProtobufSignalDecoder {
    var context: ProtobufContext
    var columns: SpanColumns

    init(body: [UInt8], limits: DecodeLimits) {
        context = ProtobufContext(limits: limits)
        columns = SpanColumns(body: body)
        columns.reserve(spans: body.count / 350, attributes: body.count / 40)
    }

    /// The columns, once everything has been read.
    consuming func finish() -> SpanColumns {
        columns.origins = context.origins
        columns.text.scratch = context.values.scratch
        columns.rejections.ignoredStringIndexes = context.values.ignoredStringIndexes
        return columns
    }

    @inline(__always)
    mutating func record(
        _ bytes: Bytes,
        _ parent: inout WireCursor,
        resource: UInt32,
        scope: UInt32
    ) throws(OTLPError) {
        var cursor = try parent.message(bytes)
        try context.values.budget.countRecord(at: cursor.position)
        var span = PendingSpan(resource: resource, scope: scope)
        while !cursor.isAtEnd {
            let tag = try cursor.tag(bytes)
            switch SpanField(rawValue: tag) {
            case .traceID: span.traceID = try cursor.traceID(bytes)
            case .spanID: span.spanID = try cursor.spanID(bytes)
            case .traceState: span.traceState = try cursor.text(bytes)
            case .parentSpanID: span.parentSpanID = try cursor.spanID(bytes)
            case .name: span.name = try cursor.text(bytes)
            case .kind: span.kind = Int32(bitPattern: try cursor.varint32(bytes))
            case .startTime: span.startTime = try cursor.fixed64(bytes)
            case .endTime: span.endTime = try cursor.fixed64(bytes)
            case .attributes:
                try context.values.attribute(bytes, &cursor, into: &columns.attributes)
            case .droppedAttributes: span.droppedAttributes = try cursor.varint32(bytes)
            case .events: try event(bytes, try cursor.message(bytes))
            case .droppedEvents: span.droppedEvents = try cursor.varint32(bytes)
            case .links: try link(bytes, try cursor.message(bytes), of: &span)
            case .droppedLinks: span.droppedLinks = try cursor.varint32(bytes)
            case .status: try status(bytes, try cursor.message(bytes), of: &span)
            case .flags: span.flags = try cursor.fixed32(bytes)
            case nil: try cursor.skip(tag, unknownTo: SpanField.self, bytes)
            }
        }
        columns.finish(span)
    }

    @inline(never)
    private mutating func event(_ bytes: Bytes, _ window: WireCursor) throws(OTLPError) {
        try context.values.budget.countElement(at: window.position)
        var cursor = window
        var event = PendingEvent()
        while !cursor.isAtEnd {
            let tag = try cursor.tag(bytes)
            switch EventField(rawValue: tag) {
            case .time: event.time = try cursor.fixed64(bytes)
            case .name: event.name = try cursor.text(bytes)
            case .attributes:
                try context.values.attribute(bytes, &cursor, into: &columns.eventAttributes)
            case .droppedAttributes: event.droppedAttributes = try cursor.varint32(bytes)
            case nil: try cursor.skip(tag, unknownTo: EventField.self, bytes)
            }
        }
        columns.finish(event)
    }

    @inline(never)
    private mutating func link(
        _ bytes: Bytes,
        _ window: WireCursor,
        of span: inout PendingSpan
    ) throws(OTLPError) {
        try context.values.budget.countElement(at: window.position)
        var cursor = window
        var link = PendingLink()
        while !cursor.isAtEnd {
            let tag = try cursor.tag(bytes)
            switch LinkField(rawValue: tag) {
            case .traceID: link.traceID = try cursor.traceID(bytes)
            case .spanID: link.spanID = try cursor.spanID(bytes)
            case .traceState: link.traceState = try cursor.text(bytes)
            case .attributes:
                try context.values.attribute(bytes, &cursor, into: &columns.linkAttributes)
            case .droppedAttributes: link.droppedAttributes = try cursor.varint32(bytes)
            case .flags: link.flags = try cursor.fixed32(bytes)
            case nil: try cursor.skip(tag, unknownTo: LinkField.self, bytes)
            }
        }
        columns.finish(link, of: &span)
    }

    private func status(
        _ bytes: Bytes,
        _ window: WireCursor,
        of span: inout PendingSpan
    ) throws(OTLPError) {
        var cursor = window
        while !cursor.isAtEnd {
            let tag = try cursor.tag(bytes)
            switch StatusField(rawValue: tag) {
            case .message: span.statusMessage = try cursor.text(bytes)
            case .code: span.statusCode = Int32(bitPattern: try cursor.varint32(bytes))
            case nil: try cursor.skip(tag, unknownTo: StatusField.self, bytes)
            }
        }
    }
}
