import Dispatch
public import Logging
public import Storage
import OTLP
import Synchronization

// The way of a request: decode · admit · journal with others behind one barrier · memtable · acknowledged.
//
// Decoding runs where the request arrived, on as many cores as there are. The journal has one thread, flush and
// compaction another; neither is of the cooperative pool. When the journal fails, every waiter is refused as
// retryable, the engine is closed, and the node opens the store anew: recovery decides what is there.

/// What a node is opened with.
public struct NodeConfiguration: Sendable {
    /// Where everything is kept; made when missing.
    public var dataDirectory: String
    /// Names of spaces that are made when missing.
    public var spaces = ["default"]
    /// The bounds of the storage engine.
    public var limits = Limits()
    /// Telemetry older than this is dropped; nil keeps it.
    public var retentionSeconds: Int?
    /// A space's segments are dropped, oldest first, above this; nil keeps them.
    public var retentionBytes: Int?
    /// Time between two looks at what is due: the disk, memtables of age, dead letters.
    public var tickMilliseconds = 1_000
    /// Every so many ticks, retention and garbage collection are due, too.
    public var ticksPerCleaning = 60
    /// Whether the first opening goes on without files of the journal that are missing, and tells what was in them.
    public var acceptsLostBatches = false

    /// The defaults: one space, `default`, that keeps everything.
    public init(dataDirectory: String) { self.dataDirectory = dataDirectory }
}

/// Batches and records acknowledged since the process started.
public struct AcknowledgedCounts: Sendable, Equatable {
    /// Requests.
    public var batches = 0
    /// Spans, of requests with traces.
    public var spans = 0
    /// Log records, of requests with logs.
    public var logs = 0
    /// Data points, of requests with metrics.
    public var points = 0
}

/// One node's telemetry: takes requests, keeps them durably, answers queries.
public final class TelemetryNode: TelemetryIngest {
    enum Phase {
        case open(StorageEngine)
        /// The store is being opened anew, for this reason.
        case recovering(String)
        case closed
    }

    struct State {
        var phase: Phase
        var acknowledged = AcknowledgedCounts()
        var diskIsFull = false
        /// Requests that wait for room in memory, and since when (Unix nanoseconds).
        var waiters: [(since: UInt64, resume: @Sendable (_ hasRoom: Bool) -> Void)] = []
        var flushIsScheduled = false
        var ticks = 0
        var hasMetStringIndexes = false
        var maintenance: [MaintenanceTask: MaintenanceFigures] = [:]
    }

    let configuration: NodeConfiguration
    let environment: Environment
    let logger: Logger
    let state: Mutex<State>
    let facts = SpanFacts()
    let deadLetterWatch = Mutex(DeadLetterWatch())
    let maintenanceThread = DispatchQueue(label: "holdfast.maintenance", qos: .utility)
    /// Ticks on the maintenance thread.
    private struct Timer: @unchecked Sendable {
        // Guarded by the mutex below; the source itself may be cancelled from any thread.
        let source: any DispatchSourceTimer
    }
    private let timer = Mutex<Timer?>(nil)
    let queue: Mutex<CommitQueue?> = Mutex(nil)
    private let watcher = Mutex<(any CommitObserver)?>(nil)

    /// Opens the store, recovering what an earlier process left.
    ///
    /// - Throws: see `StorageEngine.open`.
    public init(
        configuration: NodeConfiguration,
        environment: Environment = Environment(),
        logger: Logger
    ) throws(StorageError) {
        self.configuration = configuration
        self.environment = environment
        self.logger = logger
        let engine = try Self.openEngine(
            configuration,
            environment,
            acceptsLoss: configuration.acceptsLostBatches
        )
        for batches in engine.recovery.lost {
            logger.error(
                "acknowledged batches are lost with files of the journal, as was accepted",
                metadata: ["first": "\(batches.lowerBound)", "last": "\(batches.upperBound)"]
            )
        }
        state = Mutex(
            State(phase: .open(engine), diskIsFull: Self.isDiskFull(engine, configuration))
        )
        let commits = CommitQueue(groupBytesMax: configuration.limits.journalGroupBytesMax) {
            [weak self] in
            self?.append($0) ?? .failure(Self.stopping)
        }
        queue.withLock { $0 = commits }
        startTimer()
    }

