import OTLP
import Parquet
import Storage

extension MetricTables {
    /// The rows of a decoded request, one batch of rows per table that has any.
    ///
    /// Points without a time get `receivedAt` (Unix nanoseconds).
    static func rows(_ metrics: MetricColumns, receivedAt: UInt64) -> [TableRows] {
        let request = metrics.text
        var points: [[Int]] = Array(repeating: [], count: 4)
        for point in 0..<metrics.count {
            let table =
                switch metrics.types[Int(metrics.metric[point])] {
                case .gauge, .sum: 0
                case .histogram: 1
                case .exponentialHistogram: 2
                case .summary: 3
                }
            points[table].append(point)
        }
        return request.body.withUnsafeBytes { body in
            request.scratch.withUnsafeBytes { scratch in
                points.indices.filter { !points[$0].isEmpty }.map { table in
                    let text = TextBuilder(
                        body: body,
                        scratch: scratch,
                        records: points[table].count / 4
                    )
                    var rows = PointRows(metrics, points[table], receivedAt, text)
                    return TableRows(
                        table: TelemetryTables.metricPoints + table,
                        rowCount: points[table].count,
                        columns: rows.columns(table: table),
                        timeField: MetricTables.Position.timeNano
                    )
                }
            }
        }
    }
}

/// Builds the columns of one table from the points that belong there.
private struct PointRows {
    private let metrics: MetricColumns
    private let points: [Int]
    private let receivedAt: UInt64
    private var text: TextBuilder

    private static let typeNames = [
        "gauge", "sum", "histogram", "exponential_histogram", "summary",
    ]
    private static let temporalityNames = ["unspecified", "delta", "cumulative"]

    init(_ metrics: MetricColumns, _ points: [Int], _ receivedAt: UInt64, _ text: TextBuilder) {
        self.metrics = metrics
        self.points = points
        self.receivedAt = receivedAt
        self.text = text
    }

    mutating func columns(table: Int) -> [Column] {
        let count = points.count
        let owner = points.map { Int(metrics.metric[$0]) }
        let origins = OriginBuilder(metrics.origins, request: metrics.text, &text)
        var attributes = AttributeBuilder(promoted: .metrics, rows: count)
        for (row, point) in points.enumerated() {
            attributes.add(
                metrics.attributes,
                OriginBuilder.range(metrics.attributeStarts, point),
                row: row,
                request: metrics.text,
                &text
            )
        }
        let perMetric = MetricCodes(metrics, &text)
        let exemplars = exemplarColumns()
        let dictionary = text.finish()
        let column = { (codes: [UInt32]) -> Column in
            codes.allSatisfy { $0 == TextColumn.null }
                ? .absent(rows: count) : .text(TextColumn(codes: codes, dictionary: dictionary))
        }
        let times = points.map { point -> Int64 in
            Int64(bitPattern: metrics.times[point] == 0 ? receivedAt : metrics.times[point])
        }
        let common: [Column] = [
            column(owner.map { perMetric.names[$0] }),
            .identifier(IdentifierColumn(words: seriesIDs(), wordsPerRow: 1)),
            .fixed(FixedColumn(values: times.map { $0 / 1_000 })),
            .fixed(FixedColumn(values: times)),
            .fixed(FixedColumn(values: points.map { Int64(bitPattern: metrics.startTimes[$0]) })),
            column(owner.map { perMetric.types[$0] }), column(owner.map { perMetric.units[$0] }),
            column(owner.map { perMetric.temporalities[$0] }),
            .fixed(FixedColumn(values: owner.map { metrics.monotonic[$0] ? 1 : 0 })),
            .fixed(FixedColumn(values: points.map { Int64(metrics.flags[$0]) })),
            column(owner.map { perMetric.descriptions[$0] }),
            column(owner.map { perMetric.metadata[$0] }),
        ]
        return common
            + origins.columns(
                resource: owner.map { metrics.resource[$0] },
                scope: owner.map { metrics.scope[$0] },
                dictionary
            )
            + attributes.columns(dictionary) + [exemplars(dictionary)] + own(table)
    }

