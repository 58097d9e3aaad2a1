import Failpoints
import Testing

@testable import Simulation
@testable import Storage

/// One execution of a cell of `LiveFaultTests`.
final class LiveFaultRun {
    typealias Cell = LiveFaultTests.Cell

    /// What is left of the file, or of the name, that was struck.
    struct Remains: Hashable {
        var byteCount: Int?
        /// Whether the file is what it was just before the call.
        var isUnchanged: Bool
    }

    let cell: Cell
    let world: World
    private let process: SimulatedFileSystem
    private let registry = FailpointRegistry(seed: 1)
    private let witness: Witness
    /// The newest journal file before the fault.
    private var journal: (path: String, byteCount: Int) = ("", 0)
    /// The version before the fault.
    private var version: UInt64 = 0
    /// The batches that are being appended when the fault happens, or the last one before it.
    private var numbers: [Int] = []

    /// A store whose directories are known, and whose next append begins a file if the cell is about that.
    init(_ cell: Cell, seed: UInt64) throws {
        self.cell = cell
        var options = WorldOptions(seed: seed)
        options.failpoints = registry
        world = World(options)
        process = world.fileSystem
        witness = Witness(world.disk)
        world.firedCount = { [registry] in registry.firedCount(cell.point) }
        #expect(try world.open())
        try world.append([(rows: 2, hour: 1, filler: 0)])
        try world.append([(rows: 2, hour: 1, filler: 0)], poison: 0)
        try world.take(.flush)
        try world.append([(rows: 2, hour: 1, filler: cell.beginsFile ? 30_000 : 0)])
        let names = try process.list(World.root + "/journal").map(\.name)
        let path = World.root + "/journal/" + (try #require(names.last { $0.hasSuffix(".wal") }))
        journal = (path, try #require(world.disk.contents(path)).count)
        version = try currentVersion().id
        numbers = [world.ledger.batches.count]
    }

    private func currentVersion() throws -> SpaceVersion {
        try #require(world.engine?.snapshot(space: SimulatedCatalog.space)).version
    }

    /// What is in the name of every file of the column.
    private var folder: String {
        switch cell.column {
        case .journal: "/journal/"
        case .segment: "/segments/"
        case .manifest: "/manifest/"
        case .deadLetter: "/" + DeadLetterID.folder
        }
    }

    // MARK: - The fault

    /// Does what writes to the column, with the fault; returns what the caller is told.
    func strike() throws -> StorageError.Code? {
        let (process, witness, fault, folder) = (process, witness, cell.fault, folder)
        registry.define(callback: "strike") { _ in
            witness.arm()
            guard fault.call == 0 else {
                process.arm(fault)
                return nil
            }
            witness.keep(folder)
            process.disk.losePower(.losing)
            return .error("power loss")
        }
        try registry.arm(cell.point, .nth(1, .callback("strike")))
        process.observe(witness)
        let code = try operate()
        process.observe(nil)
        #expect(registry.firedCount(cell.point) == 1)
        #expect(process.hasFired || fault.call == 0)
        #expect(process.isAlive == !fault.kind.isCrash)
        try registry.finish()
        try expectPlace()
        return code
    }

    /// Does what writes to the column; returns the error's code, if there was one.
    func operate() throws -> StorageError.Code? {
        let engine = try #require(world.engine)
        do throws(StorageError) {
            switch cell.column {
            case .journal: try append(engine, count: 3, filler: 900)
            case .deadLetter:
                try append(engine, count: 1, filler: 0, poison: 2)
                try engine.flush(space: SimulatedCatalog.space)
            case .segment, .manifest: try engine.flush(space: SimulatedCatalog.space)
            }
            return nil
        } catch {
            return error.code
        }
    }

    /// Appends one group.
    private func append(
        _ engine: StorageEngine,
        count: Int,
        filler: Int,
        poison: Int? = nil
    ) throws(StorageError) {
        let attempts = (0..<count).map { _ in
            world.ledger.attempt(rows: 3, isPoisonous: poison != nil)
        }
        numbers = attempts.map { Int($0) }
        _ = try engine.append(
            attempts.map {
                SimulatedCatalog.batch($0, rows: 3, hour: 1, filler: filler, poison: poison)
            }
        )
        for number in attempts { world.ledger.acknowledge(number) }
    }

    /// The fault has met what its cell is about.
    private func expectPlace() throws {
        guard cell.fault.call > 0, let operation = cell.fault.only else { return }
        let call = try #require(witness.struck(operation))
        switch operation {
        case .syncDirectory: #expect((call.path + "/").contains(folder))
        case .link: #expect(call.path.contains(folder))
        default: cell.column == .journal ? expectJournal(call) : expectUnnamed(call)
        }
    }

    private func expectJournal(_ call: Witness.Call) {
        #expect(call.path.hasSuffix(".wal"))
        #expect((call.path != journal.path) == cell.beginsFile)
        let header = JournalFormat.blockBytes
        switch call.operation {
        case .create: #expect(call.bytes == nil)
        case .write where cell.beginsFile: #expect(call.bytes?.isEmpty == true)
        case .sync where cell.beginsFile: #expect(call.bytes?.count == header)
        // A group, behind the header and the groups before it.
        case .write: #expect(call.bytes?.count == journal.byteCount && journal.byteCount > header)
        default: #expect(call.bytes.map { $0.count > journal.byteCount } == true)
        }
    }

    /// A file without a name yet is known by how it begins.
    private func expectUnnamed(_ call: Witness.Call) {
        #expect(call.path.contains("/tmp/"))
        guard call.operation == .sync else { return }
        let beginning = cell.column == .segment ? "PAR1" : cell.column == .manifest ? "{" : "HFDL"
        #expect(call.bytes?.starts(with: Array(beginning.utf8)) == true)
    }

    // MARK: - What is left

    /// What is on the disk of that which was struck.
    func remains() throws -> Remains {
        let operation = try #require(cell.fault.only)
        let call = try #require(witness.struck(operation))
        guard operation == .syncDirectory else {
            let bytes = world.disk.contents(call.path)
            return Remains(byteCount: bytes?.count, isUnchanged: bytes == call.bytes)
        }
        let name = try #require(witness.newestName(in: call.path))
        let bytes = world.disk.contents(name)
        return Remains(byteCount: bytes?.count, isUnchanged: bytes != nil)
    }

    /// Every file of the column that was durable when the power went is there as it was.
    func expectKept() {
        #expect(!witness.kept.isEmpty)
        for (path, bytes) in witness.kept {
            let isKept = world.disk.contents(path) == bytes
            #expect(isKept, "\(path)")
        }
    }

    /// Opens the store after a crash.
    ///
    /// - Returns: how many torn tails were found, and whether the batches are there.
    func recover() throws -> (tails: Int, isThere: Bool) {
        world.calm()
        try world.recover()
        let found = try #require(try world.observe())
        let areThere = Set(numbers.map { found.rows[$0] != 0 })
        #expect(areThere.count == 1, "a group is whole or absent")
        return (try #require(world.engine).recovery.truncatedTails, areThere == [true])
    }

    /// What recovery makes of a name, or of its absence, is seen in what it serves.
    func expectServed(_ isNamed: Bool) throws {
        let engine = try #require(world.engine)
        switch cell.column {
        case .journal: break
        // Nobody names it: garbage.
        case .segment: #expect(try currentVersion().id == version + 1)
        // Then comes that of the opening.
        case .manifest: #expect(try currentVersion().id == version + (isNamed ? 2 : 1))
        case .deadLetter: #expect(engine.deadLetters.count == (isNamed ? 2 : 1))
        }
    }

    /// What comes after a fault that its process outlives.
    func goOn(_ code: StorageError.Code?) throws {
        process.arm(nil)
        switch code {
        case nil: break
        case .stop:
            if cell.column == .journal { #expect(try operate() == .stop) }
            world.engineIsGone()
            #expect(try world.open())
        default: #expect(try operate() == nil)
        }
        try world.check()
        world.losePower(.losing)
        try world.prove()
    }
}
