import HTTPTypes
import Hummingbird
import OTLP
import Telemetry

/// The door of OTLP/HTTP: `POST /v1/traces`, `/v1/logs` and `/v1/metrics`.
///
/// A request is answered in its own Content-Type. `Admission` counts the bytes of its body as they
/// arrive, and the request itself once it is complete, so that slow senders keep nobody out. The
/// body goes from the socket into one array, or through the inflater into one, and from there to
/// the pipeline.
struct OTLPRoutes: RouteGroup {
    let ingest: any TelemetryIngest
    let admission: Admission
    let metrics: DoorMetrics
    let maxRequestBytes: Int

    /// The path of the requests that carry a signal.
    static func path(_ signal: Signal) -> String { "/v1/\(signal.rawValue)" }

    /// The signal whose path this is.
    static func signal(ofPath path: String) -> Signal? {
        switch path {
        case "/v1/traces": .traces
        case "/v1/logs": .logs
        case "/v1/metrics": .metrics
        default: nil
        }
    }

    func add(to router: Router<HoldfastRequestContext>) {
        for signal in Signal.allCases {
            router.post(RouterPath(Self.path(signal))) { request, context in
                try await export(signal, request, context)
            }
        }
    }

    /// The connection ended before the body did.
    private struct IncompleteBody: Error {}

    /// What is known of a request so far.
    private struct Progress {
        let started = ContinuousClock.now
        var wireBytes = 0
        var bodyBytes = 0
        /// Bytes taken from `Admission`.
        var reservedBytes = 0
    }

    private func export(
        _ signal: Signal,
        _ request: Request,
        _ context: HoldfastRequestContext
    ) async throws -> Response {
        var progress = Progress()
        let encoding = WireEncoding(contentType: request.headers[.contentType])
        let outcome: DoorOutcome
        let response: Response
        do {
            guard let encoding else { throw APIError.unsupportedMediaType }
            let receipt = try await store(signal, encoding, request, context, &progress)
            outcome = receipt.outcome
            response = answer(receipt, signal, encoding, request)
        } catch let error as APIError {
            outcome = error.outcome
            response = error.statusResponse(encoding ?? .json)
        } catch {
            // The connection broke: nobody is there to be answered.
            record(signal, .aborted, progress)
            throw error
        }
        record(signal, outcome, progress)
        return response
    }

    private func store(
        _ signal: Signal,
        _ encoding: WireEncoding,
        _ request: Request,
        _ context: HoldfastRequestContext,
        _ progress: inout Progress
    ) async throws -> IngestReceipt {
        guard let packing = ContentEncoding(request.headers[.contentEncoding]) else {
            throw APIError.unsupportedEncoding
        }
        let claimedCount = request.headers[.contentLength].flatMap { Int($0) }
        guard claimedCount ?? 0 <= maxRequestBytes else {
            throw APIError.tooLarge(limit: maxRequestBytes)
        }
        try admission.check()
        defer { admission.release(progress.reservedBytes) }
        let body =
            switch packing {
            case .identity: try await plainBody(request, claimedCount ?? 0, &progress)
            case .gzip: try await inflatedBody(request, &progress)
            }
        // A connection that breaks, or is cut off at shutdown, must not look like the end of a body.
        try Task.checkCancellation()
        guard claimedCount == nil || claimedCount == progress.wireBytes else {
            throw IncompleteBody()
        }
        progress.bodyBytes = body.count
        try admission.enter()
        defer { admission.leave() }
        let ingestRequest = IngestRequest(
            space: context.space,
            signal: signal,
            encoding: encoding,
            body: body
        )
        do throws(IngestFailure) {
            return try await ingest.ingest(ingestRequest)
        } catch {
            throw APIError(error, limit: maxRequestBytes)
        }
    }

    // MARK: - Bodies

    /// A body larger than this grows as it arrives, whatever its Content-Length claims.
    private static let trustedCountMax = 4 << 20

    private func plainBody(
        _ request: Request,
        _ claimedCount: Int,
        _ progress: inout Progress
    ) async throws -> [UInt8] {
        var body: [UInt8] = []
        body.reserveCapacity(max(0, min(claimedCount, Self.trustedCountMax)))
        for try await part in request.body {
            try count(part, &progress)
            part.withUnsafeReadableBytes { body.append(contentsOf: $0) }
        }
        return body
    }

    private func inflatedBody(
        _ request: Request,
        _ progress: inout Progress
    ) async throws -> [UInt8] {
        do {
            var inflater = try GzipInflater(limit: maxRequestBytes)
            for try await part in request.body {
                try count(part, &progress)
                let before = inflater.output.count
                try part.withUnsafeReadableBytes { try inflater.push($0) }
                try reserve(inflater.output.count - before, &progress)
            }
            return try inflater.finish()
        } catch let error as GzipError {
            throw APIError(error, limit: maxRequestBytes)
        }
    }

    /// Counts bytes that arrived, and refuses those over the limits.
    private func count(_ part: ByteBuffer, _ progress: inout Progress) throws(APIError) {
        guard part.readableBytes <= maxRequestBytes - progress.wireBytes else {
            throw .tooLarge(limit: maxRequestBytes)
        }
        progress.wireBytes += part.readableBytes
        try reserve(part.readableBytes, &progress)
    }

    private func reserve(_ count: Int, _ progress: inout Progress) throws(APIError) {
        try admission.reserve(count)
        progress.reservedBytes += count
    }

    // MARK: - Answers

    private func answer(
        _ receipt: IngestReceipt,
        _ signal: Signal,
        _ encoding: WireEncoding,
        _ request: Request
    ) -> Response {
        let body = ExportAnswer.body(receipt, signal, encoding)
        return Response(
            packing: body,
            contentType: encoding.contentType,
            acceptEncoding: request.headers[.acceptEncoding]
        )
    }

    private func record(_ signal: Signal, _ outcome: DoorOutcome, _ progress: Progress) {
        metrics.record(
            DoorMetrics.Exchange(
                signal: signal,
                transport: .http,
                outcome: outcome,
                wireBytes: progress.wireBytes,
                bodyBytes: progress.bodyBytes,
                duration: progress.started.duration(to: .now)
            )
        )
    }
}
