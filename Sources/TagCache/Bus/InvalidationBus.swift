import Synchronization

/// Carries messages between the caches of a cluster.
///
/// It may lose, repeat, reorder and mangle them: the caches notice. What is late they cannot tell from
/// what has not happened yet: a delay adds to how long a stale answer is served. They believe what a
/// well-formed message says: who may publish is up to the bus.
public protocol InvalidationBus: Sendable {
    /// Sends a message to every subscriber, the sender's own included or not.
    /// - Throws: If it knows that the message was not sent.
    func publish(_ message: [UInt8]) async throws

    /// Calls `receive` with every message from now on until `unsubscribe`; `receive` does not
    /// block.
    func subscribe(_ receive: @escaping @Sendable ([UInt8]) -> Void) -> BusSubscription

    /// As `subscribe(_:)`, for a bus that knows when it loses messages: then `hearing` is called too,
    /// and it does not block either. It may unsubscribe and let go of the bus; it does not subscribe.
    func subscribe(
        _ receive: @escaping @Sendable ([UInt8]) -> Void,
        hearing: @escaping @Sendable (BusHearing) -> Void
    ) -> BusSubscription

    /// Ends a subscription.
    func unsubscribe(_ subscription: BusSubscription)
}

extension InvalidationBus {
    /// For a bus that never knows: `hearing` is not called.
    public func subscribe(
        _ receive: @escaping @Sendable ([UInt8]) -> Void,
        hearing: @escaping @Sendable (BusHearing) -> Void
    ) -> BusSubscription {
        subscribe(receive)
    }
}

/// Whether a subscription receives what is sent.
public enum BusHearing: Sendable, Hashable {
    /// From now on messages may be lost, or have been lost since the subscription began.
    case interrupted
    /// From now on messages arrive again; what was sent before may be lost.
    case resumed
}

/// Names a subscription of one bus.
public struct BusSubscription: Sendable, Hashable {
    /// The number, unique on its bus.
    public let number: UInt64

    /// A subscription by its number, which is unique on its bus.
    public init(number: UInt64) { self.number = number }
}

/// A bus between caches of one process; a message has been received when `publish` returns.
public final class InProcessBus: InvalidationBus {
    private struct State {
        var last: UInt64 = 0
        var receivers: [UInt64: @Sendable ([UInt8]) -> Void] = [:]
    }

    private let state = Mutex(State())

    /// A bus without subscribers.
    public init() {}

    /// Calls every subscriber with `message`.
    public func publish(_ message: [UInt8]) async {
        let receivers = state.withLock { Array($0.receivers.values) }
        for receive in receivers { receive(message) }
    }

    /// Adds a subscriber.
    public func subscribe(_ receive: @escaping @Sendable ([UInt8]) -> Void) -> BusSubscription {
        state.withLock { state in
            state.last += 1
            state.receivers[state.last] = receive
            return BusSubscription(number: state.last)
        }
    }

    /// Removes a subscriber.
    public func unsubscribe(_ subscription: BusSubscription) {
        // What it holds goes after the lock: its end may unsubscribe something else.
        let receive = state.withLock { $0.receivers.removeValue(forKey: subscription.number) }
        withExtendedLifetime(receive) {}
    }
}

/// How a cache takes part in a bus.
public struct BusConfiguration: Sendable {
    /// This node's number, unique in the cluster.
    public var node: UInt64
    /// Distinguishes one life of the node from the next: never the same twice.
    public var incarnation: UInt64
    /// How often the node says where its streams are.
    public var heartbeatInterval: Duration = .seconds(1)
    /// How long a peer may send no heartbeat before nothing loaded meanwhile is trusted.
    public var silenceMax: Duration = .seconds(5)
    /// How long nothing of a peer may arrive before it counts as dead; until then everything becomes
    /// stale once in `silenceMax`, since it may still invalidate and only be cut off.
    public var absenceMax: Duration = .seconds(3600)

    /// A node by its number and life.
    public init(node: UInt64, incarnation: UInt64) {
        self.node = node
        self.incarnation = incarnation
    }
}
