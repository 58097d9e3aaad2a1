import Parquet
import Storage

/// A row that fits a search.
struct LogHit: Sendable {
    let time: Int64
    /// Position among the finder's chunks.
    let chunk: Int
    let row: UInt32
}

/// Finds the rows of one page.
///
/// Times alone decide as long as they differ. Where a page ends between records of one time, or begins there, all records of
/// that time are looked at and hashed, however many there are; a page's worth of them is kept.
struct LogFinder {
    /// A row of the time that a page ends in, or begins in.
    private struct Tie {
        let hash: UInt64
        let hit: LogHit
    }

    private typealias Position = LogTable.Position

    let search: LogSearch
    let snapshot: Snapshot
    /// The chunks that were read so far.
    private(set) var chunks: [Chunk] = []

    private static let chunksAtOnceMax = 16

    init(_ search: LogSearch, _ snapshot: Snapshot) {
        self.search = search
        self.snapshot = snapshot
    }

    /// The rows of the page behind the search's cursor, newest first, and where the next one begins.
    mutating func page() throws -> (hits: [LogHit], next: LogCursor?) {
        var page: [LogHit] = []
        var last = search.end
        if let cursor = search.cursor {
            if let reached = cursor.reached, (search.start...search.end).contains(cursor.time) {
                // One more than asked for tells whether there is a next page.
                let rest = try ties(at: cursor.time, after: reached, search.limit + 1)
                if rest.count > search.limit {
                    return end(page, rest.dropLast(), after: reached)
                }
                page = Self.inPlace(rest)
            }
            guard cursor.time > search.start else { return (page, nil) }
            last = min(last, cursor.time - 1)
        }
        let missing = search.limit - page.count
        let older = try newest(missing + 1, in: search.start...last)
        guard older.count > missing else { return (page + older, nil) }
        let boundary = older[missing].time
        page += older.prefix(missing).prefix { $0.time > boundary }
        if page.count < search.limit {
            return end(page, try ties(at: boundary, after: nil, search.limit - page.count))
        }
        return (page, page.last.map { LogCursor(time: $0.time, reached: nil) })
    }

    /// A page that ends with `ties`, and before other records of their time.
    private func end(
        _ page: [LogHit],
        _ ties: [Tie],
        after reached: LogCursor.Reached? = nil
    ) -> (hits: [LogHit], next: LogCursor?) {
        let next = ties.last.map { last in
            let same = ties.reversed().prefix { $0.hash == last.hash }.count
            let earlier = reached.map { $0.hash == last.hash ? $0.given : 0 } ?? 0
            return LogCursor(
                time: last.hit.time,
                reached: .init(hash: last.hash, given: same + earlier)
            )
        }
        return (page + Self.inPlace(ties), next)
    }

    /// The hashes say which records are on the page; on it they come as they lie.
    private static func inPlace(_ ties: [Tie]) -> [LogHit] {
        ties.map(\.hit).sorted { ($0.chunk, $0.row) < ($1.chunk, $1.row) }
    }

    // MARK: - By time

    /// The `wanted` newest fitting rows.
    private mutating func newest(_ wanted: Int, in times: ClosedRange<Int64>) throws -> [LogHit] {
        var left = try pages(times)
        var hits: [LogHit] = []
        var read = 0
        while let latest = left.latest {
            let isFull = hits.count >= wanted
            if isFull, latest <= hits[wanted - 1].time { break }
            let range = (isFull ? hits[wanted - 1].time : times.lowerBound)...times.upperBound
            let found = try wave(&left, &read) { try $0.hits($1, range, wanted) }
            hits += found.joined()
            hits.sort { ($0.time, $1.chunk, $1.row) > ($1.time, $0.chunk, $0.row) }
            if hits.count > wanted { hits.removeLast(hits.count - wanted) }
        }
        return hits
    }

