import OTLP

/// Picks queries from telemetry while it is generated, each piece as likely as any other.
struct QuerySampler {
    /// Reservoir sampling.
    private struct Reservoir<Item> {
        let limit: Int
        private(set) var items: [Item] = []
        private var seen = 0

        init(limit: Int) { self.limit = limit }

        mutating func offer(_ random: inout SeededGenerator, _ item: () -> Item) {
            seen += 1
            if items.count < limit {
                items.append(item())
            } else {
                let index = random.below(seen)
                if index < limit { items[index] = item() }
            }
        }
    }

    private struct SampledSpan {
        let service: ShopService
        let span: Span
    }

    private struct SampledLog {
        let service: ShopService
        let record: LogRecord
    }

    private static let windows: [Int64] = [300, 900, 1_800]
    private static let phrases = [
        "Timeout awaiting", "connection reset", "slow query", "consumer lag", "did not answer",
        "card declined",
        "could not serialize", "stale exchange rate", "exceeds budget", "deferred",
    ]

    private let fleet: ShopFleet
    private var random: SeededGenerator
    private var traces = Reservoir<QueryFile.Trace>(limit: 400)
    private var spans = Reservoir<SampledSpan>(limit: 200)
    private var logs = Reservoir<SampledLog>(limit: 200)

    init(fleet: ShopFleet, seed: UInt64) {
        self.fleet = fleet
        random = SeededGenerator(seed: seed)
    }

    /// Considers a trace for queries.
    mutating func offer(_ planned: Shop.Planned) {
        traces.offer(&random) {
            QueryFile.Trace(id: planned.id.description, spans: planned.spans.count)
        }
        if let item = planned.spans.isEmpty ? nil : random.pick(planned.spans) {
            spans.offer(&random) {
                SampledSpan(service: fleet.instances[item.instance].service, span: item.span)
            }
        }
        for item in planned.logs {
            logs.offer(&random) {
                SampledLog(service: fleet.instances[item.instance].service, record: item.record)
            }
        }
    }

    /// The queries, a quarter of each kind.
    mutating func queries() -> QueryFile {
        var search: [QueryFile.Search] = []
        for (index, sample) in spans.items.enumerated() {
            let start = Int64(sample.span.startTime / 1_000_000_000) - 30 - Int64(random.below(270))
            let end = start + random.pick(Self.windows)
            let duration = Int64((sample.span.endTime - sample.span.startTime) / 1_000)
            var query = QueryFile.Search(
                service: sample.service.rawValue,
                operation: sample.span.name,
                start: start * 1_000_000,
                end: end * 1_000_000
            )
            if index % 4 == 1 { query.durationMin = duration * 8 / 10 }
            if index % 4 >= 2 { query.tags = tag(of: sample.span) }
            if index % 4 == 3 {
                query.durationMin = duration / 2
                query.durationMax = duration * 2 + 10
            }
            search.append(query)
        }
        let texts = ShopLogs()
        var asked: [QueryFile.Log] = []
        for (index, sample) in logs.items.enumerated() {
            guard case .string(let body) = sample.record.body else { continue }
            switch index % 4 {
            case 0: asked.append(QueryFile.Log(kind: "needle", phrase: Self.needle(in: body)))
            case 1:
                let word = random.pick(texts.words(of: sample.service))
                asked.append(
                    QueryFile.Log(
                        kind: "service_word",
                        phrase: word,
                        service: sample.service.rawValue
                    )
                )
            case 2:
                let severity = random.pick(["ERROR", "WARN"])
                asked.append(
                    QueryFile.Log(
                        kind: "severity_phrase",
                        phrase: random.pick(Self.phrases),
                        severity: severity
                    )
                )
            default:
                let id =
                    sample.record.traceID.isNone
                    ? random.pick(traces.items).id : sample.record.traceID.description
                asked.append(QueryFile.Log(kind: "trace", traceID: id))
            }
        }
        return QueryFile(traces: traces.items, search: search, logs: asked)
    }

    private mutating func tag(of span: Span) -> [String: String] {
        if span.status.code == 2 { return ["error": "true"] }
        let scalars = span.attributes.compactMap { attribute -> (String, String)? in
            switch attribute.value {
            case .string(let text): (attribute.key, text)
            case .int(let number): (attribute.key, "\(number)")
            default: nil
            }
        }
        guard !scalars.isEmpty else { return [:] }
        let (key, value) = random.pick(scalars)
        return [key: value]
    }

    /// The piece of a line that is likely to occur in no other.
    private static func needle(in body: String) -> String {
        let pieces = body.split { !($0.isLetter || $0.isNumber || "@.-".contains($0)) }
        let best = pieces.max { left, right in
            (left.count { $0.isNumber }, left.count) < (right.count { $0.isNumber }, right.count)
        }
        return best.map(String.init) ?? body
    }
}
