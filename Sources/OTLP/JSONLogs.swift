/// ExportLogsServiceRequest in OTLP/JSON, straight into columns.
struct JSONLogDecoder: JSONSignalDecoder {
    static let resourcesField = JSONField.resourceLogs
    static let scopesField = JSONField.scopeLogs
    static let recordsField = JSONField.logRecords

    var context: JSONContext
    var columns: LogColumns

    init(body: [UInt8], limits: DecodeLimits) {
        context = JSONContext(body.span, limits: limits)
        columns = LogColumns(body: body)
        columns.reserve(logs: body.count / 450, attributes: body.count / 100)
    }

    /// The columns, once everything has been read.
    consuming func finish() -> LogColumns {
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
        var log = PendingLog(resource: resource, scope: scope)
        var isFirst = try context.reader.openObject(bytes)
        while let field = try context.reader.nextField(&isFirst, bytes) {
            switch field {
            case .timeUnixNano: log.time = try context.reader.uint64(bytes)
            case .observedTimeUnixNano: log.observedTime = try context.reader.uint64(bytes)
            case .severityNumber: log.severityNumber = try context.reader.enumeration(bytes)
            case .severityText: log.severityText = try context.reader.text(bytes)
            case .body: (log.bodyKind, log.bodyPayload) = try context.reader.value(bytes)
            case .attributes:
                try context.reader.attributes(bytes, into: &columns.attributes)
            case .droppedAttributesCount:
                log.droppedAttributes = try context.reader.uint32(bytes)
            case .flags: log.flags = try context.reader.uint32(bytes)
            case .traceId: log.traceID = try context.reader.traceID(bytes)
            case .spanId: log.spanID = try context.reader.spanID(bytes)
            case .eventName: log.eventName = try context.reader.text(bytes)
            default: try context.reader.skip(bytes)
            }
        }
        columns.finish(log)
    }
}
