// The listening side of the bus: one thread, one connection, all subscriptions.
//
// A subscriber's code runs without the lock of the state: it may let go of a cache, and with that of this bus, which
// closes then. Changes of hearing are told in order all the same, under a lock of their own.
import Failpoints
import Synchronization
import TagCache

/// Keeps a subscription and hands out what comes in.
final class RedisSubscriber: Sendable {
    private struct Receiver: Sendable {
        let receive: @Sendable ([UInt8]) -> Void
        let hearing: @Sendable (BusHearing) -> Void
    }

    private struct State: Sendable {
        var last: UInt64 = 0
        var receivers: [UInt64: Receiver] = [:]
        var isHearing = false
        var isClosed = false
        var statistics = RedisBusStatistics()
        var lastFailure: RedisBusError?
    }

    private let configuration: RedisBusConfiguration
    private let failpoints: FailpointRegistry
    private let wake = WakeSignal()
    private let state = Mutex(State())
    /// Held while subscribers are told of a change of hearing, so that none overtakes another; taken before `state`.
    private let order = Mutex(())

    init(_ configuration: RedisBusConfiguration, _ failpoints: FailpointRegistry) {
        self.configuration = configuration
        self.failpoints = failpoints
    }

    var statistics: RedisBusStatistics { state.withLock { $0.statistics } }
    var lastFailure: RedisBusError? { state.withLock { $0.lastFailure } }

    func close() {
        // What they hold goes after the lock.
        let receivers = state.withLock { state in
            defer { state.receivers = [:] }
            state.isClosed = true
            return state.receivers
        }
        withExtendedLifetime(receivers) {}
        wake.signal()
    }

    func subscribe(
        _ receive: @escaping @Sendable ([UInt8]) -> Void,
        _ hearing: @escaping @Sendable (BusHearing) -> Void
    ) -> BusSubscription {
        order.withLock { _ in
            let (number, isHearing) = state.withLock { state in
                state.last += 1
                state.receivers[state.last] = Receiver(receive: receive, hearing: hearing)
                return (state.last, state.isHearing)
            }
            if !isHearing { hearing(.interrupted) }
            return BusSubscription(number: number)
        }
    }

    func unsubscribe(_ subscription: BusSubscription) {
        // What it holds goes after the lock.
        let receiver = state.withLock { $0.receivers.removeValue(forKey: subscription.number) }
        withExtendedLifetime(receiver) {}
    }

    // MARK: The thread

    /// Connects and listens, again and again, until the bus is closed.
    func run() {
        var backoff = Backoff(configuration)
        while !state.withLock({ $0.isClosed }) {
            do throws(RedisBusError) {
                try listen(&backoff)
            } catch {
                if error == .closed { return }
                state.withLock { state in
                    state.statistics.connectionFailures += 1
                    state.lastFailure = error
                }
                setHearing(false)
                if wake.wait(until: Deadline(after: backoff.failed())) { return }
            }
        }
    }

    /// Subscribes and hands out messages until the connection fails.
    private func listen(_ backoff: inout Backoff) throws(RedisBusError) {
        var connection = try RedisConnection.open(configuration, failpoints, wake: wake)
        try failpoints.reach(.subscribe)
        let words = [Array("SUBSCRIBE".utf8), Array(configuration.channel.utf8)]
        try connection.send(words, Deadline(after: configuration.replyTimeout))
        var isSubscribed = false
        while true {
            let reply = try nextReply(&connection, isQuietAllowed: isSubscribed)
            switch RedisPush(reply, channel: configuration.channel) {
            case .message(let bytes):
                try failpoints.reach(.deliver)
                deliver(bytes)
            case .subscribed:
                isSubscribed = true
                backoff.succeeded()
                setHearing(true)
            case .pong: break
            case .refused(let text): throw .refused(text)
            case .unknown: state.withLock { $0.statistics.unknown += 1 }
            }
        }
    }

    /// The next reply; when it is quiet for too long, the server has to answer a question.
    private func nextReply(
        _ connection: inout RedisConnection,
        isQuietAllowed: Bool
    ) throws(RedisBusError) -> RedisReply {
        if isQuietAllowed {
            do throws(RedisBusError) {
                return try connection.receive(Deadline(after: configuration.pingInterval))
            } catch {
                if error != .timedOut { throw error }
            }
            let deadline = Deadline(after: configuration.replyTimeout)
            try connection.send([Array("PING".utf8)], deadline)
        }
        return try connection.receive(Deadline(after: configuration.replyTimeout))
    }

    private func deliver(_ bytes: [UInt8]) {
        let receivers = state.withLock { state in
            state.statistics.received += 1
            return Array(state.receivers.values)
        }
        for receiver in receivers { receiver.receive(bytes) }
    }

    private func setHearing(_ isHearing: Bool) {
        order.withLock { _ in
            let receivers = state.withLock { state -> [Receiver] in
                if state.isHearing == isHearing { return [] }
                state.isHearing = isHearing
                if isHearing {
                    state.statistics.subscriptions += 1
                    state.lastFailure = nil
                }
                return Array(state.receivers.values)
            }
            for receiver in receivers { receiver.hearing(isHearing ? .resumed : .interrupted) }
        }
    }
}

/// What a reply on a subscribed connection is.
enum RedisPush: Equatable {
    case message([UInt8])
    case subscribed
    case pong
    case refused(String)
    case unknown

    init(_ reply: RedisReply, channel: String) {
        if case .error(let text) = reply {
            self = .refused(text)
            return
        }
        guard case .array(let parts) = reply, case .bytes(let kind)? = parts.first else {
            self = .unknown
            return
        }
        let name = RedisReply.bytes(Array(channel.utf8))
        switch (String(decoding: kind, as: UTF8.self), parts.count) {
        case ("message", 3):
            guard parts[1] == name, case .bytes(let bytes) = parts[2] else {
                self = .unknown
                return
            }
            self = .message(bytes)
        case ("subscribe", 3): self = parts[1] == name ? .subscribed : .unknown
        case ("pong", 2): self = .pong
        default: self = .unknown
        }
    }
}
