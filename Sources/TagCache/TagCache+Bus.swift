// A cache on a bus: its invalidations go out, those of others come in.
import Failpoints
import Synchronization

/// A cache's place on a bus.
struct BusLink: Sendable {
    let bus: any InvalidationBus
    let subscription: BusSubscription
    let configuration: BusConfiguration
}

/// Holds the protocol state, shared by the cache and by what the bus calls.
final class BusBox: Sendable {
    let state: Mutex<BusProtocolState>

    init(_ configuration: BusConfiguration) {
        state = Mutex(
            BusProtocolState(
                node: configuration.node,
                incarnation: configuration.incarnation,
                silenceMax: configuration.silenceMax.clampedNanoseconds,
                absenceMax: configuration.absenceMax.clampedNanoseconds
            )
        )
    }
}

extension TagCache {
    /// Joins a bus: from now on invalidations go to its other caches and theirs come here.
    ///
    /// What was stored before becomes stale, in memory and on disk, since what was missed until now is
    /// not known. A cache joins one bus in its life; `run()` has to be running so that losses are
    /// noticed: after a message was lost, a stale answer is served until the sender's next heartbeat
    /// arrives (`heartbeatInterval`), and if heartbeats are lost too, or the sender can no longer be heard, for
    /// `silenceMax` and one interval. The article on guarantees has the limits.
    public func connect(to bus: any InvalidationBus, _ configuration: BusConfiguration) {
        let box = BusBox(configuration)
        let failpoints = self.configuration.failpoints
        let subscription = bus.subscribe { [weak self, clock] bytes in
            var bytes = bytes
            if let injection = failpoints.evaluate(TagCacheFailpoint.busReceive) {
                guard case .corrupt = injection else { return }
                injection.flip(&bytes)
            }
            let (now, wall) = (clock.now(), clock.wallNow())
            let actions = box.state.withLock { $0.receive(bytes, now: now, wall: wall) }
            self?.perform(actions)
        } hearing: { [weak self, clock] hearing in
            let now = clock.now()
            self?.perform(box.state.withLock { $0.hear(hearing, now: now) })
        }
        let link = BusLink(bus: bus, subscription: subscription, configuration: configuration)
        let isFirst = busState.withLock { state in
            guard state == nil else { return false }
            state = (link, box)
            return true
        }
        precondition(isFirst, "a cache joins one bus")
        // Peers may have invalidated and said goodbye before: nobody will speak of it again.
        perform([.invalidateAll])
    }

    /// Sends what was done here; the message of each tag, or of a clear, is numbered first.
    func publish(
        _ make: (inout BusProtocolState, UInt64) -> [BusMessage]
    )
        async throws(TagCacheError)
    {
        guard let (link, box) = busState.withLock({ $0 }) else { return }
        let wall = clock.wallNow()
        let messages = box.state.withLock { make(&$0, wall) }
        for message in messages {
            do {
                try self.configuration.failpoints.hit(TagCacheFailpoint.busPublish)
                try await link.bus.publish(message.bytes)
            } catch {
                // Its number is used up, so the others will find it missing.
                throw .notPublished("\(error)")
            }
        }
    }

    /// Carries out what others did, here and on disk.
    private func perform(_ actions: [BusAction]) {
        for action in actions {
            switch action {
            case .invalidate(let tag):
                let id = tags.retainValidated(tag)
                let version = tags.invalidate(id)
                tags.release(id)
                enqueue(.invalidate(tag: tag, version: version))
            case .invalidatePartition(let partition):
                let version = tags.invalidate(partition: partition)
                enqueue(.invalidatePartition(partition, version: version))
            case .invalidateAll: enqueue(.clear(version: tags.invalidateAll()))
            }
        }
    }

    private func enqueue(_ write: PersistentWrite) { _ = persistent?.store.enqueue(write) }

    /// One round of housekeeping: frees what has expired, sends a heartbeat, and looks for peers
    /// that have fallen silent.
    public func tick() async throws(TagCacheError) {
        sweep()
        guard let (_, box) = busState.withLock({ $0 }) else { return }
        let now = clock.now()
        perform(box.state.withLock { $0.tick(now: now) })
        try await publish { state, wall in [state.heartbeat(wall: wall)] }
    }

    /// Keeps house until the task is cancelled, then says goodbye on the bus.
    public func run() async {
        let link = busState.withLock { $0?.0 }
        let interval = link?.configuration.heartbeatInterval ?? .seconds(1)
        while !Task.isCancelled {
            // A failure shows in the statistics of the bus and to the peers as a silence.
            try? await tick()
            let next = clock.now().addingClamped(interval.clampedNanoseconds)
            do { try await clock.sleep(until: next) } catch { break }
        }
        try? await publish { state, wall in [state.goodbye(wall: wall)] }
        if let link { link.bus.unsubscribe(link.subscription) }
    }
}
