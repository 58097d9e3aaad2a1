import Synchronization

extension TagCache {
    /// Frees entries whose time has come; reads never serve them, with or without this.
    public func sweep() {
        let now = clock.now()
        for number in 0..<shardCount {
            var more = true
            while more {
                var gone = Departed<Key, Value>()
                more = shards[number].state.withLock { state in
                    state.expire(now, budget: TagCacheLimits.expirationsPerOperationMax * 16, &gone)
                }
            }
        }
    }

    /// Frees expired and invalidated entries on every tier and forgets tags that nothing
    /// carries any more.
    ///
    /// What was invalidated before stays invalidated.
    /// - Throws: What the persistent tier reports.
    /// - Complexity: O(entries + tags).
    public func prune() async throws(TagCacheError) {
        sweep()
        for number in 0..<shardCount {
            var gone = Departed<Key, Value>()
            shards[number].state.withLock { $0.removeInvalidated(&gone) }
        }
        try await persistent?.store.enqueue(.prune(wallNow: clock.wallNow())).wait()
        tags.sweep()
    }

    /// Ends the persistent tier in order: what is queued is written, and the next start finds
    /// the file whole even if the machine goes down after this.
    ///
    /// Later writes throw `closed`.
    /// - Throws: What the persistent tier reports.
    public func close() async throws(TagCacheError) { try await persistent?.store.close() }

    /// What the cache has done and holds.
    public var stats: TagCacheStatistics {
        var counters = ShardCounters()
        var entries = 0
        var weight = 0
        for number in 0..<shardCount {
            shards[number].state.withLock { state in
                counters.add(state.core.counters)
                entries += state.core.count
                weight += state.core.weight
            }
        }
        var statistics = TagCacheStatistics(counters)
        statistics.entries = entries
        statistics.weight = weight
        statistics.tags = tags.count
        statistics.invalidations = tags.epoch
        if let persistent { statistics.persistent = persistent.store.statistics }
        if let (_, box) = busState.withLock({ $0 }) {
            statistics.bus = box.state.withLock { $0.statistics }
        }
        return statistics
    }
}