    /// The columns of the table's own shape.
    private func own(_ table: Int) -> [Column] {
        switch table {
        case 0:
            return [
                optional {
                    metrics.valueKinds[$0] == .double ? Int64(bitPattern: metrics.values[$0]) : nil
                },
                optional {
                    metrics.valueKinds[$0] == .int ? Int64(bitPattern: metrics.values[$0]) : nil
                },
            ]
        case 1:
            return statistics() + [
                list(metrics.bucketStarts, metrics.bucketCounts),
                list(metrics.boundStarts, metrics.bounds),
            ]
        case 2:
            return statistics() + [
                fixed { Int64(metrics.scales[$0]) },
                fixed { Int64(bitPattern: metrics.zeroCounts[$0]) },
                fixed { Int64(bitPattern: metrics.zeroThresholds[$0]) },
                fixed { Int64(metrics.positive.offsets[$0]) },
                list(metrics.positive.countStarts, metrics.positive.counts),
                fixed { Int64(metrics.negative.offsets[$0]) },
                list(metrics.negative.countStarts, metrics.negative.counts),
            ]
        default:
            let (offsets, rows) = flattened(metrics.quantileStarts)
            return [
                fixed { Int64(bitPattern: metrics.counts[$0]) },
                fixed { Int64(bitPattern: metrics.sums[$0]) },
                .list(
                    ListColumn(
                        offsets: offsets,
                        children: [
                            .fixed(
                                FixedColumn(
                                    values: rows.map { Int64(bitPattern: metrics.quantiles[$0]) }
                                )
                            ),
                            .fixed(
                                FixedColumn(
                                    values: rows.map {
                                        Int64(bitPattern: metrics.quantileValues[$0])
                                    }
                                )
                            ),
                        ]
                    )
                ),
            ]
        }
    }

    private func statistics() -> [Column] {
        let present = { (bits: UInt64) -> Int64? in
            bits == MetricColumns.none ? nil : Int64(bitPattern: bits)
        }
        return [
            fixed { Int64(bitPattern: metrics.counts[$0]) }, optional { present(metrics.sums[$0]) },
            optional { present(metrics.minima[$0]) }, optional { present(metrics.maxima[$0]) },
        ]
    }

    private func fixed(_ value: (Int) -> Int64) -> Column {
        .fixed(FixedColumn(values: points.map(value)))
    }

    private func optional(_ value: (Int) -> Int64?) -> Column {
        var column = OptionalFixed()
        for (row, point) in points.enumerated() {
            if let value = value(point) { column.set(value, row: row, rows: points.count) }
        }
        return column.column(rows: points.count)
    }

    private func list(_ starts: [UInt32], _ values: [UInt64]) -> Column {
        let (offsets, rows) = flattened(starts)
        if rows.isEmpty { return .absent(rows: points.count) }
        return .list(
            ListColumn(
                offsets: offsets,
                children: [.fixed(FixedColumn(values: rows.map { Int64(bitPattern: values[$0]) }))]
            )
        )
    }

    /// The child rows of the points, and where each point's begin.
    private func flattened(_ starts: [UInt32]) -> (offsets: [UInt32], rows: [Int]) {
        var offsets: [UInt32] = [0]
        var rows: [Int] = []
        for point in points {
            rows += OriginBuilder.range(starts, point)
            offsets.append(UInt32(rows.count))
        }
        return (offsets, rows)
    }

    private mutating func exemplarColumns() -> (TextDictionary) -> Column {
        let (offsets, rows) = flattened(metrics.exemplarStarts)
        let count = points.count
        guard !rows.isEmpty else { return { _ in .absent(rows: count) } }
        var codes: [UInt32] = []
        for row in rows {
            codes.append(
                OriginBuilder.json(
                    metrics.exemplarAttributes,
                    OriginBuilder.range(metrics.exemplarAttributeStarts, row),
                    metrics.text,
                    &text
                )
            )
        }
        var integers = OptionalFixed()
        var doubles = OptionalFixed()
        for (index, row) in rows.enumerated() {
            let value = Int64(bitPattern: metrics.exemplarValues[row])
            switch metrics.exemplarKinds[row] {
            case .int: integers.set(value, row: index, rows: rows.count)
            case .double: doubles.set(value, row: index, rows: rows.count)
            default: break
            }
        }
        let traces = rows.flatMap { metrics.exemplarTraceIDs[($0 * 2)...($0 * 2 + 1)] }
        let spans = rows.map { metrics.exemplarSpanIDs[$0] }
        let times = rows.map { Int64(bitPattern: metrics.exemplarTimes[$0]) }
        return { dictionary in
            .list(
                ListColumn(
                    offsets: offsets,
                    children: [
                        .fixed(FixedColumn(values: times)), integers.column(rows: rows.count),
                        doubles.column(rows: rows.count),
                        .identifier(IdentifierColumn(words: traces, wordsPerRow: 2)),
                        .identifier(IdentifierColumn(words: spans, wordsPerRow: 1)),
                        .text(TextColumn(codes: codes, dictionary: dictionary)),
                    ]
                )
            )
        }
    }

