import Logging
import OTLP
import Storage
import Synchronization

// What a request passes on its way to the journal, and how it is refused.

extension TelemetryNode {
    /// Stores one request; see `TelemetryIngest`.
    public func ingest(
        _ request: IngestRequest,
        completion: @escaping @Sendable (Result<IngestReceipt, IngestFailure>) -> Void
    ) {
        do throws(IngestFailure) {
            let engine = try runningEngine()
            let receivedAt = environment.clock.now()
            let decoded = try Self.decode(request, for: engine, receivedAt: receivedAt)
            var remarks = decoded.rejections.reasons
            if decoded.rejections.ignoredStringIndexes > 0 {
                remarks.append(lostTexts(decoded.rejections.ignoredStringIndexes, request))
            }
            let receipt = IngestReceipt(
                rejectedRecords: decoded.rejections.count,
                message: remarks.joined(separator: "; ")
            )
            guard decoded.records > 0 else { return completion(.success(receipt)) }
            let record = JournalRecord(
                kind: BatchCodec.kind(request.signal, request.encoding),
                space: request.space,
                receivedAt: receivedAt,
                payload: request.body
            )
            let entry = CommitQueue.Entry(
                batch: PendingBatch(record: record, rows: decoded.rows),
                signal: request.signal,
                records: decoded.records,
                touched: observer.map { _ in
                    TouchedTelemetry(space: request.space, signal: request.signal, decoded.rows)
                }
            ) { result in
                completion(result.map { receipt }.mapError { Self.unavailable($0.message) })
            }
            try admit(entry, engine) { completion(.failure($0)) }
        } catch {
            completion(.failure(error))
        }
    }

    /// What a client is told whose request refers to a table of strings, which only profiles have; the first such
    /// request is logged, too.
    private func lostTexts(_ count: Int, _ request: IngestRequest) -> String {
        let text =
            "\(count) references to a table of strings, which only profiles have, are ignored"
        let isFirst = state.withLock { state in
            defer { state.hasMetStringIndexes = true }
            return !state.hasMetStringIndexes
        }
        if isFirst {
            logger.warning(
                "\(text)",
                metadata: ["space": "\(request.space)", "signal": "\(request.signal.rawValue)"]
            )
        }
        return text
    }

    private func runningEngine() throws(IngestFailure) -> StorageEngine {
        switch state.withLock({ $0.phase }) {
        case .open(let engine): return engine
        case .recovering(let why): throw Self.unavailable("the store is recovering: \(why)")
        case .closed: throw Self.unavailable("the node is stopping")
        }
    }

    private static func decode(
        _ request: IngestRequest,
        for engine: StorageEngine,
        receivedAt: UInt64
    ) throws(IngestFailure) -> BatchCodec.Decoded {
        guard engine.hasSpace(request.space) else {
            throw IngestFailure(
                .unknownSpace,
                "there is no space called \(request.space)",
                remedy:
                    "create it with `holdfast spaces create`, or correct the header X-Holdfast-Space"
            )
        }
        do throws(OTLPError) {
            return try BatchCodec.decode(
                request.signal,
                request.encoding,
                request.body,
                receivedAt: receivedAt
            )
        } catch {
            throw failure(error)
        }
    }

    // MARK: - Admission

    /// Lets a batch wait for the journal, at once or when there is room for its rows.
    ///
    /// - Throws: why there is no room; `refuse` tells the same of one that waited in vain.
    private func admit(
        _ entry: CommitQueue.Entry,
        _ engine: StorageEngine,
        refuse: @escaping @Sendable (IngestFailure) -> Void
    ) throws(IngestFailure) {
        let limits = configuration.limits
        if state.withLock({ $0.diskIsFull }) { throw Self.diskIsFull(limits) }
        if engine.deadLettersAreFull { throw Self.deadLettersAreFull(engine, limits) }
        guard let queue = queue.withLock({ $0 }) else {
            throw Self.unavailable("the node is stopping")
        }
        guard queue.byteCount + entry.batch.record.payload.count <= limits.queueBytesMax else {
            throw Self.overloaded("too many requests wait for the journal")
        }
        guard engine.memtableByteCount >= limits.memtableBytesMax else {
            return queue.submit(entry)
        }
        scheduleFlush()
        let slow = Self.overloaded("rows arrive faster than segments can be written")
        let isWaiting = state.withLock { state in
            guard state.waiters.count < limits.waitersMax, case .open = state.phase else {
                return false
            }
            let since = environment.clock.now()
            state.waiters.append((since, { $0 ? queue.submit(entry) : refuse(slow) }))
            return true
        }
        if !isWaiting { throw slow }
    }

    // MARK: - Failures

    private static func unavailable(_ message: String) -> IngestFailure {
        IngestFailure(.unavailable, message, remedy: "send the request again", retryAfter: 1)
    }

    private static func overloaded(_ message: String) -> IngestFailure {
        IngestFailure(.overloaded, message, remedy: "send the request again later", retryAfter: 1)
    }

    private static func diskIsFull(_ limits: Limits) -> IngestFailure {
        IngestFailure(
            .diskFull,
            "the disk is more than \(Int(limits.diskUsedFractionMax * 100)) % full",
            remedy: "free space, enlarge the volume or shorten retention; then send again",
            retryAfter: 30
        )
    }

    private static func failure(_ error: OTLPError) -> IngestFailure {
        switch error.code {
        case .tooLarge:
            IngestFailure(.tooLarge, error.description, remedy: "send smaller batches")
        case .malformed, .tooDeep:
            IngestFailure(
                .malformed,
                error.description,
                remedy: "correct the exporter: the request is not OTLP"
            )
        }
    }
}
