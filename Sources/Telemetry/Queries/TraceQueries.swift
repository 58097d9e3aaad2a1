public import OTLP
import Parquet
import Storage

extension TelemetryNode {
    /// The spans of a trace, wherever and whenever they arrived.
    ///
    /// - Returns: nil when no span has this trace id.
    public func trace(_ id: TraceID, space: String) throws(QueryFailure) -> FoundTrace? {
        let snapshot = try snapshot(space)
        do {
            return try TraceLookup(snapshot).trace(id, spread: true)
        } catch {
            throw QueryFailure(error)
        }
    }

    /// The newest traces with a span that fits `search`, newest first.
    public func searchTraces(
        _ search: TraceSearch,
        space: String
    ) throws(QueryFailure) -> [FoundTrace] {
        let snapshot = try snapshot(space)
        do {
            let ids = try search.run(snapshot)
            let lookup = try TraceLookup(snapshot)
            return try Parallel.map(ids.count) { try lookup.trace(ids[$0], spread: false) }
                .compactMap { $0 }
        } catch {
            throw QueryFailure(error)
        }
    }
}

/// Finds traces by id in one snapshot.
struct TraceLookup {
    private typealias Position = SpanTable.Position
    private let chunks: [Chunk]

    init(_ snapshot: Snapshot) throws {
        chunks = try snapshot.chunks(
            table: TelemetryTables.spans,
            timeField: Position.start,
            overlapping: .min ... .max
        )
    }

    /// Every span of the trace once, in order of start; nil when there is none.
    func trace(_ id: TraceID, spread: Bool) throws -> FoundTrace? {
        var found: [FoundSpan] = []
        for chunk in chunks {
            for rows in try rows(of: id, chunk) {
                found += try SpanReader.spans(chunk, rows: rows, spread: spread)
            }
        }
        if found.isEmpty { return nil }
        // The same span may have been sent twice.
        var seen: Set<SpanID> = []
        found = found.filter { seen.insert($0.span.spanID).inserted }
        found.sort {
            ($0.span.startTime, $0.span.spanID.rawValue) < (
                $1.span.startTime, $1.span.spanID.rawValue
            )
        }
        return FoundTrace(id: id, spans: found)
    }

    /// The runs of rows of a chunk that belong to the trace.
    private func rows(of id: TraceID, _ chunk: Chunk) throws -> [Range<Int>] {
        guard try chunk.mayContain(Position.traceID, identifier: (id.high, id.low)) else {
            return []
        }
        let text = StatisticValue.bytes(Array(id.description.utf8))
        var runs: [Range<Int>] = []
        for range in try chunk.rowRanges(Position.traceID, from: text, through: text) {
            guard case .identifier(let ids) = try chunk.column(Position.traceID, rows: range) else {
                continue
            }
            ids.words.withUnsafeBufferPointer { words in
                var row = 0
                while row < range.count {
                    guard words[row * 2 + 1] == id.low, words[row * 2] == id.high else {
                        row += 1
                        continue
                    }
                    let start = row
                    while row < range.count, words[row * 2 + 1] == id.low, words[row * 2] == id.high
                    { row += 1 }
                    runs.append((range.lowerBound + start)..<(range.lowerBound + row))
                }
            }
        }
        return runs
    }
}
