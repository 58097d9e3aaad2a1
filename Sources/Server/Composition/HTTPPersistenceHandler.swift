import NIOCore
import NIOHTTP1

/// Puts into words whether a connection stays open, where the version of HTTP says it.
///
/// The handlers behind know no versions; they close a connection after a request with "Connection: close". So that
/// is what a request of HTTP/1.0 gets, unless it asks for the connection to be kept, which the answer then confirms.
/// Every answer has a Content-Length: none is sent in chunks, which HTTP/1.0 does not know.
final class HTTPPersistenceHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    /// What the answers will say, in the order of the requests; nil says nothing.
    private var announced: CircularBuffer<String?> = []

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .head(var head) = unwrapInboundIn(data) else {
            return context.fireChannelRead(data)
        }
        let isOld = head.version != .http1_1
        guard isOld || !head.isKeepAlive else {
            announced.append(nil)
            return context.fireChannelRead(data)
        }
        // RFC 9110 section 10.1.1: HTTP/1.0 knows no interim answers.
        if isOld { head.headers.remove(name: "expect") }
        if head.isKeepAlive {
            announced.append("keep-alive")
        } else {
            announced.append("close")
            head.headers.replaceOrAdd(name: "connection", value: "close")
        }
        context.fireChannelRead(wrapInboundOut(.head(head)))
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard case .head(var head) = unwrapOutboundIn(data), head.status.code >= 200,
            !announced.isEmpty, let connection = announced.removeFirst()
        else { return context.write(data, promise: promise) }
        head.headers.replaceOrAdd(name: "connection", value: connection)
        context.write(wrapOutboundOut(.head(head)), promise: promise)
    }
}

@available(*, unavailable)
extension HTTPPersistenceHandler: Sendable {}
