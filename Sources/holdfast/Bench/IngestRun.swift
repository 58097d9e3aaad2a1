import Foundation
import NIOCore
import NIOHPACK
import NIOPosix
import NIOSSL

/// Sends the requests of a file over keep-alive connections, each one as soon as the one before it
/// on its connection is answered.
///
/// All connections live on one event loop, and over HTTP without TLS the bodies go from the page cache to the
/// socket without passing through this process, so that the generator costs little next to the server.
///
/// `@unchecked Sendable`: everything that changes is only touched on `loop`.
final class IngestRun: @unchecked Sendable {
    /// What is sent, where and how.
    struct Plan: Sendable {
        /// What goes before a body.
        enum Framing: Sendable {
            /// The head of a request, without Content-Length and the empty line.
            case http(head: String)
            /// The headers of a call, and whether the bodies are gzipped.
            case grpc(headers: HPACKHeaders, isGzip: Bool)
        }

        var host: String
        var port: Int
        /// Whom to trust; nil speaks without TLS.
        var tls: NIOSSLContext?
        var framing: Framing
        /// Where requests go, for people.
        var target: String
        var requests: RequestFile
        var connections: Int
        var requestsPerSecond: Double?
        /// How long to look for a server that went away; 0 gives up at once.
        var reconnectSeconds: Double
        var ledger: FileHandle?
    }

    /// What came of it.
    struct Outcome: Sendable {
        var latencies: [Double] = []
        var acknowledged: [Int] = []
        /// Successful answers with a body: partial successes, where the server speaks OTLP.
        var answersWithBody = 0
        var refusals = 0
        var retries = 0
        var reconnects = 0
        var rejected: [String: Int] = [:]
        /// What the server said when it first rejected a request.
        var rejection: String?
        var seconds = 0.0
        var failure: String?
    }

    let plan: Plan
    let loop: any EventLoop
    private let file: NIOFileHandle
    private let finished: EventLoopPromise<Outcome>
    private var outcome = Outcome()
    private var next = 0
    private var open = 0
    private var began = ContinuousClock.now
    private var hasAnswer = false
    /// Whether no connection was lost since the last answer.
    private var isFirstLoss = true
    /// When a request was lost, until the next answer.
    private var silentSince: ContinuousClock.Instant?
    private var isOver = false

    /// What a clock of nanoseconds can count.
    private static let courseSecondsMax = 1e9

    init(plan: Plan, file: NIOFileHandle, loop: any EventLoop) {
        self.plan = plan
        self.file = file
        self.loop = loop
        finished = loop.makePromise()
    }

    /// Sends everything.
    func run() async throws -> Outcome {
        loop.execute { [self] in
            began = .now
            let count = min(plan.connections, plan.requests.entries.count)
            open = count
            for _ in 0..<count { connect(resuming: nil, until: nil) }
        }
        return try await finished.futureResult.get()
    }

    // MARK: - On the loop

    /// The next request that nobody has sent, and when it is due.
    func take() -> IngestTurn? {
        guard next < plan.requests.entries.count, !isOver else { return nil }
        defer { next += 1 }
        guard let rate = plan.requestsPerSecond else { return IngestTurn(index: next, due: .now) }
        let seconds = min(Double(next) / rate, Self.courseSecondsMax)
        return IngestTurn(index: next, due: began + .seconds(seconds))
    }

    /// The body of a request, in the form that the connection can send.
    func body(_ index: Int) -> IOData {
        let entry = plan.requests.entries[index]
        guard plan.tls == nil else {
            return .byteBuffer(ByteBuffer(bytes: plan.requests.body(entry)))
        }
        return .fileRegion(
            FileRegion(
                fileHandle: file,
                readerIndex: entry.offset,
                endIndex: entry.offset + entry.length
            )
        )
    }

    /// The message of a call over gRPC: five bytes that say how long it is, and the body.
    func message(_ index: Int, isGzip: Bool) -> ByteBuffer {
        let entry = plan.requests.entries[index]
        var message = ByteBufferAllocator().buffer(capacity: 5 + entry.length)
        message.writeInteger(UInt8(isGzip ? 1 : 0))
        message.writeInteger(UInt32(entry.length))
        message.writeBytes(plan.requests.body(entry))
        return message
    }

