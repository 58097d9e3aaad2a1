import GRPCCore
import NIOCore
import NIOHPACK
import NIOHTTP2
import OTLP

/// The first handler of every HTTP/2 stream of the gRPC door: asks for a token, enforces the size of
/// messages, and inflates them.
///
/// Who has no token is refused for the headers alone: nothing of such a stream is taken from
/// `Admission`, inflated or passed on.
///
/// The transport behind it resets a stream whose message is too large or cannot be inflated; a
/// client sees CANCELLED then, and OTLP has it retry for ever. The gate answers such streams
/// itself: RESOURCE_EXHAUSTED without RetryInfo, or INVALID_ARGUMENT with a BadRequest. What it
/// lets through is never compressed.
///
/// What a refused client still had on its way is let come to its end, within bounds. NIO remembers 31 reset streams of a
/// connection; what arrives for another one ends the connection, with every other call on it.
///
/// A message is framed as one byte (1 = compressed), four bytes of length, and the payload; frames
/// of HTTP/2 may cut that anywhere.
final class GRPCMessageGate: ChannelDuplexHandler {
    typealias InboundIn = HTTP2Frame.FramePayload
    typealias InboundOut = HTTP2Frame.FramePayload
    typealias OutboundIn = HTTP2Frame.FramePayload
    typealias OutboundOut = HTTP2Frame.FramePayload

    private enum Part {
        /// Reading the five bytes before a message.
        case prefix
        /// Letting a plain message through.
        case plain(remaining: Int)
        /// Feeding a compressed message to the inflater.
        case compressed(remaining: Int)
    }

    private let maxMessageBytes: Int
    private let admission: Admission
    private let tokens: TokenBook?
    private let onRefusal: @Sendable (_ path: String, _ refusal: APIError) -> Void
    /// Bytes taken from `Admission` until the stream ends.
    private var reservedBytes = 0
    private var part = Part.prefix
    private var prefix = ByteBuffer()
    private var inflater: GzipInflater?
    private var path = ""
    private var isGzip = false
    /// The headers that begin the stream have come; others may end it.
    private var hasBegun = false
    /// The response is complete: what still arrives is of no interest.
    private var isAnswered = false
    /// The gate itself has answered: nothing passes any more.
    private var isRefused = false
    private var ignoredBytes = 0

    private static let prefixCount = 5
    /// More than this of a refused stream has it reset.
    private static let ignoredBytesMax = 1 << 20

    init(
        maxMessageBytes: Int,
        admission: Admission,
        tokens: TokenBook? = nil,
        onRefusal: @escaping @Sendable (_ path: String, _ refusal: APIError) -> Void
    ) {
        self.maxMessageBytes = maxMessageBytes
        self.admission = admission
        self.tokens = tokens
        self.onRefusal = onRefusal
    }