    /// An id per point, equal for all that OpenTelemetry tells streams apart by: the resource, the scope, the metric's name,
    /// unit and kind, and the attributes, in whatever order they came.
    ///
    /// Each part is hashed with XXH64; the hashes of a set are added up, so that order does not matter;
    /// the sums are hashed together.
    private func seriesIDs() -> [UInt64] {
        let origins = metrics.origins
        let resources = (0..<origins.resourceCount).map { resource in
            hash([
                hash(
                    origins.resourceAttributes,
                    OriginBuilder.range(origins.resourceAttributeStarts, resource)
                ),
                hash(origins.resourceSchemaURLs[resource]),
            ])
        }
        let scopes = (0..<origins.scopeCount).map { scope in
            hash([
                hash(origins.scopeNames[scope]), hash(origins.scopeVersions[scope]),
                hash(
                    origins.scopeAttributes,
                    OriginBuilder.range(origins.scopeAttributeStarts, scope)
                ),
                hash(origins.scopeSchemaURLs[scope]),
            ])
        }
        let owners = (0..<metrics.metricCount).map { metric in
            hash([
                hash(metrics.names[metric]), hash(metrics.units[metric]),
                UInt64(metrics.types[metric].rawValue),
                // Senders may say any number, those below zero included.
                UInt64(bitPattern: Int64(metrics.temporalities[metric])),
                metrics.monotonic[metric] ? 1 : 0, resources[Int(metrics.resource[metric])],
                scopes[Int(metrics.scope[metric])],
            ])
        }
        return points.map { point in
            let id = hash([
                owners[Int(metrics.metric[point])],
                hash(metrics.attributes, OriginBuilder.range(metrics.attributeStarts, point)),
            ])
            // Zero would read as "no id".
            return max(1, id)
        }
    }

    @inline(__always)
    private func hash(_ ref: TextRef) -> UInt64 { XXHash64.hash(text.bytes(ref)) }

    @inline(__always)
    private func hash(_ parts: [UInt64]) -> UInt64 {
        parts.withUnsafeBytes { XXHash64.hash($0) }
    }

    private func hash(_ attributes: AttributeColumns, _ range: Range<Int>) -> UInt64 {
        var sum: UInt64 = 0
        for index in range {
            let payload = attributes.payloads[index]
            let value: UInt64 =
                switch attributes.kinds[index] {
                case .string, .bytes, .json: hash(TextRef(rawValue: payload))
                case .empty, .bool, .int, .double: payload
                }
            sum &+= hash([
                hash(attributes.keys[index]), UInt64(attributes.kinds[index].rawValue), value,
            ])
        }
        return sum
    }

    /// Text codes of what is said once per metric.
    private struct MetricCodes {
        let names: [UInt32]
        let types: [UInt32]
        let units: [UInt32]
        let temporalities: [UInt32]
        let descriptions: [UInt32]
        let metadata: [UInt32]

        init(_ metrics: MetricColumns, _ text: inout TextBuilder) {
            names = metrics.names.map { text.code($0) }
            types = metrics.types.map { text.code(PointRows.typeNames[Int($0.rawValue)]) }
            units = metrics.units.map { text.codeOrNull($0) }
            temporalities = metrics.temporalities.map { temporality in
                let known = PointRows.temporalityNames.indices.contains(Int(temporality))
                return text.code(PointRows.temporalityNames[known ? Int(temporality) : 0])
            }
            descriptions = metrics.descriptions.map { text.codeOrNull($0) }
            metadata = metrics.names.indices.map {
                OriginBuilder.json(
                    metrics.metadata,
                    OriginBuilder.range(metrics.metadataStarts, $0),
                    metrics.text,
                    &text
                )
            }
        }
    }
}
