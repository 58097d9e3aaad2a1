import OTLP
import Parquet
import Storage

/// A metric that has been seen.
public struct MetricName: Hashable, Sendable {
    /// The name it was sent under.
    public let name: String
    /// `gauge`, `sum`, `histogram`, `exponential_histogram` or `summary`.
    public let type: String
    /// The unit it was sent with; empty when it has none.
    public let unit: String
    /// A description it was sent with; empty when none was.
    public let description: String
    /// The services that sent it, sorted.
    public let services: [String]
}

/// One series of a metric and its points.
public struct MetricSeries: Sendable {
    /// The attributes of the points, `service.name`, and `statistic` where a metric has several; structured
    /// values are JSON text.
    ///
    /// Series of one answer whose labels would be the same have more, of what tells them apart: the attributes of
    /// their resources, `otel_scope_version` and so on.
    public let labels: [(key: String, value: String)]
    /// The unit the points were sent with; empty when they have none.
    public let unit: String
    /// Where they come from.
    public let origin: Origin
    /// Unix nanoseconds and value, in order of time; points of one time that differ are all there.
    public let points: [(time: Int64, value: MetricValue)]
}

/// A number of a point, as it was sent.
public enum MetricValue: Sendable, Equatable {
    /// A point sent as an integer.
    case int(Int64)
    /// How many values a distribution has.
    case count(UInt64)
    /// A point sent as a double, sums and quantiles.
    case double(Double)
}

/// Which points are wanted.
public struct MetricSearch: Sendable {
    /// The name of the metric; empty for every one, where names are asked for.
    public var name: String
    /// The name of the service; nil for every one.
    public var service: String?
    /// The first time that is wanted, Unix nanoseconds.
    public var start: Int64 = .min
    /// The last time that is wanted, Unix nanoseconds.
    public var end: Int64 = .max
    /// Nanoseconds between the points of an answer: of the points in one step the last is given.
    ///
    /// Nil gives every point.
    public var step: Int64?

    /// Every point of the metric called `name`.
    public init(name: String) { self.name = name }
}

extension TelemetryNode {
    /// The metrics of a space that have a fitting point, sorted by name, with the services of those points.
    public func metricNames(
        _ search: MetricSearch = MetricSearch(name: ""),
        space: String
    ) throws(QueryFailure) -> [MetricName] {
        let snapshot = try snapshot(space)
        do {
            struct Key: Hashable {
                let name: String
                let type: String
                let unit: String
            }
            var found: [Key: (description: String, services: Set<String>)] = [:]
            try MetricScan.visit(snapshot, search) { scan in
                var last: (UInt64, UInt64)?
                for row in scan.rows {
                    let id = scan.column(MetricTables.Position.seriesID).identifier(row)
                    if let last, last == id { continue }
                    last = id
                    let key = Key(
                        name: scan.text(MetricTables.Position.name, row),
                        type: scan.text(MetricTables.Position.type, row),
                        unit: scan.text(MetricTables.Position.unit, row)
                    )
                    found[key, default: ("", [])].services.insert(
                        scan.text(MetricTables.Position.origin, row)
                    )
                    let description = scan.text(MetricTables.Position.description, row)
                    if !description.isEmpty { found[key]?.description = description }
                }
            }
            return found.map { key, value in
                MetricName(
                    name: key.name,
                    type: key.type,
                    unit: key.unit,
                    description: value.description,
                    services: value.services.sorted()
                )
            }.sorted { ($0.name, $0.type) < ($1.name, $1.type) }
        } catch {
            throw QueryFailure(error)
        }
    }

    /// The series of a metric with their points.
    public func metricRange(
        _ search: MetricSearch,
        space: String
    ) throws(QueryFailure) -> [MetricSeries] {
        guard search.start <= search.end, search.step.map({ $0 > 0 }) ?? true else {
            throw QueryFailure(
                .badRequest,
                "start lies after end, or step is not above zero",
                remedy: "give start <= end and a step above zero"
            )
        }
        let snapshot = try snapshot(space)
        do {
            var builder = SeriesBuilder(search: search)
            try MetricScan.visit(snapshot, search) { try builder.add($0) }
            return try builder.series()
        } catch {
            throw QueryFailure(error)
        }
    }
}

/// The fitting rows of one chunk of one metric table, with its columns decoded as they are asked for.
struct MetricScan {
    let table: Int
    let chunk: Chunk
    let rows: [Int]
    private let cache: Cache

    private final class Cache {
        var columns: [Int: Column] = [:]
    }

    /// A column; what cannot be decoded was already reported by the filter's reads of the same pages.
    func column(_ field: Int) -> Column {
        cache.columns[field] ?? .absent(rows: chunk.rowCount)
    }

    func text(_ field: Int, _ row: Int) -> String { column(field).text(row) ?? "" }

    /// Visits every chunk that has rows of the metric (of all metrics when the name is empty).
    static func visit(
        _ snapshot: Snapshot,
        _ search: MetricSearch,
        _ body: (MetricScan) throws -> Void
    ) throws {
        typealias Position = MetricTables.Position
        for table in TelemetryTables.metricPoints...TelemetryTables.metricSummaries {
            let chunks = try snapshot.chunks(
                table: table,
                timeField: Position.timeNano,
                overlapping: search.start...search.end
            )
            for chunk in chunks {
                var filter = RowFilter(chunk)
                if !search.name.isEmpty {
                    try filter.keep(text: Position.name, equals: search.name)
                }
                if let service = search.service {
                    try filter.keep(text: Position.origin, equals: service)
                }
                try filter.keep(integer: Position.timeNano, in: search.start...search.end)
                guard !filter.isEmpty else { continue }
                let cache = Cache()
                let fields =
                    search.name.isEmpty
                    ? [
                        Position.name, Position.seriesID, Position.type, Position.unit,
                        Position.description, Position.origin,
                    ]
                    : Array(TelemetryCatalog.tables[table].schema.fields.indices)
                for field in fields { cache.columns[field] = try chunk.column(field) }
                try body(
                    MetricScan(
                        table: table,
                        chunk: chunk,
                        rows: filter.rows.map(Int.init),
                        cache: cache
                    )
                )
            }
        }
    }
}
