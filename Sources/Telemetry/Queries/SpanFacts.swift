import Synchronization
import Parquet
import Storage

/// An operation of a service.
public struct Operation: Hashable, Sendable, Comparable {
    /// The name of the service.
    public let service: String
    /// The name of its spans.
    public let name: String
    /// The span kind's name.
    public let kind: String

    /// Orders by service, then name, then kind.
    public static func < (left: Operation, right: Operation) -> Bool {
        (left.service, left.name, left.kind) < (right.service, right.name, right.kind)
    }
}

/// Calls from one service to another.
public struct Dependency: Hashable, Sendable {
    /// The name of the calling service.
    public let parent: String
    /// The name of the called service, never that of the calling one.
    public let child: String
    /// Spans of the called service whose parent is a span of the calling one.
    public let callCount: Int
    /// Those of the calls whose span has error status.
    public let errorCount: Int
}

extension TelemetryNode {
    /// The operations seen in a space, sorted; of one service, or of all.
    public func operations(
        of service: String? = nil,
        space: String
    ) throws(QueryFailure) -> [Operation] {
        let snapshot = try snapshot(space)
        do {
            var found: Set<Operation> = []
            for chunk in try spanChunks(snapshot, .min ... .max) {
                found.formUnion(try facts.operations(chunk))
            }
            return found.filter { service == nil || $0.service == service }.sorted()
        } catch {
            throw QueryFailure(error)
        }
    }

    /// The services seen in a space, sorted.
    public func services(space: String) throws(QueryFailure) -> [String] {
        Set(try operations(space: space).map(\.service)).sorted()
    }

    /// Calls between services whose called span started in `times` (Unix nanoseconds), sorted.
    ///
    /// The calling span is found if it started in that time or up to an hour before it, or earlier still and had
    /// not ended when that time began. A caller that had ended by then, such as the sender of a message that lay
    /// in a queue for more than an hour, is not looked for: its call is not counted.
    public func dependencies(
        _ times: ClosedRange<Int64>,
        space: String
    ) throws(QueryFailure) -> [Dependency] {
        let snapshot = try snapshot(space)
        do {
            var join = CallJoin(times: times)
            let (early, overflow) = times.lowerBound.subtractingReportingOverflow(TimeInterval.hour)
            let from = overflow ? .min : early
            let chunks = try spanChunks(snapshot, from...times.upperBound)
            for chunk in chunks { try join.add(chunk) }
            for chunk in chunks where !join.isSettled { try join.settle(chunk) }
            if join.isSettled || from == .min { return join.dependencies() }
            let older = try spanChunks(snapshot, .min...from)
            // One that reaches beyond `from` has been read.
            for chunk in older where chunk.times.upperBound < from && !join.isSettled {
                let running = try chunk.parts(SpanTable.Position.end, from: times.lowerBound)
                for part in running where !join.isSettled { try join.settle(part) }
            }
            return join.dependencies()
        } catch {
            throw QueryFailure(error)
        }
    }

    private func spanChunks(_ snapshot: Snapshot, _ times: ClosedRange<Int64>) throws -> [Chunk] {
        try snapshot.chunks(
            table: TelemetryTables.spans,
            timeField: SpanTable.Position.start,
            overlapping: times
        )
    }
}

/// Nanoseconds of common lengths of time.
enum TimeInterval {
    static let hour: Int64 = 3_600_000_000_000
}

/// What is known of immutable chunks, so that it is worked out once.
///
/// Derived; bounded by count.
final class SpanFacts: Sendable {
    private struct Key: Hashable {
        let segment: String
        let rowGroup: Int
        let rows: Range<Int>
    }
    private let known = Mutex<[Key: Set<Operation>]>([:])
    private static let entriesMax = 20_000

    /// What is known of the events in chunks.
    let events = EventFacts()

    /// The operations of a chunk.
    func operations(_ chunk: Chunk) throws -> Set<Operation> {
        guard case .rowGroup(let reader, let group) = chunk.source else {
            return try Self.compute(chunk)
        }
        let key = Key(segment: reader.name, rowGroup: group, rows: chunk.rows)
        if let found = known.withLock({ $0[key] }) { return found }
        let found = try Self.compute(chunk)
        known.withLock { known in
            if known.count >= Self.entriesMax { known.removeAll() }
            known[key] = found
        }
        return found
    }

