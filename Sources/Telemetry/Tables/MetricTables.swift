import Parquet
import Storage

/// The tables of metrics: one row per data point, sorted by metric, series and time; and one row per
/// series per segment.
enum MetricTables {
    /// Positions of the columns that every point table begins with.
    enum Position {
        static let name = 0, seriesID = 1, time = 2, timeNano = 3, startNano = 4
        static let type = 5, unit = 6, temporality = 7, isMonotonic = 8, flags = 9
        static let description = 10, metadata = 11
        static let origin = 12
        static let attributes = origin + TableFields.origin.count
        static let exemplars = attributes + TableFields.attributes.count
        /// The columns of the table's own shape.
        static let own = exemplars + 1
    }

    private static let common: [Field] =
        [
            TableFields.text("metric_name"),
            Field(
                "series_id",
                .leaf(.hex(byteCount: 8), optional: false),
                encoding: .deltaByteArray
            ),
            Field("time", .leaf(.timestampMicros, optional: false)),
            TableFields.integer("time_unix_nano"),
            Field("start_unix_nano", .leaf(.int64, optional: false)),
            Field("type", .leaf(.string, optional: false)),
            TableFields.optionalText("unit"),
            Field("temporality", .leaf(.string, optional: false)),
            Field("is_monotonic", .leaf(.bool, optional: false)),
            TableFields.unsigned("flags"), TableFields.optionalText("description"),
            TableFields.json("metadata"),
        ] + TableFields.origin + TableFields.attributes + [TableFields.exemplars]

    private static let statistics: [Field] = [
        Field("count", .leaf(.int64, optional: false)),
        TableFields.optionalDouble("sum"), TableFields.optionalDouble("min"),
        TableFields.optionalDouble("max"),
    ]

    static let points = table(
        "metric_points",
        [
            TableFields.optionalDouble("value_double"),
            Field("value_int", .leaf(.int64, optional: true)),
        ]
    )

    static let histograms = table(
        "metric_histograms",
        statistics + [
            Field("bucket_counts", .list(.int64)),
            Field("explicit_bounds", .list(.double)),
        ]
    )

    static let exponentialHistograms = table(
        "metric_exp_histograms",
        statistics + [
            TableFields.small("scale"),
            Field("zero_count", .leaf(.int64, optional: false)),
            Field("zero_threshold", .leaf(.double, optional: false)),
            TableFields.small("positive_offset"),
            Field("positive_bucket_counts", .list(.int64)),
            TableFields.small("negative_offset"),
            Field("negative_bucket_counts", .list(.int64)),
        ]
    )

    static let summaries = table(
        "metric_summaries",
        [
            Field("count", .leaf(.int64, optional: false)),
            Field("sum", .leaf(.double, optional: false)),
            Field(
                "quantiles",
                .structs([
                    Field("quantile", .leaf(.double, optional: false)),
                    Field("value", .leaf(.double, optional: false)),
                ])
            ),
        ]
    )

    private static func table(_ name: String, _ own: [Field]) -> TableDefinition {
        TableDefinition(
            name: name,
            schema: Schema(common + own),
            sortKey: [Position.name, Position.seriesID, Position.timeNano],
            identity: [Position.name, Position.seriesID, Position.timeNano],
            timeField: Position.timeNano,
            derivation: .init(table: TelemetryTables.metricSeries, derive: deriveSeries)
        )
    }

    // MARK: - Series

    /// The columns of a series row that are copied from its first point.
    private static let seriesCopies =
        [
            Position.name, Position.seriesID, Position.type, Position.unit, Position.temporality,
            Position.isMonotonic, Position.description, Position.metadata,
        ]
        + Array(Position.origin..<Position.exemplars)

    static let series = TableDefinition(
        name: "metric_series",
        schema: Schema(
            seriesCopies.map { common[$0] } + [
                TableFields.integer("first_unix_nano"), TableFields.integer("last_unix_nano"),
                Field("point_count", .leaf(.int64, optional: false)),
            ]
        ),
        sortKey: [0, 1],
        timeField: seriesCopies.count
    )

    /// The series rows of one row group of points, which is sorted by metric and series.
    private static func deriveSeries(_ points: [Column]) -> [Column] {
        guard case .identifier(let ids) = points[Position.seriesID],
            case .fixed(let times) = points[Position.timeNano],
            case .text(let names) = points[Position.name]
        else { return series.schema.fields.map { _ in .absent(rows: 0) } }
        var firsts: [RowAddress] = []
        var low: [Int64] = []
        var high: [Int64] = []
        var counts: [Int64] = []
        for row in ids.words.indices {
            let isSame =
                row > 0 && ids.words[row] == ids.words[row - 1]
                && names.codes[row] == names.codes[row - 1]
            if !isSame {
                firsts.append(RowAddress(source: 0, row: row))
                low.append(times.values[row])
                high.append(times.values[row])
                counts.append(0)
            }
            counts[counts.count - 1] += 1
            high[high.count - 1] = times.values[row]
        }
        var merger = TextMerger(capacity: names.dictionary.count)
        for position in seriesCopies { merger.add(points[position]) }
        let dictionary = merger.dictionary()
        return seriesCopies.map { Column.gather([points[$0]], firsts, merger, dictionary) } + [
            .fixed(FixedColumn(values: low)), .fixed(FixedColumn(values: high)),
            .fixed(FixedColumn(values: counts)),
        ]
    }
}
