import Dispatch
import OTLP
import Simulation
import Storage
import Testing

@testable import Telemetry

/// Records of three services in many pages and row groups, some in memory, searched beside a plain list of them.
struct LogSearchTests {
    /// The first two requests are of several pages each.
    private static let requestSizes = [9_000, 9_000, 300, 300, 300, 300, 300, 1_500]
    private static let count = requestSizes.reduce(0, +)

    private struct Sent {
        let time: UInt64
        let service: String
        let text: String
        let severity: Int32
        let trace: UInt64
        let index: Int
    }

    private static func sent(_ seed: UInt64) -> [Sent] {
        var random = SeededGenerator(seed: seed)
        return (0..<count).map { index in
            let word = ["alpha", "beta", "gamma"][index % 3]
            return Sent(
                // Times that nearly ascend, with many that are equal, and 500 that are the same.
                time: index % 40 == 3
                    ? 1_003_000
                    : UInt64(1_000_000 + index / 4 + Int.random(in: 0..<3_000, using: &random)),
                service: "service-\(Int.random(in: 0..<30, using: &random) / 14)",
                text: index % 5_000 == 7 ? "needle \(index) ends" : "\(word) \(index % 100) text",
                severity: index % 50 == 0 ? 17 : 9,
                trace: UInt64(index / 20 + 1),
                index: index
            )
        }
    }

    private static func requests(_ sent: [Sent]) -> [IngestRequest] {
        var start = 0
        return requestSizes.map { size in
            defer { start += size }
            let part = sent[start..<start + size]
            let resources = Dictionary(grouping: part, by: \.service).map { service, records in
                ResourceLogs(
                    resource: Resource(attributes: [KeyValue("service.name", .string(service))]),
                    scopes: [
                        ScopeLogs(
                            records: records.map {
                                LogRecord(
                                    time: $0.time,
                                    severityNumber: $0.severity,
                                    body: .string($0.text),
                                    attributes: [KeyValue("index", .int(Int64($0.index)))],
                                    traceID: TraceID(high: 1, low: $0.trace),
                                    spanID: SpanID(1)
                                )
                            }
                        )
                    ]
                )
            }
            let body = OTLPEncoder.protobuf(logs: resources)
            return IngestRequest(
                space: "default",
                signal: .logs,
                encoding: .protobuf,
                body: body
            )
        }
    }

    @Test(arguments: [1, 2] as [UInt64])
    func everyConditionFindsTheNewestOfWhatWasSent(_ seed: UInt64) async throws {
        var limits = Limits()
        limits.memtableFlushBytes = 1
        try await withNode(limits) { node, _ in
            let sent = Self.sent(seed)
            let requests = Self.requests(sent)
            for request in requests.dropLast() { _ = try await node.ingest(request) }
            node.maintenanceThread.sync {}
            // The last ones stay in memory.
            node.maintenanceThread.suspend()
            defer { node.maintenanceThread.resume() }
            _ = try await node.ingest(requests[requests.count - 1])

            func expect(
                _ fits: (Sent) -> Bool,
                sourceLocation: SourceLocation = #_sourceLocation,
                _ change: (inout LogSearch) -> Void
            ) throws {
                var search = LogSearch()
                change(&search)
                let wanted = sent.filter(fits)
                var found: [LogRecord] = []
                // Seven pages, or as many as there are.
                for _ in 0..<7 {
                    let page = try node.searchLogs(search, space: "default")
                    found += page.logs.map(\.record)
                    search.cursor = page.nextCursor
                    if search.cursor == nil { break }
                }
                let times = wanted.map(\.time).sorted(by: >)
                let isWhole = search.cursor == nil
                #expect(
                    found.map(\.time) == Array(isWhole ? times[...] : times.prefix(found.count)),
                    sourceLocation: sourceLocation
                )
                // No record twice, and none that does not fit.
                let indexes = found.map { Self.index($0) }
                #expect(Set(indexes).count == found.count, sourceLocation: sourceLocation)
                #expect(
                    indexes.allSatisfy { sent.indices.contains($0) && fits(sent[$0]) },
                    sourceLocation: sourceLocation
                )
            }
            try expect({ _ in true }, { _ in })
            try expect({ $0.text.contains("needle") }, { $0.text = "needle" })
            try expect({ $0.index == 15_007 }, { $0.text = "needle 15007 ends" })
            try expect({ $0.time == 1_003_000 }) {
                $0.start = 1_003_000
                $0.end = 1_003_000
                $0.limit = 70
            }
            try expect({ _ in false }, { $0.text = "nowhere" })
            try expect({ $0.text.contains("beta 7 ") }, { $0.text = "beta 7 " })
            try expect({ $0.service == "service-1" }, { $0.service = "service-1" })
            try expect({ $0.service == "service-2" && $0.text.contains("alpha") }) {
                $0.service = "service-2"
                $0.text = "alpha"
            }
            try expect({ $0.severity == 17 && $0.text.contains("50 ") }) {
                $0.severity = "ERROR"
                $0.text = "50 "
            }
            try expect({ $0.trace == 900 }, { $0.traceID = TraceID(high: 1, low: 900) })
            try expect({ $0.index == 11_415 }, { $0.attributes = [("index", "11415")] })
            try expect({ (1_002_000...1_004_000).contains($0.time) && $0.text.contains("gamma") }) {
                $0.start = 1_002_000
                $0.end = 1_004_000
                $0.text = "gamma"
            }
        }
    }

    private static func index(_ record: LogRecord) -> Int {
        guard case .int(let index)? = record.attributes.first?.value else { return -1 }
        return Int(index)
    }
}