    // MARK: - Events

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isRefused else { return ignore(unwrapInboundIn(data), context) }
        switch unwrapInboundIn(data) {
        case .headers(let headers):
            if let path = headers.headers.first(name: ":path") { self.path = path }
            if headers.headers.first(name: "grpc-encoding") == "gzip" { isGzip = true }
            guard hasBegun || isAuthenticated(headers.headers) else {
                return refuse(.unauthenticated, context)
            }
            hasBegun = true
            context.fireChannelRead(data)
        case .data(let frame):
            guard case .byteBuffer(let bytes) = frame.data else {
                return context.fireChannelRead(data)
            }
            do throws(APIError) {
                if !isAnswered, isPlain(bytes) {
                    try reserve(bytes.readableBytes)
                    return context.fireChannelRead(data)
                }
                try receive(bytes, endStream: frame.endStream, context)
            } catch {
                refuse(error, context)
            }
        default: context.fireChannelRead(data)
        }
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        // The answer is out; what the call behind the gate says when it is given up comes too late.
        guard !isRefused else {
            promise?.fail(ChannelError.outputClosed)
            return
        }
        if case .headers(let headers) = unwrapOutboundIn(data), headers.endStream {
            isAnswered = true
        }
        context.write(data, promise: promise)
    }

    func handlerRemoved(context: ChannelHandlerContext) { release() }

    private func release() {
        admission.release(reservedBytes)
        reservedBytes = 0
    }

    private func isAuthenticated(_ headers: HPACKHeaders) -> Bool {
        guard let tokens else { return true }
        return tokens.principal(authorization: headers.first(name: "authorization")) != nil
    }

    // MARK: - Messages

    private func reserve(_ count: Int) throws(APIError) {
        try admission.reserve(count)
        reservedBytes += count
    }

    /// Whether a frame can be let through as it is: whole, within one plain message.
    private func isPlain(_ bytes: ByteBuffer) -> Bool {
        switch part {
        case .plain(let remaining):
            guard bytes.readableBytes <= remaining else { return false }
            part = rest(.plain(remaining: remaining - bytes.readableBytes))
            return true
        case .prefix:
            guard prefix.readableBytes == 0,
                let flag = bytes.getInteger(at: bytes.readerIndex, as: UInt8.self), flag == 0,
                let length = bytes.getInteger(at: bytes.readerIndex + 1, as: UInt32.self),
                Int(length) <= maxMessageBytes,
                bytes.readableBytes - Self.prefixCount <= Int(length)
            else { return false }
            let present = bytes.readableBytes - Self.prefixCount
            part = rest(.plain(remaining: Int(length) - present))
            return true
        case .compressed: return false
        }
    }

    /// The next part once nothing of this one remains.
    private func rest(_ part: Part) -> Part {
        if case .plain(remaining: 0) = part { return .prefix }
        return part
    }

    private func receive(
        _ bytes: ByteBuffer,
        endStream: Bool,
        _ context: ChannelHandlerContext
    ) throws(APIError) {
        var bytes = bytes
        var passed = ByteBuffer()
        while !isAnswered, bytes.readableBytes > 0 { try step(&bytes, &passed) }
        guard passed.readableBytes > 0 || endStream else { return }
        let frame = HTTP2Frame.FramePayload.Data(data: .byteBuffer(passed), endStream: endStream)
        context.fireChannelRead(wrapInboundOut(.data(frame)))
    }

    /// Takes the next bytes of one part from `bytes`, and adds what may pass to `passed`.
    private func step(_ bytes: inout ByteBuffer, _ passed: inout ByteBuffer) throws(APIError) {
        switch part {
        case .prefix:
            let count = min(Self.prefixCount - prefix.readableBytes, bytes.readableBytes)
            if var slice = bytes.readSlice(length: count) { prefix.writeBuffer(&slice) }
            try beginMessage(&passed)
        case .plain(let remaining):
            let count = min(remaining, bytes.readableBytes)
            try reserve(count)
            if var slice = bytes.readSlice(length: count) { passed.writeBuffer(&slice) }
            part = rest(.plain(remaining: remaining - count))
        case .compressed(let remaining):
            let count = min(remaining, bytes.readableBytes)
            let slice = bytes.readSlice(length: count) ?? ByteBuffer()
            let before = inflater?.output.count ?? 0
            do throws(GzipError) {
                try inflate(slice)
            } catch {
                throw APIError(error, limit: maxMessageBytes)
            }
            try reserve((inflater?.output.count ?? 0) - before)
            part = .compressed(remaining: remaining - count)
            if remaining == count { try endMessage(&passed) }
        }
    }

    private func beginMessage(_ passed: inout ByteBuffer) throws(APIError) {
        guard let flag = prefix.getInteger(at: prefix.readerIndex, as: UInt8.self),
            let length = prefix.getInteger(at: prefix.readerIndex + 1, as: UInt32.self)
        else { return }
        guard Int(length) <= maxMessageBytes else { throw .tooLarge(limit: maxMessageBytes) }
        if flag == 0 {
            passed.writeBuffer(&prefix)
            part = rest(.plain(remaining: Int(length)))
        } else {
            guard isGzip else {
                throw .badRequest(
                    "a message is compressed, and grpc-encoding does not say how",
                    remedy: "Send grpc-encoding: gzip, or plain messages."
                )
            }
            do throws(GzipError) {
                inflater = try GzipInflater(limit: maxMessageBytes)
            } catch {
                throw APIError(error, limit: maxMessageBytes)
            }
            part = .compressed(remaining: Int(length))
            if length == 0 { try endMessage(&passed) }
        }
        prefix.clear()
    }

    private func inflate(_ bytes: ByteBuffer) throws(GzipError) {
        var failure: GzipError?
        bytes.withUnsafeReadableBytes { raw in
            do throws(GzipError) {
                try inflater?.push(raw)
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
    }

    private func endMessage(_ passed: inout ByteBuffer) throws(APIError) {
        let message: [UInt8]
        do throws(GzipError) {
            guard let inflater = inflater.take() else { throw .truncated }
            message = try inflater.finish()
        } catch {
            throw APIError(error, limit: maxMessageBytes)
        }
        passed.writeInteger(UInt8(0))
        passed.writeInteger(UInt32(clamping: message.count))
        passed.writeBytes(message)
        part = .prefix
    }

    // MARK: - Refusals

    /// Answers with trailers only; the stream ends when the client ends it, too.
    private func refuse(_ refusal: APIError, _ context: ChannelHandlerContext) {
        isAnswered = true
        isRefused = true
        inflater = nil
        release()
        onRefusal(path, refusal)
        let status = refusal.rpcStatus
        let headers = HPACKHeaders([
            (":status", "200"),
            ("content-type", "application/grpc"),
            ("grpc-status", "\(status.code)"),
            ("grpc-message", GRPCHeaderText.percentEncoded(status.message)),
            ("grpc-status-details-bin", GRPCHeaderText.base64(status.protobuf())),
        ])
        let answer = HTTP2Frame.FramePayload.Headers(headers: headers, endStream: true)
        context.writeAndFlush(wrapOutboundOut(.headers(answer)), promise: nil)
    }

    /// Drops what comes after a refusal, and resets the stream when that is too much.
    private func ignore(_ payload: HTTP2Frame.FramePayload, _ context: ChannelHandlerContext) {
        guard case .data(let frame) = payload else { return }
        ignoredBytes += frame.data.readableBytes
        guard ignoredBytes > Self.ignoredBytesMax, !frame.endStream else { return }
        context.writeAndFlush(wrapOutboundOut(.rstStream(.noError)), promise: nil)
        context.close(promise: nil)
    }
}