    private static func compute(_ chunk: Chunk) throws -> Set<Operation> {
        guard case .text(let services) = try chunk.column(SpanTable.Position.origin),
            case .text(let names) = try chunk.column(SpanTable.Position.name)
        else { return [] }
        let kinds = try chunk.column(SpanTable.Position.kind)
        var codes: Set<[UInt32]> = []
        var last: [UInt32] = []
        for row in 0..<chunk.rowCount {
            let code = [
                services.codes[row], names.codes[row],
                UInt32(truncatingIfNeeded: kinds.integer(row)),
            ]
            if code != last {
                codes.insert(code)
                last = code
            }
        }
        return Set(
            codes.map { code in
                Operation(
                    service: services.dictionary.string(code[0]),
                    name: names.dictionary.string(code[1]),
                    kind: SpanTable.kindNames.indices.contains(Int(code[2]))
                        ? SpanTable.kindNames[Int(code[2])] : SpanTable.kindNames[0]
                )
            }
        )
    }
}

/// Joins spans with their parents' services.
///
/// Most parents are in the same run of rows; the others are looked up in a second pass over the chunks.
private struct CallJoin {
    private struct Parent: Hashable {
        let trace: UInt64
        let span: UInt64
    }
    private struct Edge: Hashable {
        let parent: Int
        let child: Int
    }
    /// A call whose parent has not been met.
    private struct Open {
        let child: Int
        let isError: Bool
    }

    let times: ClosedRange<Int64>
    private var names: [String] = []
    private var codes: [String: Int] = [:]
    private var edges: [Edge: (calls: Int, errors: Int)] = [:]
    private var open: [Parent: [Open]] = [:]
    private var seen: Set<Parent> = []

    init(times: ClosedRange<Int64>) { self.times = times }

    var isSettled: Bool { open.isEmpty }

    /// The columns a join needs of one chunk.
    private struct Columns {
        let traces: IdentifierColumn
        let spans: IdentifierColumn
        let services: [Int]

        init?(_ chunk: Chunk, _ code: (String) -> Int) throws {
            typealias Position = SpanTable.Position
            guard case .identifier(let traces) = try chunk.column(Position.traceID),
                case .identifier(let spans) = try chunk.column(Position.spanID),
                case .text(let services) = try chunk.column(Position.origin)
            else { return nil }
            self.traces = traces
            self.spans = spans
            var byCode = [Int](repeating: -1, count: services.dictionary.count)
            self.services = services.codes.map { service in
                if service == TextColumn.null { return code("") }
                if byCode[Int(service)] < 0 {
                    byCode[Int(service)] = code(services.dictionary.string(service))
                }
                return byCode[Int(service)]
            }
        }
    }

    mutating func add(_ chunk: Chunk) throws {
        typealias Position = SpanTable.Position
        guard let columns = try Columns(chunk, { self.code($0) }),
            case .identifier(let parents) = try chunk.column(Position.parentSpanID),
            case .fixed(let starts) = try chunk.column(Position.start)
        else { return }
        let status = try chunk.column(Position.statusCode)
        var local: [Parent: Int] = [:]
        local.reserveCapacity(chunk.rowCount)
        for row in 0..<chunk.rowCount {
            local[
                Parent(trace: columns.traces.words[row * 2 + 1], span: columns.spans.words[row])
            ] =
                columns.services[row]
        }
        for row in 0..<chunk.rowCount
        where parents.words[row] != 0 && times.contains(starts.values[row]) {
            let trace = columns.traces.words[row * 2 + 1]
            guard seen.insert(Parent(trace: trace, span: columns.spans.words[row])).inserted else {
                continue
            }
            let call = Open(child: columns.services[row], isError: status.integer(row) == 2)
            let parent = Parent(trace: trace, span: parents.words[row])
            if let service = local[parent] {
                count(service, call)
            } else {
                open[parent, default: []].append(call)
            }
        }
    }

    mutating func settle(_ chunk: Chunk) throws {
        guard let columns = try Columns(chunk, { self.code($0) }) else { return }
        for row in 0..<chunk.rowCount {
            let key = Parent(
                trace: columns.traces.words[row * 2 + 1],
                span: columns.spans.words[row]
            )
            guard let calls = open.removeValue(forKey: key) else { continue }
            for call in calls { count(columns.services[row], call) }
        }
    }

    func dependencies() -> [Dependency] {
        edges.map { edge, counts in
            Dependency(
                parent: names[edge.parent],
                child: names[edge.child],
                callCount: counts.calls,
                errorCount: counts.errors
            )
        }.sorted { ($0.parent, $0.child) < ($1.parent, $1.child) }
    }

    private mutating func count(_ parent: Int, _ call: Open) {
        if parent == call.child { return }
        edges[Edge(parent: parent, child: call.child), default: (0, 0)].calls += 1
        if call.isError {
            edges[Edge(parent: parent, child: call.child), default: (0, 0)].errors += 1
        }
    }

    private mutating func code(_ name: String) -> Int {
        if let code = codes[name] { return code }
        codes[name] = names.count
        names.append(name)
        return names.count - 1
    }
}
