import NIOCore

/// One keep-alive connection of an `IngestRun` to an OTLP/HTTP endpoint.
final class IngestConnection: ChannelInboundHandler, IngestSender {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = IOData

    private let run: IngestRun
    private let head: String
    private let course: IngestCourse
    private var scanner = ResponseScanner()

    /// `head` is everything of a request's head but Content-Length and the empty line.
    init(run: IngestRun, head: String, resuming turn: IngestTurn?) {
        self.run = run
        self.head = head
        course = IngestCourse(run: run, resuming: turn)
    }

    func channelActive(context: ChannelHandlerContext) { course.begin(self, context) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let response: ResponseScanner.Response?
        do {
            response = try scanner.append(unwrapInboundIn(data).readableBytesView)
        } catch {
            return course.end("the server answers something that is not HTTP/1.1", context)
        }
        guard let response else { return }
        course.answered(
            Self.answer(response),
            keepsAlive: response.keepsAlive,
            self,
            context
        )
    }

    func channelInactive(context: ChannelHandlerContext) {
        course.end("the server closed a connection", context)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        course.end(IngestRun.reason(error), context)
    }

    func send(_ index: Int, _ context: ChannelHandlerContext) {
        let body = run.body(index)
        var head = context.channel.allocator.buffer(capacity: 512)
        head.writeString(self.head)
        head.writeString("Content-Length: \(body.readableBytes)\r\n\r\n")
        context.write(wrapOutboundOut(.byteBuffer(head)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(body), promise: nil)
    }

    private static func answer(_ response: ResponseScanner.Response) -> IngestAnswer {
        switch response.status {
        case 200..<300: .acknowledged(hasBody: response.hasBody)
        case 429, 502, 503, 504: .refused(retryAfter: response.retryAfter)
        default: .rejected(status: "\(response.status)", message: "")
        }
    }
}
