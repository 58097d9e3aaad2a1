// The four messages of data points.

extension ProtobufMetricDecoder {
    mutating func numberPoint(
        _ bytes: Bytes,
        _ window: WireCursor,
        _ point: inout PendingPoint
    ) throws(OTLPError) {
        var cursor = window
        while !cursor.isAtEnd {
            let tag = try cursor.tag(bytes)
            switch NumberPointField(rawValue: tag) {
            case .startTime: point.startTime = try cursor.fixed64(bytes)
            case .time: point.time = try cursor.fixed64(bytes)
            case .double:
                point.valueKind = .double
                point.value = try cursor.fixed64(bytes)
            case .int:
                point.valueKind = .int
                point.value = try cursor.fixed64(bytes)
            case .exemplars: try exemplar(bytes, &cursor, of: &point)
            case .attributes:
                try context.values.attribute(bytes, &cursor, into: &columns.attributes)
            case .flags: point.flags = try cursor.varint32(bytes)
            case nil: try cursor.skip(tag, unknownTo: NumberPointField.self, bytes)
            }
        }
    }

    mutating func histogramPoint(
        _ bytes: Bytes,
        _ window: WireCursor,
        _ point: inout PendingPoint
    ) throws(OTLPError) {
        var cursor = window
        while !cursor.isAtEnd {
            let tag = try cursor.tag(bytes)
            switch HistogramPointField(rawValue: tag) {
            case .startTime: point.startTime = try cursor.fixed64(bytes)
            case .time: point.time = try cursor.fixed64(bytes)
            case .count: point.count = try cursor.fixed64(bytes)
            case .sum: point.sum = MetricColumns.present(try cursor.fixed64(bytes))
            case .bucketCounts:
                try context.values.words(
                    bytes,
                    try cursor.message(bytes),
                    into: &columns.bucketCounts
                )
            case .oneBucketCount:
                try context.values.budget.countElement(at: cursor.position)
                columns.bucketCounts.append(try cursor.fixed64(bytes))
            case .bounds:
                try context.values.words(bytes, try cursor.message(bytes), into: &columns.bounds)
            case .oneBound:
                try context.values.budget.countElement(at: cursor.position)
                columns.bounds.append(try cursor.fixed64(bytes))
            case .exemplars: try exemplar(bytes, &cursor, of: &point)
            case .attributes:
                try context.values.attribute(bytes, &cursor, into: &columns.attributes)
            case .flags: point.flags = try cursor.varint32(bytes)
            case .minimum: point.minimum = MetricColumns.present(try cursor.fixed64(bytes))
            case .maximum: point.maximum = MetricColumns.present(try cursor.fixed64(bytes))
            case nil: try cursor.skip(tag, unknownTo: HistogramPointField.self, bytes)
            }
        }
    }

    mutating func exponentialPoint(
        _ bytes: Bytes,
        _ window: WireCursor,
        _ point: inout PendingPoint
    ) throws(OTLPError) {
        var cursor = window
        while !cursor.isAtEnd {
            let tag = try cursor.tag(bytes)
            switch ExponentialPointField(rawValue: tag) {
            case .attributes:
                try context.values.attribute(bytes, &cursor, into: &columns.attributes)
            case .startTime: point.startTime = try cursor.fixed64(bytes)
            case .time: point.time = try cursor.fixed64(bytes)
            case .count: point.count = try cursor.fixed64(bytes)
            case .sum: point.sum = MetricColumns.present(try cursor.fixed64(bytes))
            case .scale: point.scale = try cursor.zigzag32(bytes)
            case .zeroCount: point.zeroCount = try cursor.fixed64(bytes)
            case .positive:
                let window = try cursor.message(bytes)
                let offset = point.positiveOffset
                point.positiveOffset = try context.values.buckets(
                    bytes,
                    window,
                    offset,
                    into: &columns.positive.counts
                )
            case .negative:
                let window = try cursor.message(bytes)
                let offset = point.negativeOffset
                point.negativeOffset = try context.values.buckets(
                    bytes,
                    window,
                    offset,
                    into: &columns.negative.counts
                )
            case .flags: point.flags = try cursor.varint32(bytes)
            case .exemplars: try exemplar(bytes, &cursor, of: &point)
            case .minimum: point.minimum = MetricColumns.present(try cursor.fixed64(bytes))
            case .maximum: point.maximum = MetricColumns.present(try cursor.fixed64(bytes))
            case .zeroThreshold: point.zeroThreshold = try cursor.fixed64(bytes)
            case nil: try cursor.skip(tag, unknownTo: ExponentialPointField.self, bytes)
            }
        }
    }

    mutating func summaryPoint(
        _ bytes: Bytes,
        _ window: WireCursor,
        _ point: inout PendingPoint
    ) throws(OTLPError) {
        point.sum = 0
        var cursor = window
        while !cursor.isAtEnd {
            let tag = try cursor.tag(bytes)
            switch SummaryPointField(rawValue: tag) {
            case .startTime: point.startTime = try cursor.fixed64(bytes)
            case .time: point.time = try cursor.fixed64(bytes)
            case .count: point.count = try cursor.fixed64(bytes)
            case .sum: point.sum = MetricColumns.present(try cursor.fixed64(bytes))
            case .quantiles: try quantile(bytes, try cursor.message(bytes))
            case .attributes:
                try context.values.attribute(bytes, &cursor, into: &columns.attributes)
            case .flags: point.flags = try cursor.varint32(bytes)
            case nil: try cursor.skip(tag, unknownTo: SummaryPointField.self, bytes)
            }
        }
    }

    private mutating func quantile(_ bytes: Bytes, _ window: WireCursor) throws(OTLPError) {
        try context.values.budget.countElement(at: window.position)
        var cursor = window
        var quantile: UInt64 = 0
        var value: UInt64 = 0
        while !cursor.isAtEnd {
            let tag = try cursor.tag(bytes)
            switch QuantileField(rawValue: tag) {
            case .quantile: quantile = try cursor.fixed64(bytes)
            case .value: value = try cursor.fixed64(bytes)
            case nil: try cursor.skip(tag, unknownTo: QuantileField.self, bytes)
            }
        }
        columns.quantiles.append(quantile)
        columns.quantileValues.append(value)
    }
}

extension ProtobufValues {
    /// A packed run of fixed64.
    mutating func words(
        _ bytes: Bytes,
        _ window: WireCursor,
        into words: inout [UInt64]
    ) throws(OTLPError) {
        var cursor = window
        try budget.countElements(
            window.window.count / 8,
            at: window.position
        )
        while !cursor.isAtEnd { words.append(try cursor.fixed64(bytes)) }
    }

    /// One side of an exponential histogram: appends the counts and gives the offset.
    mutating func buckets(
        _ bytes: Bytes,
        _ window: WireCursor,
        _ previousOffset: Int32,
        into counts: inout [UInt64]
    ) throws(OTLPError) -> Int32 {
        var offset = previousOffset
        var cursor = window
        while !cursor.isAtEnd {
            let tag = try cursor.tag(bytes)
            switch BucketsField(rawValue: tag) {
            case .offset: offset = try cursor.zigzag32(bytes)
            case .counts:
                var run = try cursor.message(bytes)
                while !run.isAtEnd {
                    try budget.countElement(at: run.position)
                    counts.append(try run.varint(bytes))
                }
            case .oneCount:
                try budget.countElement(at: cursor.position)
                counts.append(try cursor.varint(bytes))
            case nil: try cursor.skip(tag, unknownTo: BucketsField.self, bytes)
            }
        }
        return offset
    }
}
