import TagCache

/// What the cache of answers has done since the server started, and holds.
struct CacheFigures: Sendable {
    private let statistics: TagCacheStatistics?

    /// The figures of a cache; zeros without one.
    init(_ statistics: TagCacheStatistics?) { self.statistics = statistics }

    private var evictions: [(cause: String, count: Int)] {
        let evictions = statistics?.evictions
        return [
            ("capacity", evictions?.capacity ?? 0), ("expired", evictions?.expired ?? 0),
            ("invalidated", evictions?.invalidated ?? 0), ("removed", evictions?.removed ?? 0),
            ("replaced", evictions?.replaced ?? 0),
        ]
    }

    /// The answer of `GET /api/cache`.
    func json() -> [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("hits", statistics?.hits ?? 0)
            writer.member("misses", statistics?.misses ?? 0)
            writer.member("coalesced", statistics?.coalesced ?? 0)
            writer.member("staleServed", statistics?.staleServed ?? 0)
            writer.member("loads", statistics?.loads ?? 0)
            writer.member("loadFailures", statistics?.loadFailures ?? 0)
            writer.member("discarded", statistics?.loadsDiscarded ?? 0)
            writer.key("evictions")
            writer.object { writer in
                for eviction in evictions { writer.member(eviction.cause, eviction.count) }
            }
            writer.member("entries", statistics?.entries ?? 0)
            writer.member("bytes", statistics?.weight ?? 0)
            writer.member("invalidations", statistics?.invalidations ?? 0)
            writer.member("tags", statistics?.tags ?? 0)
        }
        return writer.bytes
    }

    /// The same for Prometheus.
    func samples() -> [MetricSample] {
        let counters = [
            ("holdfast_cache_hits_total", "Queries answered from the cache.", statistics?.hits),
            ("holdfast_cache_misses_total", "Queries that were not.", statistics?.misses),
            (
                "holdfast_cache_coalesced_total", "Queries that waited for the scan of another.",
                statistics?.coalesced
            ),
            (
                "holdfast_cache_discarded_total",
                "Answers not kept, for what they depend on had changed meanwhile.",
                statistics?.loadsDiscarded
            ),
        ]
        let gauges = [
            ("holdfast_cache_entries", "Answers in the cache.", statistics?.entries),
            ("holdfast_cache_bytes", "Bytes that they take.", statistics?.weight),
        ]
        return counters.map { sample($0, .counter) } + gauges.map { sample($0, .gauge) }
            + evictions.map { eviction in
                MetricSample(
                    "holdfast_cache_evictions_total",
                    help: "Answers that left the cache.",
                    kind: .counter,
                    labels: [.init("cause", eviction.cause)],
                    value: Double(eviction.count)
                )
            }
    }

    private func sample(
        _ figure: (name: String, help: String, value: Int?),
        _ kind: MetricSample.Kind
    ) -> MetricSample {
        MetricSample(figure.name, help: figure.help, kind: kind, value: Double(figure.value ?? 0))
    }
}
