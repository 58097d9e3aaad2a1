// Single flight: the asynchronous shell around `FlightTable`.
//
// A load runs in a task that belongs to the cache. It inherits the first caller's task-local values
// and priority, not its cancellation.
public import Synchronization

extension TagCache {
    /// The value under `key`, or what `load` returns, computed once however many ask for it.
    ///
    /// A value past its time to live that may still be served is returned at once, and renewed in
    /// the background by one load.
    ///
    /// The load runs in a task of the cache: cancelling a caller ends that caller's wait alone.
    /// Tags that are added inside with `CacheDependencies.add`, and those of cached values that are
    /// read inside, become tags of the value. A load that began before one of its tags was
    /// invalidated, or its key set or removed, answers the callers that were waiting then, and is
    /// not stored.
    /// - Parameters:
    ///   - key: What is asked for.
    ///   - names: What the value depends on, as far as it is known before the load; of callers that share a load,
    ///     those of the first are taken, so give the same for the same key.
    ///   - ttl: How long the value is fresh; nil takes the cache's own setting.
    ///   - load: Computes the value. Its error reaches every caller as it was thrown.
    /// - Returns: The value, perhaps one that is being renewed.
    /// - Throws: What `load` threw; `CancellationError` when the caller was cancelled; and
    ///   `TagCacheError`: `invalidTag` and `tooManyTags` (before anything else is done),
    ///   `waitTimedOut`, `recursiveLoad`, `contended`.
    @inlinable
    public func value(
        for key: Key,
        tags names: [String] = [],
        ttl: Duration? = nil,
        load: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        if !names.isEmpty { try TagName.validate(all: names) }
        let hash = self.hash(key)
        // The short way: a fresh value that nobody's load depends on.
        if runningLoads.pointee.load(ordering: .relaxed) == 0 || !LoadScope.isInside {
            let now = clock.now()
            let found = shard(hash).pointee.state.withLock { $0.fresh(key, hash, now) }
            if let found { return found }
        }
        return try await loadedValue(
            LoadRequest(key: key, hash: hash, tags: names, ttl: ttl, load: load)
        )
    }

    @usableFromInline
    func loadedValue(_ request: LoadRequest<Key, Value>) async throws -> Value {
        let deadline = clock.now().addingClamped(configuration.waitMax.clampedNanoseconds)
        for _ in 0..<TagCacheLimits.loadAttemptsMax {
            if let answer = try answered(request) { return answer }
            switch try await wait(for: request, until: deadline) {
            case .value(let value, let tags):
                note(tags)
                return value
            case .failure(let error, let tags):
                note(tags)
                throw error
            case .again: continue
            }
        }
        throw TagCacheError.contended
    }

    /// What the tiers have for a request; starts a renewal if it is past its time to live.
    private func answered(_ request: LoadRequest<Key, Value>) throws -> Value? {
        let now = clock.now()
        let wantsTags = LoadScope.isInside
        let found = shard(request.hash).pointee
            .lookup(request.key, request.hash, now, wantsTags: wantsTags)
        switch found {
        case .fresh(let value, let tags):
            if wantsTags { note(tags) }
            return value
        case .stale(let value, let tags):
            if wantsTags { note(tags) }
            renew(request, now)
            return value
        case .failure(let failure, let tags):
            if wantsTags { note(tags) }
            throw failure.error
        case .miss(_, let writes):
            guard hasPersistentTier else { return nil }
            // A tier that cannot be read has been counted; the load answers instead.
            guard let found = try? fetch(request.key, request.hash, writes) else { return nil }
            if found.isStale { renew(request, now) }
            return found.value
        }
    }

    /// Starts a load for which nobody waits, unless one for the key runs.
    private func renew(_ request: LoadRequest<Key, Value>, _ now: UInt64) {
        let id = FlightNumber.next()
        let started = shard(request.hash).pointee.state.withLock { state in
            guard state.flights.currentFlight(for: request.key) == nil else { return false }
            begin(id, request, tags.epoch, now, &state)
            return true
        }
        if started { start(id, request) }
    }

