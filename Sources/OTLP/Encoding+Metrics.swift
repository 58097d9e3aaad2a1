// The metrics half of the encoder.

extension MessageSink {
    mutating func encode(_ groups: [ResourceMetrics]) {
        messages(RequestField.resources, "resourceMetrics", groups) { group, sink in
            sink.encode(group.resource)
            sink.messages(ResourceGroupField.scopes, "scopeMetrics", group.scopes) { group, sink in
                sink.encode(group.scope)
                sink.messages(ScopeGroupField.records, "metrics", group.metrics) { metric, sink in
                    sink.encode(metric)
                }
                sink.string(ScopeGroupField.schemaURL, "schemaUrl", group.schemaURL)
            }
            sink.string(ResourceGroupField.schemaURL, "schemaUrl", group.schemaURL)
        }
    }

    mutating func encode(_ metric: Metric) {
        string(MetricField.name, "name", metric.name)
        string(MetricField.description, "description", metric.description)
        string(MetricField.unit, "unit", metric.unit)
        switch metric.data {
        case .gauge(let points):
            message(MetricField.gauge, "gauge") { sink in
                sink.points(points) { point, sink in sink.encode(point) }
            }
        case .sum(let points, let temporality, let isMonotonic):
            message(MetricField.sum, "sum") { sink in
                sink.points(points) { point, sink in sink.encode(point) }
                sink.temporality(temporality)
                sink.bool(MetricDataField.monotonic, "isMonotonic", isMonotonic)
            }
        case .histogram(let points, let temporality):
            message(MetricField.histogram, "histogram") { sink in
                sink.points(points) { point, sink in sink.encode(point) }
                sink.temporality(temporality)
            }
        case .exponentialHistogram(let points, let temporality):
            message(MetricField.exponentialHistogram, "exponentialHistogram") { sink in
                sink.points(points) { point, sink in sink.encode(point) }
                sink.temporality(temporality)
            }
        case .summary(let points):
            message(MetricField.summary, "summary") { sink in
                sink.points(points) { point, sink in sink.encode(point) }
            }
        }
        attributes(MetricField.metadata, metric.metadata, named: "metadata")
    }

    private mutating func points<Point>(
        _ points: [Point],
        _ body: (Point, inout Self) -> Void
    ) {
        messages(MetricDataField.points, "dataPoints", points, body)
    }

    private mutating func temporality(_ value: Int32) {
        code(MetricDataField.temporality, "aggregationTemporality", value)
    }

    private mutating func encode(_ point: NumberPoint) {
        typealias Field = NumberPointField
        attributes(Field.attributes, point.attributes)
        word(Field.startTime, "startTimeUnixNano", point.startTime)
        word(Field.time, "timeUnixNano", point.time)
        number(point.value, int: Field.int, double: Field.double)
        exemplars(Field.exemplars, point.exemplars)
        count(Field.flags, "flags", point.flags)
    }

    private mutating func encode(_ point: HistogramPoint) {
        typealias Field = HistogramPointField
        attributes(Field.attributes, point.attributes)
        word(Field.startTime, "startTimeUnixNano", point.startTime)
        word(Field.time, "timeUnixNano", point.time)
        word(Field.count, "count", point.count)
        double(Field.sum, "sum", optional: point.sum)
        words(Field.bucketCounts, "bucketCounts", point.bucketCounts)
        doubles(Field.bounds, "explicitBounds", point.bounds)
        exemplars(Field.exemplars, point.exemplars)
        count(Field.flags, "flags", point.flags)
        double(Field.minimum, "min", optional: point.minimum)
        double(Field.maximum, "max", optional: point.maximum)
    }

    private mutating func encode(_ point: ExponentialHistogramPoint) {
        typealias Field = ExponentialPointField
        attributes(Field.attributes, point.attributes)
        word(Field.startTime, "startTimeUnixNano", point.startTime)
        word(Field.time, "timeUnixNano", point.time)
        word(Field.count, "count", point.count)
        double(Field.sum, "sum", optional: point.sum)
        scale(Field.scale, "scale", point.scale)
        word(Field.zeroCount, "zeroCount", point.zeroCount)
        buckets(Field.positive, "positive", point.positive)
        buckets(Field.negative, "negative", point.negative)
        count(Field.flags, "flags", point.flags)
        exemplars(Field.exemplars, point.exemplars)
        double(Field.minimum, "min", optional: point.minimum)
        double(Field.maximum, "max", optional: point.maximum)
        double(Field.zeroThreshold, "zeroThreshold", point.zeroThreshold)
    }

    private mutating func encode(_ point: SummaryPoint) {
        typealias Field = SummaryPointField
        attributes(Field.attributes, point.attributes)
        word(Field.startTime, "startTimeUnixNano", point.startTime)
        word(Field.time, "timeUnixNano", point.time)
        word(Field.count, "count", point.count)
        double(Field.sum, "sum", point.sum)
        messages(Field.quantiles, "quantileValues", point.quantiles) { quantile, sink in
            sink.double(QuantileField.quantile, "quantile", quantile.quantile)
            sink.double(QuantileField.value, "value", quantile.value)
        }
        count(Field.flags, "flags", point.flags)
    }

    private mutating func buckets(
        _ field: some WireField,
        _ name: StaticString,
        _ buckets: BucketRun
    ) {
        guard buckets != BucketRun() else { return }
        message(field, name) { sink in
            sink.scale(BucketsField.offset, "offset", buckets.offset)
            sink.varints(BucketsField.counts, "bucketCounts", buckets.counts)
        }
    }

    private mutating func exemplars(_ field: some WireField, _ exemplars: [Exemplar]) {
        messages(field, "exemplars", exemplars) { exemplar, sink in
            typealias Field = ExemplarField
            sink.attributes(
                Field.attributes,
                exemplar.filteredAttributes,
                named: "filteredAttributes"
            )
            sink.word(Field.time, "timeUnixNano", exemplar.time)
            sink.number(exemplar.value, int: Field.int, double: Field.double)
            sink.spanID(Field.spanID, "spanId", exemplar.spanID)
            sink.traceID(Field.traceID, "traceId", exemplar.traceID)
        }
    }

    private mutating func number(
        _ value: NumberValue?,
        int: some WireField,
        double: some WireField
    ) {
        switch value {
        case .int(let number): fixedInt(int, "asInt", number)
        case .double(let number): self.double(double, "asDouble", number, isChosen: true)
        case nil: break
        }
    }
}
