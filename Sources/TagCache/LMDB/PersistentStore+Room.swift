// Making room in the file and forgetting what nothing needs; runs on the writer's dispatch queue.
import Synchronization

extension PersistentStore {
    // MARK: Making room

    /// Evicts until the entries take at most `limit` bytes.
    ///
    /// Of each eight neighbours the one goes that has expired or, if none has, was written
    /// first.
    func evict(
        _ transaction: LMDBTransaction,
        _ tally: inout Tally,
        _ hand: inout [UInt8],
        downTo limit: Int
    ) throws(LMDBFailure) {
        let now = wallNow()
        while tally.bytes > limit, tally.entries > 0 {
            var sampled: [(key: [UInt8], rank: UInt64)] = []
            try transaction.scan(.entries, from: hand) { key, bytes in
                let times = Record.times(bytes) ?? (0, 0)
                sampled.append((key, times.1 <= now ? 0 : times.0))
                return sampled.count < 8
            }
            guard let victim = sampled.min(by: { $0.rank < $1.rank }) else {
                if hand.isEmpty { return }
                hand = []
                continue
            }
            try remove(victim.key, transaction, &tally)
            tally.evictions += 1
            hand = sampled.count < 8 ? [] : sampled[7].key
        }
    }

    /// Gives back an eighth of what is stored, in steps small enough for a full map; if not even
    /// that can be written, begins anew.
    func makeRoom() throws(LMDBFailure) {
        try failpoints.reach(.roomBegin)
        let bytes = state.withLock { $0.statistics.bytes }
        let target = bytes - max(bytes / 8, 64 * 1024)
        while true {
            let (environment, current, entries) = state.withLock { state in
                (state.environment, state.statistics.bytes, state.statistics.entries)
            }
            guard let environment, current > max(target, 0), entries > 0 else { return }
            var tally = Tally(entries: entries, bytes: current)
            var hand = writer.withLock { $0.hand }
            do {
                try environment.write { transaction throws(LMDBFailure) in
                    let step = max(current - 32 * 1024, max(target, 0))
                    try evict(transaction, &tally, &hand, downTo: step)
                    try putTally(transaction, tally)
                }
            } catch  where error == .mapFull {
                try rebuild()
                return
            }
            settle(tally, hand)
        }
    }

    // MARK: Forgetting

    /// Drops entries that are stale or have expired, then history older than every entry left.
    func prune(
        _ transaction: LMDBTransaction,
        _ tally: inout Tally,
        _ wallNow: UInt64
    )
        throws(LMDBFailure)
    {
        var dead: [[UInt8]] = []
        var oldestStamp = UInt64.max
        try transaction.scan(.entries) { key, bytes in
            guard let record = Record(bytes, key: key), record.deadline > wallNow,
                isCurrent(record)
            else {
                dead.append(key)
                return true
            }
            oldestStamp = min(oldestStamp, record.stamp)
            return true
        }
        for key in dead { try remove(key, transaction, &tally) }
        // Entries still in the queue may be older than those in the file, but not than the epoch at
        // which the oldest of them was loaded.
        let queued = state.withLock { state in
            state.queue.compactMap { queued -> UInt64? in
                if case .put(_, _, let stamp) = queued.write { return stamp }
                return nil
            }
            .min()
        }
        try forgetHistory(transaction, &tally, upTo: min(oldestStamp, queued ?? .max))
    }

    /// Whether a record's tags allow it to be served.
    private func isCurrent(_ record: Record) -> Bool {
        guard let held = index.hold(record) else { return false }
        defer { index.release(held) }
        return index.areCurrent(held, since: record.stamp)
    }

    /// Forgets the older half of the history; if that cannot be written, it is counted and all of it stays.
    func forgetOldestHalf() {
        let versions = writer.withLock { $0.history.values.map(\.version).sorted() }
        guard let environment = state.withLock({ $0.environment }), !versions.isEmpty else {
            return
        }
        var tally = Tally(entries: 0, bytes: 0)
        do throws(LMDBFailure) {
            try environment.write { transaction throws(LMDBFailure) in
                try forgetHistory(transaction, &tally, upTo: versions[versions.count / 2])
            }
        } catch {
            countError()
            return
        }
        writer.withLock { forget(tally, &$0) }
    }

    /// Forgets tag versions up to `version` in the file: the floor takes their place first.
    ///
    /// In memory they stay until this is committed; and a tag that is invalidated in the same transaction is
    /// not forgotten, since the version that is on record for it is not the one in the file.
    private func forgetHistory(
        _ transaction: LMDBTransaction,
        _ tally: inout Tally,
        upTo version: UInt64
    )
        throws(LMDBFailure)
    {
        let renewed = tally.invalidated
        let old = writer.withLock { writer in
            writer.history.filter { $0.value.version <= version && renewed[$0.key] == nil }
        }
        guard let floor = old.values.map(\.version).max() else { return }
        let former = try transaction.get(.meta, Self.metaKey("floor")) { bytes in
            bytes.flatMap { [UInt8]($0).asNumber } ?? 0
        }
        try transaction.put(.meta, Self.metaKey("floor"), .init(number: max(floor, former)))
        for tag in old.keys { try transaction.delete(.tags, Array(tag.utf8)) }
        tally.forgotten.formUnion(old.keys)
        tally.floor = max(tally.floor, floor)
    }

    /// Forgets in memory what a committed transaction has forgotten in the file.
    func forget(_ tally: Tally, _ writer: inout WriterState) {
        index.raiseFloor(to: tally.floor)
        for tag in tally.forgotten {
            if let row = writer.history.removeValue(forKey: tag) { index.release(row.id) }
        }
    }
}
