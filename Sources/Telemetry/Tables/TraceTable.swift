import Parquet
import Storage

/// `traces`: one row per trace per segment of `spans`, made from the sorted spans as they are written.
enum TraceTable {
    static let schema = Schema([
        Field(
            "trace_id",
            .leaf(.hex(byteCount: 16), optional: false),
            encoding: .deltaByteArray,
            bloomFilter: true
        ),
        Field("start_time", .leaf(.timestampMicros, optional: false)),
        TableFields.integer("start_unix_nano"), TableFields.integer("duration_nano"),
        TableFields.optionalText("root_service_name"), TableFields.optionalText("root_name"),
        TableFields.small("span_count"), TableFields.small("error_count"),
        Field("services", .list(.string)),
    ])

    static let definition = TableDefinition(
        name: "traces",
        schema: schema,
        sortKey: [0, 2],
        timeField: 2
    )

    /// The trace rows of one row group of spans.
    static func derive(_ spans: [Column]) -> [Column] {
        typealias Span = SpanTable.Position
        guard case .identifier(let traces) = spans[Span.traceID],
            case .fixed(let starts) = spans[Span.start], case .fixed(let ends) = spans[Span.end],
            case .fixed(let status) = spans[Span.statusCode],
            case .text(let names) = spans[Span.name], case .text(let services) = spans[Span.origin]
        else { return schema.fields.map { _ in .absent(rows: 0) } }
        var ids: [UInt64] = []
        var rows = TraceRows()
        let count = starts.values.count
        var row = 0
        while row < count {
            let (high, low) = (traces.words[row * 2], traces.words[row * 2 + 1])
            ids += [high, low]
            rows.begin()
            while row < count, traces.words[row * 2] == high, traces.words[row * 2 + 1] == low {
                rows.add(
                    start: starts.values[row],
                    end: ends.values[row],
                    isError: status.values[row] == 2,
                    service: services.codes[row]
                )
                if isRoot(spans[Span.parentSpanID], row) {
                    rows.setRoot(service: services.codes[row], name: names.codes[row])
                }
                row += 1
            }
        }
        let text = { (codes: [UInt32], dictionary: TextDictionary) -> Column in
            .text(TextColumn(codes: codes, dictionary: dictionary))
        }
        return [
            .identifier(IdentifierColumn(words: ids, wordsPerRow: 2)),
            .fixed(FixedColumn(values: rows.starts.map { $0 / 1_000 })),
            .fixed(FixedColumn(values: rows.starts)),
            .fixed(FixedColumn(values: zip(rows.ends, rows.starts).map { max(0, $0 &- $1) })),
            text(rows.rootServices, services.dictionary), text(rows.rootNames, names.dictionary),
            .fixed(FixedColumn(values: rows.spanCounts)),
            .fixed(FixedColumn(values: rows.errorCounts)),
            .list(
                ListColumn(
                    offsets: rows.serviceStarts,
                    children: [text(rows.services, services.dictionary)]
                )
            ),
        ]
    }

    private static func isRoot(_ parents: Column, _ row: Int) -> Bool {
        guard case .identifier(let column) = parents else { return true }
        return column.words[row] == 0
    }

    /// Columns of trace rows being built.
    private struct TraceRows {
        var starts: [Int64] = []
        var ends: [Int64] = []
        var rootServices: [UInt32] = []
        var rootNames: [UInt32] = []
        var spanCounts: [Int64] = []
        var errorCounts: [Int64] = []
        var serviceStarts: [UInt32] = [0]
        var services: [UInt32] = []

        mutating func begin() {
            starts.append(.max)
            ends.append(.min)
            rootServices.append(TextColumn.null)
            rootNames.append(TextColumn.null)
            spanCounts.append(0)
            errorCounts.append(0)
            serviceStarts.append(UInt32(services.count))
        }

        mutating func add(start: Int64, end: Int64, isError: Bool, service: UInt32) {
            let last = starts.count - 1
            starts[last] = min(starts[last], start)
            ends[last] = max(ends[last], end)
            spanCounts[last] += 1
            if isError { errorCounts[last] += 1 }
            let first = Int(serviceStarts[last])
            if !services[first...].contains(service) {
                services.append(service)
                serviceStarts[last + 1] = UInt32(services.count)
            }
        }

        mutating func setRoot(service: UInt32, name: UInt32) {
            rootServices[rootServices.count - 1] = service
            rootNames[rootNames.count - 1] = name
        }
    }
}
