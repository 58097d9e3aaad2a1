import OTLP
import Parquet
import Storage

/// Which traces are wanted: those with a span that fits every condition.
public struct TraceSearch: Sendable {
    /// The name of the service; nil for every one.
    public var service: String?
    /// The name of the span; nil for every one.
    public var operation: String?
    /// Attributes of the span, its resource, its scope or one of its events.
    ///
    /// `error` is true for spans with error status; `span.kind` is the kind's name; `event` is the name of an
    /// event, too; the `otel.` tags that Jaeger's API shows are found as well.
    public var attributes: [(key: String, value: String)] = []
    /// The shortest span that is wanted, nanoseconds; nil sets no bound.
    public var durationMin: Int64?
    /// The longest span that is wanted, nanoseconds; nil sets no bound.
    public var durationMax: Int64?
    /// The first start of a span that is wanted, Unix nanoseconds.
    public var start: Int64 = .min
    /// The last start of a span that is wanted, Unix nanoseconds.
    public var end: Int64 = .max
    /// Traces in an answer, at most.
    public var limit = 20

    /// Every trace; an answer holds 20.
    public init() {}

    private typealias Position = SpanTable.Position

    /// A trace and the newest start among its fitting spans.
    private struct Hit {
        let id: TraceID
        let start: Int64
    }

    /// The ids of the newest fitting traces, newest first.
    func run(_ snapshot: Snapshot, _ events: EventFacts) throws -> [TraceID] {
        guard limit > 0, start <= end else { return [] }
        let chunks = try snapshot.chunks(
            table: TelemetryTables.spans,
            timeField: Position.start,
            overlapping: start...end
        )
        var best: [TraceID: Int64] = [:]
        var floor = Int64.min
        var position = 0
        while position < chunks.count {
            // Chunks come newest first: once enough newer traces are known, none behind can matter.
            if best.count >= limit, chunks[position].times.upperBound < floor { break }
            // One chunk alone is often enough; after that they are read several at a time.
            let isFirst = position == 0
            let wave = position..<min(chunks.count, isFirst ? 1 : position + Self.chunksAtOnce)
            let found = try Parallel.map(wave.count) {
                try hits(chunks[wave.lowerBound + $0], events, spread: isFirst)
            }
            for hit in found.joined() {
                best[hit.id] = max(best[hit.id] ?? .min, hit.start)
            }
            if best.count >= limit {
                floor = best.values.sorted(by: >)[limit - 1]
            }
            position = wave.upperBound
        }
        return best.sorted { ($0.value, $0.key.high) > ($1.value, $1.key.high) }.prefix(limit).map(
            \.key
        )
    }

    private static let chunksAtOnce = 4

    /// Up to `limit` traces of a chunk, newest first; with `spread`, columns are decoded on several processors.
    private func hits(_ chunk: Chunk, _ events: EventFacts, spread: Bool) throws -> [Hit] {
        let filter = try filter(chunk, events, spread: spread)
        if filter.isEmpty { return [] }
        let starts = try filter.column(Position.start)
        let newest = filter.rows
            .map { (row: $0, start: starts.integer(Int($0))) }
            .sorted { $0.start > $1.start }
        var reader = try IdentifierReader(chunk, field: Position.traceID)
        var seen: Set<TraceID> = []
        var hits: [Hit] = []
        for candidate in newest {
            let (high, low) = try reader.identifier(Int(candidate.row))
            let id = TraceID(high: high, low: low)
            if seen.insert(id).inserted { hits.append(Hit(id: id, start: candidate.start)) }
            if hits.count == limit { break }
        }
        return hits
    }

    private func filter(_ chunk: Chunk, _ events: EventFacts, spread: Bool) throws -> RowFilter {
        var filter = RowFilter(chunk)
        if spread {
            var fields = [Position.start]
            if service != nil { fields.append(Position.origin) }
            if operation != nil { fields.append(Position.name) }
            if durationMin != nil || durationMax != nil { fields.append(Position.duration) }
            try filter.decode(fields)
        }
        if let service { try filter.keep(text: Position.origin, equals: service) }
        if let operation { try filter.keep(text: Position.name, equals: operation) }
        if chunk.times.lowerBound < start || chunk.times.upperBound > end {
            try filter.keep(integer: Position.start, in: start...end)
        }
        if durationMin != nil || durationMax != nil {
            let (low, high) = (durationMin ?? .min, durationMax ?? .max)
            guard low <= high else { throw Self.badDurations }
            try filter.keep(integer: Position.duration, in: low...high)
        }
        for (key, value) in attributes {
            switch (key, value) {
            case ("error", "true"): try filter.keep(integer: Position.statusCode, in: 2...2)
            case ("error", "false"): try filter.keep(integer: Position.statusCode, in: 0...1)
            case ("otel.status_code", "ERROR"):
                try filter.keep(integer: Position.statusCode, in: 2...2)
            case ("otel.status_code", "OK"):
                try filter.keep(integer: Position.statusCode, in: 1...1)
            case ("otel.status_code", "UNSET"):
                try filter.keep(integer: Position.statusCode, in: 0...0)
            case ("otel.status_description", _):
                try filter.keep(text: Position.statusMessage, equals: value)
            case ("otel.scope.name", _):
                try filter.keep(text: Position.origin + 6, equals: value)
            case ("otel.scope.version", _):
                try filter.keep(text: Position.origin + 7, equals: value)
            case ("w3c.tracestate", _): try filter.keep(text: Position.traceState, equals: value)
            case ("span.kind", _): try filter.keep(text: Position.kindText, equals: value)
            default:
                if filter.isEmpty { break }
                try filter.keep(
                    attribute: key,
                    equals: value,
                    promoted: .spans,
                    origin: Position.origin,
                    attributes: Position.promoted,
                    events: events.mayHave(key, chunk) ? Position.events : nil
                )
            }
        }
        return filter
    }

    private static let badDurations = QueryFailure(
        .badRequest,
        "the least duration is above the greatest",
        remedy: "swap minDuration and maxDuration"
    )
}

/// Reads identifiers of single rows, decoding each page once.
struct IdentifierReader {
    private let chunk: Chunk
    private let field: Int
    private let ranges: [Range<Int>]
    private var pages: [Int: Column] = [:]

    init(_ chunk: Chunk, field: Int) throws {
        self.chunk = chunk
        self.field = field
        ranges = try chunk.pageRanges(field)
    }

    mutating func identifier(_ row: Int) throws -> (UInt64, UInt64) {
        var low = 0
        var high = ranges.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if ranges[middle].lowerBound <= row { low = middle } else { high = middle }
        }
        if pages[low] == nil { pages[low] = try chunk.column(field, rows: ranges[low]) }
        return pages[low]?.identifier(row - ranges[low].lowerBound) ?? (0, 0)
    }
}
