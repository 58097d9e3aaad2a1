import Parquet
import Storage

/// `spans`: one row per span, sorted by trace, start and id, so that a trace is one run of rows.
enum SpanTable {
    enum Position {
        static let traceID = 0, spanID = 1, parentSpanID = 2, traceState = 3, flags = 4, name = 5
        static let kind = 6, kindText = 7, startTime = 8, start = 9, end = 10, duration = 11
        static let statusCode = 12, statusMessage = 13
        static let droppedAttributes = 14, droppedEvents = 15, droppedLinks = 16
        static let origin = 17
        static let promoted = origin + TableFields.origin.count
        static let attributes = promoted + PromotedAttributes.spans.attributes.count
        static let events = attributes + TableFields.attributes.count
        static let links = events + 1
    }

    static let schema = Schema(
        [
            Field(
                "trace_id",
                .leaf(.hex(byteCount: 16), optional: false),
                encoding: .deltaByteArray,
                bloomFilter: true
            ),
            Field("span_id", .leaf(.hex(byteCount: 8), optional: false)),
            Field("parent_span_id", .leaf(.hex(byteCount: 8), optional: true)),
            TableFields.optionalText("trace_state"), TableFields.unsigned("flags"),
            TableFields.text("name"),
            TableFields.small("kind"), TableFields.text("kind_text"),
            Field("start_time", .leaf(.timestampMicros, optional: false)),
            TableFields.integer("start_unix_nano"), TableFields.integer("end_unix_nano"),
            TableFields.integer("duration_nano"),
            TableFields.small("status_code"), TableFields.optionalText("status_message"),
            TableFields.unsigned("dropped_attributes_count"),
            TableFields.unsigned("dropped_events_count"),
            TableFields.unsigned("dropped_links_count"),
        ] + TableFields.origin + PromotedAttributes.spans.fields + TableFields.attributes + [
            Field(
                "events",
                .structs([
                    Field("time_unix_nano", .leaf(.int64, optional: false)),
                    Field("name", .leaf(.string, optional: false)),
                    Field("attributes", .leaf(.json, optional: true)),
                    TableFields.unsigned("dropped_attributes_count"),
                ])
            ),
            Field(
                "links",
                .structs([
                    Field("trace_id", .leaf(.hex(byteCount: 16), optional: false)),
                    Field("span_id", .leaf(.hex(byteCount: 8), optional: false)),
                    Field("trace_state", .leaf(.string, optional: true)),
                    TableFields.unsigned("flags"),
                    Field("attributes", .leaf(.json, optional: true)),
                    TableFields.unsigned("dropped_attributes_count"),
                ])
            ),
        ]
    )

    static let definition = TableDefinition(
        name: "spans",
        schema: schema,
        sortKey: [Position.traceID, Position.start, Position.spanID],
        identity: [Position.traceID, Position.spanID],
        timeField: Position.start,
        derivation: .init(table: TelemetryTables.traces, derive: TraceTable.derive),
        promoted: PromotedAttributes.spans.columns
    )

    /// The names of OTLP's span kinds by number.
    static let kindNames = ["unspecified", "internal", "server", "client", "producer", "consumer"]
}
