import OTLP
import Parquet
import Storage

/// Collects points into series.
struct SeriesBuilder {
    /// A point and where its row is.
    private struct Point {
        let time: Int64
        let value: MetricValue
        let chunk: UInt32
        let row: UInt32
        /// Of the whole row; only looked at where times are the same.
        var hash: UInt64 = 0
    }
    /// The points of one statistic of a stream.
    private struct Line {
        let stream: Int
        let statistic: String
        var points: [Point] = []
    }
    private struct Stream {
        let facts: StreamFacts
        /// The positions of its lines by statistic.
        var lines: [String: Int] = [:]
    }
    /// Finds the stream of a row without reading its facts.
    private struct StreamKey: Hashable {
        let id: UInt64
        /// Of the columns that ids of earlier programs did not tell apart.
        let rest: UInt64
    }

    private typealias Position = MetricTables.Position

    let search: MetricSearch
    private var chunks: [(table: Int, chunk: Chunk)] = []
    private var streams: [Stream] = []
    private var lines: [Line] = []
    private var known: [StreamKey: Int] = [:]
    /// A stream has another id when another program gave it.
    private var byFacts: [[UInt8]: Int] = [:]

    init(search: MetricSearch) { self.search = search }

    mutating func add(_ scan: MetricScan) throws {
        let columns = TelemetryCatalog.tables[scan.table].schema.fields.indices.map {
            scan.column($0)
        }
        var reader = AttributeReader(
            columns,
            promoted: .metrics,
            origin: Position.origin,
            attributes: Position.attributes
        )
        let rest = RowHashes(of: scan.rows, in: Self.laterFields.map { columns[$0] }).values
        for (index, row) in scan.rows.enumerated()
        where columns[Position.flags].integer(row) & Self.hasNoRecordedValue == 0 {
            let values = Self.values(scan.table, columns, row)
            if values.isEmpty { continue }
            let id = columns[Position.seriesID].identifier(row).0
            let stream = try stream(StreamKey(id: id, rest: rest[index]), columns, row, &reader)
            let time = columns[Position.timeNano].integer(row)
            for (statistic, value) in values {
                lines[line(statistic, of: stream)].points.append(
                    Point(
                        time: time,
                        value: value,
                        chunk: UInt32(chunks.count),
                        row: UInt32(row)
                    )
                )
            }
        }
        chunks.append((scan.table, scan.chunk))
    }

    /// The flag of a point that only says that there is none, whatever else it has: metrics.proto,
    /// `DataPointFlags`.
    private static let hasNoRecordedValue: Int64 = 1

    /// The schema of the resource, and the version, attributes and schema of the scope.
    private static let laterFields = [5, 7, 8, 10].map { Position.origin + $0 }

    private mutating func stream(
        _ key: StreamKey,
        _ columns: [Column],
        _ row: Int,
        _ reader: inout AttributeReader
    ) throws -> Int {
        if let stream = known[key] { return stream }
        let facts = try StreamFacts(columns, row, &reader)
        let identity = facts.identity
        let stream = byFacts[identity] ?? streams.count
        if stream == streams.count {
            streams.append(Stream(facts: facts))
            byFacts[identity] = stream
        }
        known[key] = stream
        return stream
    }

    private mutating func line(_ statistic: String, of stream: Int) -> Int {
        if let line = streams[stream].lines[statistic] { return line }
        streams[stream].lines[statistic] = lines.count
        lines.append(Line(stream: stream, statistic: statistic))
        return lines.count - 1
    }

    /// The numbers of one point, each with the name of its statistic.
    private static func values(
        _ table: Int,
        _ columns: [Column],
        _ row: Int
    ) -> [(String, MetricValue)] {
        let own = Position.own
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

    /// The series, sorted by their labels; a row that was sent again counts once.
    consuming func series() throws -> [MetricSeries] {
        try dropRepeats()
        // Of all statistics of a stream, so that these are still known to belong together.
        var shown = streams.map { $0.facts.labels.sorted { $0.key < $1.key } }
        for group in Dictionary(grouping: streams.indices, by: { Self.text(shown[$0]) }).values
        where group.count > 1 {
            let differences = StreamFacts.differences(group.map { streams[$0].facts })
            for (stream, labels) in zip(group, differences) { shown[stream] += labels }
        }
        let labels = lines.map { line in
            let own: [StreamFacts.Label] =
                line.statistic.isEmpty ? [] : [("statistic", line.statistic)]
            return (shown[line.stream] + own).sorted { $0.key < $1.key }
        }
        let texts = labels.map { Self.text($0) }
        return lines.indices.sorted { texts[$0].lexicographicallyPrecedes(texts[$1]) }.map { line in
            let facts = streams[lines[line].stream].facts
            return MetricSeries(
                labels: labels[line],
                unit: facts.unit,
                origin: facts.origin,
                points: stepped(lines[line].points)
            )
        }
    }

    private static func text(_ labels: [StreamFacts.Label]) -> [String] {
        labels.map { "\($0.key)=\($0.value)" }
    }

    /// Sorts the points by time, and those of one time by what their rows say; of equal rows one stays.
    private mutating func dropRepeats() throws {
        var tied: [UInt32: [(line: Int, point: Int)]] = [:]
        for line in lines.indices {
            lines[line].points.sort { $0.time < $1.time }
            let points = lines[line].points
            var run = 0
            for index in points.indices {
                let isLast = index + 1 == points.count
                if !isLast, points[index + 1].time == points[index].time { continue }
                if index > run {
                    for point in run...index {
                        tied[points[point].chunk, default: []].append((line, point))
                    }
                }
                run = index + 1
            }
        }
        // One chunk after the other: their columns need not be in memory at once.
        for (chunk, places) in tied {
            let (table, source) = chunks[Int(chunk)]
            var hashes = RowHashes(of: places.map { Int(lines[$0.line].points[$0.point].row) })
            for field in TelemetryCatalog.tables[table].schema.fields.indices {
                hashes.add(try source.column(field))
            }
            for (place, hash) in zip(places, hashes.values) {
                lines[place.line].points[place.point].hash = hash
            }
        }
        for line in Set(tied.values.joined().map(\.line)) {
            lines[line].points.sort { ($0.time, $0.hash) < ($1.time, $1.hash) }
            var kept: [Point] = []
            for point in lines[line].points
            where kept.last.map({ ($0.time, $0.hash) != (point.time, point.hash) }) ?? true {
                kept.append(point)
            }
            lines[line].points = kept
        }
    }

    /// Every point, or the last of each step.
    private func stepped(_ points: [Point]) -> [(time: Int64, value: MetricValue)] {
        guard let step = search.step, let first = points.first else {
            return points.map { ($0.time, $0.value) }
        }
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