    private static func openEngine(
        _ configuration: NodeConfiguration,
        _ environment: Environment,
        acceptsLoss: Bool = false
    ) throws(StorageError) -> StorageEngine {
        try StorageEngine.open(
            environment: environment,
            limits: configuration.limits,
            dataDirectory: configuration.dataDirectory,
            catalog: TelemetryCatalog.tables,
            spaces: configuration.spaces,
            acceptsLoss: acceptsLoss,
            decoder: BatchCodec.decoder
        )
    }

    // MARK: - Commit

    /// Who is told what changed.
    ///
    /// Set before the first request.
    public var observer: (any CommitObserver)? {
        get { watcher.withLock { $0 } }
        set { watcher.withLock { $0 = newValue } }
    }

    /// Runs on the commit thread: the only caller of the engine's `append`.
    private func append(_ entries: [CommitQueue.Entry]) -> Result<Void, StorageError> {
        guard case .open(let engine) = state.withLock({ $0.phase }) else {
            return .failure(Self.stopping)
        }
        do throws(StorageError) {
            _ = try engine.append(entries.map(\.batch))
        } catch {
            logger.error(
                "journal failed; reopening the store",
                metadata: ["error": "\(error.message)"]
            )
            reopen(engine, because: error.message)
            return .failure(error)
        }
        observer?.committed(entries.compactMap(\.touched))
        state.withLock { state in
            for entry in entries {
                state.acknowledged.batches += 1
                switch entry.signal {
                case .traces: state.acknowledged.spans += entry.records
                case .logs: state.acknowledged.logs += entry.records
                case .metrics: state.acknowledged.points += entry.records
                }
            }
        }
        if Set(entries.map(\.batch.record.space)).contains(where: engine.needsFlush) {
            scheduleFlush()
        }
        return .success(())
    }

    /// Closes a failed engine and opens the store anew, again and again until it opens.
    private func reopen(_ engine: StorageEngine, because reason: String) {
        state.withLock { $0.phase = .recovering(reason) }
        wakeWaiters(hasRoom: false)
        engine.close()
        // Queries that have begun go on with what they have.
        let versions = engine.versionsInUse
        maintenanceThread.async { self.tryReopen(keeping: versions) }
    }

    private func tryReopen(keeping versions: [String: [StorageEngine.WeakVersion]]) {
        guard case .recovering = state.withLock({ $0.phase }) else { return }
        do throws(StorageError) {
            let engine = try Self.openEngine(configuration, environment)
            engine.keep(versions)
            state.withLock { state in
                if case .recovering = state.phase { state.phase = .open(engine) }
            }
            for space in engine.spaceNames { observer?.changed(space: space) }
            logger.notice("store reopened", metadata: ["epoch": "\(engine.epoch)"])
        } catch {
            logger.error("store cannot be reopened", metadata: ["error": "\(error)"])
            state.withLock { $0.phase = .recovering(error.message) }
            maintenanceThread.asyncAfter(deadline: .now() + .seconds(1)) {
                self.tryReopen(keeping: versions)
            }
        }
    }

    // MARK: - Maintenance

    func scheduleFlush() {
        let start = state.withLock { state in
            defer { state.flushIsScheduled = true }
            return !state.flushIsScheduled
        }
        guard start else { return }
        maintenanceThread.async {
            self.state.withLock { $0.flushIsScheduled = false }
            self.maintain()
        }
    }

    /// Flushes and compacts what is due.
    ///
    /// Runs on the maintenance thread.
    private func maintain() {
        guard case .open(let engine) = state.withLock({ $0.phase }) else { return }
        let isShort = engine.memtableByteCount >= configuration.limits.memtableBytesMax
        for space in engine.spaceNames where isShort || engine.needsFlush(space: space) {
            let hadLetters = engine.deadLetterFigures.count > 0
            perform(.flush, space) { () throws(StorageError) in
                try engine.flush(space: space) ? 1 : 0
            }
            // A flush takes rows away from queries that a letter holds, be it a new one or one from before a crash.
            if hadLetters || engine.deadLetterFigures.count > 0 { observer?.changed(space: space) }
            // A flush may have failed, or another space may have the most.
            if engine.memtableByteCount < configuration.limits.memtableBytesMax {
                wakeWaiters(hasRoom: true)
            }
            perform(.compaction, space) { () throws(StorageError) in
                try engine.compact(space: space)
            }
        }
    }

