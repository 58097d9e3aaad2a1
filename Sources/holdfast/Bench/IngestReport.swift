import Foundation

/// What an ingest run has shown.
struct IngestReport: Encodable {
    /// Latencies of acknowledged requests in milliseconds.
    struct Latency: Encodable {
        let p50: Double
        let p90: Double
        let p99: Double
        let max: Double
    }

    let what: String
    let seconds: Double
    let requests: Int
    let acknowledged: Int
    let items: Int
    let bytes: Int
    let itemsPerSecond: Double
    let megabytesPerSecond: Double
    let latencyMilliseconds: Latency
    let answersWithBody: Int
    let refused: Int
    let retried: Int
    let reconnected: Int
    let rejected: [String: Int]
    /// What the server said when it first rejected a request, as gRPC servers do.
    let rejection: String?
    let server: ProcessUsage?
    let serverCPUSecondsPerMillionItems: Double?
    /// Of metrics, whose items are data points: samples as Prometheus counts them.
    let samples: Int?
    let serverCPUSecondsPerMillionSamples: Double?
    let generatorCPUSeconds: Double
    let failure: String?

    init(
        outcome: IngestRun.Outcome,
        counts: [Int],
        entries: [RequestFile.Entry],
        samples: Int?,
        used: ProcessUsage?,
        own: ProcessUsage,
        pathAndSignal: String
    ) {
        let latencies = Percentiles(outcome.latencies)
        what = pathAndSignal
        seconds = outcome.seconds
        requests = entries.count
        acknowledged = outcome.acknowledged.count
        items = outcome.acknowledged.reduce(0) { $0 + counts[$1] }
        bytes = outcome.acknowledged.reduce(0) { $0 + entries[$1].length }
        itemsPerSecond = seconds > 0 ? Double(items) / seconds : 0
        megabytesPerSecond = seconds > 0 ? Double(bytes) / 1e6 / seconds : 0
        latencyMilliseconds = Latency(
            p50: latencies.value(at: 0.5),
            p90: latencies.value(at: 0.9),
            p99: latencies.value(at: 0.99),
            max: latencies.maximum
        )
        answersWithBody = outcome.answersWithBody
        refused = outcome.refusals
        retried = outcome.retries
        reconnected = outcome.reconnects
        rejected = outcome.rejected
        rejection = outcome.rejection
        server = used
        let millions = Double(items) / 1e6
        serverCPUSecondsPerMillionItems = millions > 0 ? used.map { $0.cpuSeconds / millions } : nil
        self.samples = samples
        serverCPUSecondsPerMillionSamples = samples.flatMap { samples in
            used.map { $0.cpuSeconds / (Double(samples) / 1e6) }
        }
        generatorCPUSeconds = own.cpuSeconds
        failure = outcome.failure
    }

    /// Prints it.
    func show(json: Bool) throws {
        guard !json else { return try JSONOutput.show(self) }
        let fixed = TimeText.fixed
        print(what)
        print(
            "  acknowledged  \(acknowledged) of \(requests) requests, \(items) items in \(fixed(seconds, 2)) s"
        )
        print(
            "  throughput    \(fixed(itemsPerSecond, 0)) items/s, \(fixed(megabytesPerSecond, 1)) MB/s"
        )
        print(
            "  latency       p50 \(fixed(latencyMilliseconds.p50, 2))  p90 \(fixed(latencyMilliseconds.p90, 2))"
                + "  p99 \(fixed(latencyMilliseconds.p99, 2))  max \(fixed(latencyMilliseconds.max, 2)) ms"
        )
        print("  refused       \(refused), sent again \(retried), reconnected \(reconnected)")
        if answersWithBody > 0 {
            print(
                "  partial       \(answersWithBody) answers with a body: a partial success, in OTLP"
            )
        }
        if !rejected.isEmpty {
            let list = rejected.sorted { $0.key < $1.key }.map {
                "\($0.value) with status \($0.key)"
            }
            print("  rejected      " + list.joined(separator: ", "))
        }
        if let rejection { Terminal.complain("Error: " + Terminal.clean(rejection)) }
        if let server {
            var line = "  server        CPU \(fixed(server.userSeconds, 2)) s user"
            line += " + \(fixed(server.systemSeconds, 2)) s system"
            if let perMillion = serverCPUSecondsPerMillionItems {
                line += " = \(fixed(perMillion, 2)) s per million items"
            }
            if let samples, let perMillion = serverCPUSecondsPerMillionSamples {
                line += " = \(fixed(perMillion, 2)) s per million of the \(samples) samples"
            }
            print(line + ", peak RSS \(TimeText.bytes(server.peakResidentBytes))")
        }
        print("  generator     CPU \(fixed(generatorCPUSeconds, 2)) s")
        if let failure { Terminal.complain("Error: \(failure)") }
    }
}
