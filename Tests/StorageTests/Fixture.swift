import Parquet
import Synchronization

@testable import Storage

/// A store with one small table in a temporary directory, and the rows that were put there.
struct Fixture {
    /// One table: an id (the identity), a time, and a text.
    static let table = TableDefinition(
        name: "events",
        schema: Schema([
            Field("id", .leaf(.hex(byteCount: 8), optional: false), bloomFilter: true),
            Field("time_unix_nano", .leaf(.int64, optional: false)),
            Field("text", .leaf(.string, optional: true)),
        ]),
        sortKey: [0, 1],
        identity: [0],
        timeField: 1,
        pageRows: 16
    )

    static let limits: Limits = {
        var limits = Limits()
        limits.journalFileBytesMax = 64 << 10
        limits.journalGroupBytesMax = 32 << 10
        limits.rowGroupRowsMax = 64
        limits.rowGroupRowsSmall = 32
        limits.compactionFanIn = 3
        limits.garbageGraceSeconds = 0
        limits.manifestsRetained = 2
        return limits
    }()

    let directory: String
    var fileSystem: any FileSystem = PosixFileSystem()
    var clock = ManualClock()

    /// A batch of `count` rows whose ids begin at `first`; the payload holds both numbers.
    static func batch(first: UInt64, count: Int, hour: Int64 = 0) -> PendingBatch {
        var payload = [UInt8](repeating: 0, count: 24)
        payload.store(first, at: 0)
        payload.store(UInt64(count), at: 8)
        payload.store(UInt64(bitPattern: hour), at: 16)
        let record = JournalRecord(kind: 1, space: "default", receivedAt: 0, payload: payload)
        return PendingBatch(record: record, rows: rows(record))
    }

    /// The rows of a journaled batch.
    static func rows(_ record: JournalRecord) -> DecodedBatch {
        let first = record.payload.load(UInt64.self, at: 0)
        let count = record.payload.load(UInt64.self, at: 8)
        let hour = Int64(bitPattern: record.payload.load(UInt64.self, at: 16))
        let ids = (0..<count).map { first + $0 }
        var interner = TextInterner()
        let codes = ids.map { interner.code(for: text($0)) }
        let times = ids.map { hour * TimeWindow.nanosPerHour + Int64($0) }
        return DecodedBatch(tables: [
            TableRows(
                table: 0,
                rowCount: Int(count),
                columns: [
                    .identifier(IdentifierColumn(words: ids, wordsPerRow: 1)),
                    .fixed(FixedColumn(values: times)),
                    .text(TextColumn(codes: codes, dictionary: interner.finish())),
                ],
                timeField: 1
            )
        ])
    }

    /// The text of a row; that of a poisonous one is long, which only `strict` limits mind.
    private static func text(_ id: UInt64) -> String {
        isPoison(id) ? String(repeating: "x", count: 2_000) : "row \(id)"
    }

    /// Of the ids from 5,000,000 one in a thousand is poisonous.
    static func isPoison(_ id: UInt64) -> Bool { id >= 5_000_000 && id % 1_000 == 777 }

    /// Limits under which poisonous rows cannot be written.
    static let strict: Limits = {
        var limits = Fixture.limits
        limits.segmentValueBytesMax = 1_000
        return limits
    }()

    /// Decodes what `batch` journals; nothing else can be decoded, and kind 9 is of a newer program.
    static let decoder = BatchDecoder(
        decode: { record throws(StorageError) in
            guard record.kind != 9 else {
                throw StorageError(.restore, "kind 9", remedy: "run the newer program")
            }
            guard record.payload.count == 24 else { return .poisoned("not 24 bytes") }
            return .rows(rows(record))
        },
        split: { record in
            let first = record.payload.load(UInt64.self, at: 0)
            let count = record.payload.load(UInt64.self, at: 8)
            let hour = Int64(bitPattern: record.payload.load(UInt64.self, at: 16))
            guard count > 1 else { return nil }
            let half = count / 2
            return (
                batch(first: first, count: Int(half), hour: hour).record,
                batch(first: first + half, count: Int(count - half), hour: hour).record
            )
        }
    )

    func open(
        _ limits: Limits = Fixture.limits,
        catalog: [TableDefinition] = [Fixture.table],
        decoder: BatchDecoder = Fixture.decoder
    ) throws(StorageError) -> StorageEngine {
        try StorageEngine.open(
            environment: Environment(
                fileSystem: fileSystem,
                clock: clock,
                random: CountingRandom()
            ),
            limits: limits,
            dataDirectory: directory,
            catalog: catalog,
            spaces: ["default"],
            decoder: decoder
        )
    }

    /// Replaces a file by what `change` makes of its bytes.
    static func edit(_ path: String, _ change: (inout [UInt8]) -> Void) throws {
        let files = PosixFileSystem()
        let old = try files.open(path, .read)
        var bytes = try old.read(at: 0, count: try old.byteCount())
        change(&bytes)
        try files.remove(path)
        let new = try files.open(path, .create)
        try bytes.withBytes { bytes throws(FileError) in try new.writeAll(bytes, at: 0) }
    }

    /// The ids a query sees, sorted, with repetitions.
    static func ids(_ engine: StorageEngine, space: String = "default") throws -> [UInt64] {
        guard let snapshot = engine.snapshot(space: space) else { return [] }
        return try ids(snapshot)
    }

    static func ids(_ snapshot: Snapshot) throws -> [UInt64] {
        var found: [UInt64] = []
        for batch in snapshot.memory[0] { found += words(batch.columns[0]) }
        for segment in snapshot.segments(table: 0) {
            let reader = try snapshot.reader(table: 0, segment)
            for group in reader.rowGroups.indices {
                found += words(try reader.column(rowGroup: group, field: 0))
            }
        }
        return found.sorted()
    }

    private static func words(_ column: Column) -> [UInt64] {
        if case .identifier(let identifiers) = column { identifiers.words } else { [] }
    }
}

/// Runs `body` with a fixture in a directory that is removed afterwards.
func withFixture<Result>(_ body: (inout Fixture) throws -> Result) throws -> Result {
    let directory = "/tmp/holdfast-test-\(hexadecimal(SystemRandom().next()))"
    defer { removeTree(directory) }
    var fixture = Fixture(directory: directory)
    return try body(&fixture)
}

private func removeTree(_ path: String) {
    let fileSystem = PosixFileSystem()
    for entry in (try? fileSystem.list(path)) ?? [] {
        if entry.isDirectory {
            removeTree(path + "/" + entry.name)
        } else {
            try? fileSystem.remove(path + "/" + entry.name)
        }
    }
    try? fileSystem.remove(path)
}

/// A clock that moves only when told to.
final class ManualClock: WallClock {
    private let time = Mutex<UInt64>(1_800_000_000_000_000_000)

    func now() -> UInt64 { time.withLock { $0 } }
    func advance(seconds: UInt64) { time.withLock { $0 += seconds * 1_000_000_000 } }
}

/// Identifiers that are the same in every run.
final class CountingRandom: RandomSource {
    private let state = Mutex<UInt64>(SystemRandom().next())

    func next() -> UInt64 {
        state.withLock { state in
            state &+= 0x9e37_79b9_7f4a_7c15
            return state
        }
    }
}
