import HTTPTypes
import NIOCore
import OTLP
import Telemetry

/// One export request over HTTP, from its head to its answer.
///
/// It is answered in its own Content-Type. `Admission` counts the bytes of its body as they arrive,
/// and the request itself once it is complete, so that slow senders keep nobody out.
struct ExportExchange: Sendable {
    private let door: ExportDoor
    private let signal: Signal
    private let started = ContinuousClock.now
    private let encoding: WireEncoding?
    private let acceptEncoding: String?
    private var packing = ContentEncoding.identity
    private var space = ""
    /// The body as it was sent; all of it is taken from `Admission`.
    private var wire: [UInt8] = []
    private var isAdmitted = false

    /// Whether the sender wants the connection closed after the answer.
    let closesConnection: Bool
    /// Whether the answer goes without its body.
    let wantsHeadOnly: Bool

    /// A body larger than this grows as it arrives, whatever its Content-Length claims.
    private static let trustedCountMax = 4 << 20
    /// A larger body, or one to be inflated, is decoded where it does not keep a connection waiting.
    private static let promptCountMax = 64 << 10

    init(_ request: HTTPRequest, _ signal: Signal, at door: ExportDoor) {
        self.door = door
        self.signal = signal
        encoding = WireEncoding(contentType: request.headerFields[.contentType])
        acceptEncoding = request.headerFields[.acceptEncoding]
        closesConnection = request.headerFields[.connection]?.lowercased() == "close"
        wantsHeadOnly = request.method == .head
    }

    /// Refuses a request for its head alone.
    mutating func check(_ request: HTTPRequest) throws(APIError) {
        _ = try door.gatekeeper.admit(request)
        guard request.method == .post else {
            throw .methodNotAllowed(request.method.rawValue, allowed: ["POST"])
        }
        space = door.gatekeeper.space(of: request)
        guard encoding != nil else { throw .unsupportedMediaType }
        guard let packing = ContentEncoding(request.headerFields[.contentEncoding]) else {
            throw .unsupportedEncoding
        }
        self.packing = packing
        let claimedCount = request.headerFields[.contentLength].flatMap { Int($0) } ?? 0
        guard claimedCount <= door.maxRequestBytes else {
            throw .tooLarge(limit: door.maxRequestBytes)
        }
        try door.admission.check()
        wire.reserveCapacity(max(0, min(claimedCount, Self.trustedCountMax)))
    }

    /// Takes the next bytes of the body, or refuses those over the limits.
    mutating func take(_ part: ByteBuffer) throws(APIError) {
        guard part.readableBytes <= door.maxRequestBytes - wire.count else {
            throw .tooLarge(limit: door.maxRequestBytes)
        }
        try door.admission.reserve(part.readableBytes)
        part.withUnsafeReadableBytes { wire.append(contentsOf: $0) }
    }

    // MARK: - The whole body

    /// Stores the request, now that its body is complete.
    ///
    /// - Parameter completion: called once, on any thread; then `conclude` is due.
    mutating func store(
        completion: @escaping @Sendable (Result<Receipt, APIError>) -> Void
    ) {
        do throws(APIError) {
            try door.admission.enter()
        } catch {
            return completion(.failure(error))
        }
        isAdmitted = true
        if packing == .identity, wire.count <= Self.promptCountMax {
            return store(wire, completion)
        }
        Task { [self] in
            switch packing {
            case .identity: store(wire, completion)
            case .gzip: storeInflated(completion)
            }
        }
    }

    /// What became of a request.
    struct Receipt: Sendable {
        var receipt: IngestReceipt
        /// Bytes of its body, inflated.
        var bodyBytes: Int
    }

    private func store(
        _ body: [UInt8],
        _ completion: @escaping @Sendable (Result<Receipt, APIError>) -> Void
    ) {
        let request = IngestRequest(
            space: space,
            signal: signal,
            encoding: encoding ?? .protobuf,
            body: body
        )
        door.ingest.ingest(request) { [limit = door.maxRequestBytes] result in
            completion(
                result
                    .map { Receipt(receipt: $0, bodyBytes: body.count) }
                    .mapError { APIError($0, limit: limit) }
            )
        }
    }

    private func storeInflated(
        _ completion: @escaping @Sendable (Result<Receipt, APIError>) -> Void
    ) {
        var reserved = 0
        do throws(APIError) {
            let body = try inflated(&reserved)
            store(body) { [door, reserved] result in
                door.admission.release(reserved)
                completion(result)
            }
        } catch {
            door.admission.release(reserved)
            completion(.failure(error))
        }
    }

    /// The body, whose bytes are taken from `Admission` as it grows.
    private func inflated(_ reserved: inout Int) throws(APIError) -> [UInt8] {
        do {
            var inflater = try GzipInflater(limit: door.maxRequestBytes)
            try wire.withUnsafeBytes { wire in
                for start in stride(from: 0, to: wire.count, by: Self.promptCountMax) {
                    let end = min(start + Self.promptCountMax, wire.count)
                    try inflater.push(UnsafeRawBufferPointer(rebasing: wire[start..<end]))
                    try door.admission.reserve(inflater.output.count - reserved)
                    reserved = inflater.output.count
                }
            }
            return try inflater.finish()
        } catch let error as APIError {
            throw error
        } catch let error as GzipError {
            throw APIError(error, limit: door.maxRequestBytes)
        } catch {
            throw .internal
        }
    }

    // MARK: - The end

    /// Gives back what the request took, counts it, and says what the sender is told.
    func conclude(_ result: Result<Receipt, APIError>) -> WholeAnswer {
        switch result {
        case .success(let stored):
            leave(stored.receipt.outcome, bodyBytes: stored.bodyBytes)
            let encoding = encoding ?? .protobuf
            return WholeAnswer(
                packing: ExportAnswer.body(stored.receipt, signal, encoding),
                contentType: encoding.contentType,
                acceptEncoding: acceptEncoding
            )
        case .failure(let error):
            leave(error.outcome, bodyBytes: 0)
            return error.statusAnswer(encoding ?? .json)
        }
    }

    /// Gives back what the request took: its connection ended before its body did.
    func abort() { leave(.aborted, bodyBytes: 0) }

    private func leave(_ outcome: DoorOutcome, bodyBytes: Int) {
        door.admission.release(wire.count)
        if isAdmitted { door.admission.leave() }
        door.record(
            signal,
            outcome,
            wireBytes: wire.count,
            bodyBytes: bodyBytes,
            since: started
        )
    }
}
