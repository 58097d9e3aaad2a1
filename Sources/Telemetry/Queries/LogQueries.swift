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

    func run(_ snapshot: Snapshot) throws -> FoundLogs {
        guard limit > 0, start <= end else { return FoundLogs(logs: [], nextCursor: nil) }
        var finder = LogFinder(self, snapshot)
        let (hits, next) = try finder.page()
        return FoundLogs(logs: try read(hits, finder.chunks), nextCursor: next)
    }

    /// The rows of a chunk that fit and whose time is one of `times`.
    func filter(_ chunk: Chunk, _ times: ClosedRange<Int64>) throws -> RowFilter {
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
    private func read(_ hits: [LogHit], _ chunks: [Chunk]) throws -> [FoundLog] {
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
