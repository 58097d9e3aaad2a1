// Metrics back to the object model.

extension OTLPReader {
    /// The metrics of a request, grouped as they came.
    public static func metrics(from columns: MetricColumns) -> [ResourceMetrics] {
        let source = ModelSource(text: columns.text, origins: columns.origins)
        var groups = (0..<columns.origins.resourceCount).map { row in
            let (resource, schemaURL) = source.resource(row)
            return ResourceMetrics(resource: resource, schemaURL: schemaURL)
        }
        // The points of a metric are adjacent and in the order of the metrics.
        var point = 0
        for run in source.runs(columns.resource, columns.scope) {
            let (scope, schemaURL) = source.scope(run.scope)
            let metrics = run.rows.map { row in
                let first = point
                while point < columns.count, columns.metric[point] == UInt32(row) { point += 1 }
                return metric(row, points: first..<point, of: columns, source)
            }
            groups[run.resource].scopes.append(
                ScopeMetrics(scope: scope, metrics: metrics, schemaURL: schemaURL)
            )
        }
        return groups
    }

    private static func metric(
        _ row: Int,
        points: Range<Int>,
        of columns: MetricColumns,
        _ source: ModelSource
    ) -> Metric {
        let reader = PointReader(columns: columns, source: source)
        let temporality = columns.temporalities[row]
        let data: MetricData =
            switch columns.types[row] {
            case .gauge: .gauge(points.map(reader.number))
            case .sum:
                .sum(
                    points.map(reader.number),
                    temporality: temporality,
                    isMonotonic: columns.monotonic[row]
                )
            case .histogram: .histogram(points.map(reader.histogram), temporality: temporality)
            case .exponentialHistogram:
                .exponentialHistogram(points.map(reader.exponential), temporality: temporality)
            case .summary: .summary(points.map(reader.summary))
            }
        return Metric(
            name: source.string(columns.names[row]),
            description: source.string(columns.descriptions[row]),
            unit: source.string(columns.units[row]),
            metadata: source.attributes(columns.metadata, range(columns.metadataStarts, row)),
            data: data
        )
    }
}

private struct PointReader {
    let columns: MetricColumns
    let source: ModelSource

    func number(_ row: Int) -> NumberPoint {
        NumberPoint(
            attributes: attributes(row),
            startTime: columns.startTimes[row],
            time: columns.times[row],
            flags: columns.flags[row],
            value: value(columns.valueKinds[row], columns.values[row]),
            exemplars: exemplars(row)
        )
    }

    func histogram(_ row: Int) -> HistogramPoint {
        HistogramPoint(
            attributes: attributes(row),
            startTime: columns.startTimes[row],
            time: columns.times[row],
            flags: columns.flags[row],
            count: columns.counts[row],
            sum: optional(columns.sums[row]),
            minimum: optional(columns.minima[row]),
            maximum: optional(columns.maxima[row]),
            bucketCounts: Array(columns.bucketCounts[OTLPReader.range(columns.bucketStarts, row)]),
            bounds: columns.bounds[OTLPReader.range(columns.boundStarts, row)].map {
                Double(bitPattern: $0)
            },
            exemplars: exemplars(row)
        )
    }

    func exponential(_ row: Int) -> ExponentialHistogramPoint {
        ExponentialHistogramPoint(
            attributes: attributes(row),
            startTime: columns.startTimes[row],
            time: columns.times[row],
            flags: columns.flags[row],
            count: columns.counts[row],
            sum: optional(columns.sums[row]),
            minimum: optional(columns.minima[row]),
            maximum: optional(columns.maxima[row]),
            scale: columns.scales[row],
            zeroCount: columns.zeroCounts[row],
            zeroThreshold: Double(bitPattern: columns.zeroThresholds[row]),
            positive: buckets(columns.positive, row),
            negative: buckets(columns.negative, row),
            exemplars: exemplars(row)
        )
    }

    func summary(_ row: Int) -> SummaryPoint {
        SummaryPoint(
            attributes: attributes(row),
            startTime: columns.startTimes[row],
            time: columns.times[row],
            flags: columns.flags[row],
            count: columns.counts[row],
            sum: Double(bitPattern: columns.sums[row]),
            quantiles: OTLPReader.range(columns.quantileStarts, row).map { index in
                Quantile(
                    quantile: Double(bitPattern: columns.quantiles[index]),
                    value: Double(bitPattern: columns.quantileValues[index])
                )
            }
        )
    }

    private func attributes(_ row: Int) -> [KeyValue] {
        source.attributes(columns.attributes, OTLPReader.range(columns.attributeStarts, row))
    }

    private func exemplars(_ row: Int) -> [Exemplar] {
        OTLPReader.range(columns.exemplarStarts, row).map { index in
            Exemplar(
                time: columns.exemplarTimes[index],
                value: value(columns.exemplarKinds[index], columns.exemplarValues[index]),
                traceID: OTLPReader.traceID(columns.exemplarTraceIDs, index),
                spanID: SpanID(columns.exemplarSpanIDs[index]),
                filteredAttributes: source.attributes(
                    columns.exemplarAttributes,
                    OTLPReader.range(columns.exemplarAttributeStarts, index)
                )
            )
        }
    }

    private func buckets(_ buckets: ExponentialBuckets, _ row: Int) -> BucketRun {
        BucketRun(
            offset: buckets.offsets[row],
            counts: Array(buckets.counts[OTLPReader.range(buckets.countStarts, row)])
        )
    }

    private func value(_ kind: ValueKind, _ bits: UInt64) -> NumberValue? {
        switch kind {
        case .int: .int(Int64(bitPattern: bits))
        case .double: .double(Double(bitPattern: bits))
        case .empty, .string, .bool, .bytes, .json: nil
        }
    }

    private func optional(_ bits: UInt64) -> Double? {
        bits == MetricColumns.none ? nil : Double(bitPattern: bits)
    }
}
