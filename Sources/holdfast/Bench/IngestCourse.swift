import NIOCore

/// What a server makes of a request.
enum IngestAnswer: Equatable {
    /// It is stored; an answer with a body says more than that.
    case acknowledged(hasBody: Bool)
    /// It is to be sent again, after so many seconds if the server says how many.
    case refused(retryAfter: Double?)
    /// It is not to be sent again.
    case rejected(status: String, message: String)
}

/// A request that a connection has taken.
struct IngestTurn {
    let index: Int
    /// When it is to be sent; its latency counts from then.
    var due: ContinuousClock.Instant
}

/// A connection that can put a request on the wire.
protocol IngestSender: AnyObject {
    /// Sends the request with this index; its answer goes to `IngestCourse.answered`.
    func send(_ index: Int, _ context: ChannelHandlerContext)
}

/// The course of one connection of an `IngestRun`, whatever it speaks: a request is sent, its answer awaited, the
/// next one taken.
final class IngestCourse {
    private let run: IngestRun
    /// The request that is on the wire or waits to be sent.
    private var current: IngestTurn?
    private var attempts = 0
    private var hasEnded = false

    /// Whether a request is on the wire.
    private(set) var isWaiting = false

    private static let retrySecondsMax = 3_600.0

    init(run: IngestRun, resuming turn: IngestTurn?) {
        self.run = run
        current = turn
    }

    /// The connection is open.
    func begin(_ sender: any IngestSender, _ context: ChannelHandlerContext) {
        if current == nil { sendNext(sender, context) } else { sendWhenDue(sender, context) }
    }

    /// The answer to the request on the wire is complete.
    func answered(
        _ answer: IngestAnswer,
        keepsAlive: Bool,
        _ sender: any IngestSender,
        _ context: ChannelHandlerContext
    ) {
        guard isWaiting, let turn = current else { return }
        isWaiting = false
        switch answer {
        case .acknowledged(let hasBody):
            run.acknowledged(turn.index, after: .now - turn.due, hasBody: hasBody)
        case .refused(let retryAfter):
            run.refused()
            attempts += 1
            let backoff = min(5, 0.05 * Double(1 << min(attempts, 7)))
            // A server that says "at once" gets the pause it did not ask for.
            let seconds = retryAfter.map { $0 > 0 ? $0 : backoff } ?? backoff
            let due = ContinuousClock.now + .seconds(min(max(0, seconds), Self.retrySecondsMax))
            current = IngestTurn(index: turn.index, due: due)
            guard keepsAlive else { return end("the server closes connections", context) }
            return sendWhenDue(sender, context)
        case .rejected(let status, let message): run.rejected(status: status, message)
        }
        current = nil
        attempts = 0
        guard keepsAlive else { return end("the server closes connections", context) }
        sendNext(sender, context)
    }

    /// The connection is over, before everything was sent.
    func end(_ reason: String, _ context: ChannelHandlerContext) {
        guard !hasEnded else { return }
        hasEnded = true
        context.close(promise: nil)
        run.lost(current, wasSent: isWaiting, reason)
    }

    private func sendNext(_ sender: any IngestSender, _ context: ChannelHandlerContext) {
        guard let turn = run.take() else {
            hasEnded = true
            run.done()
            context.close(promise: nil)
            return
        }
        current = turn
        sendWhenDue(sender, context)
    }

    private func sendWhenDue(_ sender: any IngestSender, _ context: ChannelHandlerContext) {
        guard let current else { return }
        let wait = current.due - .now
        guard wait > .zero else { return send(sender, context) }
        let delay = TimeAmount.nanoseconds(Int64(wait / .nanoseconds(1)))
        context.eventLoop.assumeIsolated().scheduleTask(in: delay) { [self] in
            send(sender, context)
        }
    }

    private func send(_ sender: any IngestSender, _ context: ChannelHandlerContext) {
        guard let current, !hasEnded else { return }
        isWaiting = true
        sender.send(current.index, context)
    }
}
