// The sending side of the bus: one thread, one connection, a queue of bounded length.
//
// What has gathered is sent at once and answered one by one. A message whose answer did not come is
// sent once more over a new connection, since the server may have been started anew while nothing
// was sent; that a message may arrive twice is no harm. While the server cannot be reached, messages
// are refused at once until the pause is over: a caller is not to wait for a server that is down.
import Dispatch
import Failpoints
import Synchronization

/// Sends messages in order.
final class RedisPublisher: Sendable {
    private struct Waiting: Sendable {
        let message: [UInt8]
        let continuation: CheckedContinuation<RedisBusError?, Never>
    }

    private struct State: Sendable {
        var queue: [Waiting] = []
        var isClosed = false
        var statistics = RedisBusStatistics()
        var lastFailure: RedisBusError?
    }

    private let configuration: RedisBusConfiguration
    private let failpoints: FailpointRegistry
    private let state = Mutex(State())
    private let arrivals = DispatchSemaphore(value: 0)

    init(_ configuration: RedisBusConfiguration, _ failpoints: FailpointRegistry) {
        self.configuration = configuration
        self.failpoints = failpoints
    }

    var statistics: RedisBusStatistics { state.withLock { $0.statistics } }
    var lastFailure: RedisBusError? { state.withLock { $0.lastFailure } }

    func publish(_ message: [UInt8]) async throws(RedisBusError) {
        let failure: RedisBusError? = await withCheckedContinuation { continuation in
            let refusal: RedisBusError? = state.withLock { state in
                if state.isClosed { return .closed }
                if state.queue.count >= RedisBus.waitingMax { return .overloaded }
                state.queue.append(Waiting(message: message, continuation: continuation))
                return nil
            }
            if let refusal { continuation.resume(returning: refusal) } else { arrivals.signal() }
        }
        if let failure { throw failure }
    }

    func close() {
        state.withLock { $0.isClosed = true }
        arrivals.signal()
    }

    // MARK: The thread

    /// Sends until the bus is closed and what was taken is answered.
    func run() {
        var link = PublishingLink(configuration, failpoints)
        while true {
            arrivals.wait()
            let (batch, isClosed) = state.withLock { state in
                defer { state.queue = [] }
                return (state.queue, state.isClosed)
            }
            if !batch.isEmpty {
                let failures = link.publish(batch.map(\.message))
                settle(failures, link.connectionFailures)
                for (waiting, failure) in zip(batch, failures) {
                    waiting.continuation.resume(returning: failure)
                }
            }
            if isClosed { return }
        }
    }

    private func settle(_ failures: [RedisBusError?], _ connectionFailures: Int) {
        state.withLock { state in
            let failed = failures.count { $0 != nil }
            state.statistics.published += failures.count - failed
            state.statistics.publishFailures += failed
            state.statistics.connectionFailures = connectionFailures
            state.lastFailure = failures.last ?? nil
        }
    }
}

/// The publisher's connection, made when it is needed.
private struct PublishingLink: ~Copyable {
    private let configuration: RedisBusConfiguration
    private let failpoints: FailpointRegistry
    private var connection: RedisConnection?
    private var backoff: Backoff
    /// Until when a server that could not be reached is left alone, and why.
    private var pause: (end: Deadline, reason: RedisBusError)?
    private(set) var connectionFailures = 0

    init(_ configuration: RedisBusConfiguration, _ failpoints: FailpointRegistry) {
        self.configuration = configuration
        self.failpoints = failpoints
        backoff = Backoff(configuration)
    }

    /// Sends all messages; for each what became of it.
    mutating func publish(_ messages: [[UInt8]]) -> [RedisBusError?] {
        var outcomes: [RedisBusError?] = []
        let hadConnection = connection != nil
        var failure = attempt(messages, &outcomes)
        // A connection that was idle may have broken unnoticed.
        if failure != nil, hadConnection { failure = attempt(messages, &outcomes) }
        while outcomes.count < messages.count { outcomes.append(failure) }
        return outcomes
    }

    /// Sends what has no outcome yet; why it ended before all had one.
    private mutating func attempt(
        _ messages: [[UInt8]],
        _ outcomes: inout [RedisBusError?]
    ) -> RedisBusError? {
        do throws(RedisBusError) {
            try connect()
            guard var open = connection.take() else { return .disconnected }
            let deadline = Deadline(after: configuration.replyTimeout)
            let start = [Array("PUBLISH".utf8), Array(configuration.channel.utf8)]
            for message in messages[outcomes.count...] {
                try open.send(start + [message], deadline)
            }
            while outcomes.count < messages.count {
                if case .error(let text) = try open.receive(deadline) {
                    outcomes.append(.refused(text))
                } else {
                    outcomes.append(nil)
                }
            }
            connection = consume open
            return nil
        } catch {
            connectionFailures += 1
            return error
        }
    }

    private mutating func connect() throws(RedisBusError) {
        if connection != nil { return }
        if let pause, !pause.end.hasPassed { throw pause.reason }
        do throws(RedisBusError) {
            connection = try RedisConnection.open(configuration, failpoints, wake: nil)
            pause = nil
            backoff.succeeded()
        } catch {
            pause = (Deadline(after: backoff.failed()), error)
            throw error
        }
    }
}