    private func begin(
        _ id: UInt64,
        _ request: LoadRequest<Key, Value>,
        _ stamp: UInt64,
        _ now: UInt64,
        _ state: inout ShardState<Key, Value>
    ) {
        let ids = request.tags.map(tags.retainValidated)
        state.flights.begin(
            id,
            Flight(key: request.key, stamp: stamp, startedAt: now, tags: ids)
        )
    }

    // MARK: Waiting

    private func wait(
        for request: LoadRequest<Key, Value>,
        until deadline: UInt64
    ) async throws -> WaitOutcome<Value> {
        let waiterID = FlightNumber.next()
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                join(request, waiterID, deadline, continuation)
            }
        } onCancel: {
            leave(waiterID, request.hash, with: CancellationError())
        }
    }

    private func join(
        _ request: LoadRequest<Key, Value>,
        _ waiterID: UInt64,
        _ deadline: UInt64,
        _ continuation: CheckedContinuation<WaitOutcome<Value>, Never>
    ) {
        let now = clock.now()
        let parent = LoadScope.current?.flight
        let fresh = FlightNumber.next()
        let step: JoinStep<Value> = shard(request.hash).pointee.state.withLock { state in
            if Task.isCancelled { return .cancelled }
            if let slot = state.find(request.key, request.hash), state.core.isCurrent(slot),
                case .value = state.entries[slot].stored,
                now < state.core.slots[slot].freshUntil, now < state.core.slots[slot].deadline
            {
                // Stored between the lookup and now: look again.
                return .answered(.again)
            }
            var id = fresh
            let epoch = tags.epoch
            var startsLoad = true
            if let flight = state.flights.currentFlight(for: request.key),
                tags.areCurrent(flight.tags, since: flight.stamp)
            {
                (id, startsLoad) = (flight.id, false)
            }
            if let parent, !WaitGraph.add(parent, waitsFor: id) { return .refused }
            if startsLoad {
                begin(id, request, epoch, now, &state)
            } else {
                state.core.counters.coalesced &+= 1
            }
            let waiter = Waiter(
                joinedAt: epoch,
                deadline: deadline,
                parent: parent,
                continuation: continuation
            )
            let startsTimer = state.flights.join(id, waiterID, waiter)
            return .waiting(flight: id, startsLoad: startsLoad, startsTimer: startsTimer)
        }
        switch step {
        case .answered(let outcome): continuation.resume(returning: outcome)
        case .refused:
            continuation.resume(returning: .failure(TagCacheError.recursiveLoad, tags: []))
        case .cancelled: continuation.resume(returning: .failure(CancellationError(), tags: []))
        case .waiting(let id, let startsLoad, let startsTimer):
            if startsLoad { start(id, request) }
            if startsTimer { startTimer(id, request.hash, deadline) }
        }
    }

    private func leave(_ waiterID: UInt64, _ hash: UInt64, with error: any Error) {
        let left = shard(hash).pointee.state.withLock { state in
            let left = state.flights.leave(waiterID, configuration.abandonedLoad)
            if let left, left.1 { state.core.counters.loadsCancelled &+= 1 }
            if left != nil, error is TagCacheError { state.core.counters.waitsTimedOut &+= 1 }
            return left
        }
        left?.0.continuation.resume(returning: .failure(error, tags: []))
    }

    private func startTimer(_ id: UInt64, _ hash: UInt64, _ first: UInt64) {
        let timer = Task {
            var next: UInt64? = first
            while let deadline = next {
                do { try await clock.sleep(until: deadline) } catch { return }
                let now = clock.now()
                let result = shard(hash).pointee.state.withLock { $0.flights.expire(id, at: now) }
                for waiterID in result.overdue {
                    leave(waiterID, hash, with: TagCacheError.waitTimedOut)
                }
                next = result.next
            }
        }
        shard(hash).pointee.state.withLock { $0.flights.attach(id, timer: timer, due: first) }
    }
}
