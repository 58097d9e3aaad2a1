/// ExportMetricsServiceRequest in OTLP/JSON, straight into columns.
struct JSONMetricDecoder: JSONSignalDecoder {
    static let resourcesField = JSONField.resourceMetrics
    static let scopesField = JSONField.scopeMetrics
    static let recordsField = JSONField.metrics

    var context: JSONContext
    var columns: MetricColumns

    init(body: [UInt8], limits: DecodeLimits) {
        context = JSONContext(body.span, limits: limits)
        columns = MetricColumns(body: body)
        columns.reserve(points: body.count / 300, attributes: body.count / 80)
    }

    /// The columns, once everything has been read.
    consuming func finish() -> MetricColumns {
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
        try context.reader.budget.countElement(at: context.reader.cursor.position)
        let before = columns.pointMark
        let row = columns.beginMetric(resource: resource, scope: scope)
        var hasData = false
        var isFirst = try context.reader.openObject(bytes)
        while let field = try context.reader.nextField(&isFirst, bytes) {
            let type: MetricType
            switch field {
            case .name:
                columns.names[Int(row)] = try context.reader.text(bytes)
                continue
            case .description:
                columns.descriptions[Int(row)] = try context.reader.text(bytes)
                continue
            case .unit:
                columns.units[Int(row)] = try context.reader.text(bytes)
                continue
            case .metadata:
                try context.reader.attributes(bytes, into: &columns.metadata)
                continue
            case .gauge: type = .gauge
            case .sum: type = .sum
            case .histogram: type = .histogram
            case .exponentialHistogram: type = .exponentialHistogram
            case .summary: type = .summary
            default:
                try context.reader.skip(bytes)
                continue
            }
            columns.setType(type, of: row, replacing: hasData ? before : nil)
            hasData = true
            try data(bytes, type, metric: row)
        }
        columns.endMetric(row, hasData: hasData)
    }

    private mutating func data(
        _ bytes: Bytes,
        _ type: MetricType,
        metric: UInt32
    ) throws(OTLPError) {
        var isFirst = try context.reader.openObject(bytes)
        while let field = try context.reader.nextField(&isFirst, bytes) {
            switch field {
            case .dataPoints:
                var isFirstPoint = try context.reader.openArray(bytes)
                while try context.reader.nextElement(&isFirstPoint, bytes) {
                    try point(bytes, type, metric: metric)
                }
            case .aggregationTemporality where type != .gauge && type != .summary:
                columns.temporalities[Int(metric)] = try context.reader.enumeration(bytes)
            case .isMonotonic where type == .sum:
                columns.monotonic[Int(metric)] = try context.reader.cursor.bool(bytes)
            default: try context.reader.skip(bytes)
            }
        }
    }

    private mutating func point(
        _ bytes: Bytes,
        _ type: MetricType,
        metric: UInt32
    ) throws(OTLPError) {
        try context.reader.budget.countRecord(at: context.reader.cursor.position)
        var point = PendingPoint(metric: metric)
        if type == .summary { point.sum = 0 }
        var isFirst = try context.reader.openObject(bytes)
        while let field = try context.reader.nextField(&isFirst, bytes) {
            switch field {
            case .attributes:
                try context.reader.attributes(bytes, into: &columns.attributes)
            case .startTimeUnixNano: point.startTime = try context.reader.uint64(bytes)
            case .timeUnixNano: point.time = try context.reader.uint64(bytes)
            case .flags: point.flags = try context.reader.uint32(bytes)
            default: try member(bytes, field, type, of: &point)
            }
        }
        columns.finish(point)
    }

