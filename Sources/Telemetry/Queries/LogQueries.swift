public import OTLP
import Parquet
import Storage

/// Which log records are wanted, and how many.
public struct LogSearch: Sendable {
    /// Part of the body, as it stands there (upper and lower case differ).
    public var text: String?
    /// The name of the service; nil for every one.
    public var service: String?
    /// A severity name (`ERROR`), compared without regard to case with the severity text, or, when that is
    /// empty, with the range of the severity number.
    public var severity: String?
    /// The trace the record belongs to; nil for every record.
    public var traceID: TraceID?
    /// Attributes of the record, its resource or scope, by their text; all must be there.
    public var attributes: [(key: String, value: String)] = []
    /// The first time that is wanted, Unix nanoseconds.
    public var start: Int64 = .min
    /// The last time that is wanted, Unix nanoseconds.
    public var end: Int64 = .max
    /// Records in an answer, at most.
    public var limit = 100
    /// Where the page before ended (`FoundLogs.nextCursor`).
    public var cursor: LogCursor?

    /// Every record; a page holds 100.
    public init() {}
}

/// A place between two records in the order of an answer.
public struct LogCursor: Sendable, Equatable, CustomStringConvertible {
    /// The time of the last record, Unix nanoseconds.
    let time: Int64
    /// How many records of that time have been given.
    let given: Int
    /// More than one moment ever holds.
    private static let givenMax = 1 << 24

    /// - Returns: nil when the text is not a cursor.
    public init?(_ text: String) {
        // The last hyphen: a time may have one of its own.
        guard let hyphen = text.lastIndex(of: "-"), let time = Int64(text[..<hyphen]),
            let given = Int(text[text.index(after: hyphen)...]),
            (0...Self.givenMax).contains(given)
        else {
            return nil
        }
        self.init(time: time, given: given)
    }

    init(time: Int64, given: Int) {
        self.time = time
        self.given = given
    }

    /// The text that `init(_:)` reads: time and count with a hyphen between them.
    public var description: String { "\(time)-\(given)" }
}

/// A record as it was sent, and where it comes from.
public struct FoundLog: Sendable {
    /// The record.
    public let record: LogRecord
    /// Its resource and scope.
    public let origin: Origin
}

/// One page of records, newest first.
public struct FoundLogs: Sendable {
    /// The records of the page, newest first.
    public let logs: [FoundLog]
    /// Where the next page begins; nil when this is the last.
    public let nextCursor: LogCursor?
}

extension TelemetryNode {
    /// The newest records that fit `search`, newest first.
    public func searchLogs(_ search: LogSearch, space: String) throws(QueryFailure) -> FoundLogs {
        let snapshot = try snapshot(space)
        do {
            return try search.run(snapshot)
        } catch {
            throw QueryFailure(error)
        }
    }
}

extension LogSearch {
    private typealias Position = LogTable.Position

    /// A fitting row.
    private struct Hit: Sendable {
        let time: Int64
        let chunk: Int
        let row: UInt32
    }

    func run(_ snapshot: Snapshot) throws -> FoundLogs {
        let last = min(end, cursor?.time ?? .max)
        guard limit > 0, start <= last else { return FoundLogs(logs: [], nextCursor: nil) }
        var left = PagesNewestFirst(
            try snapshot.chunks(
                table: TelemetryTables.logs,
                timeField: Position.timeNano,
                overlapping: start...last
            ),
            timeField: Position.timeNano,
            overlapping: start...last
        )
        var chunks: [Chunk] = []
        // One more than asked for tells whether there is a next page.
        let wanted = limit + 1 + (cursor?.given ?? 0)
        var hits: [Hit] = []
        while let latest = left.latest {
            let isFull = hits.count >= wanted
            // Of the same time, what was found earlier comes first.
            if isFull, latest <= hits[wanted - 1].time { break }
            let times = (isFull ? hits[wanted - 1].time : start)...last
            // Few chunks are often enough; the longer it takes, the more are read at once.
            let wave = try left.next(min(max(chunks.count, 2), Self.chunksAtOnceMax))
            let first = chunks.count
            chunks += wave
            let found = try Parallel.map(wave.count) { [chunks] in
                try self.hits(chunks[first + $0], first + $0, times, wanted)
            }
            hits += found.joined()
            hits.sort { ($0.time, $1.chunk, $1.row) > ($1.time, $0.chunk, $0.row) }
            if hits.count > wanted { hits.removeLast(hits.count - wanted) }
        }
        if let cursor {
            let given = hits.prefix { $0.time == cursor.time }.count
            hits.removeFirst(min(given, cursor.given))
        }
        let page = hits.prefix(limit)
        var next: LogCursor?
        if hits.count > limit, let last = page.last {
            let same = page.reversed().prefix { $0.time == last.time }.count
            let earlier = cursor.map { $0.time == last.time ? $0.given : 0 } ?? 0
            next = LogCursor(time: last.time, given: same + earlier)
        }
        return FoundLogs(logs: try read(Array(page), chunks), nextCursor: next)
    }

    private static let chunksAtOnceMax = 16

    /// The newest fitting rows of a chunk, at most `wanted`.
    private func hits(
        _ chunk: Chunk,
        _ index: Int,
        _ range: ClosedRange<Int64>,
        _ wanted: Int
    ) throws -> [Hit] {
        let filter = try filter(chunk, range)
        if filter.isEmpty { return [] }
        let times = try filter.column(Position.timeNano)
        var found = filter.rows.map { Hit(time: times.integer(Int($0)), chunk: index, row: $0) }
        if found.count > wanted {
            found.sort { ($0.time, $1.row) > ($1.time, $0.row) }
            found.removeLast(found.count - wanted)
        }
        return found
    }

