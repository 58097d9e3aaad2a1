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
            return try TraceLookup(snapshot, [id]).trace(id, spread: true)
        } catch {
            throw QueryFailure(error)
        }
    }

    /// What `body` makes of the newest traces with a span that fits `search`, newest first.
    ///
    /// It is called on several processors, so that the traces of an answer are written as they are found.
    public func searchTraces<Result: Sendable>(
        _ search: TraceSearch,
        space: String,
        _ body: @Sendable (FoundTrace) -> Result
    ) throws(QueryFailure) -> [Result] {
        let snapshot = try snapshot(space)
        do {
            let ids = try search.run(snapshot, facts.events)
            let lookup = try TraceLookup(snapshot, ids)
            return try Parallel.map(ids.count) {
                try lookup.trace(ids[$0], spread: false).map(body)
            }.compactMap { $0 }
        } catch {
            throw QueryFailure(error)
        }
    }

    /// The newest traces with a span that fits `search`, newest first.
    public func searchTraces(
        _ search: TraceSearch,
        space: String
    ) throws(QueryFailure) -> [FoundTrace] {
        try searchTraces(search, space: space) { $0 }
    }
}

/// Finds traces by id in one snapshot.
struct TraceLookup {
    private typealias Position = SpanTable.Position

    /// A run of rows of one trace.
    private struct Run {
        let chunk: Chunk
        let rows: Range<Int>
    }

    /// The row groups; what is in memory is in `found`.
    private let groups: [Chunk]
    /// The rows in memory that belong to the wanted traces.
    private let found: [TraceID: [Run]]

    /// Prepares for looking up `ids`, and no others.
    init(_ snapshot: Snapshot, _ ids: [TraceID]) throws {
        let chunks = try snapshot.chunks(
            table: TelemetryTables.spans,
            timeField: Position.start,
            overlapping: .min ... .max
        )
        var groups: [Chunk] = []
        var found: [TraceID: [Run]] = [:]
        let wanted = WantedTraces(ids)
        for chunk in chunks {
            switch chunk.source {
            case .rowGroup: groups.append(chunk)
            case .memory(let batch):
                guard case .identifier(let column) = batch.columns[Position.traceID] else {
                    continue
                }
                wanted.eachRun(column) { id, rows in
                    found[id, default: []].append(Run(chunk: chunk, rows: rows))
                }
            }
        }
        self.groups = groups
        self.found = found
    }

    /// Every span of the trace once, in order of start; nil when there is none.
    func trace(_ id: TraceID, spread: Bool) throws -> FoundTrace? {
        var runs = found[id] ?? []
        for chunk in groups { runs += try self.runs(of: id, chunk) }
        var spans: [FoundSpan] = []
        for run in runs {
            spans += try SpanReader.spans(of: id, run.chunk, rows: run.rows, spread: spread)
        }
        if spans.isEmpty { return nil }
        // The same span may have been sent twice.
        var seen: Set<SpanID> = []
        spans = spans.filter { seen.insert($0.span.spanID).inserted }
        spans.sort {
            ($0.span.startTime, $0.span.spanID.rawValue) < (
                $1.span.startTime, $1.span.spanID.rawValue
            )
        }
        return FoundTrace(id: id, spans: spans)
    }

    /// The rows of a row group that belong to the trace.
    private func runs(of id: TraceID, _ chunk: Chunk) throws -> [Run] {
        guard try chunk.mayContain(Position.traceID, identifier: (id.high, id.low)) else {
            return []
        }
        let text = StatisticValue.bytes(Array(id.description.utf8))
        let wanted = WantedTraces([id])
        var runs: [Run] = []
        for range in try chunk.rowRanges(Position.traceID, from: text, through: text) {
            guard case .identifier(let column) = try chunk.column(Position.traceID, rows: range)
            else { continue }
            wanted.eachRun(column) { _, rows in
                let start = range.lowerBound + rows.lowerBound
                runs.append(Run(chunk: chunk, rows: start..<start + rows.count))
            }
        }
        return runs
    }
}

/// A set of trace ids that columns are compared with.
private struct WantedTraces {
    private let ids: Set<TraceID>
    /// Bit `low & 63` of each id: most rows are told apart without a look into the set.
    private let mask: UInt64

    init(_ ids: [TraceID]) {
        self.ids = Set(ids)
        mask = ids.reduce(0) { $0 | 1 << ($1.low & 63) }
    }

    /// Calls `body` with every run of rows that have one of the ids.
    func eachRun(_ column: IdentifierColumn, _ body: (TraceID, Range<Int>) -> Void) {
        column.words.withUnsafeBufferPointer { words in
            var row = 0
            let end = words.count / 2
            while row < end {
                let low = words[row &* 2 &+ 1]
                guard mask &>> (low & 63) & 1 == 1 else {
                    row &+= 1
                    continue
                }
                let id = TraceID(high: words[row &* 2], low: low)
                let start = row
                repeat {
                    row &+= 1
                } while row < end && words[row &* 2 &+ 1] == id.low
                    && words[row &* 2] == id.high
                if ids.contains(id) { body(id, start..<row) }
            }
        }
    }
}
