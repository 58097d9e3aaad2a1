// The writing side of the persistent tier; everything here runs on its dispatch queue.
import Synchronization

/// What the writer keeps between transactions.
struct WriterState: Sendable {
    /// Tags whose invalidation is in the file; their nodes are held.
    var history: [String: (id: UInt32, version: UInt64)] = [:]
    /// Where eviction looks next.
    var hand: [UInt8] = []
}

/// What a transaction changes, as far as memory keeps count of it after the commit.
struct Tally {
    var entries: Int
    var bytes: Int
    var evictions = 0
    var epoch: UInt64 = 0
    /// The tags whose invalidation it writes down.
    var invalidated: [String: UInt64] = [:]
    /// The tags whose versions it removes, and the floor that takes their place.
    var forgotten: Set<String> = []
    var floor: UInt64 = 0
}

extension PersistentStore {
    /// Writes what has gathered until nothing is left.
    func drain() {
        while true {
            let batch: [Queued] = state.withLock { state in
                let batch = Array(state.queue.prefix(TagCacheLimits.writesPerTransactionMax))
                state.queue.removeFirst(batch.count)
                if batch.isEmpty { state.isDraining = false }
                return batch
            }
            if batch.isEmpty { return }
            let errors = commit(batch.map(\.write))
            state.withLock { state in
                for queued in batch {
                    guard let key = queued.write.key, state.pending[key]?.number == queued.number
                    else { continue }
                    state.pending[key] = nil
                }
                state.statistics.errors += errors.filter { $0 != nil }.count
            }
            for (queued, error) in zip(batch, errors) { queued.receipt.settle(error) }
        }
    }

    /// Commits all writes, together if possible, else one by one; an error for each that failed.
    private func commit(_ writes: [PersistentWrite]) -> [TagCacheError?] {
        if (try? transact(writes, attempts: 3)) != nil {
            return Array(repeating: nil, count: writes.count)
        }
        return writes.map { write -> TagCacheError? in
            do throws(LMDBFailure) {
                try transact([write], attempts: 3)
                return nil
            } catch {
                return settleFailure(of: write, error)
            }
        }
    }

    /// After a write has failed for good: nothing that it should have replaced may stay.
    ///
    /// - Returns: what its caller is told.
    private func settleFailure(of write: PersistentWrite, _ failure: LMDBFailure) -> TagCacheError {
        do throws(LMDBFailure) {
            switch write {
            case .put(let key, _, _):
                do { try transact([.delete(key: key)], attempts: 1) } catch { try rebuild() }
            case .delete, .invalidate, .invalidatePartition, .clear: try rebuild()
            case .prune, .barrier: break
            }
            return failure.error(path: directory.path)
        } catch {
            return error.error(path: directory.path)
        }
    }

    /// One transaction; a full map is emptied a little and the transaction tried again.
    private func transact(_ writes: [PersistentWrite], attempts: Int) throws(LMDBFailure) {
        if state.withLock({ $0.environment == nil }) { try rebuild() }
        for attempt in 1...attempts {
            do {
                try transactOnce(writes)
                return
            } catch  where error == .mapFull && attempt < attempts {
                try makeRoom()
            }
        }
    }

    private func transactOnce(_ writes: [PersistentWrite]) throws(LMDBFailure) {
        let (environment, entries, bytes) = state.withLock { state in
            (state.environment, state.statistics.entries, state.statistics.bytes)
        }
        guard let environment else { throw .foreign }
        var tally = Tally(entries: entries, bytes: bytes)
        var hand = writer.withLock { $0.hand }
        try environment.write { transaction throws(LMDBFailure) in
            for write in writes { try apply(write, transaction, &tally) }
            try evict(transaction, &tally, &hand, downTo: byteLimit)
            try putTally(transaction, tally)
        }
        settle(tally, hand)
    }

    /// Takes note of what a transaction that is committed has changed.
    func settle(_ tally: Tally, _ hand: [UInt8]) {
        state.withLock { state in
            state.statistics.entries = tally.entries
            state.statistics.bytes = tally.bytes
            state.statistics.evictions += tally.evictions
        }
        let tooMany = writer.withLock { writer in
            writer.hand = hand
            // In this order: what was forgotten may have been invalidated later in the transaction.
            forget(tally, &writer)
            for (tag, version) in tally.invalidated {
                if let known = writer.history[tag] {
                    writer.history[tag] = (known.id, max(known.version, version))
                } else if let id = try? index.retain(tag) {
                    writer.history[tag] = (id, version)
                }
            }
            return writer.history.count > TagCacheLimits.durableTagCountMax
        }
        if tooMany { forgetOldestHalf() }
    }

    private func apply(
        _ write: PersistentWrite,
        _ transaction: LMDBTransaction,
        _ tally: inout Tally
    ) throws(LMDBFailure) {
        switch write {
        case .put(let key, let record, let stamp):
            try remove(key, transaction, &tally)
            try transaction.put(.entries, key, record)
            tally.entries += 1
            tally.bytes += Record.fileByteCount(key: key, byteCount: record.count)
            tally.epoch = max(tally.epoch, stamp)
        case .delete(let key): try remove(key, transaction, &tally)
        case .invalidate(let tag, let version):
            try raise(.tags, Array(tag.utf8), to: version, transaction, &tally)
            tally.invalidated[tag] = max(version, tally.invalidated[tag] ?? 0)
        case .invalidatePartition(let partition, let version):
            let name = Self.metaKey("partition \(partition)")
            try raise(.meta, name, to: version, transaction, &tally)
        case .clear(let version):
            try transaction.removeAll(.entries)
            tally.entries = 0
            tally.bytes = 0
            try raise(.meta, Self.metaKey("root"), to: version, transaction, &tally)
        case .prune(let wallNow): try prune(transaction, &tally, wallNow)
        case .barrier: break
        }
    }

    /// Writes the version of an invalidation down, unless a newer one of the same tag is there: of two
    /// threads, the one that got its version first may be the last to hand it in.
    private func raise(
        _ table: LMDBTable,
        _ key: [UInt8],
        to version: UInt64,
        _ transaction: LMDBTransaction,
        _ tally: inout Tally
    ) throws(LMDBFailure) {
        let former = try transaction.get(table, key) { $0.flatMap { [UInt8]($0).asNumber } ?? 0 }
        try transaction.put(table, key, .init(number: max(former, version)))
        tally.epoch = max(tally.epoch, version)
    }

    func remove(
        _ key: [UInt8],
        _ transaction: LMDBTransaction,
        _ tally: inout Tally
    )
        throws(LMDBFailure)
    {
        let former = try transaction.get(.entries, key) { $0?.count }
        guard let former else { return }
        try transaction.delete(.entries, key)
        tally.entries -= 1
        tally.bytes -= Record.fileByteCount(key: key, byteCount: former)
    }

    func putTally(_ transaction: LMDBTransaction, _ tally: Tally) throws(LMDBFailure) {
        let former = try transaction.get(.meta, Self.metaKey("epoch")) { bytes in
            bytes.flatMap { [UInt8]($0).asNumber } ?? 0
        }
        for (name, number) in [
            ("epoch", max(former, tally.epoch)), ("entries", UInt64(clamping: tally.entries)),
            ("bytes", UInt64(clamping: tally.bytes)),
        ] {
            try transaction.put(.meta, Self.metaKey(name), .init(number: number))
        }
    }
}
