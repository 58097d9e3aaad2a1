/// How many of many durations were at most as long as each of a few bounds, and their sum.
struct DurationHistogram: Sendable {
    /// An upper bound, in nanoseconds and as text in seconds.
    typealias Bound = (nanoseconds: Int64, text: String)

    private let bounds: [Bound]
    /// Durations up to each bound, and longer ones; not accumulated.
    private var buckets: [Int]
    private var nanoseconds: Int64 = 0

    /// A histogram without a duration; the bounds ascend.
    init(bounds: [Bound]) {
        self.bounds = bounds
        buckets = [Int](repeating: 0, count: bounds.count + 1)
    }

    mutating func record(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        let count = seconds &* 1_000_000_000 &+ attoseconds / 1_000_000_000
        buckets[bounds.firstIndex { count <= $0.nanoseconds } ?? bounds.count] += 1
        nanoseconds &+= count
    }

    /// The same as a histogram of Prometheus.
    func samples(
        _ name: String,
        help: String,
        labels: [MetricSample.Label]
    ) -> [MetricSample] {
        var parts: [(suffix: String, labels: [MetricSample.Label], value: Double)] = []
        var total = 0
        for (index, count) in buckets.enumerated() {
            total += count
            let bound = index < bounds.count ? bounds[index].text : "+Inf"
            let upTo = MetricSample.Label("le", bound)
            parts.append(("_bucket", labels + [upTo], Double(total)))
        }
        parts.append(("_sum", labels, Double(nanoseconds) / 1e9))
        parts.append(("_count", labels, Double(total)))
        return parts.map { part in
            MetricSample(
                name + part.suffix,
                help: help,
                kind: .histogram,
                labels: part.labels,
                value: part.value
            )
        }
    }
}
