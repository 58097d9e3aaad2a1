import OTLP
import Simulation
import Storage
import Testing

@testable import Telemetry

/// Pages hold every record once, wherever the records move between one page and the next.
struct LogPagingTests {
    private struct Sent: Hashable {
        let time: UInt64
        let service: String
        let text: String
    }

    private static let limits: Limits = {
        var limits = Limits()
        limits.rowGroupRowsMax = 128
        limits.rowGroupRowsSmall = 64
        limits.compactionFanIn = 2
        limits.garbageGraceSeconds = 0
        return limits
    }()

    private static func request(_ sent: some Sequence<Sent>) -> IngestRequest {
        let groups = Dictionary(grouping: sent, by: \.service).sorted { $0.key < $1.key }
        let logs = groups.map { service, records in
            ResourceLogs(
                resource: Resource(attributes: [KeyValue("service.name", .string(service))]),
                scopes: [
                    ScopeLogs(
                        scope: Scope(name: "lib", version: service.isEmpty ? "" : "1"),
                        records: records.map { record in
                            // Of every kind of column something, so that moving it is seen to change no hash.
                            LogRecord(
                                time: record.time,
                                observedTime: record.time / 2,
                                severityNumber: Int32(record.text.utf8.count),
                                body: record.text.hasSuffix("7")
                                    ? .array([.string(record.text), .int(1)])
                                    : .string(record.text),
                                attributes: record.text.hasSuffix("3")
                                    ? []
                                    : [
                                        KeyValue("text", .string(record.text)),
                                        KeyValue("none", .empty), KeyValue("half", .double(0.5)),
                                        KeyValue("is", .bool(true)), KeyValue("n", .int(-1)),
                                        KeyValue("thread.id", .int(3)),
                                    ],
                                traceID: TraceID(high: 0, low: record.time % 3),
                                eventName: record.text.hasSuffix("9") ? "event" : ""
                            )
                        }
                    )
                ]
            )
        }
        return IngestRequest(
            space: "default",
            signal: .logs,
            encoding: .protobuf,
            body: OTLPEncoder.protobuf(logs: logs)
        )
    }

    private static func sent(_ log: FoundLog) -> Sent {
        var text = ""
        switch log.record.body {
        case .string(let body): text = body
        case .array(let parts): if case .string(let body)? = parts.first { text = body }
        default: break
        }
        return Sent(time: log.record.time, service: log.origin.serviceName, text: text)
    }

    private static func counts(_ records: some Sequence<Sent>) -> [Sent: Int] {
        records.reduce(into: [:]) { $0[$1, default: 0] += 1 }
    }

    /// All pages, with `between` called after each.
    private static func pages(
        _ node: TelemetryNode,
        _ search: LogSearch,
        _ between: () async throws -> Void
    ) async throws -> [Sent] {
        var search = search
        var found: [Sent] = []
        while true {
            let page = try node.searchLogs(search, space: "default")
            found += page.logs.map { sent($0) }
            guard let cursor = page.nextCursor else { return found }
            #expect(page.logs.count == search.limit, "a page before others is full")
            // As it comes back from a client.
            let read = LogCursor(cursor.description)
            #expect(read == cursor)
            search.cursor = read
            if read == nil { return found }
            try await between()
        }
    }

    /// Two services, one time, and the rows move after the first page.
    @Test(arguments: [1, 60, 100, 199, 200])
    func recordsOfOneTimeAreGivenOnce(_ limit: Int) async throws {
        try await withNode(Self.limits) { node, _ in
            let sent = (0..<200).map { Sent(time: 5, service: "s\($0 % 2)", text: "log \($0)") }
            for start in stride(from: 0, to: 200, by: 20) {
                _ = try await node.ingest(Self.request(sent[start..<start + 20]))
            }
            let engine = try node.openEngine()
            var search = LogSearch()
            search.limit = limit
            var moves = 0
            let found = try await Self.pages(node, search) {
                moves += 1
                if moves == 1 { _ = try engine.flush(space: "default") }
            }
            #expect(found.count == 200)
            #expect(Set(found) == Set(sent))
        }
    }

    /// Records that are equal in everything are counted.
    @Test func equalRecordsAreAsManyAsWereSent() async throws {
        try await withNode(Self.limits) { node, _ in
            let engine = try node.openEngine()
            for index in 0..<10 {
                let equal = [Sent](
                    repeating: Sent(time: 5, service: "s", text: "log \(index % 2)"),
                    count: 30
                )
                _ = try await node.ingest(Self.request(equal))
                if index % 3 == 0 { _ = try engine.flush(space: "default") }
            }
            var search = LogSearch()
            search.limit = 7
            let found = try await Self.pages(node, search) {
                _ = try engine.flush(space: "default")
                _ = try engine.compact(space: "default")
            }
            #expect(Self.counts(found).values.sorted() == [150, 150])
        }
    }

    /// Any times, services, hours and limits, rows that move at any moment, and newer ones that arrive meanwhile.
    @Test(arguments: UInt64(1)...40)
    func pagesTogetherAreTheOneLargeAnswer(_ seed: UInt64) async throws {
        var random = SeededGenerator(seed: seed)
        let hour: UInt64 = 3_600_000_000_000
        let (hours, moments) = (1 + random.below(3), 1 + random.below(30))
        let texts = 1 + random.below(400)
        func record() -> Sent {
            Sent(
                time: UInt64(random.below(hours)) * hour + UInt64(1 + random.below(moments)),
                service: "s\(random.below(3))",
                text: "log \(random.below(texts))"
            )
        }
        var limits = Self.limits
        if random.oneIn(2) { limits.rowGroupRowsSmall = 1 }
        try await withNode(limits) { node, _ in
            let engine = try node.openEngine()
            var sent: [Sent] = []
            for _ in 0..<(2 + random.below(12)) {
                let batch = (0...random.below(60)).map { _ in record() }
                sent += batch
                _ = try await node.ingest(Self.request(batch))
                if random.oneIn(4) { _ = try engine.flush(space: "default") }
            }
            var search = LogSearch()
            var wanted = sent
            if random.oneIn(3) {
                search.service = "s1"
                wanted = wanted.filter { $0.service == "s1" }
            }
            if random.oneIn(3) {
                (search.start, search.end) = (3, Int64(hour) + 10)
                wanted = wanted.filter { (3...hour + 10).contains($0.time) }
            }
            if search.end == .max { search.end = Int64(hour) * 10 }
            search.limit = 10_000
            let large = try node.searchLogs(search, space: "default")
            #expect(large.nextCursor == nil)
            #expect(Self.counts(large.logs.map { Self.sent($0) }) == Self.counts(wanted))
            search.limit = 1 + random.below(70)
            let found = try await Self.pages(node, search) {
                switch random.below(6) {
                case 0: _ = try engine.flush(space: "default")
                case 1: _ = try engine.compact(space: "default")
                case 2:
                    let late = Sent(time: hour * 20, service: "s1", text: "late")
                    _ = try await node.ingest(Self.request([late]))
                default: break
                }
            }
            #expect(Self.counts(found) == Self.counts(wanted))
            #expect(found.map(\.time) == wanted.map(\.time).sorted(by: >))
        }
    }
}
