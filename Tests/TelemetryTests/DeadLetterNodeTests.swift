import Dispatch
import Logging
import OTLP
import Storage
import Synchronization
import Testing

@testable import Telemetry

/// What a node does with requests that it acknowledged and cannot apply.
struct DeadLetterNodeTests {
    private static func open(_ directory: String, _ limits: Limits) throws -> TelemetryNode {
        try openNode(directory, environment: Environment(clock: StoppedClock())) {
            $0.limits = limits
        }
    }

    /// No letter is ever due: what is replayed, the test replays.
    private struct StoppedClock: WallClock {
        func now() -> UInt64 { 1_800_000_000_000_000_000 }
    }

    /// A clock that moves only when told to.
    private final class MovableClock: WallClock {
        private let time = Mutex<UInt64>(1_800_000_000_000_000_000)

        func now() -> UInt64 { time.withLock { $0 } }
        func advance(seconds: UInt64) { time.withLock { $0 += seconds * 1_000_000_000 } }
    }

    /// Remembers which spaces changed.
    private final class Listener: CommitObserver {
        private let spaces = Mutex<[String]>([])

        func committed(_ touched: [TouchedTelemetry]) {}
        func changed(space: String) { spaces.withLock { $0.append(space) } }

        /// What it heard since it was last asked.
        func heard() -> [String] {
            spaces.withLock { spaces in
                defer { spaces = [] }
                return spaces
            }
        }
    }

    /// Lines of a log.
    private final class Notebook: Sendable {
        private let written = Mutex<[String]>([])

        var lines: [String] { written.withLock { $0 } }
        func add(_ line: String) { written.withLock { $0.append(line) } }
    }

    /// Writes a log down.
    private struct Scribe: LogHandler {
        let notebook: Notebook
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.trace

