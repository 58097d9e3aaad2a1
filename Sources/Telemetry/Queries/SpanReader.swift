public import OTLP
import Parquet
import Storage

/// A span as it was sent, and where it comes from.
public struct FoundSpan: Sendable {
    /// The span.
    public let span: Span
    /// Its resource and scope.
    public let origin: Origin
}

/// All spans of one trace, in order of start.
public struct FoundTrace: Sendable {
    /// The trace id that all its spans have.
    public let id: TraceID
    /// Its spans in order of start, each span id once.
    public let spans: [FoundSpan]
}

/// Puts spans back together from their columns.
enum SpanReader {
    private typealias Position = SpanTable.Position

    /// Columns that are known, or repeat others in a form for people.
    private static let unread: Set<Int> = [
        Position.traceID, Position.kindText, Position.startTime, Position.duration,
    ]

    /// The spans in `rows` of a chunk, which are all of one trace.
    ///
    /// - Parameters:
    ///   - id: the trace.
    ///   - chunk: where they are.
    ///   - rows: which rows.
    ///   - spread: whether to decode columns on several processors.
    /// - Returns: one span per row, in order.
    /// - Throws: when the columns cannot be read.
    static func spans(
        of id: TraceID,
        _ chunk: Chunk,
        rows: Range<Int>,
        spread: Bool
    ) throws -> [FoundSpan] {
        let fields = SpanTable.schema.fields.indices
        let stripes = spread ? 4 : 1
        let parts = try Parallel.map(stripes) { stripe in
            try stride(from: stripe, to: fields.count, by: stripes).map { field in
                unread.contains(field)
                    ? .absent(rows: rows.count) : try chunk.column(field, rows: rows)
            }
        }
        let columns = fields.map { parts[$0 % stripes][$0 / stripes] }
        var attributes = AttributeReader(
            columns,
            promoted: .spans,
            origin: Position.origin,
            attributes: Position.promoted
        )
        return try (0..<rows.count).map { row in
            FoundSpan(
                span: try span(id, columns, row, attributes.attributes(row)),
                origin: try attributes.origin(row)
            )
        }
    }

    private static func span(
        _ id: TraceID,
        _ columns: [Column],
        _ row: Int,
        _ attributes: [KeyValue]
    ) throws -> Span {
        let count = { (position: Int) in UInt32(truncatingIfNeeded: columns[position].integer(row))
        }
        return Span(
            traceID: id,
            spanID: SpanID(columns[Position.spanID].identifier(row).0),
            parentSpanID: SpanID(columns[Position.parentSpanID].identifier(row).0),
            traceState: columns[Position.traceState].text(row) ?? "",
            flags: count(Position.flags),
            name: columns[Position.name].text(row) ?? "",
            kind: Int32(truncatingIfNeeded: columns[Position.kind].integer(row)),
            startTime: UInt64(bitPattern: columns[Position.start].integer(row)),
            endTime: UInt64(bitPattern: columns[Position.end].integer(row)),
            attributes: attributes,
            droppedAttributes: count(Position.droppedAttributes),
            events: try events(columns[Position.events], row),
            droppedEvents: count(Position.droppedEvents),
            links: try links(columns[Position.links], row),
            droppedLinks: count(Position.droppedLinks),
            status: SpanStatus(
                code: Int32(truncatingIfNeeded: columns[Position.statusCode].integer(row)),
                message: columns[Position.statusMessage].text(row) ?? ""
            )
        )
    }

    private static func events(_ column: Column, _ row: Int) throws -> [SpanEvent] {
        try column.children(row).map { child in
            SpanEvent(
                time: UInt64(bitPattern: column.child(0).integer(child)),
                name: column.child(1).text(child) ?? "",
                attributes: try column.child(2).textBytes(child).map(AttributeReader.object) ?? [],
                droppedAttributes: UInt32(truncatingIfNeeded: column.child(3).integer(child))
            )
        }
    }

    private static func links(_ column: Column, _ row: Int) throws -> [SpanLink] {
        try column.children(row).map { child in
            let (high, low) = column.child(0).identifier(child)
            return SpanLink(
                traceID: TraceID(high: high, low: low),
                spanID: SpanID(column.child(1).identifier(child).0),
                traceState: column.child(2).text(child) ?? "",
                flags: UInt32(truncatingIfNeeded: column.child(3).integer(child)),
                attributes: try column.child(4).textBytes(child).map(AttributeReader.object) ?? [],
                droppedAttributes: UInt32(truncatingIfNeeded: column.child(5).integer(child))
            )
        }
    }
}
