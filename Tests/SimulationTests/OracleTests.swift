import Failpoints
import Testing

@testable import Simulation
@testable import Storage

/// What a world says of a store whose segments are not always those that were written, and a run of two executions
/// that are not the same.
struct OracleTests {
    private static let space = SimulatedCatalog.space
    private static let rows = [(rows: 4, hour: 1, filler: 0)]

    /// A store that was opened over an object store that can be told to lie.
    private static func world(_ lies: SimulatedObjectStore) throws -> World {
        var options = WorldOptions(seed: 1)
        options.usesObjectStore = true
        let world = World(options)
        let objects = try #require(world.objects)
        world.engine = try StorageEngine.open(
            environment: world.environment(world.fileSystem),
            limits: options.limits,
            dataDirectory: World.root,
            store: LyingStore(truth: objects.connect(world.fileSystem), lies: lies),
            catalog: SimulatedCatalog.tables,
            spaces: [space],
            decoder: SimulatedCatalog.decoder
        )
        return world
    }

    /// The segment of the first flush.
    private static func segment(_ world: World) throws -> (info: SegmentInfo, key: String) {
        let table = SimulatedCatalog.tables[0].name
        let version = try #require(world.engine?.snapshot(space: space)).version
        let info = try #require(version.segments[table]?.first)
        return (info, info.key(space: space, table: table))
    }

    /// A whole segment of the same name and size and with as many rows, which are others.
    private static func forgery(of segment: SegmentInfo) throws -> [UInt8] {
        for number in 2...100 {
            let world = try Self.world(SimulatedObjectStore(seed: 1))
            for _ in 1..<number { _ = world.ledger.attempt(rows: 1) }
            try world.append(rows)
            try world.take(.flush)
            let (info, key) = try Self.segment(world)
            #expect(info.id == segment.id && info.rows == segment.rows)
            if info.bytes == segment.bytes { return try #require(world.contents(key)) }
        }
        throw Violation("no other rows take \(segment.bytes) bytes")
    }

    /// Has every later opening of the segment return other rows.
    private static func lie(_ world: World, _ lies: SimulatedObjectStore) throws {
        let (info, key) = try segment(world)
        try lies.replace(key, try forgery(of: info))
        world.engine?.cache.remove(key: key)
    }

    @Test func aQueryThatIsAnsweredInPartIsFound() throws {
        let lies = SimulatedObjectStore(seed: 1)
        let world = try Self.world(lies)
        try world.append(Self.rows)
        try world.take(.flush)
        try world.query()
        try Self.lie(world, lies)
        let violation = #expect(throws: Violation.self) { try world.query() }
        #expect(violation?.description == "a query was answered in part")
    }

    /// The segment that only the snapshot names is gone, and what is found in its place is another.
    @Test(arguments: [false, true])
    func aSnapshotThatChangesIsFound(isHeld: Bool) throws {
        let lies = SimulatedObjectStore(seed: 1)
        let world = try Self.world(lies)
        try world.append(Self.rows)
        try world.take(.flush)
        let (info, key) = try Self.segment(world)
        if isHeld { try world.hold() }
        for _ in 0..<2 {
            try world.append(Self.rows)
            try world.take(.flush)
        }
        try world.take(.compact)
        #expect(try Self.segment(world).info.id != info.id)
        try world.check()
        try lies.replace(key, try Self.forgery(of: info))
        world.engine?.cache.remove(key: key)
        try #require(world.objects).delete(key)
        guard isHeld else { return try world.check() }
        let violation = #expect(throws: Violation.self) { try world.check() }
        #expect(violation?.description == "a snapshot changed while it was held")
    }

    /// A segment that is there with other bytes than were written.
    @Test func aSegmentThatWasReplacedIsFound() throws {
        let lies = SimulatedObjectStore(seed: 1)
        let world = try Self.world(lies)
        try world.append(Self.rows)
        try world.take(.flush)
        try world.check()
        let (info, key) = try Self.segment(world)
        try #require(world.objects).replace(key, try Self.forgery(of: info))
        let violation = #expect(throws: Violation.self) { try world.check() }
        #expect(violation?.description == "segment \(key) is not what was written")
    }

    /// In the second execution one answer is lost, which changes nothing but the calls that follow.
    @Test(.enabled(if: FailpointRegistry.isCompiledIn))
    func anExecutionThatIsNotRepeatedIsFound() throws {
        let run = SeededRun(seed: 3)
        let first = FailpointRegistry(seed: 1)
        _ = try first.withTaskScope { try run.run() }
        let hits = first.hitCount(StorageFailpoint.manifestPutAckLost)
        #expect(hits > 0)
        for (number, isFound) in [(2 * hits + 1, false), (hits + 1, true)] {
            let registry = FailpointRegistry(seed: 1)
            try registry.arm(StorageFailpoint.manifestPutAckLost, .nth(number, .error))
            var violation: Violation?
            try? registry.withTaskScope {
                do throws(Violation) { _ = try run.runTwice() } catch { violation = error }
            }
            #expect(violation?.description.hasPrefix("two executions differ: ") ?? false == isFound)
            #expect(registry.firedCount(StorageFailpoint.manifestPutAckLost) == (isFound ? 1 : 0))
        }
    }
}

/// An object store some of whose objects are read from another one.
private struct LyingStore: ObjectStore {
    let truth: any ObjectStore
    let lies: SimulatedObjectStore

    func openObject(_ key: String) throws(StorageError) -> (any ObjectReader)? {
        if let lie = try lies.openObject(key) { return lie }
        return try truth.openObject(key)
    }

    func put(
        _ key: String,
        _ bytes: [UInt8],
        _ condition: PutCondition
    ) throws(StorageError) -> PutOutcome { try truth.put(key, bytes, condition) }
    func beginUpload(_ key: String) throws(StorageError) -> any ObjectUpload {
        try truth.beginUpload(key)
    }
    func get(_ key: String) throws(StorageError) -> [UInt8]? { try truth.get(key) }
    func list(_ prefix: String) throws(StorageError) -> [ObjectInfo] { try truth.list(prefix) }
    func folders(_ prefix: String) throws(StorageError) -> [String] { try truth.folders(prefix) }
    func delete(_ key: String) throws(StorageError) { try truth.delete(key) }
    func deleteDurably(_ key: String) throws(StorageError) { try truth.deleteDurably(key) }
    func byteCount(_ key: String) throws(StorageError) -> Int? { try truth.byteCount(key) }
}
