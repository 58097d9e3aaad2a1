import Foundation

/// One measured answer.
struct QuerySample: Sendable {
    let milliseconds: Double
    let bytes: Int
    let isWrong: Bool
}

/// What the answers to one kind of query have shown.
struct QueryMeasurement: Encodable {
    let kind: String
    let count: Int
    let median: Double
    let p90: Double
    let p99: Double
    let max: Double
    /// Of an answer, on average.
    let bytes: Int
    let cpuMilliseconds: Double?
    let wrong: Int

    init(kind: String, samples: [QuerySample], cpuMilliseconds: Double?) {
        let times = Percentiles(samples.map(\.milliseconds))
        self.kind = kind
        count = samples.count
        median = times.value(at: 0.5)
        p90 = times.value(at: 0.9)
        p99 = times.value(at: 0.99)
        max = times.maximum
        bytes = samples.isEmpty ? 0 : samples.reduce(0) { $0 + $1.bytes } / samples.count
        self.cpuMilliseconds = cpuMilliseconds
        wrong = samples.count { $0.isWrong }
    }
}

/// One query as a request, and what a right answer to it looks like.
struct QueryRequest: Sendable {
    private let path: String
    private let parameters: [(String, String?)]
    private let status: Int
    private let spans: Int?

    private init(
        _ path: String,
        _ parameters: [(String, String?)] = [],
        status: Int = 200,
        spans: Int? = nil
    ) {
        self.path = path
        self.parameters = parameters
        self.status = status
        self.spans = spans
    }

    /// The queries of a file by what they ask for.
    static func groups(_ file: QueryFile, _ wanted: Set<QueryKind>) -> [(String, [QueryRequest])] {
        var groups: [(String, [QueryRequest])] = []
        if wanted.contains(.trace) {
            groups.append(
                ("trace by id", file.traces.map { Self("/api/traces/\($0.id)", spans: $0.spans) })
            )
        }
        if wanted.contains(.unknown) {
            var random = SeededGenerator(seed: 4711)
            let paths = (0..<min(200, file.traces.count)).map { _ in "/api/traces/\(random.hex(32))"
            }
            groups.append(("unknown id", paths.map { Self($0, status: 404) }))
        }
        if wanted.contains(.search) {
            let kinds: [(String, (QueryFile.Search) -> Bool)] = [
                ("search", { $0.durationMin == nil && $0.tags == nil }),
                ("search +minDuration", { $0.durationMin != nil && $0.tags == nil }),
                ("search +tag", { $0.durationMin == nil && $0.tags != nil }),
                ("search +tag +durations", { $0.durationMin != nil && $0.tags != nil }),
            ]
            groups += kinds.map { name, fits in (name, file.search.filter(fits).map(Self.search)) }
        }
        if wanted.contains(.logs) {
            for (kind, name) in [
                ("needle", "logs needle"), ("service_word", "logs service+word"),
                ("severity_phrase", "logs severity+phrase"), ("trace", "logs trace id"),
            ] {
                groups.append((name, file.logs.filter { $0.kind == kind }.map(Self.logs)))
            }
        }
        return groups
    }

    /// Asks it; `anew` keeps the answer from coming from a cache.
    func measure(_ client: APIClient, anew: Bool) async throws -> QuerySample {
        let began = ContinuousClock.now
        let answer: APIClient.Answer
        do {
            answer = try await client.send(.get, path, parameters, anew: anew)
        } catch let error as Unreachable {
            throw error.failure
        }
        let time = (ContinuousClock.now - began) / .milliseconds(1)
        var isWrong = answer.status != status
        if let spans, !isWrong { isWrong = Self.spanCount(answer.body) != spans }
        return QuerySample(milliseconds: time, bytes: answer.body.count, isWrong: isWrong)
    }

    private static func search(_ query: QueryFile.Search) -> QueryRequest {
        var tags: String?
        if let wanted = query.tags, !wanted.isEmpty {
            let encoder = JSONEncoder()
            encoder.outputFormatting = .sortedKeys
            tags = (try? encoder.encode(wanted)).map { String(decoding: $0, as: UTF8.self) }
        }
        return QueryRequest(
            "/api/traces",
            [
                ("service", query.service), ("operation", query.operation),
                ("start", "\(query.start)"),
                ("end", "\(query.end)"), ("minDuration", query.durationMin.map { "\($0)us" }),
                ("maxDuration", query.durationMax.map { "\($0)us" }), ("tags", tags),
                ("limit", "20"),
            ]
        )
    }

    private static func logs(_ query: QueryFile.Log) -> QueryRequest {
        QueryRequest(
            "/api/logs",
            [
                ("q", query.phrase), ("service", query.service), ("severity", query.severity),
                ("traceId", query.traceID), ("limit", "100"),
            ]
        )
    }

    /// How many spans an answer of the Jaeger API holds.
    private static func spanCount(_ body: Data) -> Int {
        struct Answer: Decodable {
            struct Trace: Decodable {
                struct Span: Decodable {}
                let spans: [Span]
            }
            let data: [Trace]
        }
        guard let answer = try? JSONDecoder().decode(Answer.self, from: body) else { return -1 }
        return answer.data.reduce(0) { $0 + $1.spans.count }
    }
}
