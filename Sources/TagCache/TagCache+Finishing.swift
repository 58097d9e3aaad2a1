// Running a load, and what becomes of its value. A load is judged under the table's lock: it is
// stored if its flight is still current and none of its tags was invalidated since it began.
import Synchronization

extension TagCache {
    func start(_ id: UInt64, _ request: LoadRequest<Key, Value>) {
        let task = Task {
            let scope = LoadScope(flight: id)
            let result: Result<Value, any Error>
            do {
                let value = try await LoadScope.$current.withValue(scope) {
                    try await request.load()
                }
                result = .success(value)
            } catch {
                result = .failure(error)
            }
            finish(id, request, result, scope.names)
        }
        shard(request.hash).pointee.state.withLock { $0.flights.attach(id, task: task) }
    }

    /// Stores what a load brought, if it may be, and answers who waits.
    private func finish(
        _ id: UInt64,
        _ request: LoadRequest<Key, Value>,
        _ result: Result<Value, any Error>,
        _ gathered: [String]
    ) {
        let now = clock.now()
        let known = Set(request.tags)
        let added = gathered.filter { !known.contains($0) }.map(tags.retainValidated)
        let prepared = result.map { value in
            Prepared(
                value: value,
                weight: weight(of: value, for: request.key),
                lifetime: lifetime(of: value, ttl: request.ttl, request.hash, now)
            )
        }
        let names = request.tags + gathered.filter { !known.contains($0) }
        let record = persist(prepared, request, names, id)
        var gone = Departed<Key, Value>()
        let (flight, isStale) = shard(request.hash).pointee.state.withLock { state in
            let flight = state.flights.finish(id)
            let ids = flight.tags + added
            let isStale = !tags.areCurrent(ids, since: flight.stamp)
            state.core.counters.loadNanoseconds &+= now &- min(now, flight.startedAt)
            let mayKeep =
                flight.isCurrent && !isStale && ids.count <= TagCacheLimits.tagsPerEntryMax
            let kept: Bool
            switch prepared {
            case .success(let prepared):
                kept = mayKeep && prepared.weight <= shardWeightLimit
                state.core.counters.loads &+= 1
                if !kept { state.core.counters.loadsDiscarded &+= 1 }
                if kept { state.store(prepared.entry(request, ids, flight.stamp), now, &gone) }
                if kept, let record { _ = persistent?.store.enqueue(record) }
            case .failure(let error):
                state.core.counters.loadFailures &+= 1
                kept =
                    mayKeep && remember(error, request, ids, flight.stamp, now, &state, &gone)
            }
            if !kept { for id in ids { tags.release(id) } }
            return (flight, isStale)
        }
        for waiter in flight.waiters.values {
            waiter.continuation.resume(
                returning: isStale && waiter.joinedAt != flight.stamp
                    ? .again : outcome(result, names)
            )
        }
    }

    /// The write that keeps a loaded value; nil if there is no tier for it or it cannot be kept
    /// there, which is counted and does not cost the callers their answer.
    private func persist(
        _ prepared: Result<Prepared<Value>, any Error>,
        _ request: LoadRequest<Key, Value>,
        _ names: [String],
        _ id: UInt64
    ) -> PersistentWrite? {
        guard let persistent, case .success(let prepared) = prepared else { return nil }
        let stamp = shard(request.hash).pointee.state.withLock { $0.flights.stamp(of: id) }
        do throws(TagCacheError) {
            return try persistent.put(
                prepared.value,
                request.key,
                names,
                stamp,
                prepared.lifetime,
                clock
            )
        } catch {
            persistent.store.countError()
            return persistent.storableKey(request.key).map { .delete(key: $0) }
        }
    }

    private func outcome(_ result: Result<Value, any Error>, _ tags: [String]) -> WaitOutcome<Value>
    {
        switch result {
        case .success(let value): .value(value, tags: tags)
        case .failure(let error): .failure(error, tags: tags)
        }
    }

    /// Keeps a failure for a while; whether it took over the tags.
    private func remember(
        _ error: any Error,
        _ request: LoadRequest<Key, Value>,
        _ ids: [UInt32],
        _ stamp: UInt64,
        _ now: UInt64,
        _ state: inout ShardState<Key, Value>,
        _ gone: inout Departed<Key, Value>
    ) -> Bool {
        guard let backoff = configuration.failureBackoff, !(error is CancellationError) else {
            return false
        }
        var failures = 1
        if let slot = state.find(request.key, request.hash) {
            switch state.entries[slot].stored {
            case .failure(let former): failures = min(former.failuresInARow, 62) + 1
            case .value:
                // A renewal failed: the value may be served on; the next try waits.
                let pause = now.addingClamped(backoff.initial.clampedNanoseconds)
                let end = state.core.slots[slot].deadline
                state.core.slots[slot].freshUntil = min(pause, end)
                return false
            }
        }
        let longest = backoff.maximum.clampedNanoseconds
        let first = backoff.initial.clampedNanoseconds
        let (product, overflow) = first.multipliedReportingOverflow(by: 1 << UInt64(failures - 1))
        let pause = overflow ? longest : min(product, longest)
        var lifetime = Lifetime()
        lifetime.freshUntil = now.addingClamped(pause)
        lifetime.deadline = lifetime.freshUntil.addingClamped(pause).addingClamped(longest)
        let entry = NewEntry(
            key: request.key,
            hash: request.hash,
            stored: Stored<Value>.failure(
                RememberedFailure(error, failuresInARow: failures)
            ),
            weight: configuration.weigher == nil ? 1 : entryOverheadBytes,
            stamp: stamp,
            tags: TagList(ids),
            lifetime: lifetime
        )
        state.store(entry, now, &gone)
        return true
    }
}
