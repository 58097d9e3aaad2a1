import Foundation

/// `GET /api/logs`: one page of records, newest first.
struct LogPage: Decodable {
    /// A record as it is shown.
    struct Log: Decodable {
        let timeUnixNano: String
        let severityText: String
        let severityNumber: Int
        let body: LogBody
        let service: String
        let traceId: String
        let spanId: String

        var time: Int64 { Int64(timeUnixNano) ?? 0 }

        /// Prints it as a line, coloured by severity.
        func show() {
            let style: Terminal.Style? =
                switch severityNumber {
                case 17...: .red
                case 13...: .yellow
                case 1..<9: .dim
                default: nil
                }
            let name =
                severityText.isEmpty
                ? "\(severityNumber)" : String(Terminal.clean(severityText).prefix(5))
            let label = name + String(repeating: " ", count: 5 - min(5, name.count))
            let moment = Terminal.styled(TimeText.moment(time), .dim)
            let origin = Terminal.styled(Terminal.clean(service), .cyan)
            print(
                "\(moment) \(style.map { Terminal.styled(label, $0) } ?? label) \(origin) \(Terminal.clean(body.text))"
            )
        }
    }

    let logs: [Log]
    let nextCursor: String?
}

/// The body of a record: text, or any JSON as text.
struct LogBody: Decodable {
    let text: String

    init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        if let text = try? value.decode(String.self) {
            self.text = text
        } else {
            text = (try? value.decode(JSONText.self))?.description ?? ""
        }
    }
}

/// Any JSON, for showing.
private indirect enum JSONText: Decodable, CustomStringConvertible {
    case null
    case bool(Bool)
    case number(Double)
    case string(String)
    case array([JSONText])
    case object([String: JSONText])

    init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        if value.decodeNil() {
            self = .null
        } else if let flag = try? value.decode(Bool.self) {
            self = .bool(flag)
        } else if let number = try? value.decode(Double.self) {
            self = .number(number)
        } else if let text = try? value.decode(String.self) {
            self = .string(text)
        } else if let elements = try? value.decode([JSONText].self) {
            self = .array(elements)
        } else {
            self = .object(try value.decode([String: JSONText].self))
        }
    }

    var description: String {
        switch self {
        case .null: "null"
        case .bool(let flag): "\(flag)"
        case .number(let number):
            number == number.rounded() && abs(number) < 1e15 ? "\(Int64(number))" : "\(number)"
        case .string(let text): "\"\(text)\""
        case .array(let elements): "[" + elements.map(\.description).joined(separator: ",") + "]"
        case .object(let members):
            "{"
                + members.sorted { $0.key < $1.key }.map { "\($0.key):\($0.value)" }.joined(
                    separator: ","
                ) + "}"
        }
    }
}

/// Tells new records from those that were shown, when pages overlap in time.
///
/// Records come late and out of order, so every poll looks back a while and skips what it knows.
struct LogFollower {
    private struct Identity: Hashable {
        let time: Int64
        let service: String
        let body: String
        let spanID: String

        init(_ log: LogPage.Log) {
            time = log.time
            service = log.service
            body = log.body.text
            spanID = log.spanId
        }
    }

    /// How late a record may come and still be seen.
    static let overlap: Int64 = 10_000_000_000

    /// From when the next poll looks, in Unix nanoseconds.
    private(set) var start: Int64
    private var shown: [Identity: Int] = [:]

    init(shown logs: [LogPage.Log], now: Int64) {
        start = max(logs.map(\.time).max() ?? 0, now - Self.overlap) - Self.overlap
        // What is older than the first page was not asked for.
        if let oldest = logs.map(\.time).min() { start = max(start, oldest) }
        for log in logs where log.time >= start { shown[Identity(log), default: 0] += 1 }
    }

    /// Takes what a poll found.
    ///
    /// - Returns: the new records, oldest first.
    mutating func take(_ logs: [LogPage.Log], now: Int64) -> [LogPage.Log] {
        var seen: [Identity: Int] = [:]
        var new: [LogPage.Log] = []
        for log in logs {
            let identity = Identity(log)
            seen[identity, default: 0] += 1
            if seen[identity, default: 0] > shown[identity] ?? 0 { new.append(log) }
        }
        start = max(start, now - Self.overlap)
        shown.merge(seen) { max($0, $1) }
        let start = start
        shown = shown.filter { $0.key.time >= start }
        return new.sorted { $0.time < $1.time }
    }
}
