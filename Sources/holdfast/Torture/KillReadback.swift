import Foundation
import OTLP

/// Reads back through the query APIs what the clients of a kill campaign sent.
struct KillReadback {
    private let client: APIClient

    init(_ server: ServerProcess) { self.init(client: server.client) }

    init(client: APIClient) { self.client = client }

    private static let page = "10000"
    private static let pagesMax = 1_000

    /// The batches of one signal under the name of one service, in every space.
    func found(_ signal: Signal, service: String) async throws -> KillLedger.Found {
        var found: KillLedger.Found = [:]
        for space in try await spaces() {
            var client = client
            client.space = space
            let part =
                switch signal {
                case .traces: try await spans(client, service)
                case .logs: try await logs(client, service)
                case .metrics: try await points(client, service)
                }
            if let batch = part.keys.first(where: { KillRequest.space(ofBatch: $0) != space }) {
                throw Unreadable("\(signal.rawValue) of batch \(batch) are in space \(space)")
            }
            found.merge(part) { first, _ in first }
        }
        return found
    }

    private func spaces() async throws -> [String] {
        struct Answer: Decodable {
            struct Space: Decodable {
                let space: String
            }
            let ready: [Space]
        }
        return try await client.get(Answer.self, "/api/spaces").ready.map(\.space)
    }

    private func spans(_ client: APIClient, _ service: String) async throws -> KillLedger.Found {
        struct Answer: Decodable {
            struct Trace: Decodable {
                struct Span: Decodable {
                    let spanID: String
                }
                let traceID: String
                let spans: [Span]
            }
            let data: [Trace]
        }
        let answer = try await client.get(
            Answer.self,
            "/api/traces",
            [("service", service), ("limit", Self.page)]
        )
        guard answer.data.count < 10_000 else { throw Unreadable("too many traces for one page") }
        var found: KillLedger.Found = [:]
        for trace in answer.data {
            let batch = try Self.batch(trace.traceID)
            for span in trace.spans {
                found[batch, default: [:]][try Self.index(span.spanID), default: 0] += 1
            }
        }
        return found
    }

    private func logs(_ client: APIClient, _ service: String) async throws -> KillLedger.Found {
        struct Answer: Decodable {
            struct Log: Decodable {
                let traceId: String
                let spanId: String
            }
            let logs: [Log]
            let nextCursor: String?
        }
        var found: KillLedger.Found = [:]
        var cursor: String?
        for _ in 0..<Self.pagesMax {
            let answer = try await client.get(
                Answer.self,
                "/api/logs",
                [("service", service), ("limit", Self.page), ("cursor", cursor)]
            )
            for log in answer.logs {
                let batch = try Self.batch(log.traceId)
                found[batch, default: [:]][try Self.index(log.spanId), default: 0] += 1
            }
            guard let next = answer.nextCursor else { return found }
            cursor = next
        }
        throw Unreadable("the pages of /api/logs do not end")
    }

    private func points(_ client: APIClient, _ service: String) async throws -> KillLedger.Found {
        struct Answer: Decodable {
            struct Series: Decodable {
                let labels: [String: String]
                let points: [Point]
            }
            struct Point: Decodable {
                let value: Int
                init(from decoder: any Decoder) throws {
                    var values = try decoder.unkeyedContainer()
                    _ = try values.decode(String.self)
                    value = try values.decode(Int.self)
                }
            }
            let series: [Series]
        }
        var found: KillLedger.Found = [:]
        for name in [KillRequest.numbers, KillRequest.histograms] {
            let answer = try await client.get(
                Answer.self,
                "/api/metrics/range",
                [("name", name), ("service", service)]
            )
            for series in answer.series {
                guard let batch = series.labels["batch"].flatMap({ Int($0) }) else {
                    throw Unreadable("a series of \(name) has no batch")
                }
                for point in series.points {
                    found[batch, default: [:]][point.value, default: 0] += 1
                }
            }
        }
        return found
    }

    // MARK: - Dead letters

    /// The ids of all letters.
    func letters() async throws -> [String] {
        struct Answer: Decodable {
            struct Letter: Decodable {
                let id: String
            }
            let deadLetters: [Letter]
        }
        return try await client.get(Answer.self, "/api/dead-letters").deadLetters.map(\.id)
    }

    /// The batch whose only record is in a letter; nil when the letter has gone meanwhile.
    func batch(ofLetter id: String) async throws -> Int? {
        struct Answer: Decodable {
            struct Request: Decodable {
                struct Resource: Decodable {
                    struct Scope: Decodable {
                        struct Record: Decodable {
                            let traceId: String
                        }
                        let logRecords: [Record]
                    }
                    let scopeLogs: [Scope]
                }
                let resourceLogs: [Resource]
            }
            let request: Request
        }
        let path = "/api/dead-letters/\(id)"
        let answer = try await client.send(.get, path)
        if answer.status == 404 { return nil }
        guard answer.status == 200 else {
            throw Unreadable("\(path) is answered with status \(answer.status)")
        }
        let request = try APIClient.decode(Answer.self, answer.body, path).request
        guard let record = request.resourceLogs.first?.scopeLogs.first?.logRecords.first else {
            throw Unreadable("letter \(id) holds no log record")
        }
        return try Self.batch(record.traceId)
    }

    // MARK: - Figures

    /// What the server says of itself.
    struct Figures {
        /// Rows by table of all spaces, in segments and in memory, each as often as it is stored.
        let rows: [String: Int]
        let memtableBytes: Int
        let journal: Journal
    }

    /// What the server says of its journal.
    struct Journal: Decodable {
        let lastLsn: Int
        /// Torn tails that were cut when the store was opened.
        let truncatedTails: Int
    }

    /// The figures of this moment.
    func figures() async throws -> Figures {
        struct Answer: Decodable {
            struct Space: Decodable {
                let rows: [String: Int]
                let memtableBytes: Int
            }
            let spaces: [Space]
            let journal: Journal
        }
        let answer = try await client.get(Answer.self, "/api/status")
        return Figures(
            rows: answer.spaces.reduce(into: [:]) { $0.merge($1.rows, uniquingKeysWith: +) },
            memtableBytes: answer.spaces.reduce(0) { $0 + $1.memtableBytes },
            journal: answer.journal
        )
    }

    private static func batch(_ trace: String) throws -> Int {
        guard trace.count == 32, let high = UInt64(trace.prefix(16), radix: 16),
            let low = UInt64(trace.suffix(16), radix: 16), low < UInt64(Int32.max)
        else { throw Unreadable("\(trace) is no trace of this campaign") }
        return KillRequest.batch(of: TraceID(high: high, low: low))
    }

    private static func index(_ span: String) throws -> Int {
        guard let number = UInt64(span, radix: 16), (1...UInt64(Int32.max)).contains(number) else {
            throw Unreadable("\(span) is no span of this campaign")
        }
        return Int(number) - 1
    }

    /// An answer that is not what was sent.
    struct Unreadable: Error, CustomStringConvertible {
        let description: String

        init(_ description: String) { self.description = description }
    }
}
