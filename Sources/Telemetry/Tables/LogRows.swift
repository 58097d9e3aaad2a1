import OTLP
import Parquet
import Storage

extension LogTable {
    /// The rows of a decoded request.
    ///
    /// Records that carry no time at all get `receivedAt` (Unix nanoseconds).
    static func rows(_ logs: LogColumns, receivedAt: UInt64) -> TableRows {
        let request = logs.text
        return request.body.withUnsafeBytes { body in
            request.scratch.withUnsafeBytes { scratch in
                var text = TextBuilder(body: body, scratch: scratch, records: logs.count)
                let columns = columns(logs, request, receivedAt, &text)
                return TableRows(
                    table: TelemetryTables.logs,
                    rowCount: logs.count,
                    columns: columns,
                    timeField: Position.timeNano
                )
            }
        }
    }

    private static func columns(
        _ logs: LogColumns,
        _ request: RequestText,
        _ receivedAt: UInt64,
        _ text: inout TextBuilder
    ) -> [Column] {
        let count = logs.count
        let origins = OriginBuilder(logs.origins, request: request, &text)
        var attributes = AttributeBuilder(promoted: .logs, rows: count)
        var bodies = OptionalText()
        var structured = OptionalText()
        var times: [Int64] = []
        times.reserveCapacity(count)
        for row in 0..<count {
            attributes.add(
                logs.attributes,
                OriginBuilder.range(logs.attributeStarts, row),
                row: row,
                request: request,
                &text
            )
            let payload = logs.bodyPayloads[row]
            switch logs.bodyKinds[row] {
            case .empty: break
            case .string:
                bodies.set(text.code(TextRef(rawValue: payload)), row: row, rows: count)
            case let kind:
                var json: [UInt8] = []
                ValueJSON.append(kind: kind, payload: payload, text: request, into: &json)
                structured.set(text.code(json), row: row, rows: count)
            }
            let observed = logs.observedTimes[row]
            let time =
                logs.times[row] != 0 ? logs.times[row] : observed != 0 ? observed : receivedAt
            times.append(Int64(bitPattern: time))
        }
        let severities = logs.severityTexts.map { text.codeOrNull($0) }
        let events = logs.eventNames.map { text.codeOrNull($0) }
        let dictionary = text.finish()
        let optional = { (codes: [UInt32]) -> Column in
            codes.allSatisfy { $0 == TextColumn.null }
                ? .absent(rows: count) : .text(TextColumn(codes: codes, dictionary: dictionary))
        }
        let fixed: [Column] = [
            .fixed(FixedColumn(values: times.map { $0 / 1_000 })),
            .fixed(FixedColumn(values: times)),
            .integers(logs.observedTimes), .integers(logs.severityNumbers), optional(severities),
            bodies.column(rows: count, dictionary), structured.column(rows: count, dictionary),
            optional(events),
            .identifier(IdentifierColumn(words: logs.traceIDs, wordsPerRow: 2)),
            .identifier(IdentifierColumn(words: logs.spanIDs, wordsPerRow: 1)),
            .integers(logs.flags), .integers(logs.droppedAttributes),
        ]
        return fixed + origins.columns(resource: logs.resource, scope: logs.scope, dictionary)
            + attributes.columns(dictionary)
    }
}
