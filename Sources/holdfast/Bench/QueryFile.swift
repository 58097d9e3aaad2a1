import Foundation

/// Queries that go with a data set: what `bench generate` writes and `bench query` asks.
struct QueryFile: Codable {
    /// A trace and how many spans it has.
    struct Trace: Codable {
        let id: String
        let spans: Int

        init(id: String, spans: Int) {
            self.id = id
            self.spans = spans
        }

        init(from decoder: any Decoder) throws {
            var values = try decoder.unkeyedContainer()
            id = try values.decode(String.self)
            spans = try values.decode(Int.self)
        }

        func encode(to encoder: any Encoder) throws {
            var values = encoder.unkeyedContainer()
            try values.encode(id)
            try values.encode(spans)
        }
    }

    /// A search for traces.
    struct Search: Codable {
        var service: String
        var operation: String
        /// Unix microseconds.
        var start: Int64
        var end: Int64
        var durationMin: Int64?
        var durationMax: Int64?
        var tags: [String: String]?

        private enum CodingKeys: String, CodingKey {
            case service
            case operation
            case start = "start_us"
            case end = "end_us"
            case durationMin = "min_us"
            case durationMax = "max_us"
            case tags
            case windowStart = "win_start_us"
            case windowEnd = "win_end_us"
        }

        init(service: String, operation: String, start: Int64, end: Int64) {
            self.service = service
            self.operation = operation
            self.start = start
            self.end = end
        }

        init(from decoder: any Decoder) throws {
            let values = try decoder.container(keyedBy: CodingKeys.self)
            service = try values.decode(String.self, forKey: .service)
            operation = try values.decode(String.self, forKey: .operation)
            start = try values.decode(
                Int64.self,
                forKey: values.contains(.start) ? .start : .windowStart
            )
            end = try values.decode(Int64.self, forKey: values.contains(.end) ? .end : .windowEnd)
            durationMin = try values.decodeIfPresent(Int64.self, forKey: .durationMin)
            durationMax = try values.decodeIfPresent(Int64.self, forKey: .durationMax)
            tags = try values.decodeIfPresent([String: String].self, forKey: .tags)
        }

        func encode(to encoder: any Encoder) throws {
            var values = encoder.container(keyedBy: CodingKeys.self)
            try values.encode(service, forKey: .service)
            try values.encode(operation, forKey: .operation)
            try values.encode(start, forKey: .start)
            try values.encode(end, forKey: .end)
            try values.encodeIfPresent(durationMin, forKey: .durationMin)
            try values.encodeIfPresent(durationMax, forKey: .durationMax)
            try values.encodeIfPresent(tags, forKey: .tags)
        }
    }

    /// A search for log records.
    struct Log: Codable {
        /// `needle`, `service_word`, `severity_phrase` or `trace`.
        var kind: String
        var phrase: String?
        var service: String?
        var severity: String?
        var traceID: String?

        private enum CodingKeys: String, CodingKey {
            case kind
            case phrase
            case service
            case severity
            case traceID = "trace_id"
            case shortSeverity = "sev"
        }

        init(
            kind: String,
            phrase: String? = nil,
            service: String? = nil,
            severity: String? = nil,
            traceID: String? = nil
        ) {
            self.kind = kind
            self.phrase = phrase
            self.service = service
            self.severity = severity
            self.traceID = traceID
        }

        init(from decoder: any Decoder) throws {
            let values = try decoder.container(keyedBy: CodingKeys.self)
            kind = try values.decode(String.self, forKey: .kind)
            if kind == "sev_phrase" { kind = "severity_phrase" }
            phrase = try values.decodeIfPresent(String.self, forKey: .phrase)
            service = try values.decodeIfPresent(String.self, forKey: .service)
            severity =
                try values.decodeIfPresent(String.self, forKey: .severity)
                ?? values.decodeIfPresent(String.self, forKey: .shortSeverity)
            traceID = try values.decodeIfPresent(String.self, forKey: .traceID)
        }

        func encode(to encoder: any Encoder) throws {
            var values = encoder.container(keyedBy: CodingKeys.self)
            try values.encode(kind, forKey: .kind)
            try values.encodeIfPresent(phrase, forKey: .phrase)
            try values.encodeIfPresent(service, forKey: .service)
            try values.encodeIfPresent(severity, forKey: .severity)
            try values.encodeIfPresent(traceID, forKey: .traceID)
        }
    }

    var traces: [Trace]
    var search: [Search]
    var logs: [Log]

    init(traces: [Trace], search: [Search], logs: [Log]) {
        self.traces = traces
        self.search = search
        self.logs = logs
    }

    init(path: String) throws {
        guard let bytes = FileManager.default.contents(atPath: path) else {
            throw CommandFailure("\(path) cannot be read")
        }
        do {
            self = try JSONDecoder().decode(QueryFile.self, from: bytes)
        } catch {
            throw CommandFailure("\(path) holds no queries", remedy: "\(error)")
        }
    }

    /// Writes it as JSON; the same queries give the same bytes.
    func write(to path: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            try encoder.encode(self).write(to: URL(fileURLWithPath: path))
        } catch {
            throw CommandFailure("\(path) cannot be written")
        }
    }
}
