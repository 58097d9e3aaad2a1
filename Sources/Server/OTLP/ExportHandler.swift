import Foundation
import HTTPTypes
import NIOCore
import NIOHTTPTypes

/// Answers export requests on the connection itself; requests for other routes pass it by.
///
/// An export goes from the socket to the journal without a task of its own: it is decoded on the
/// event loop, and answered when the commit thread says that it is durable. A connection has one
/// request at a time: what a client sends ahead of an answer waits here, unread beyond the first
/// piece, and so do the end and the errors of the connection, so that every answer goes out, in
/// order.
final class ExportHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    /// A request of another route, over when both are.
    private struct Passing {
        var requestIsOver = false
        var responseIsOver = false
    }

    private enum Phase {
        /// Between two requests.
        case idle
        case passing(Passing)
        /// The body of an export arrives.
        case receiving
        /// An export was refused before its body ended: the rest is dropped, and then perhaps the
        /// connection closed.
        case dropping(thenCloses: Bool)
        /// An export is whole, and its answer awaited.
        case storing
        /// The connection broke, or is being closed.
        case over
    }

    private let door: ExportDoor
    private var phase = Phase.idle
    /// While receiving and storing.
    private var exchange: ExportExchange?
    /// What arrived ahead of an answer.
    private var waiting: CircularBuffer<HTTPRequestPart> = []
    private var waitingError: (any Error)?
    private var inputEndWaits = false
    private var readWaits = false

    init(door: ExportDoor) { self.door = door }

    // MARK: - Requests

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let part = unwrapInboundIn(data)
        if waiting.isEmpty, accepts(part) {
            take(part, context)
        } else {
            waiting.append(part)
        }
    }

    /// Whether a part belongs to the request at hand, or may begin one.
    private func accepts(_ part: HTTPRequestPart) -> Bool {
        switch phase {
        case .idle, .receiving, .dropping, .over: true
        case .passing(let passing): !passing.requestIsOver
        case .storing: false
        }
    }

    private func take(_ part: HTTPRequestPart, _ context: ChannelHandlerContext) {
        switch (phase, part) {
        case (.idle, .head(let request)):
            if let path = request.path, let signal = ExportDoor.signal(ofPath: path) {
                begin(ExportExchange(request, signal, at: door), request, context)
            } else {
                phase = .passing(Passing())
                context.fireChannelRead(wrapInboundOut(part))
            }
        case (.passing(var passing), .end):
            passing.requestIsOver = true
            phase = passing.responseIsOver ? .idle : .passing(passing)
            context.fireChannelRead(wrapInboundOut(part))
        case (.receiving, .body(let bytes)): receive(bytes, context)
        case (.receiving, .end): store(context)
        case (.dropping(let thenCloses), .end):
            phase = .idle
            if thenCloses { close(context) }
        case (.dropping, _), (.over, _): break
        default: context.fireChannelRead(wrapInboundOut(part))
        }
    }

    private func begin(
        _ exchange: consuming ExportExchange,
        _ request: HTTPRequest,
        _ context: ChannelHandlerContext
    ) {
        do throws(APIError) {
            try exchange.check(request)
            self.exchange = exchange
            phase = .receiving
            // RFC 9110 section 10.1.1: the sender waits with the body until it knows that it is wanted.
            if request.headerFields[.expect]?.lowercased() == "100-continue" {
                context.writeAndFlush(
                    wrapOutboundOut(.head(HTTPResponse(status: .continue))),
                    promise: nil
                )
            }
        } catch {
            self.exchange = exchange
            refuse(error, context)
        }
    }

    private func receive(_ bytes: ByteBuffer, _ context: ChannelHandlerContext) {
        do throws(APIError) {
            try exchange?.take(bytes)
        } catch {
            refuse(error, context)
        }
    }

    private func store(_ context: ChannelHandlerContext) {
        phase = .storing
        let loop = context.eventLoop
        let here = NIOLoopBound((handler: self, context: context), eventLoop: loop)
        exchange?.store { result in
            loop.execute { here.value.handler.stored(result, here.value.context) }
        }
    }

    private func stored(
        _ result: Result<ExportExchange.Receipt, APIError>,
        _ context: ChannelHandlerContext
    ) {
        guard let exchange else { return }
        self.exchange = nil
        let answer = exchange.conclude(result)
        // The connection broke meanwhile: nobody is there to be answered.
        if case .over = phase { return }
        phase = .idle
        send(answer, of: exchange, context)
        if exchange.closesConnection {
            close(context)
        } else {
            goOn(context)
        }
    }

    /// Answers before the request is complete, whose rest the sender may be sending already: closing
    /// the connection on it would destroy the answer.
    private func refuse(_ error: APIError, _ context: ChannelHandlerContext) {
        guard let exchange else { return }
        self.exchange = nil
        phase = .dropping(thenCloses: exchange.closesConnection)
        send(exchange.conclude(.failure(error)), of: exchange, context)
    }

    private func close(_ context: ChannelHandlerContext) {
        phase = .over
        context.close(promise: nil)
    }

    // MARK: - Answers

    private func send(
        _ answer: WholeAnswer,
        of exchange: borrowing ExportExchange,
        _ context: ChannelHandlerContext
    ) {
        var head = HTTPResponse(status: answer.status, headerFields: answer.headers)
        head.headerFields[.contentLength] = String(answer.body.count)
        head.headerFields[.date] = Self.date()
        if exchange.closesConnection { head.headerFields[.connection] = "close" }
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if !answer.body.isEmpty, !exchange.wantsHeadOnly {
            let body = context.channel.allocator.buffer(bytes: answer.body)
            context.write(wrapOutboundOut(.body(body)), promise: nil)
        }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }

    /// The time as RFC 9110 section 5.6.7 wants it.
    private static func date() -> String {
        var now = time(nil)
        var parts = tm()
        gmtime_r(&now, &parts)
        return String(unsafeUninitializedCapacity: 32) { bytes in
            bytes.withMemoryRebound(to: CChar.self) {
                strftime($0.baseAddress, $0.count, "%a, %d %b %Y %H:%M:%S GMT", &parts)
            }
        }
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let part = unwrapOutboundIn(data)
        context.write(data, promise: promise)
        guard case .end = part, case .passing(var passing) = phase else { return }
        passing.responseIsOver = true
        phase = passing.requestIsOver ? .idle : .passing(passing)
        goOn(context)
    }

    // MARK: - What waited

    /// Takes what waited for an answer, as far as the next one.
    private func goOn(_ context: ChannelHandlerContext) {
        guard let first = waiting.first, accepts(first) else { return goOnReading(context) }
        while let part = waiting.first, accepts(part) {
            waiting.removeFirst()
            take(part, context)
        }
        // Those behind take what they were given when a read is complete.
        context.fireChannelReadComplete()
        goOnReading(context)
    }

    /// Once nothing waits: reads on, and tells how the connection ended.
    private func goOnReading(_ context: ChannelHandlerContext) {
        guard waiting.isEmpty else { return }
        if readWaits {
            readWaits = false
            context.read()
        }
        if case .storing = phase { return }
        if let error = waitingError {
            waitingError = nil
            errorCaught(context: context, error: error)
        }
        if inputEndWaits {
            inputEndWaits = false
            context.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        }
    }

    private var isBusy: Bool {
        if case .storing = phase { true } else { !waiting.isEmpty }
    }

    func read(context: ChannelHandlerContext) {
        if waiting.isEmpty { context.read() } else { readWaits = true }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if isBusy {
            waitingError = waitingError ?? error
        } else {
            end()
            context.fireErrorCaught(error)
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if isBusy, case ChannelEvent.inputClosed? = event as? ChannelEvent {
            inputEndWaits = true
        } else {
            context.fireUserInboundEventTriggered(event)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        end()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { end() }

    /// The connection is over; what is being stored is counted when that is done.
    private func end() {
        if case .receiving = phase {
            exchange?.abort()
            exchange = nil
        }
        phase = .over
        waiting.removeAll()
    }
}

@available(*, unavailable)
extension ExportHandler: Sendable {}
