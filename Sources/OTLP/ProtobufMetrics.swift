/// ExportMetricsServiceRequest in protobuf, straight into columns.
struct ProtobufMetricDecoder: ProtobufSignalDecoder {
    var context: ProtobufContext
    var columns: MetricColumns

    init(body: [UInt8], limits: DecodeLimits) {
        context = ProtobufContext(limits: limits)
        columns = MetricColumns(body: body)
        columns.reserve(points: body.count / 80, attributes: body.count / 40)
    }

    /// The columns, once everything has been read.
    consuming func finish() -> MetricColumns {
        columns.origins = context.origins
        columns.text.scratch = context.values.scratch
        columns.rejections.ignoredStringIndexes = context.values.ignoredStringIndexes
        return columns
    }

    mutating func record(
        _ bytes: Bytes,
        _ parent: inout WireCursor,
        resource: UInt32,
        scope: UInt32
    ) throws(OTLPError) {
        var cursor = try parent.message(bytes)
        try context.values.budget.countElement(at: cursor.position)
        let before = columns.pointMark
        let row = columns.beginMetric(resource: resource, scope: scope)
        var hasData = false
        while !cursor.isAtEnd {
            let tag = try cursor.tag(bytes)
            let type: MetricType
            switch MetricField(rawValue: tag) {
            case .name:
                columns.names[Int(row)] = try cursor.text(bytes)
                continue
            case .description:
                columns.descriptions[Int(row)] = try cursor.text(bytes)
                continue
            case .unit:
                columns.units[Int(row)] = try cursor.text(bytes)
                continue
            case .metadata:
                try context.values.attribute(bytes, &cursor, into: &columns.metadata)
                continue
            case .gauge: type = .gauge
            case .sum: type = .sum
            case .histogram: type = .histogram
            case .exponentialHistogram: type = .exponentialHistogram
            case .summary: type = .summary
            case nil:
                try cursor.skip(tag, unknownTo: MetricField.self, bytes)
                continue
            }
            columns.setType(type, of: row, replacing: hasData ? before : nil)
            hasData = true
            try data(bytes, try cursor.message(bytes), type, metric: row)
        }
        columns.endMetric(row, hasData: hasData)
    }

    private mutating func data(
        _ bytes: Bytes,
        _ window: WireCursor,
        _ type: MetricType,
        metric: UInt32
    ) throws(OTLPError) {
        var cursor = window
        while !cursor.isAtEnd {
            let tag = try cursor.tag(bytes)
            switch MetricDataField(rawValue: tag) {
            case .points:
                let window = try cursor.message(bytes)
                try context.values.budget.countRecord(at: window.position)
                var point = PendingPoint(metric: metric)
                switch type {
                case .gauge, .sum: try numberPoint(bytes, window, &point)
                case .histogram: try histogramPoint(bytes, window, &point)
                case .exponentialHistogram: try exponentialPoint(bytes, window, &point)
                case .summary: try summaryPoint(bytes, window, &point)
                }
                columns.finish(point)
            case .temporality where type != .gauge && type != .summary:
                columns.temporalities[Int(metric)] = Int32(bitPattern: try cursor.varint32(bytes))
            case .monotonic where type == .sum:
                columns.monotonic[Int(metric)] = try cursor.varint(bytes) != 0
            case .temporality, .monotonic: try cursor.step(over: tag, bytes)
            case nil: try cursor.skip(tag, unknownTo: MetricDataField.self, bytes)
            }
        }
    }

    mutating func exemplar(
        _ bytes: Bytes,
        _ parent: inout WireCursor,
        of point: inout PendingPoint
    ) throws(OTLPError) {
        var cursor = try parent.message(bytes)
        try context.values.budget.countElement(at: cursor.position)
        var exemplar = PendingExemplar()
        while !cursor.isAtEnd {
            let tag = try cursor.tag(bytes)
            switch ExemplarField(rawValue: tag) {
            case .time: exemplar.time = try cursor.fixed64(bytes)
            case .double:
                exemplar.kind = .double
                exemplar.value = try cursor.fixed64(bytes)
            case .int:
                exemplar.kind = .int
                exemplar.value = try cursor.fixed64(bytes)
            case .spanID: exemplar.spanID = try cursor.spanID(bytes)
            case .traceID: exemplar.traceID = try cursor.traceID(bytes)
            case .attributes:
                try context.values.attribute(bytes, &cursor, into: &columns.exemplarAttributes)
            case nil: try cursor.skip(tag, unknownTo: ExemplarField.self, bytes)
            }
        }
        columns.finish(exemplar, of: &point)
    }
}
