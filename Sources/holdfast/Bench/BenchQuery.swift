import ArgumentParser
import Foundation

/// What `bench query` asks for.
enum QueryKind: String, ExpressibleByArgument, CaseIterable, Sendable {
    case trace
    case unknown
    case search
    case logs
}

/// Asks a server the queries of a data set and measures the answers.
struct BenchQuery: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "query",
        abstract: "Ask a server the queries of a data set, kind by kind.",
        discussion: """
            Through the Jaeger-compatible API and /api/logs. The file is what `bench generate` wrote. "wrong" counts \
            answers that failed or whose traces lack spans.

              holdfast bench query --queries /tmp/load/queries.json --kinds trace,search
            """
    )

    @OptionGroup var server: ServerOptions

    @Option(help: "The file of queries.")
    var queries: String

    @Option(help: "Which kinds, with commas: trace, unknown, search, logs.")
    var kinds = "trace,unknown,search,logs"

    @Option(help: "How many queries at a time.")
    var connections = 1

    @Option(help: "How often each query is asked.")
    var rounds = 1

    @Flag(help: "Have every answer worked out: none may come from the server's cache.")
    var anew = false

    @Option(help: "The server's process, to measure its CPU.")
    var pid: Int?

    @Flag(help: "Print the result as JSON.")
    var json = false

    func validate() throws {
        guard (1...1024).contains(connections) else {
            throw ValidationError("--connections is 1 to 1024.")
        }
        guard (1...1000).contains(rounds) else { throw ValidationError("--rounds is 1 to 1000.") }
        _ = try wanted()
    }

    func run() async throws {
        let client = try server.client()
        let file = try QueryFile(path: queries)
        let wanted = try wanted()
        var results: [QueryMeasurement] = []
        for (name, requests) in QueryRequest.groups(file, wanted) where !requests.isEmpty {
            let before = try pid.map { try ProcessUsage(pid: $0) }
            let repeated = Array(repeating: requests, count: rounds).flatMap { $0 }
            let samples = try await measure(repeated, client)
            let after = try pid.map { try ProcessUsage(pid: $0) }
            var cpu: Double?
            if let before, let after {
                cpu = after.since(before).cpuSeconds * 1000 / Double(samples.count)
            }
            results.append(QueryMeasurement(kind: name, samples: samples, cpuMilliseconds: cpu))
        }
        try show(results)
        if results.contains(where: { $0.wrong > 0 }) { throw ExitCode.failure }
    }

    private func wanted() throws -> Set<QueryKind> {
        var wanted: Set<QueryKind> = []
        for name in kinds.split(separator: ",") {
            guard let kind = QueryKind(rawValue: String(name)) else {
                throw ValidationError("--kinds knows trace, unknown, search and logs, not \(name).")
            }
            wanted.insert(kind)
        }
        return wanted
    }

    private func measure(
        _ requests: [QueryRequest],
        _ client: APIClient
    ) async throws -> [QuerySample] {
        // One that is not measured opens the connection.
        _ = try await client.body(.get, "/api/services")
        let (connections, anew) = (connections, anew)
        return try await withThrowingTaskGroup(of: [QuerySample].self) { group in
            for worker in 0..<connections {
                group.addTask {
                    var samples: [QuerySample] = []
                    for index in stride(from: worker, to: requests.count, by: connections) {
                        samples.append(try await requests[index].measure(client, anew: anew))
                    }
                    return samples
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
    }

    private func show(_ results: [QueryMeasurement]) throws {
        guard !json else { return try JSONOutput.show(results) }
        var table = Table(
            .left("QUERY"),
            .right("COUNT"),
            .right("MEDIAN ms"),
            .right("P90"),
            .right("P99"),
            .right("MAX"),
            .right("BYTES"),
            .right("CPU ms"),
            .right("WRONG")
        )
        for result in results {
            table.add(
                result.kind,
                "\(result.count)",
                TimeText.fixed(result.median, decimals: 2),
                TimeText.fixed(result.p90, decimals: 2),
                TimeText.fixed(result.p99, decimals: 2),
                TimeText.fixed(result.max, decimals: 2),
                "\(result.bytes)",
                result.cpuMilliseconds.map { TimeText.fixed($0, decimals: 2) } ?? "-",
                "\(result.wrong)"
            )
        }
        table.show()
    }
}
