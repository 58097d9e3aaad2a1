// The invalidation bus over Redis's publish and subscribe.
//
// One thread keeps a subscription and calls the caches with what comes in (`RedisSubscriber`);
// another one publishes what the caches send (`RedisPublisher`). Both block, so neither belongs to
// the cooperative pool. Redis keeps nothing: what is sent while a node is not subscribed is lost to
// it. So the bus tells the caches when it cannot hear, and when it can again; they forget what they
// may have missed. The subscription is asked for a sign of life once in `pingInterval`, and given
// up when none comes within `replyTimeout`: so much later at most than a cable was cut, they know.

public import Failpoints
import Foundation
public import TagCache

/// Carries invalidations between nodes over a Redis server.
///
/// The server needs no configuration and stores nothing. A stale answer is served at most
/// - if a message was lost: until the sender's next message in the same stream or its next heartbeat
///   (`BusConfiguration.heartbeatInterval`) arrives;
/// - if its heartbeats are lost too: for `silenceMax` and one `heartbeatInterval`;
/// - if this node cannot reach the server: for `pingInterval` and `replyTimeout` until it notices, and
///   then for `silenceMax` and one `heartbeatInterval`, or until it is connected again;
/// - if another node cannot reach the server: for `silenceMax` and one `heartbeatInterval`.
public final class RedisBus: InvalidationBus {
    /// Messages that may wait to be sent; more are refused.
    public static let waitingMax = 4096

    private let subscriber: RedisSubscriber
    private let publisher: RedisPublisher

    /// A bus that connects, and connects again, until it is closed or released.
    ///
    /// - Parameters:
    ///   - configuration: Where the server is.
    ///   - failpoints: Where tests make steps fail.
    public init(
        _ configuration: RedisBusConfiguration,
        failpoints: FailpointRegistry = FailpointRegistry()
    ) {
        let (subscriber, publisher) = (
            RedisSubscriber(configuration, failpoints), RedisPublisher(configuration, failpoints)
        )
        (self.subscriber, self.publisher) = (subscriber, publisher)
        Thread { subscriber.run() }.start()
        Thread { publisher.run() }.start()
    }

    deinit { close() }

    /// Ends both connections; subscribers hear nothing more, and messages are refused.
    public func close() {
        subscriber.close()
        publisher.close()
    }

    /// Returns when the server has taken the message.
    ///
    /// - Throws: `RedisBusError`; the message may have been sent all the same.
    public func publish(_ message: [UInt8]) async throws { try await publisher.publish(message) }

    /// Calls `receive` with every message of the channel, on the bus's own thread.
    public func subscribe(_ receive: @escaping @Sendable ([UInt8]) -> Void) -> BusSubscription {
        subscriber.subscribe(receive) { _ in }
    }

    /// As above; `hearing` is called when the server can no longer be heard, and when it can.
    ///
    /// It may unsubscribe and close the bus; to subscribe from within it traps.
    public func subscribe(
        _ receive: @escaping @Sendable ([UInt8]) -> Void,
        hearing: @escaping @Sendable (BusHearing) -> Void
    ) -> BusSubscription {
        subscriber.subscribe(receive, hearing)
    }

    /// Ends a subscription; a message that is being delivered may still arrive.
    public func unsubscribe(_ subscription: BusSubscription) {
        subscriber.unsubscribe(subscription)
    }

    /// What the bus has done so far.
    public var statistics: RedisBusStatistics {
        var sum = subscriber.statistics
        let sent = publisher.statistics
        sum.published = sent.published
        sum.publishFailures = sent.publishFailures
        sum.connectionFailures += sent.connectionFailures
        return sum
    }

    /// The last failure of each connection since it last worked; nil where there is none.
    public var lastFailures: (subscribing: RedisBusError?, publishing: RedisBusError?) {
        (subscriber.lastFailure, publisher.lastFailure)
    }
}

/// The pause before the next attempt to connect.
struct Backoff {
    private let first: Duration
    private let longest: Duration
    private var next: Duration

    init(_ configuration: RedisBusConfiguration) {
        first = configuration.reconnectDelay
        longest = max(configuration.reconnectDelayMax, first)
        next = first
    }

    /// The pause after one more failure, cut at random by up to a half so that the nodes of a
    /// cluster do not come back all at once.
    mutating func failed() -> Duration {
        defer { next = min(next * 2, longest) }
        return next / 2 + next / 2 * Double.random(in: 0...1)
    }

    mutating func succeeded() { next = first }
}
