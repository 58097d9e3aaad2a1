import Parquet
import Storage

/// `logs`: one row per log record, sorted by service and time.
enum LogTable {
    enum Position {
        static let time = 0, timeNano = 1, observedNano = 2, severityNumber = 3, severityText = 4
        static let body = 5, bodyJSON = 6, eventName = 7, traceID = 8, spanID = 9, flags = 10
        static let droppedAttributes = 11
        static let origin = 12
        static let promoted = origin + TableFields.origin.count
        static let attributes = promoted + PromotedAttributes.logs.attributes.count
    }

    static let schema = Schema(
        [
            Field("time", .leaf(.timestampMicros, optional: false)),
            TableFields.integer("time_unix_nano"),
            Field("observed_unix_nano", .leaf(.int64, optional: false)),
            TableFields.small("severity_number"), TableFields.optionalText("severity_text"),
            TableFields.optionalText("body"), TableFields.json("body_json"),
            TableFields.optionalText("event_name"),
            Field("trace_id", .leaf(.hex(byteCount: 16), optional: true), bloomFilter: true),
            Field("span_id", .leaf(.hex(byteCount: 8), optional: true)),
            TableFields.unsigned("flags"), TableFields.unsigned("dropped_attributes_count"),
        ] + TableFields.origin + PromotedAttributes.logs.fields + TableFields.attributes
    )

    static let definition = TableDefinition(
        name: "logs",
        schema: schema,
        sortKey: [Position.origin, Position.timeNano],
        timeField: Position.timeNano,
        pageRows: 8_192,
        promoted: PromotedAttributes.logs.columns
    )
}
