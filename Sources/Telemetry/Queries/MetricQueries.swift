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
    public let labels: [(key: String, value: String)]
    /// The unit the points were sent with; empty when they have none.
    public let unit: String
    /// Where they come from; series may differ in nothing else.
    public let origin: Origin
    /// Unix nanoseconds and value, in order of time.
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
    /// The name of the metric.
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
    /// The metrics seen in a space, sorted by name.
    public func metricNames(space: String) throws(QueryFailure) -> [MetricName] {
        let snapshot = try snapshot(space)
        do {
            struct Key: Hashable {
                let name: String
                let type: String
                let unit: String
            }
            var found: [Key: (description: String, services: Set<String>)] = [:]
            try MetricScan.visit(snapshot, MetricSearch(name: "")) { scan in
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
            return builder.series()
        } catch {
            throw QueryFailure(error)
        }
    }
}

/// The fitting rows of one chunk of one metric table, with its columns decoded as they are asked for.
private struct MetricScan {
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

/// Collects points into series.
private struct SeriesBuilder {
    private struct Key: Hashable {
        let id: UInt64
        let statistic: String
    }
    private struct Entry {
        let labels: [(key: String, value: String)]
        let unit: String
        let origin: Origin
        /// One value per time: a point that was sent twice counts once.
        var points: [Int64: MetricValue] = [:]
    }

    let search: MetricSearch
    private var entries: [Key: Entry] = [:]

    init(search: MetricSearch) { self.search = search }

    mutating func add(_ scan: MetricScan) throws {
        typealias Position = MetricTables.Position
        let columns = TelemetryCatalog.tables[scan.table].schema.fields.indices.map {
            scan.column($0)
        }
        var reader = AttributeReader(
            columns,
            promoted: .metrics,
            origin: Position.origin,
            attributes: Position.attributes
        )
        for row in scan.rows
        where columns[Position.flags].integer(row) & Self.hasNoRecordedValue == 0 {
            let id = columns[Position.seriesID].identifier(row).0
            let time = columns[Position.timeNano].integer(row)
            for (statistic, value) in Self.values(scan.table, columns, row) {
                let key = Key(id: id, statistic: statistic)
                if entries[key] == nil {
                    var labels = [
                        (key: "service.name", value: columns[Position.origin].text(row) ?? "")
                    ]
                    if let instance = columns[Position.origin + 2].text(row) {
                        labels.append(("service.instance.id", instance))
                    }
                    labels += try reader.attributes(row).map {
                        ($0.key, RowFilter.text($0.value) ?? Self.json($0.value))
                    }
                    if !statistic.isEmpty { labels.append(("statistic", statistic)) }
                    entries[key] = Entry(
                        labels: labels.sorted { $0.key < $1.key },
                        unit: columns[Position.unit].text(row) ?? "",
                        origin: try reader.origin(row)
                    )
                }
                entries[key]?.points[time] = value
            }
        }
    }

    /// The flag of a point that only says that there is none, whatever else it has: metrics.proto,
    /// `DataPointFlags`.
    private static let hasNoRecordedValue: Int64 = 1

    private static func json(_ value: AnyValue) -> String {
        var bytes: [UInt8] = []
        ValueJSON.append(value, into: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The numbers of one point, each with the name of its statistic.
    private static func values(
        _ table: Int,
        _ columns: [Column],
        _ row: Int
    ) -> [(String, MetricValue)] {
        let own = MetricTables.Position.own
        let double = { (position: Int) -> MetricValue? in
            columns[position].fixedValue(row).map {
                .double(Double(bitPattern: UInt64(bitPattern: $0)))
            }
        }
        let count = MetricValue.count(UInt64(bitPattern: columns[own].integer(row)))
        switch table {
        case TelemetryTables.metricPoints:
            if let value = double(own) { return [("", value)] }
            return columns[own + 1].fixedValue(row).map { [("", .int($0))] } ?? []
        case TelemetryTables.metricSummaries:
            let quantiles = columns[own + 2].children(row).map { child -> (String, MetricValue) in
                let number = { (position: Int) in
                    Double(
                        bitPattern: UInt64(
                            bitPattern: columns[own + 2].child(position).integer(child)
                        )
                    )
                }
                return ("quantile \(number(0))", .double(number(1)))
            }
            return [("count", count)] + quantiles + (double(own + 1).map { [("sum", $0)] } ?? [])
        default:
            var values = [("count", count)]
            for (offset, name) in ["sum", "min", "max"].enumerated() {
                if let value = double(own + 1 + offset) { values.append((name, value)) }
            }
            return values
        }
    }

    func series() -> [MetricSeries] {
        entries.values.map { entry in
            let points = entry.points.sorted { $0.key < $1.key }.map {
                (time: $0.key, value: $0.value)
            }
            return MetricSeries(
                labels: entry.labels,
                unit: entry.unit,
                origin: entry.origin,
                points: stepped(points)
            )
        }.sorted { left, right in
            left.labels.map { "\($0.key)=\($0.value)" }.lexicographicallyPrecedes(
                right.labels.map { "\($0.key)=\($0.value)" }
            )
        }
    }

    /// The last point of each step.
    private func stepped(
        _ points: [(time: Int64, value: MetricValue)]
    ) -> [(time: Int64, value: MetricValue)] {
        guard let step = search.step, let first = points.first else { return points }
        let origin = search.start == .min ? first.time : search.start
        var result: [(time: Int64, value: MetricValue)] = []
        for point in points {
            // The times of points and of the question come from outside: they may be far apart.
            let (offset, overflow) = point.time.subtractingReportingOverflow(origin)
            let time = overflow ? point.time : origin + (offset - offset % step)
            if result.last?.time == time {
                result[result.count - 1].value = point.value
            } else {
                result.append((time, point.value))
            }
        }
        return result
    }
}