    func acknowledged(_ index: Int, after duration: Duration, hasBody: Bool) {
        answered()
        if hasBody { outcome.answersWithBody += 1 }
        outcome.latencies.append(duration / .milliseconds(1))
        outcome.acknowledged.append(index)
        do {
            try plan.ledger?.write(contentsOf: Data("\(index)\n".utf8))
        } catch {
            fail("the ledger cannot be written: \(error)")
        }
    }

    func refused() {
        answered()
        outcome.refusals += 1
        outcome.retries += 1
    }

    func rejected(status: String, _ message: String) {
        answered()
        outcome.rejected[status, default: 0] += 1
        if outcome.rejection == nil, !message.isEmpty { outcome.rejection = message }
    }

    private func answered() {
        hasAnswer = true
        isFirstLoss = true
        silentSince = nil
    }

    /// A connection has nothing left to send.
    func done() {
        open -= 1
        if open == 0 { finish() }
    }

    /// A connection ended with a request that it had taken, if any, whose answer is missing if it was sent.
    func lost(_ turn: IngestTurn?, wasSent: Bool, _ reason: String) {
        guard !isOver else { return }
        guard turn != nil || next < plan.requests.entries.count else { return done() }
        // A server that has never answered is not what we look for, and will not be.
        guard plan.reconnectSeconds > 0, hasAnswer else { return fail(reason) }
        var turn = turn
        var since = ContinuousClock.now
        // One that closes idle connections is not silent.
        if wasSent {
            turn?.due = since
            since = silentSince ?? since
            silentSince = since
            outcome.retries += 1
        }
        let deadline = since + .seconds(plan.reconnectSeconds)
        guard .now < deadline else { return fail(reason) }
        outcome.reconnects += 1
        let delay = isFirstLoss ? TimeAmount.zero : .milliseconds(50)
        isFirstLoss = false
        connect(resuming: turn, until: deadline, after: delay)
    }

    private func connect(
        resuming turn: IngestTurn?,
        until deadline: ContinuousClock.Instant?,
        after delay: TimeAmount
    ) {
        loop.scheduleTask(in: delay) { [self] in connect(resuming: turn, until: deadline) }
    }

    private func connect(resuming turn: IngestTurn?, until deadline: ContinuousClock.Instant?) {
        guard !isOver else { return }
        ClientBootstrap(group: loop)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .connectTimeout(.seconds(5))
            .channelInitializer { [self] channel in
                channel.eventLoop.makeCompletedFuture {
                    if let tls = plan.tls { try addTLS(tls, to: channel) }
                    try addConnection(to: channel, resuming: turn)
                }
            }
            .connect(host: plan.host, port: plan.port)
            .whenFailure { [self] error in
                guard let deadline, .now < deadline else {
                    fail("no server answers at \(plan.host):\(plan.port)")
                    return
                }
                connect(resuming: turn, until: deadline, after: .milliseconds(50))
            }
    }

    private func addTLS(_ tls: NIOSSLContext, to channel: any Channel) throws {
        // An address is no name that a server could be asked for.
        let isAddress = (try? SocketAddress(ipAddress: plan.host, port: plan.port)) != nil
        try channel.pipeline.syncOperations.addHandler(
            NIOSSLClientHandler(context: tls, serverHostname: isAddress ? nil : plan.host)
        )
    }

    private func addConnection(to channel: any Channel, resuming turn: IngestTurn?) throws {
        let pipeline = channel.pipeline.syncOperations
        switch plan.framing {
        case .http(let head):
            try pipeline.addHandler(IngestConnection(run: self, head: head, resuming: turn))
        case .grpc(let headers, let isGzip):
            let multiplexer = try GRPCIngestConnection.configureHTTP2(pipeline)
            try pipeline.addHandler(
                GRPCIngestConnection(
                    run: self,
                    headers: headers,
                    isGzip: isGzip,
                    multiplexer: multiplexer,
                    resuming: turn
                )
            )
        }
    }

    /// Why a connection broke, for people.
    static func reason(_ error: any Error) -> String {
        guard error is NIOSSLError || error is NIOSSLExtraError else { return "\(error)" }
        return "no trusted TLS connection: \(error); "
            + "give the server's certificate, or its issuer's, with --tls-ca"
    }

    private func fail(_ reason: String) {
        outcome.failure = outcome.failure ?? reason
        finish()
    }

    private func finish() {
        guard !isOver else { return }
        isOver = true
        outcome.seconds = (ContinuousClock.now - began) / .seconds(1)
        try? file.close()
        finished.succeed(outcome)
    }
}