    private func filter(_ chunk: Chunk, _ times: ClosedRange<Int64>) throws -> RowFilter {
        var filter = RowFilter(chunk)
        if chunk.times.lowerBound < times.lowerBound || chunk.times.upperBound > times.upperBound {
            try filter.decode([Position.timeNano])
            try filter.keep(integer: Position.timeNano, in: times)
        }
        if let traceID {
            try filter.keep(identifier: Position.traceID, equals: (traceID.high, traceID.low))
        }
        if let service { try filter.keep(text: Position.origin, equals: service) }
        if let severity { try keep(severity: severity, &filter) }
        for (key, value) in attributes {
            try filter.keep(
                attribute: key,
                equals: value,
                promoted: .logs,
                origin: Position.origin,
                attributes: Position.promoted
            )
        }
        if let text, !text.isEmpty {
            try filter.keep(containing: text, fields: [Position.body, Position.bodyJSON])
        }
        return filter
    }

    private func keep(severity: String, _ filter: inout RowFilter) throws {
        let wanted = severity.uppercased()
        var byText = filter
        try byText.keepText(Position.severityText) {
            String(decoding: $0, as: UTF8.self).uppercased() == wanted
        }
        var rows = byText.rows
        // The number says which it is, whatever the source's own word for it ("Warning", "warn:").
        if let number = Self.severityNumbers[wanted] {
            var byNumber = filter
            try byNumber.keep(integer: Position.severityNumber, in: number...(number + 3))
            rows = RowFilter.union(rows, byNumber.rows)
        }
        filter.keep(only: rows)
    }

    /// The first number of each severity's range.
    static let severityNumbers: [String: Int64] = [
        "TRACE": 1, "DEBUG": 5, "INFO": 9, "WARN": 13, "ERROR": 17, "FATAL": 21,
    ]

    /// Reads the records of the hits, on several processors, in the order of the hits.
    private func read(_ hits: [Hit], _ chunks: [Chunk]) throws -> [FoundLog] {
        var runs: [(chunk: Int, first: Int, last: Int, rows: [(row: Int, position: Int)])] = []
        for (chunk, group) in Dictionary(grouping: hits.indices, by: { hits[$0].chunk }) {
            for rows in Self.runs(group.map { (Int(hits[$0].row), $0) }) {
                guard let first = rows.first?.row, let last = rows.last?.row else { continue }
                runs.append((chunk, first, last, rows))
            }
        }
        let found = try Parallel.map(runs.count) { [runs] in
            let run = runs[$0]
            return try LogReader.logs(
                chunks[run.chunk],
                rows: run.first..<run.last + 1,
                only: Set(run.rows.map { $0.row - run.first })
            )
        }
        var logs = [FoundLog?](repeating: nil, count: hits.count)
        for (run, records) in zip(runs, found) {
            for (row, position) in run.rows { logs[position] = records[row - run.first] }
        }
        return logs.compactMap { $0 }
    }

    /// Rows that lie close together, so that they are read at once.
    private static func runs(_ rows: [(row: Int, position: Int)]) -> [[(row: Int, position: Int)]] {
        var runs: [[(row: Int, position: Int)]] = []
        for entry in rows.sorted(by: { $0.row < $1.row }) {
            if let last = runs.last?.last, entry.row - last.row < 1_024 {
                runs[runs.count - 1].append(entry)
            } else {
                runs.append([entry])
            }
        }
        return runs
    }
}

/// Puts log records back together from their columns.
enum LogReader {
    private typealias Position = LogTable.Position

    /// The records at the positions `only` of `rows`.
    static func logs(_ chunk: Chunk, rows: Range<Int>, only: Set<Int>) throws -> [Int: FoundLog] {
        let columns = try LogTable.schema.fields.indices.map { try chunk.column($0, rows: rows) }
        var attributes = AttributeReader(
            columns,
            promoted: .logs,
            origin: Position.origin,
            attributes: Position.promoted
        )
        var found: [Int: FoundLog] = [:]
        for row in only {
            let (high, low) = columns[Position.traceID].identifier(row)
            var body = AnyValue.empty
            if let text = columns[Position.body].text(row) {
                body = .string(text)
            } else if let json = columns[Position.bodyJSON].textBytes(row) {
                body = try ValueJSON.parse(json)
            }
            let record = LogRecord(
                time: UInt64(bitPattern: columns[Position.timeNano].integer(row)),
                observedTime: UInt64(bitPattern: columns[Position.observedNano].integer(row)),
                severityNumber: Int32(
                    truncatingIfNeeded: columns[Position.severityNumber].integer(row)
                ),
                severityText: columns[Position.severityText].text(row) ?? "",
                body: body,
                attributes: try attributes.attributes(row),
                droppedAttributes: UInt32(
                    truncatingIfNeeded: columns[Position.droppedAttributes].integer(row)
                ),
                flags: UInt32(truncatingIfNeeded: columns[Position.flags].integer(row)),
                traceID: TraceID(high: high, low: low),
                spanID: SpanID(columns[Position.spanID].identifier(row).0),
                eventName: columns[Position.eventName].text(row) ?? ""
            )
            found[row] = FoundLog(record: record, origin: try attributes.origin(row))
        }
        return found
    }
}
