import NIOCore
import NIOHPACK
import NIOHTTP2

/// One connection of an `IngestRun` to an OTLP/gRPC endpoint: every request is a call on a stream of its own.
final class GRPCIngestConnection: ChannelInboundHandler, IngestSender {
    typealias InboundIn = HTTP2Frame

    fileprivate let run: IngestRun
    fileprivate let headers: HPACKHeaders
    fileprivate let isGzip: Bool
    private let multiplexer: NIOHTTP2Handler.StreamMultiplexer
    private let course: IngestCourse
    /// The server takes no more calls on this connection.
    private var isDraining = false

    init(
        run: IngestRun,
        headers: HPACKHeaders,
        isGzip: Bool,
        multiplexer: NIOHTTP2Handler.StreamMultiplexer,
        resuming turn: IngestTurn?
    ) {
        self.run = run
        self.headers = headers
        self.isGzip = isGzip
        self.multiplexer = multiplexer
        course = IngestCourse(run: run, resuming: turn)
    }

    /// Adds HTTP/2 to a connection.
    static func configureHTTP2(
        _ pipeline: ChannelPipeline.SynchronousOperations
    ) throws -> NIOHTTP2Handler.StreamMultiplexer {
        var connection = NIOHTTP2Handler.ConnectionConfiguration()
        var stream = NIOHTTP2Handler.StreamConfiguration()
        // Meant for servers: ours may ping as often as it likes, and reset every call that it refuses.
        connection.controlFrameRateLimit.windowLength = .milliseconds(1)
        stream.streamResetFrameRateLimit.windowLength = .milliseconds(1)
        return try pipeline.configureHTTP2Pipeline(
            mode: .client,
            connectionConfiguration: connection,
            streamConfiguration: stream
        ) { pushed in
            pushed.close()
        }
    }

    func channelActive(context: ChannelHandlerContext) { course.begin(self, context) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        // Frames of streams do not come here.
        guard case .goAway = unwrapInboundIn(data).payload else { return }
        isDraining = true
        if !course.isWaiting { course.end("the server closes connections", context) }
    }

    func channelInactive(context: ChannelHandlerContext) { closed(context) }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        let reason =
            error is any NIOHTTP2Error
            ? "no HTTP/2 with the server: \(error); is it an endpoint of OTLP/gRPC?"
            : IngestRun.reason(error)
        course.end(reason, context)
    }

    func send(_ index: Int, _ context: ChannelHandlerContext) {
        let here = NIOLoopBound((connection: self, context: context), eventLoop: context.eventLoop)
        multiplexer.createStreamChannel { stream in
            stream.eventLoop.makeCompletedFuture {
                try stream.pipeline.syncOperations.addHandler(
                    ExportCall(index, on: here.value.connection, here.value.context)
                )
            }
        }.whenFailure { error in
            here.value.connection.course.end(IngestRun.reason(error), here.value.context)
        }
    }

    fileprivate func answered(_ answer: IngestAnswer, _ context: ChannelHandlerContext) {
        course.answered(answer, keepsAlive: !isDraining, self, context)
    }

    fileprivate func closed(_ context: ChannelHandlerContext) {
        course.end("the server closed a connection", context)
    }
}

/// One call, from its request to its answer.
private final class ExportCall: ChannelInboundHandler {
    typealias InboundIn = HTTP2Frame.FramePayload
    typealias OutboundOut = HTTP2Frame.FramePayload

    private let index: Int
    private let connection: GRPCIngestConnection
    private let connectionContext: ChannelHandlerContext
    private var answer = GRPCAnswer()
    private var reset: HTTP2ErrorCode?
    private var isSent = false
    private var isOver = false

    init(_ index: Int, on connection: GRPCIngestConnection, _ context: ChannelHandlerContext) {
        self.index = index
        self.connection = connection
        connectionContext = context
    }

    func channelActive(context: ChannelHandlerContext) {
        let message = connection.run.message(index, isGzip: connection.isGzip)
        let sent = context.eventLoop.makePromise(of: Void.self)
        sent.futureResult.assumeIsolated().whenSuccess { [self] _ in isSent = true }
        let head = HTTP2Frame.FramePayload.Headers(headers: connection.headers)
        let body = HTTP2Frame.FramePayload.Data(data: .byteBuffer(message), endStream: true)
        context.write(wrapOutboundOut(.headers(head)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.data(body)), promise: sent)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .headers(let frame):
            answer.take(frame.headers)
            if frame.endStream { end(context) }
        case .data(let frame):
            if case .byteBuffer(let bytes) = frame.data { answer.take(bytes) }
            if frame.endStream { end(context) }
        default: break
        }
    }

    /// The answer is complete.
    private func end(_ context: ChannelHandlerContext) {
        guard !isOver else { return }
        isOver = true
        connection.answered(answer.verdict, connectionContext)
        guard !isSent else { return }
        // The server has not waited for the whole request; by then it may have closed the stream itself.
        let stream = context.channel
        stream.eventLoop.execute { stream.close(mode: .all, promise: nil) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if let closed = error as? NIOHTTP2Errors.StreamClosed { reset = closed.errorCode }
    }

    func channelInactive(context: ChannelHandlerContext) {
        guard !isOver else { return }
        isOver = true
        if let reset {
            connection.answered(GRPCAnswer.verdict(ofReset: reset), connectionContext)
        } else {
            connection.closed(connectionContext)
        }
    }
}
