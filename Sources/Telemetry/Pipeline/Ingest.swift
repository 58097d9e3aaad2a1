public import OTLP

/// How an OTLP request is encoded.
public enum WireEncoding: UInt8, Sendable {
    case protobuf, json
}

/// One OTLP export request, already inflated.
public struct IngestRequest: Sendable {
    /// The name of the space it goes to.
    public var space: String
    /// What it holds: traces, logs or metrics.
    public var signal: Signal
    /// How the body is encoded.
    public var encoding: WireEncoding
    /// The message as it was sent, without transport compression.
    public var body: [UInt8]

    /// A request for the space called `space`.
    public init(space: String, signal: Signal, encoding: WireEncoding, body: [UInt8]) {
        self.space = space
        self.signal = signal
        self.encoding = encoding
        self.body = body
    }
}

/// The answer to a request that was stored.
///
/// When this exists, the batch survives power loss.
public struct IngestReceipt: Sendable {
    /// Records refused because they can never be stored (for `partial_success`).
    public var rejectedRecords: Int
    /// Why, for people; empty when nothing was refused.
    public var message: String

    /// The receipt of a request; unless told otherwise every record was stored.
    public init(rejectedRecords: Int = 0, message: String = "") {
        self.rejectedRecords = rejectedRecords
        self.message = message
    }
}

/// Why a request was not stored.
///
/// Nobody may count on any of it: of a request that failed when it was being made durable, all may be kept, or nothing.
public struct IngestFailure: Error, Sendable {
    /// What the sender does next is decided by the code.
    public enum Code: String, Sendable {
        /// Fix the request: it can never be stored.
        case malformed
        /// Fix the request: no such space.
        case unknownSpace
        /// Fix the request: larger than the limit.
        case tooLarge
        /// Wait: queues or memtable are full.
        case overloaded
        /// Wait: the disk is nearly full.
        case diskFull
        /// Retry: the store is recovering or stopping.
        case unavailable
    }

    /// What the sender does next.
    public var code: Code
    /// What happened, for people.
    public var message: String
    /// What a person does about it.
    public var remedy: String
    /// Seconds to wait, for codes that can be retried.
    public var retryAfter: Int?

    /// A failure that calls for `code`.
    public init(_ code: Code, _ message: String, remedy: String, retryAfter: Int? = nil) {
        self.code = code
        self.message = message
        self.remedy = remedy
        self.retryAfter = retryAfter
    }
}

/// Where requests go in.
///
/// Server hands every OTLP request of every transport to this.
public protocol TelemetryIngest: Sendable {
    /// Stores one request.
    ///
    /// Decodes the request before it returns, on the thread of the caller, who decides what a large
    /// one may hold up.
    ///
    /// - Parameters:
    ///   - request: what to store.
    ///   - completion: called once, on any thread, when the whole batch is durable and visible to
    ///     queries, or when it was refused and nothing of it was kept. It must not block.
    func ingest(
        _ request: IngestRequest,
        completion: @escaping @Sendable (Result<IngestReceipt, IngestFailure>) -> Void
    )
}

extension TelemetryIngest {
    /// Stores one request.
    ///
    /// - Returns: once the whole batch is durable and visible to queries.
    /// - Throws: what the sender does next; nothing of the request was kept.
    public func ingest(_ request: IngestRequest) async throws(IngestFailure) -> IngestReceipt {
        try await withCheckedContinuation { continuation in
            ingest(request) { continuation.resume(returning: $0) }
        }.get()
    }
}
