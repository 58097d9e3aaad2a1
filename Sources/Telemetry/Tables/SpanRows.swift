import OTLP
import Parquet
import Storage

extension SpanTable {
    /// The rows of a decoded request.
    static func rows(_ spans: SpanColumns) -> TableRows {
        let count = spans.count
        let request = spans.text
        return request.body.withUnsafeBytes { body in
            request.scratch.withUnsafeBytes { scratch in
                var text = TextBuilder(body: body, scratch: scratch, records: count)
                let columns = columns(spans, request, &text)
                return TableRows(
                    table: TelemetryTables.spans,
                    rowCount: count,
                    columns: columns,
                    timeField: Position.start
                )
            }
        }
    }

    private static func columns(
        _ spans: SpanColumns,
        _ request: RequestText,
        _ text: inout TextBuilder
    ) -> [Column] {
        let count = spans.count
        let origins = OriginBuilder(spans.origins, request: request, &text)
        var attributes = AttributeBuilder(promoted: .spans, rows: count)
        for row in 0..<count {
            attributes.add(
                spans.attributes,
                OriginBuilder.range(spans.attributeStarts, row),
                row: row,
                request: request,
                &text
            )
        }
        let names = spans.names.map { text.code($0) }
        let messages = spans.statusMessages.map { text.codeOrNull($0) }
        let states = spans.traceStates.map { text.codeOrNull($0) }
        let kindCodes = kindNames.map { text.code($0) }
        let events = EventRows(spans, request, &text)
        let links = LinkRows(spans, request, &text)
        let dictionary = text.finish()
        let starts = spans.startTimes.map { Int64(bitPattern: $0) }
        let ends = spans.endTimes.map { Int64(bitPattern: $0) }
        let optional = { (codes: [UInt32]) -> Column in
            codes.allSatisfy { $0 == TextColumn.null }
                ? .absent(rows: count) : .text(TextColumn(codes: codes, dictionary: dictionary))
        }
        let fixed: [Column] = [
            .identifier(IdentifierColumn(words: spans.traceIDs, wordsPerRow: 2)),
            .identifier(IdentifierColumn(words: spans.spanIDs, wordsPerRow: 1)),
            .identifier(IdentifierColumn(words: spans.parentSpanIDs, wordsPerRow: 1)),
            optional(states), .integers(spans.flags), optional(names), .integers(spans.kinds),
            optional(
                spans.kinds.map { kindCodes[kindNames.indices.contains(Int($0)) ? Int($0) : 0] }
            ),
            .fixed(FixedColumn(values: starts.map { $0 / 1_000 })),
            .fixed(FixedColumn(values: starts)), .fixed(FixedColumn(values: ends)),
            .fixed(FixedColumn(values: zip(ends, starts).map { $0 &- $1 })),
            .integers(spans.statusCodes), optional(messages),
            .integers(spans.droppedAttributes), .integers(spans.droppedEvents),
            .integers(spans.droppedLinks),
        ]
        return fixed + origins.columns(resource: spans.resource, scope: spans.scope, dictionary)
            + attributes.columns(dictionary) + [
                events.column(dictionary), links.column(dictionary),
            ]
    }

    /// The `events` column being built.
    private struct EventRows {
        let offsets: [UInt32]
        let times: [Int64]
        let names: [UInt32]
        let attributes: [UInt32]
        let dropped: [Int64]

        init(_ spans: SpanColumns, _ request: RequestText, _ text: inout TextBuilder) {
            offsets = spans.eventStarts
            times = spans.eventTimes.map { Int64(bitPattern: $0) }
            names = spans.eventNames.map { text.code($0) }
            attributes = spans.eventTimes.indices.map {
                OriginBuilder.json(
                    spans.eventAttributes,
                    OriginBuilder.range(spans.eventAttributeStarts, $0),
                    request,
                    &text
                )
            }
            dropped = spans.eventDroppedAttributes.map(Int64.init)
        }

        func column(_ dictionary: TextDictionary) -> Column {
            if times.isEmpty { return .absent(rows: offsets.count - 1) }
            return .list(
                ListColumn(
                    offsets: offsets,
                    children: [
                        .fixed(FixedColumn(values: times)),
                        .text(TextColumn(codes: names, dictionary: dictionary)),
                        .text(TextColumn(codes: attributes, dictionary: dictionary)),
                        .fixed(FixedColumn(values: dropped)),
                    ]
                )
            )
        }
    }

    /// The `links` column being built.
    private struct LinkRows {
        let spans: SpanColumns
        let states: [UInt32]
        let attributes: [UInt32]

        init(_ spans: SpanColumns, _ request: RequestText, _ text: inout TextBuilder) {
            self.spans = spans
            states = spans.linkTraceStates.map { text.codeOrNull($0) }
            attributes = spans.linkSpanIDs.indices.map {
                OriginBuilder.json(
                    spans.linkAttributes,
                    OriginBuilder.range(spans.linkAttributeStarts, $0),
                    request,
                    &text
                )
            }
        }

        func column(_ dictionary: TextDictionary) -> Column {
            if states.isEmpty { return .absent(rows: spans.linkStarts.count - 1) }
            return .list(
                ListColumn(
                    offsets: spans.linkStarts,
                    children: [
                        .identifier(IdentifierColumn(words: spans.linkTraceIDs, wordsPerRow: 2)),
                        .identifier(IdentifierColumn(words: spans.linkSpanIDs, wordsPerRow: 1)),
                        .text(TextColumn(codes: states, dictionary: dictionary)),
                        .integers(spans.linkFlags),
                        .text(TextColumn(codes: attributes, dictionary: dictionary)),
                        .integers(spans.linkDroppedAttributes),
                    ]
                )
            )
        }
    }
}