    /// Does something that is repeated later when it fails.
    ///
    /// - Returns: what `work` returned, or nil when it failed.
    @discardableResult
    func attempt<Value>(
        _ what: String,
        _ space: String,
        _ work: () throws(StorageError) -> Value
    ) -> Value? {
        do throws(StorageError) {
            return try work()
        } catch {
            if error.code == .stop, case .open(let engine) = state.withLock({ $0.phase }) {
                // The next request is refused as retryable, and the store is opened anew.
                engine.stopAppending()
            }
            logger.error(
                "\(what) failed and will be repeated",
                metadata: ["space": "\(space)", "error": "\(error)"]
            )
            return nil
        }
    }

    private func wakeWaiters(hasRoom: Bool) {
        let waiters = state.withLock { state in
            defer { state.waiters.removeAll() }
            return state.waiters
        }
        for waiter in waiters { waiter.resume(hasRoom) }
    }

    private static func isDiskFull(
        _ engine: StorageEngine,
        _ configuration: NodeConfiguration
    ) -> Bool {
        ((try? engine.diskUsedFraction()) ?? 0) > configuration.limits.diskUsedFractionMax
    }

    private func startTimer() {
        let source = DispatchSource.makeTimerSource(queue: maintenanceThread)
        let interval = DispatchTimeInterval.milliseconds(configuration.tickMilliseconds)
        source.schedule(deadline: .now() + interval, repeating: interval)
        source.setEventHandler { [weak self] in self?.tick() }
        source.resume()
        timer.withLock { timer in timer = Timer(source: source) }
    }

    /// At each tick: disk watermark, waiters that waited too long, memtables of age; now and then
    /// retention and garbage.
    private func tick() {
        let count = state.withLock { state in
            state.ticks += 1
            return state.ticks
        }
        guard case .open(let engine) = state.withLock({ $0.phase }) else { return }
        let now = environment.clock.now()
        let diskIsFull = Self.isDiskFull(engine, configuration)
        let late = state.withLock { state in
            state.diskIsFull = diskIsFull
            let wait = UInt64(configuration.limits.waitSecondsMax) * 1_000_000_000
            let late = state.waiters.filter { now > $0.since + wait }
            state.waiters.removeAll { now > $0.since + wait }
            return late
        }
        for waiter in late { waiter.resume(false) }
        maintain()
        tendDeadLetters(engine)
        guard count % configuration.ticksPerCleaning == 0 else { return }
        let oldest = configuration.retentionSeconds.map {
            Int64(clamping: now) - Int64($0) * 1_000_000_000
        }
        for space in engine.spaceNames {
            perform(.retention, space) { () throws(StorageError) in
                let dropped = try engine.retain(
                    space: space,
                    before: oldest,
                    bytesMax: configuration.retentionBytes
                )
                if dropped > 0 { observer?.changed(space: space) }
                return dropped
            }
            perform(.collection, space) { () throws(StorageError) in
                try engine.collectGarbage(space: space, isUrgent: diskIsFull)
            }
            attempt("dead letters", space) { () throws(StorageError) in
                try engine.collectDeadLetters(space: space)
            }
        }
        attempt("advance", "*") { () throws(StorageError) in try engine.advanceIdleSpaces() }
    }

    /// Takes nothing more; answers what waits; leaves the rest to the journal.
    ///
    /// Nothing acknowledged is lost, and nothing that was not is flushed.
    public func close() {
        queue.withLock { $0 }?.close()
        timer.withLock { timer in
            timer?.source.cancel()
            timer = nil
        }
        wakeWaiters(hasRoom: false)
        let engine = state.withLock { state -> StorageEngine? in
            defer { state.phase = .closed }
            if case .open(let engine) = state.phase { return engine }
            return nil
        }
        maintenanceThread.sync {}
        engine?.close()
    }

    // MARK: - Failures

    static let stopping = StorageError(
        .retry,
        "the node is stopping",
        remedy: "send the request again"
    )
}