        init(_ notebook: Notebook) { self.notebook = notebook }

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) { notebook.add("\(event.level.rawValue): \(event.message)") }
    }

    /// Limits under which every request is flushed soon, and a text of more than 1,000 bytes is poison.
    private static let strict: Limits = {
        var limits = Limits()
        limits.memtableFlushBytes = 1
        limits.segmentValueBytesMax = 1_000
        return limits
    }()

    private static func logs(_ bodies: [String]) -> IngestRequest {
        let records = bodies.enumerated().map {
            LogRecord(time: UInt64($0.offset + 1), body: .string($0.element))
        }
        let body = OTLPEncoder.json(logs: [ResourceLogs(scopes: [ScopeLogs(records: records)])])
        return IngestRequest(space: "default", signal: .logs, encoding: .json, body: body)
    }

    private static func bodies(_ node: TelemetryNode) throws -> [String] {
        var search = LogSearch()
        search.start = .min
        search.end = .max
        search.limit = 1_000
        return try node.searchLogs(search, space: "default").logs.map {
            if case .string(let text) = $0.record.body { text } else { "?" }
        }.sorted()
    }

    @Test func onePoisonousRecordIsKeptApartAndReplayedWhenItCanBe() async throws {
        let directory = newDirectory()
        defer { removeTree(directory) }
        let long = String(repeating: "x", count: 2_000)
        let node = try Self.open(directory, Self.strict)
        _ = try await node.ingest(Self.logs(["a", "b", long, "c"]))
        node.maintenanceThread.sync {}
        #expect(try Self.bodies(node) == ["a", "b", "c"])
        let letter = try #require(try node.deadLetters().first)
        #expect(letter.signal == .logs && letter.space == "default" && letter.attempts == 0)
        #expect(letter.error.contains("2000 bytes") && letter.nextAttempt != nil)
        let content = try node.deadLetter(letter.id)
        let json = String(decoding: try #require(content.json), as: UTF8.self)
        #expect(json.contains(long) && !json.contains("\"a\""))
        let refusal = #expect(throws: QueryFailure.self) { try node.replayDeadLetter(letter.id) }
        #expect(refusal?.code == .refused)
        #expect(try node.deadLetters().first?.attempts == 1)
        #expect(try node.status().deadLetters.count == 1)
        node.close()

        let roomy = try Self.open(directory, Limits())
        defer { roomy.close() }
        try roomy.replayDeadLetter(letter.id)
        try roomy.replayDeadLetter(letter.id)
        #expect(try Self.bodies(roomy) == ["a", "b", "c", long])
        #expect(try roomy.deadLetters().isEmpty)
        let unknown = #expect(throws: QueryFailure.self) { try roomy.deadLetter(letter.id) }
        #expect(unknown?.code == .notFound)
        let bad = #expect(throws: QueryFailure.self) { try roomy.discardDeadLetter("../up") }
        #expect(bad?.code == .badRequest)
    }

    /// Each may flush first, and a letter may then hold rows that were in answers before.
    @Test func aReplayOrADiscardIsAChangeHoweverItEnds() async throws {
        let directory = newDirectory()
        defer { removeTree(directory) }
        let node = try Self.open(directory, Self.strict)
        defer { node.close() }
        for _ in 0..<3 {
            _ = try await node.ingest(Self.logs([String(repeating: "x", count: 2_000)]))
            node.maintenanceThread.sync {}
        }
        let letters = try node.deadLetters().map(\.id)
        try #require(letters.count == 3)
        let listener = Listener()
        node.observer = listener
        let refusal = #expect(throws: QueryFailure.self) { try node.replayDeadLetter(letters[0]) }
        #expect(refusal?.code == .refused)
        #expect(listener.heard() == ["default"])
        try node.discardDeadLetter(letters[0])
        #expect(listener.heard() == ["default"])
        let paths = letters.map { directory + "/dead-letters/" + $0 + ".letter" }
        for path in paths.dropFirst() { try PosixFileSystem().remove(path) }
        // One is gone; the other cannot be read.
        let unknown = #expect(throws: QueryFailure.self) { try node.replayDeadLetter(letters[1]) }
        #expect(unknown?.code == .notFound)
        #expect(listener.heard() == ["default"])
        try PosixFileSystem().makeDirectory(paths[2])
        let failure = #expect(throws: QueryFailure.self) { try node.replayDeadLetter(letters[2]) }
        #expect(failure != nil && failure?.code != .notFound)
        #expect(listener.heard() == ["default"])
    }

    @Test func aReplayThatIsDueAndRefusedIsAWarningAndAChange() async throws {
        let directory = newDirectory()
        defer { removeTree(directory) }
        let clock = MovableClock()
        let notebook = Notebook()
        var configuration = NodeConfiguration(dataDirectory: directory)
        configuration.limits = Self.strict
        // What is due, the test does.
        configuration.tickMilliseconds = 3_600_000
        let node = try TelemetryNode(
            configuration: configuration,
            environment: Environment(clock: clock),
            logger: Logger(label: "test") { _ in Scribe(notebook) }
        )
        defer { node.close() }
        _ = try await node.ingest(Self.logs([String(repeating: "x", count: 2_000)]))
        node.maintenanceThread.sync {}
        let listener = Listener()
        node.observer = listener
        clock.advance(seconds: 3_600)
        let engine = try node.openEngine()
        node.maintenanceThread.sync { node.tendDeadLetters(engine) }
        #expect(try node.deadLetters().map(\.attempts) == [1])
        #expect(listener.heard() == ["default"])
        #expect(notebook.lines.contains("warning: dead letter could not be replayed"))
        #expect(!notebook.lines.contains { $0.hasSuffix("dead letter replayed") })
    }

    @Test func aJournaledRequestThatDoesNotDecodeBecomesALetterAndTheNodeStarts() async throws {
        let directory = newDirectory()
        defer { removeTree(directory) }
        let engine = try StorageEngine.open(
            environment: Environment(),
            dataDirectory: directory,
            catalog: TelemetryCatalog.tables,
            spaces: ["default"],
            decoder: BatchCodec.decoder
        )
        let record = JournalRecord(kind: 1, space: "default", receivedAt: 0, payload: [0xff, 0xff])
        _ = try engine.append([PendingBatch(record: record, rows: DecodedBatch(tables: []))])
        engine.close()
        let node = try Self.open(directory, Limits())
        defer { node.close() }
        _ = try await node.ingest(Self.logs(["after"]))
        #expect(try Self.bodies(node) == ["after"])
        let letter = try #require(try node.deadLetters().first)
        #expect(letter.signal == .traces && letter.error.contains("cannot be decoded"))
        let content = try node.deadLetter(letter.id)
        #expect(content.json == nil && content.payload == [0xff, 0xff])
        try node.discardDeadLetter(letter.id)
        #expect(try node.deadLetters().isEmpty)
    }

    @Test func newWorkIsRefusedWhileLettersFillTheirShare() async throws {
        let directory = newDirectory()
        defer { removeTree(directory) }
        let node = try Self.open(directory, Self.strict)
        _ = try await node.ingest(Self.logs([String(repeating: "x", count: 2_000)]))
        node.maintenanceThread.sync {}
        let letter = try #require(try node.deadLetters().first)
        node.close()
        var limits = Limits()
        limits.deadLetterBytesMax = letter.bytes
        let full = try Self.open(directory, limits)
        defer { full.close() }
        let failure = await #expect(throws: IngestFailure.self) {
            try await full.ingest(Self.logs(["a"]))
        }
        #expect(failure?.code == .unavailable && failure?.retryAfter != nil)
        #expect(failure?.remedy.contains("dead-letters") == true)
        #expect(try Self.bodies(full).isEmpty)
        try full.replayDeadLetter(letter.id)
        _ = try await full.ingest(Self.logs(["a"]))
        #expect(try Self.bodies(full).count == 2)
    }
}
