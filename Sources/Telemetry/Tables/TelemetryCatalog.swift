import Storage

/// The tables in the order of `TelemetryTables`.
enum TelemetryCatalog {
    static let tables: [TableDefinition] = [
        SpanTable.definition, TraceTable.definition, LogTable.definition,
        MetricTables.points, MetricTables.histograms, MetricTables.exponentialHistograms,
        MetricTables.summaries, MetricTables.series,
    ]
}