    /// The members that only some types of points have.
    private mutating func member(
        _ bytes: Bytes,
        _ field: JSONField,
        _ type: MetricType,
        of point: inout PendingPoint
    ) throws(OTLPError) {
        let isNumber = type == .gauge || type == .sum
        let hasExtremes = type == .histogram || type == .exponentialHistogram
        switch field {
        case .asInt where isNumber:
            point.valueKind = .int
            point.value = UInt64(bitPattern: try context.reader.int64(bytes))
        case .asDouble where isNumber:
            point.valueKind = .double
            point.value = try context.reader.double(bytes)
        case .exemplars where type != .summary:
            var isFirst = try context.reader.openArray(bytes)
            while try context.reader.nextElement(&isFirst, bytes) {
                try exemplar(bytes, of: &point)
            }
        case .count where !isNumber: point.count = try context.reader.uint64(bytes)
        case .sum where !isNumber:
            point.sum = MetricColumns.present(try context.reader.double(bytes))
        case .min where hasExtremes:
            point.minimum = MetricColumns.present(try context.reader.double(bytes))
        case .max where hasExtremes:
            point.maximum = MetricColumns.present(try context.reader.double(bytes))
        case .bucketCounts where type == .histogram:
            try context.reader.words(bytes, into: &columns.bucketCounts)
        case .explicitBounds where type == .histogram:
            try context.reader.doubles(bytes, into: &columns.bounds)
        case .scale where type == .exponentialHistogram:
            point.scale = try context.reader.int32(bytes)
        case .zeroCount where type == .exponentialHistogram:
            point.zeroCount = try context.reader.uint64(bytes)
        case .zeroThreshold where type == .exponentialHistogram:
            point.zeroThreshold = try context.reader.double(bytes)
        case .positive where type == .exponentialHistogram:
            point.positiveOffset = try context.reader.buckets(
                bytes,
                point.positiveOffset,
                into: &columns.positive.counts
            )
        case .negative where type == .exponentialHistogram:
            point.negativeOffset = try context.reader.buckets(
                bytes,
                point.negativeOffset,
                into: &columns.negative.counts
            )
        case .quantileValues where type == .summary: try quantiles(bytes)
        default: try context.reader.skip(bytes)
        }
    }

    private mutating func quantiles(_ bytes: Bytes) throws(OTLPError) {
        var isFirst = try context.reader.openArray(bytes)
        while try context.reader.nextElement(&isFirst, bytes) {
            try context.reader.budget.countElement(at: context.reader.cursor.position)
            var quantile: UInt64 = 0
            var value: UInt64 = 0
            var isFirstField = try context.reader.openObject(bytes)
            while let field = try context.reader.nextField(&isFirstField, bytes) {
                switch field {
                case .quantile: quantile = try context.reader.double(bytes)
                case .value: value = try context.reader.double(bytes)
                default: try context.reader.skip(bytes)
                }
            }
            columns.quantiles.append(quantile)
            columns.quantileValues.append(value)
        }
    }

    private mutating func exemplar(
        _ bytes: Bytes,
        of point: inout PendingPoint
    ) throws(OTLPError) {
        try context.reader.budget.countElement(at: context.reader.cursor.position)
        var exemplar = PendingExemplar()
        var isFirst = try context.reader.openObject(bytes)
        while let field = try context.reader.nextField(&isFirst, bytes) {
            switch field {
            case .timeUnixNano: exemplar.time = try context.reader.uint64(bytes)
            case .asInt:
                exemplar.kind = .int
                exemplar.value = UInt64(bitPattern: try context.reader.int64(bytes))
            case .asDouble:
                exemplar.kind = .double
                exemplar.value = try context.reader.double(bytes)
            case .traceId: exemplar.traceID = try context.reader.traceID(bytes)
            case .spanId: exemplar.spanID = try context.reader.spanID(bytes)
            case .filteredAttributes:
                try context.reader.attributes(bytes, into: &columns.exemplarAttributes)
            default: try context.reader.skip(bytes)
            }
        }
        columns.finish(exemplar, of: &point)
    }
}

extension JSONReader {
    /// An array of 64-bit integers.
    mutating func words(_ bytes: Bytes, into words: inout [UInt64]) throws(OTLPError) {
        var isFirst = try openArray(bytes)
        while try nextElement(&isFirst, bytes) {
            try budget.countElement(at: cursor.position)
            words.append(try uint64(bytes))
        }
    }

    /// An array of doubles, as their bits.
    mutating func doubles(_ bytes: Bytes, into words: inout [UInt64]) throws(OTLPError) {
        var isFirst = try openArray(bytes)
        while try nextElement(&isFirst, bytes) {
            try budget.countElement(at: cursor.position)
            words.append(try double(bytes))
        }
    }

    /// One side of an exponential histogram: appends the counts and gives the offset.
    mutating func buckets(
        _ bytes: Bytes,
        _ previousOffset: Int32,
        into counts: inout [UInt64]
    ) throws(OTLPError) -> Int32 {
        var offset = previousOffset
        var isFirst = try openObject(bytes)
        while let field = try nextField(&isFirst, bytes) {
            switch field {
            case .offset: offset = try int32(bytes)
            case .bucketCounts: try words(bytes, into: &counts)
            default: try skip(bytes)
            }
        }
        return offset
    }
}
