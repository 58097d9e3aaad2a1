/// ExportLogsServiceRequest in protobuf, straight into columns.
struct ProtobufLogDecoder: ProtobufSignalDecoder {
    var context: ProtobufContext
    var columns: LogColumns

    init(body: [UInt8], limits: DecodeLimits) {
        context = ProtobufContext(limits: limits)
        columns = LogColumns(body: body)
        columns.reserve(logs: body.count / 180, attributes: body.count / 60)
    }

    /// The columns, once everything has been read.
    consuming func finish() -> LogColumns {
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
        let whole = cursor.window
        try context.values.budget.countRecord(at: cursor.position)
        var log = PendingLog(resource: resource, scope: scope)
        var value = ValueScan()
        while !cursor.isAtEnd {
            let tag = try cursor.tag(bytes)
            switch LogField(rawValue: tag) {
            case .time: log.time = try cursor.fixed64(bytes)
            case .severityNumber: log.severityNumber = Int32(bitPattern: try cursor.varint32(bytes))
            case .severityText: log.severityText = try cursor.text(bytes)
            case .body: try context.values.scan(bytes, &cursor, into: &value)
            case .attributes:
                try context.values.attribute(bytes, &cursor, into: &columns.attributes)
            case .droppedAttributes: log.droppedAttributes = try cursor.varint32(bytes)
            case .flags: log.flags = try cursor.fixed32(bytes)
            case .traceID: log.traceID = try cursor.traceID(bytes)
            case .spanID: log.spanID = try cursor.spanID(bytes)
            case .observedTime: log.observedTime = try cursor.fixed64(bytes)
            case .eventName: log.eventName = try cursor.text(bytes)
            case nil: try cursor.skip(tag, unknownTo: LogField.self, bytes)
            }
        }
        let source = ValueSource(window: whole, tag: LogField.body.rawValue)
        log.bodyKind = try context.values.settle(bytes, &value, from: source)
        log.bodyPayload = value.bits
        columns.finish(log)
    }
}
