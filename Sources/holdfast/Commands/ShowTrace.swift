import ArgumentParser

/// Draws one trace.
struct ShowTrace: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "trace",
        abstract: "Draw one trace as a tree.",
        discussion: """
            Each span with its service, operation, duration and when it ran; failed ones are marked.

              holdfast trace 4bf92f3577b34da6a3ce929d0e0e4736
            """
    )

    /// `GET /api/traces/{id}` of Jaeger's API.
    struct Answer: Decodable {
        struct Trace: Decodable {
            let traceID: String
            let spans: [Span]
            let processes: [String: Process]
        }

        struct Process: Decodable {
            let serviceName: String
        }

        struct Span: Decodable {
            let spanID: String
            let operationName: String
            let references: [Reference]
            /// Unix microseconds.
            let startTime: Int64
            let duration: Int64
            let tags: [Tag]
            let logs: [Log]
            let processID: String
        }

        struct Reference: Decodable {
            let refType: String
            let traceID: String
            let spanID: String
        }

        struct Log: Decodable {
            let fields: [Tag]
        }

        /// A key and its value as text.
        struct Tag: Decodable {
            let key: String
            let text: String

            private enum CodingKeys: CodingKey {
                case key
                case value
            }

            init(from decoder: any Decoder) throws {
                let values = try decoder.container(keyedBy: CodingKeys.self)
                key = try values.decode(String.self, forKey: .key)
                if let text = try? values.decode(String.self, forKey: .value) {
                    self.text = text
                } else if let flag = try? values.decode(Bool.self, forKey: .value) {
                    text = "\(flag)"
                } else {
                    text = (try? values.decode(Double.self, forKey: .value)).map { "\($0)" } ?? ""
                }
            }
        }

        let data: [Trace]
    }

    @Argument(help: "The id of the trace: up to 32 hexadecimal digits.")
    var id: String

    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let path = "/api/traces/\(APIClient.escape(id))"
        let body = try await server.client().body(.get, path)
        guard !output.json else { return JSONOutput.show(body: body) }
        let answer = try APIClient.decode(Answer.self, body, path)
        guard let trace = answer.data.first else { throw CommandFailure("there is no trace \(id)") }
        let nodes = trace.spans.map { Self.node($0, in: trace) }
        let start = nodes.map(\.start).min() ?? 0
        let end = nodes.map(\.end).max() ?? 0
        let errors = nodes.count { $0.isError }
        let services = Set(nodes.map(\.service)).count
        print(Terminal.styled("trace \(Terminal.clean(trace.traceID))", .bold))
        print(
            "\(TimeText.moment(start)) UTC, \(TimeText.duration(end.subtractingSaturated(start))), "
                + "\(nodes.count) spans of \(services) services"
                + (errors > 0 ? ", \(errors) failed" : "")
        )
        print("")
        for line in TraceTree(nodes).draw(width: Terminal.width, style: Terminal.styled) {
            print(line)
        }
    }

    /// Microseconds as nanoseconds; the end of the range for those far beyond any clock.
    private static func nanoseconds(_ microseconds: Int64) -> Int64 {
        let (product, overflow) = microseconds.multipliedReportingOverflow(by: 1_000)
        guard overflow else { return product }
        return microseconds < 0 ? .min : .max
    }

    private static func node(_ span: Answer.Span, in trace: Answer.Trace) -> TraceTree.Node {
        let parent = span.references.first {
            $0.refType == "CHILD_OF" && $0.traceID == trace.traceID
        }
        var exceptions: [String] = []
        for log in span.logs {
            let fields = Dictionary(log.fields.map { ($0.key, $0.text) }) { first, _ in first }
            guard fields["event"] == "exception" || fields["exception.message"] != nil else {
                continue
            }
            let parts = [fields["exception.type"], fields["exception.message"]].compactMap { $0 }
            exceptions.append(parts.joined(separator: ": "))
        }
        return TraceTree.Node(
            id: span.spanID,
            parentID: parent?.spanID,
            service: trace.processes[span.processID]?.serviceName ?? "?",
            operation: span.operationName,
            start: nanoseconds(span.startTime),
            duration: nanoseconds(span.duration),
            isError: span.tags.contains { $0.key == "error" && $0.text == "true" },
            exceptions: exceptions
        )
    }
}
