import NIOCore

/// One keep-alive connection of an `IngestRun`: writes a request, waits for its answer, takes the next.
final class IngestConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = IOData

    private let run: IngestRun
    private var resumed: Int?
    /// The request that is on the wire or waits to be sent again, and when its time began.
    private var current: (index: Int, began: ContinuousClock.Instant)?
    private var isWaiting = false
    private var attempts = 0
    private var scanner = ResponseScanner()
    private var hasEnded = false

    init(run: IngestRun, resuming index: Int?) {
        self.run = run
        resumed = index
    }

    func channelActive(context: ChannelHandlerContext) {
        if let resumed {
            current = (resumed, .now)
            send(context)
        } else {
            sendNext(context)
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let response: ResponseScanner.Response?
        do {
            response = try scanner.append(unwrapInboundIn(data).readableBytesView)
        } catch {
            return end(context, "the server answers something that is not HTTP/1.1")
        }
        guard let response, isWaiting, let current else { return }
        isWaiting = false
        switch response.status {
        case 200..<300:
            run.acknowledged(current.index, after: .now - current.began, hasBody: response.hasBody)
        case 429, 502, 503, 504:
            run.refused()
            attempts += 1
            let seconds = response.retryAfter ?? min(5, 0.05 * Double(1 << min(attempts, 7)))
            guard response.keepsAlive else { return end(context, "the server closes connections") }
            return later(.milliseconds(Int64(max(0, seconds) * 1000)), context) {
                connection,
                context in
                connection.current = (current.index, .now)
                connection.send(context)
            }
        default:
            run.rejected(status: response.status)
        }
        self.current = nil
        attempts = 0
        guard response.keepsAlive else { return end(context, "the server closes connections") }
        sendNext(context)
    }

    func channelInactive(context: ChannelHandlerContext) {
        end(context, "the server closed a connection")
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        end(context, "\(error)")
    }

    private func sendNext(_ context: ChannelHandlerContext) {
        guard let (index, due) = run.take() else {
            hasEnded = true
            run.done()
            context.close(promise: nil)
            return
        }
        current = (index, due)
        let wait = due - .now
        guard wait > .zero else { return send(context) }
        later(.nanoseconds(Int64(wait / .nanoseconds(1))), context) { connection, context in
            connection.send(context)
        }
    }

    private func send(_ context: ChannelHandlerContext) {
        guard let current, !hasEnded else { return }
        isWaiting = true
        let body = run.body(current.index)
        var head = context.channel.allocator.buffer(capacity: 512)
        head.writeString(run.plan.head)
        head.writeString("Content-Length: \(body.readableBytes)\r\n\r\n")
        context.write(wrapOutboundOut(.byteBuffer(head)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(body), promise: nil)
    }

    private func later(
        _ delay: TimeAmount,
        _ context: ChannelHandlerContext,
        _ body: @escaping (IngestConnection, ChannelHandlerContext) -> Void
    ) {
        context.eventLoop.assumeIsolated().scheduleTask(in: delay) { [self] in
            if !hasEnded { body(self, context) }
        }
    }

    private func end(_ context: ChannelHandlerContext, _ reason: String) {
        guard !hasEnded else { return }
        hasEnded = true
        context.close(promise: nil)
        run.lost(current?.index, reason)
    }
}
