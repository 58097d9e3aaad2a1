import Parquet

/// Fields that several tables share, and how fields are written down shortly.
enum TableFields {
    static func text(_ name: String) -> Field { Field(name, .leaf(.string, optional: false)) }
    static func optionalText(_ name: String) -> Field {
        Field(name, .leaf(.string, optional: true))
    }
    static func json(_ name: String) -> Field {
        Field(name, .leaf(.json, optional: true))
    }
    static func integer(_ name: String) -> Field { Field(name, .leaf(.int64, optional: false)) }
    static func small(_ name: String) -> Field {
        Field(name, .leaf(.int32, optional: false))
    }
    static func unsigned(_ name: String) -> Field {
        Field(name, .leaf(.uint32, optional: false))
    }
    static func optionalDouble(_ name: String) -> Field {
        Field(name, .leaf(.double, optional: true))
    }

    /// Where a record comes from: its resource, with the well-known parts as columns and all of it as
    /// JSON, and its instrumentation scope.
    static let origin: [Field] = [
        text("service_name"), optionalText("service_namespace"),
        optionalText("service_instance_id"),
        json("resource_attributes"), unsigned("resource_dropped_attributes_count"),
        optionalText("resource_schema_url"),
        optionalText("scope_name"), optionalText("scope_version"), json("scope_attributes"),
        unsigned("scope_dropped_attributes_count"), optionalText("scope_schema_url"),
    ]

    /// A record's own attributes that are not promoted.
    static let attributes: [Field] = [
        Field("attributes_string", .map(.string)),
        Field("attributes_int", .map(.int64)),
        Field("attributes_double", .map(.double)),
        Field("attributes_bool", .map(.bool)),
        json("attributes_json"),
    ]

    static let exemplars = Field(
        "exemplars",
        .structs([
            Field("time_unix_nano", .leaf(.int64, optional: false)),
            Field("value_int", .leaf(.int64, optional: true)),
            Field("value_double", .leaf(.double, optional: true)),
            Field("trace_id", .leaf(.hex(byteCount: 16), optional: true)),
            Field("span_id", .leaf(.hex(byteCount: 8), optional: true)),
            Field("attributes", .leaf(.json, optional: true)),
        ])
    )
}

/// Every table, in the order of its position.
///
/// The order never changes: positions are in code only, names are on disk.
public enum TelemetryTables {
    /// Spans, one row each.
    public static let spans = 0
    /// What is known of traces, derived from the spans.
    public static let traces = 1
    /// Log records, one row each.
    public static let logs = 2
    /// Points of gauges and sums.
    public static let metricPoints = 3
    /// Points of histograms with explicit bounds.
    public static let metricHistograms = 4
    /// Points of exponential histograms.
    public static let metricExponentialHistograms = 5
    /// Points of summaries.
    public static let metricSummaries = 6
    /// Metric series with their labels, derived from the points.
    public static let metricSeries = 7
}
