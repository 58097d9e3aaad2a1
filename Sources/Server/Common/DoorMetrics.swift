import OTLP
import Synchronization

/// How a request came in.
enum Transport: String, CaseIterable {
    case http, grpc
}

/// How an export request ended.
enum DoorOutcome: String, CaseIterable {
    case stored, partial
    case malformed, unsupported, unauthenticated
    case unknownSpace = "unknown_space"
    case tooLarge = "too_large"
    case overloaded, unavailable
    case diskFull = "disk_full"
    case aborted, failed
}

/// What the doors count about themselves.
final class DoorMetrics: Sendable {
    /// One export request that has been answered.
    struct Exchange {
        var signal: Signal
        var transport: Transport
        var outcome: DoorOutcome
        /// Bytes of the body as it was sent.
        var wireBytes: Int
        /// Bytes of the body once inflated.
        var bodyBytes: Int
        /// nil for a stream that was refused before it became a call.
        var duration: Duration?
    }

    /// What is counted for one signal over one transport.
    private struct Counts {
        var outcomes = [Int](repeating: 0, count: DoorOutcome.allCases.count)
        var wireBytes = 0
        var bodyBytes = 0
        var durations = DurationHistogram(bounds: DoorMetrics.exportBounds)
    }

    private static let exportBounds: [DurationHistogram.Bound] = [
        (100_000, "0.0001"), (250_000, "0.00025"), (500_000, "0.0005"), (1_000_000, "0.001"),
        (2_500_000, "0.0025"), (5_000_000, "0.005"), (10_000_000, "0.01"), (25_000_000, "0.025"),
        (50_000_000, "0.05"), (100_000_000, "0.1"), (250_000_000, "0.25"), (500_000_000, "0.5"),
        (1_000_000_000, "1"), (2_500_000_000, "2.5"), (10_000_000_000, "10"),
    ]

    /// Fewer, since there is a histogram for each route.
    private static let queryBounds: [DurationHistogram.Bound] = [
        (1_000_000, "0.001"), (5_000_000, "0.005"), (25_000_000, "0.025"), (100_000_000, "0.1"),
        (500_000_000, "0.5"), (2_500_000_000, "2.5"), (10_000_000_000, "10"),
    ]

    private static let keys: [(signal: Signal, transport: Transport)] =
        Signal.allCases.flatMap { signal in Transport.allCases.map { (signal, $0) } }

    private let counts = Mutex([Counts](repeating: Counts(), count: keys.count))
    private let queries = Mutex<[String: DurationHistogram]>([:])

    /// Counts a request.
    func record(_ exchange: Exchange) {
        let key = Self.index(exchange.signal, exchange.transport)
        counts.withLock { counts in
            counts[key].outcomes[Self.index(exchange.outcome)] += 1
            counts[key].wireBytes &+= exchange.wireBytes
            counts[key].bodyBytes &+= exchange.bodyBytes
            if let duration = exchange.duration { counts[key].durations.record(duration) }
        }
    }

    /// Shows a route of the APIs from now on, also while nobody has asked for it.
    func expect(route: String) {
        guard Self.isQuery(route) else { return }
        queries.withLock { $0[route] = DurationHistogram(bounds: Self.queryBounds) }
    }

    /// Counts a request that a route has answered, if it is one of the APIs.
    func record(route: String, _ duration: Duration) {
        guard Self.isQuery(route) else { return }
        queries.withLock { queries in
            queries[route, default: DurationHistogram(bounds: Self.queryBounds)].record(duration)
        }
    }

    private static func isQuery(_ route: String) -> Bool { route.hasPrefix("/api/") }

    /// Requests of one kind that ended one way.
    func requests(_ signal: Signal, _ transport: Transport, _ outcome: DoorOutcome) -> Int {
        counts.withLock { $0[Self.index(signal, transport)].outcomes[Self.index(outcome)] }
    }

    private static func index(_ signal: Signal, _ transport: Transport) -> Int {
        let row =
            switch signal {
            case .traces: 0
            case .logs: 1
            case .metrics: 2
            }
        return row * Transport.allCases.count + (transport == .http ? 0 : 1)
    }

    private static func index(_ outcome: DoorOutcome) -> Int {
        DoorOutcome.allCases.firstIndex(of: outcome) ?? 0
    }
}

// MARK: - Samples

extension DoorMetrics {
    /// Everything counted so far.
    func samples() -> [MetricSample] {
        let counts = counts.withLock { $0 }
        var samples: [MetricSample] = []
        for (key, count) in zip(Self.keys, counts) {
            let labels: [MetricSample.Label] = [
                .init("signal", key.signal.rawValue), .init("transport", key.transport.rawValue),
            ]
            // All of them, from the start: what is not there cannot be told from what is zero.
            for (outcome, value) in zip(DoorOutcome.allCases, count.outcomes) {
                samples.append(
                    MetricSample(
                        "holdfast_export_requests_total",
                        help: "Export requests answered, by how they ended.",
                        kind: .counter,
                        labels: labels + [.init("outcome", outcome.rawValue)],
                        value: Double(value)
                    )
                )
            }
            samples += bytes(count, labels)
            samples += count.durations.samples(
                "holdfast_export_duration_seconds",
                help: "Time from the head of an export request to its answer.",
                labels: labels
            )
        }
        for (route, durations) in queries.withLock({ $0 }).sorted(by: { $0.key < $1.key }) {
            samples += durations.samples(
                "holdfast_query_duration_seconds",
                help: "Time from the head of a request of the APIs to its answer.",
                labels: [.init("route", route)]
            )
        }
        return samples
    }

    private func bytes(_ count: Counts, _ labels: [MetricSample.Label]) -> [MetricSample] {
        [
            MetricSample(
                "holdfast_export_wire_bytes_total",
                help: "Bytes of export requests as they were sent.",
                kind: .counter,
                labels: labels,
                value: Double(count.wireBytes)
            ),
            MetricSample(
                "holdfast_export_body_bytes_total",
                help: "Bytes of export requests once inflated.",
                kind: .counter,
                labels: labels,
                value: Double(count.bodyBytes)
            ),
        ]
    }
}