    /// The newest fitting rows of a chunk, at most `wanted`.
    private func hits(
        _ index: Int,
        _ range: ClosedRange<Int64>,
        _ wanted: Int
    ) throws -> [LogHit] {
        let filter = try search.filter(chunks[index], range)
        if filter.isEmpty { return [] }
        let times = try filter.column(Position.timeNano)
        var found = filter.rows.map {
            LogHit(time: times.integer(Int($0)), chunk: index, row: $0)
        }
        if found.count > wanted {
            found.sort { ($0.time, $1.row) > ($1.time, $0.row) }
            found.removeLast(found.count - wanted)
        }
        return found
    }

    // MARK: - By hash

    /// Of the fitting rows of one time behind `reached`, the `wanted` with the lowest hashes, in their order.
    private mutating func ties(
        at time: Int64,
        after reached: LogCursor.Reached?,
        _ wanted: Int
    ) throws -> [Tie] {
        var left = try pages(time...time)
        var equal: [Tie] = []
        var equalCount = 0
        var later: [Tie] = []
        var read = 0
        while left.latest != nil {
            let highest = later.count < wanted ? UInt64.max : later[wanted - 1].hash
            let found = try wave(&left, &read) {
                try $0.ties($1, time, reached, through: highest, wanted)
            }
            for part in found {
                equal += part.equal.prefix(wanted - equal.count)
                equalCount += part.equalCount
                later += part.later
            }
            Self.keepLowest(wanted, &later)
        }
        // Which of the equal ones were given makes no difference.
        let rest = max(0, equalCount - (reached?.given ?? 0))
        return Array((equal.prefix(rest) + later).prefix(wanted))
    }

    /// The rows of a chunk that have the hash of `reached`, and those with higher ones.
    private func ties(
        _ index: Int,
        _ time: Int64,
        _ reached: LogCursor.Reached?,
        through highest: UInt64,
        _ wanted: Int
    ) throws -> (equal: [Tie], equalCount: Int, later: [Tie]) {
        let chunk = chunks[index]
        let filter = try search.filter(chunk, time...time)
        guard let first = filter.rows.first, let last = filter.rows.last else { return ([], 0, []) }
        let rows = Int(first)..<Int(last) + 1
        var hashes = RowHashes(of: filter.rows.map { Int($0 - first) })
        for field in LogTable.schema.fields.indices {
            hashes.add(try chunk.column(field, rows: rows))
        }
        var equal: [Tie] = []
        var equalCount = 0
        var later: [Tie] = []
        for (row, hash) in zip(filter.rows, hashes.values) where hash <= highest {
            let tie = Tie(hash: hash, hit: LogHit(time: time, chunk: index, row: row))
            if let reached, hash <= reached.hash {
                if hash < reached.hash { continue }
                equalCount += 1
                if equal.count < wanted { equal.append(tie) }
            } else {
                later.append(tie)
            }
        }
        Self.keepLowest(wanted, &later)
        return (equal, equalCount, later)
    }

    private static func keepLowest(_ wanted: Int, _ ties: inout [Tie]) {
        ties.sort { $0.hash < $1.hash }
        if ties.count > wanted { ties.removeLast(ties.count - wanted) }
    }

    // MARK: - Chunks

    private func pages(_ times: ClosedRange<Int64>) throws -> PagesNewestFirst {
        PagesNewestFirst(
            try snapshot.chunks(
                table: TelemetryTables.logs,
                timeField: Position.timeNano,
                overlapping: times
            ),
            timeField: Position.timeNano,
            overlapping: times
        )
    }

    /// What `body` makes of the next chunks, by their positions, on several processors.
    ///
    /// Few chunks are often enough; the longer it takes, the more are read at once.
    private mutating func wave<Result: Sendable>(
        _ left: inout PagesNewestFirst,
        _ read: inout Int,
        _ body: @Sendable (LogFinder, Int) throws -> Result
    ) throws -> [Result] {
        let first = chunks.count
        chunks += try left.next(min(max(read, 2), Self.chunksAtOnceMax))
        let count = chunks.count - first
        read += count
        return try Parallel.map(count) { [self] in try body(self, first + $0) }
    }
}
