import Logging
package import OTLP
import Storage
import Synchronization

/// A dead letter as it is listed.
package struct DeadLetterSummary: Sendable {
    package let id: String
    package let space: String
    /// What it holds; nil for a kind that this program does not know.
    package let signal: Signal?
    /// Replays that failed.
    package let attempts: Int
    /// Why it could not be applied.
    package let error: String
    /// Bytes on disk.
    package let bytes: Int
    /// When it became a letter, Unix nanoseconds.
    package let since: UInt64
    /// When it is replayed by itself, Unix nanoseconds; nil when only a person replays it.
    package let nextAttempt: UInt64?
}

/// A dead letter with what is in it.
package struct DeadLetterContent: Sendable {
    package let summary: DeadLetterSummary
    /// The request as it came.
    package let payload: [UInt8]
    /// The request in OTLP/JSON; nil when it cannot be decoded.
    package let json: [UInt8]?
}

/// Figures of the dead letters of one node.
package struct DeadLetterFigures: Sendable {
    package let count: Int
    package let bytes: Int
    /// Whether new data is refused because of those bytes.
    package let areFull: Bool
    /// Replays that succeeded since the process started.
    package let replays: Int
    /// Letters found damaged since the store was opened, a sentence each.
    package let problems: [String]
}

/// What a node remembers of its letters.
struct DeadLetterWatch {
    var replays = 0
    /// Letters that the log has been told of.
    var reported = 0
}

extension TelemetryNode {
    /// The letters of all spaces, the oldest batch first.
    package func deadLetters() throws(QueryFailure) -> [DeadLetterSummary] {
        try openEngine().deadLetters.map(DeadLetterSummary.init)
    }

    /// One letter and what is in it.
    package func deadLetter(_ text: String) throws(QueryFailure) -> DeadLetterContent {
        let id = try Self.id(text)
        let engine = try openEngine()
        let found = try tending(engine) { () throws(StorageError) in try engine.deadLetter(id) }
        guard let (info, letter) = found else { throw Self.unknown(id) }
        var json: [UInt8]?
        if let (signal, encoding) = BatchCodec.signal(kind: letter.record.kind) {
            json = try? RequestModel(signal, encoding, letter.record.payload).json
        }
        return DeadLetterContent(
            summary: DeadLetterSummary(info),
            payload: letter.record.payload,
            json: json
        )
    }

    /// Applies a letter; what is stored already is not stored twice.
    ///
    /// - Throws: `.refused` when it cannot be applied as it is; it is kept then.
    package func replayDeadLetter(_ text: String) throws(QueryFailure) {
        let id = try Self.id(text)
        let engine = try openEngine()
        defer { noteChange(engine) }
        switch try tending(engine, { () throws(StorageError) in try engine.replayDeadLetter(id) }) {
        case .done: noteReplay()
        case .unknown: throw Self.unknown(id)
        case .refused(let reason):
            throw QueryFailure(
                .refused,
                "dead letter \(id) cannot be applied: \(reason)",
                remedy: "keep it for a version of holdfast that can, or discard it"
            )
        }
    }

    /// Deletes a letter for good.
    package func discardDeadLetter(_ text: String) throws(QueryFailure) {
        let id = try Self.id(text)
        let engine = try openEngine()
        defer { noteChange(engine) }
        let outcome = try tending(engine) { () throws(StorageError) in
            try engine.discardDeadLetter(id)
        }
        guard outcome == .done else { throw Self.unknown(id) }
    }

    func deadLetterFigures(_ engine: StorageEngine) -> DeadLetterFigures {
        let (count, bytes) = engine.deadLetterFigures
        return DeadLetterFigures(
            count: count,
            bytes: bytes,
            areFull: engine.deadLettersAreFull,
            replays: deadLetterWatch.withLock { $0.replays },
            problems: engine.deadLetterProblems
        )
    }

    /// Why nothing is taken while letters fill their share of the disk.
    static func deadLettersAreFull(_ engine: StorageEngine, _ limits: Limits) -> IngestFailure {
        let (count, bytes) = engine.deadLetterFigures
        return IngestFailure(
            .unavailable,
            "\(count) dead letters take \(bytes) bytes; the limit is \(limits.deadLetterBytesMax)",
            remedy: "replay or discard them with `holdfast dead-letters`; then send again",
            retryAfter: 30
        )
    }

    /// Replays letters that are due, and tells the log of new ones.
    ///
    /// Runs on the maintenance thread.
    func tendDeadLetters(_ engine: StorageEngine) {
        for id in engine.dueDeadLetters() {
            defer { noteChange(engine) }
            do throws(StorageError) {
                switch try engine.replayDeadLetter(id) {
                case .done:
                    noteReplay()
                    logger.notice("dead letter replayed", metadata: ["id": "\(id)"])
                case .refused(let reason):
                    logger.warning(
                        "dead letter could not be replayed",
                        metadata: ["id": "\(id)", "reason": "\(reason)"]
                    )
                case .unknown: break
                }
            } catch {
                engine.postponeDeadLetter(id)
                attempt("replay of dead letter \(id)", "*") {
                    () throws(StorageError) -> Void in
                    throw error
                }
            }
        }
        let count = engine.deadLetterFigures.count
        let isMore = deadLetterWatch.withLock { watch in
            defer { watch.reported = count }
            return count > watch.reported
        }
        guard isMore else { return }
        logger.error(
            "acknowledged data could not be applied and is kept as dead letters",
            metadata: ["letters": "\(count)", "remedy": "holdfast dead-letters list"]
        )
    }

    // MARK: - Parts

    /// Counts a replay.
    private func noteReplay() { deadLetterWatch.withLock { $0.replays += 1 } }

    /// Has answers forgotten after a replay or a discard of a letter, which may be of any space.
    ///
    /// However it ended, the batches before the letter were folded first: a flush takes rows away from
    /// queries that a letter holds.
    private func noteChange(_ engine: StorageEngine) {
        for space in engine.spaceNames { observer?.changed(space: space) }
    }

    /// Runs work of the engine and turns its error into a query's.
    private func tending<Value>(
        _ engine: StorageEngine,
        _ work: () throws(StorageError) -> Value
    ) throws(QueryFailure) -> Value {
        do throws(StorageError) {
            return try work()
        } catch {
            // The next request is refused as retryable, and the store is opened anew.
            if error.code == .stop { engine.stopAppending() }
            if error.code == .fixRequest {
                throw QueryFailure(.refused, error.message, remedy: error.remedy)
            }
            throw QueryFailure(error)
        }
    }

    private static func id(_ text: String) throws(QueryFailure) -> DeadLetterID {
        if let id = DeadLetterID(text) { return id }
        throw QueryFailure(
            .badRequest,
            "\(text) is not the id of a dead letter",
            remedy: "list them with `holdfast dead-letters list`"
        )
    }

    private static func unknown(_ id: DeadLetterID) -> QueryFailure {
        QueryFailure(
            .notFound,
            "there is no dead letter \(id)",
            remedy: "list them with `holdfast dead-letters list`"
        )
    }
}

extension DeadLetterSummary {
    fileprivate init(_ info: DeadLetterInfo) {
        self.init(
            id: info.id.description,
            space: info.space,
            signal: BatchCodec.signal(kind: info.kind)?.0,
            attempts: info.attempts.count,
            error: info.error,
            bytes: info.bytes,
            since: info.since,
            nextAttempt: info.attempts.nextAt
        )
    }
}
