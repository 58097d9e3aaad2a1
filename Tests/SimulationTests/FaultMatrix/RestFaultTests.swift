import Parquet
import Testing

@testable import Simulation
@testable import Storage

/// What is found when the bytes of a closed store are not what was written, or cannot be read.
struct RestFaultTests {
    /// What happened to the bytes.
    enum Damage: String, CaseIterable, Sendable {
        case flipped = "a bit flipped"
        case tailFlipped = "a bit flipped in the newest"
        case truncated = "cut short"
        case misdirected = "well-formed, of another place"
        case missing = "missing, or deleted by an operator"
        case newer = "written by a newer format"
        case unreadable = "read fails (EIO)"
        case shortRead = "short read"
        case unsynced = "sync reported as done, data lost"
    }

    struct Cell: Sendable, CustomTestStringConvertible {
        let damage: Damage
        let column: FaultMatrix.Column
        let outcome: FaultMatrix.Outcome

        var row: String { damage.rawValue }
        var testDescription: String { "\(row) × \(column.rawValue)" }
    }

    private static func row(
        _ damage: Damage,
        _ outcomes: [FaultMatrix.Outcome?]
    ) -> [Cell] {
        zip(FaultMatrix.Column.allCases, outcomes).compactMap { column, outcome in
            outcome.map { Cell(damage: damage, column: column, outcome: $0) }
        }
    }

    static let cells: [Cell] =
        row(.flipped, [.refusesToOpen, .queryFails, .fellBack, .setAside])
        + row(.tailFlipped, [.cut, nil, nil, nil])
        + row(.truncated, [.refusesToOpen, .queryFails, .fellBack, .setAside])
        + row(.misdirected, [.refusesToOpen, .queryFails, .fellBack, .setAside])
        + row(.missing, [.refusesToOpen, .queryFails, .fellBack, .served])
        + row(.newer, [.refusesToOpen, nil, .refusesToOpen, .leftAlone])
        + row(.unsynced, [.refusesToOpen, .queryFails, .fellBack, .setAside])
        + row(.unreadable, [.opensLater, .queryLater, .opensLater, .leftAlone])
        + row(.shortRead, [.unnoticed, .unnoticed, .unnoticed, .unnoticed])

    @Test(arguments: cells)
    func whatIsFound(cell: Cell) throws {
        let world = World(WorldOptions(seed: 3))
        let files = try Self.prepare(world, cell.column)
        let path = files.target
        let before = try #require(world.disk.contents(path))
        switch cell.damage {
        case .unreadable: return try unreadable(world, cell, path)
        case .shortRead: return try readInParts(world, path)
        default: break
        }
        let other = try #require(world.disk.contents(files.other))
        world.disk.edit(path) { Self.damaged($0, cell, other) }
        #expect(world.disk.contents(path) != before)
        try expect(world, cell, files)
    }

    /// A whole manifest of the right number that names no segment: whoever believed it would lose every row.
    ///
    /// Of the same space of another store, or of another space of the same store.
    @Test(arguments: zip([SimulatedCatalog.space, World.secondSpace], [4, 3] as [UInt64]))
    func aManifestOfAnotherPlaceIsNotBelieved(space: String, seed: UInt64) throws {
        let world = World(WorldOptions(seed: 3))
        let files = try Self.prepare(world, .manifest)
        let other = try Self.emptyManifest(Self.name(files.target), space, seed)
        world.disk.edit(files.target) { _ in other }
        try expectFallBack(world, files)
    }

    /// The manifest called `name` of a space without rows.
    private static func emptyManifest(
        _ name: String,
        _ space: String,
        _ seed: UInt64
    ) throws -> [UInt8] {
        let world = World(WorldOptions(seed: seed))
        #expect(try world.open())
        try world.take(.createSpace)
        for _ in 0..<10 {
            let path = World.root + "/spaces/\(space)/manifest/" + name
            if let bytes = world.disk.contents(path) { return bytes }
            // Every opening makes a version.
            world.close()
            #expect(try world.open())
        }
        throw Violation("there is no manifest \(name)")
    }

    /// Every call of an opening that steps back from a damaged manifest fails, in every way; then the power goes.
    ///
    /// The damaged manifest is of a flush, or the one that the last opening began with.
    @Test(arguments: FaultKind.allCases, [false, true])
    func steppingBackLosesNothingWhateverFails(kind: FaultKind, isOfOpening: Bool) throws {
        for damage in isOfOpening ? [Damage.flipped, .missing] : [.flipped] {
            try Self.stepBack(kind, isOfOpening, damage)
        }
    }

    private static func stepBack(
        _ kind: FaultKind,
        _ isOfOpening: Bool,
        _ damage: Damage
    ) throws {
        let cell = try #require(
            cells.first { $0.column == .manifest && $0.damage == damage }
        )
        for call in 1... {
            let world = World(WorldOptions(seed: 3))
            var path = try Self.prepare(world, .manifest).target
            if isOfOpening { path = try Self.reopen(world, behind: path) }
            world.disk.edit(path) { Self.damaged($0, cell, []) }
            let damaged = world.disk.contents(path)
            let process = world.fileSystem
            process.arm(Fault(kind, at: call))
            if let engine = try? world.openEngine(), process.isAlive { engine.close() }
            world.losePower(.losing)
            world.fileSystem = world.disk.boot()
            world.engine = try world.openEngine()
            let found = try #require(try world.observe())
            try world.ledger.settle(found, afterRecovery: true)
            let number = try #require(UInt64(path.dropLast(5).suffix(20)))
            let copy = World.root + "/spaces/default/damaged/\(number).json"
            #expect(world.disk.contents(copy) == damaged, "call \(call)")
            guard process.hasFired else { break }
        }
    }

    // MARK: - The store

    /// Opens the store, has another space folded beyond what is appended, and opens it once more.
    ///
    /// - Returns: the manifest that the opening made.
    private static func reopen(_ world: World, behind path: String) throws -> String {
        #expect(try world.open())
        try world.take(.createSpace)
        for _ in 0..<3 { try world.append([(rows: 2, hour: 1, filler: 0)]) }
        try world.engine?.flush(space: World.secondSpace)
        world.close()
        #expect(try world.open())
        world.close()
        let names = try world.fileSystem.list(parentDirectory(of: path)).map(\.name)
        let newest = try #require(names.last { $0.hasSuffix(".json") })
        #expect(newest > Self.name(path))
        return parentDirectory(of: path) + "/" + newest
    }

    /// A closed store with three journal files, two segments in one hour, several versions and two letters.
    ///
    /// - Returns: the file that is damaged, and one of the same kind.
    private static func prepare(
        _ world: World,
        _ column: FaultMatrix.Column
    ) throws -> (target: String, other: String) {
        #expect(try world.open())
        for _ in 0..<2 {
            try world.append([(rows: 3, hour: 1, filler: 0)], poison: 1)
            try world.take(.flush)
        }
        for _ in 0..<12 { try world.append([(rows: 2, hour: 1, filler: 9_000)]) }
        world.close()
        let root = World.root + "/"
        func names(_ directory: String, _ suffix: String) throws -> [String] {
            try world.fileSystem.list(root + directory).map { root + directory + "/" + $0.name }
                .filter { $0.hasSuffix(suffix) }
        }
        let files: [String]
        switch column {
        case .journal: files = try names("journal", ".wal")
        case .manifest: files = try names("spaces/default/manifest", ".json").reversed()
        case .deadLetter: files = try names("dead-letters", ".letter")
        case .segment:
            let window = try #require(
                try world.fileSystem.list(root + "spaces/default/segments/events").first?.name
            )
            files = try names("spaces/default/segments/events/" + window, ".parquet")
        }
        #expect(files.count > 1)
        // Of the journal neither the seal nor the newest file: the first with groups.
        return column == .journal ? (files[1], files[2]) : (files[0], files[1])
    }

    /// The last part of a path.
    private static func name(_ path: String) -> String {
        path.split(separator: "/").last.map(String.init) ?? path
    }

    /// The bytes as they are found.
    private static func damaged(_ bytes: [UInt8], _ cell: Cell, _ other: [UInt8]) -> [UInt8]? {
        var bytes = bytes
        switch cell.damage {
        case .missing: return nil
        case .truncated:
            return Array(bytes.prefix(bytes.count - (cell.column == .journal ? 4_096 : 200)))
        case .misdirected: return other
        case .unsynced:
            // The name is there, and of a journal file what was synced before and after.
            guard cell.column == .journal else { return [] }
            for position in 4_096..<8_192 { bytes[position] = 0 }
        case .flipped, .tailFlipped, .unreadable, .shortRead:
            // In a journal file the payload of the first group; else somewhere in the middle.
            let position = cell.column == .journal ? 4_096 + 100 : bytes.count / 2
            bytes[position] ^= 0x10
        case .newer:
            switch cell.column {
            case .manifest:
                let text = String(decoding: bytes, as: UTF8.self)
                    .replacing("\"format\":1", with: "\"format\":9")
                let body = Array(text.utf8.dropLast(64 + 15))
                return body + Array(",\"checksum\":\"\(sha256(body))\"}".utf8)
            case .deadLetter:
                bytes.store(UInt32(9), at: 4)
                bytes.store(crc32c(Array(bytes.dropLast(4))), at: bytes.count - 4)
            default: bytes.store(UInt32(9), at: 4)
            }
        }
        return bytes
    }

    // MARK: - What comes of it

    private func expect(
        _ world: World,
        _ cell: Cell,
        _ files: (target: String, other: String)
    ) throws {
        let name = Self.name(files.target)
        switch cell.outcome {
        case .refusesToOpen:
            let error = #expect(throws: StorageError.self) { try world.openEngine() }
            #expect(error?.code == .restore || cell.damage == .newer && error?.code == .fixRequest)
            // Where one is missing, the next does not go on from the one before.
            let named = cell.damage == .missing ? Self.name(files.other) : name
            #expect(error?.message.contains(named) == true)
        case .cut: try expectCut(world)
        case .fellBack: try expectFallBack(world, files)
        case .queryFails:
            let engine = try world.openEngine()
            world.engine = engine
            let error = #expect(throws: (any Error).self) { try Self.readEverything(engine) }
            #expect("\(String(describing: error))".contains(name))
            engine.close()
            let report = try StoreInspection(
                environment: world.environment(world.fileSystem),
                dataDirectory: World.root,
                catalog: SimulatedCatalog.tables
            ).verify(decoder: SimulatedCatalog.decoder, progress: { _ in })
            #expect(report.problems.contains { $0.contains(name) })
        default: try expectOneLetterLess(world, cell, name)
        }
    }

    /// The version before goes on, under the next number again, and what was damaged is kept, whole.
    private func expectFallBack(
        _ world: World,
        _ files: (target: String, other: String)
    ) throws {
        let damaged = world.disk.contents(files.target)
        let former = try #require(world.disk.contents(files.other))
        let engine = try world.openEngine()
        world.engine = engine
        let version = try #require(engine.snapshot(space: SimulatedCatalog.space)).version
        let (manifest, checksum) = try Manifest.decode(
            former,
            key: String(files.other.dropFirst(World.root.count + 1)),
            storeID: engine.storeID
        )
        #expect(version.id == manifest.id + 1)
        #expect(version.manifest.operation == "open")
        #expect(version.manifest.previousChecksum == checksum)
        #expect(version.foldedLSN == manifest.foldedLSN)
        #expect(world.disk.contents(files.target) != damaged)
        // Of one that is missing there is no copy.
        let copy = World.root + "/spaces/default/damaged/\(version.id).json"
        #expect(world.disk.contents(copy) == damaged)
        let found = try #require(try world.observe())
        try world.ledger.settle(found, afterRecovery: true)
    }

    private static func readEverything(_ engine: StorageEngine) throws {
        guard let snapshot = engine.snapshot(space: SimulatedCatalog.space) else { return }
        for table in SimulatedCatalog.tables.indices {
            for segment in snapshot.segments(table: table) {
                let reader = try snapshot.reader(table: table, segment)
                for group in reader.rowGroups.indices {
                    for field in SimulatedCatalog.tables[table].schema.fields.indices {
                        _ = try reader.column(rowGroup: group, field: field)
                    }
                }
            }
        }
    }

    /// Rot in the very last group cannot be told from a torn write: the documented blind spot.
    private func expectCut(_ world: World) throws {
        let files = try world.fileSystem.list(World.root + "/journal").map(\.name)
        let newest = World.root + "/journal/" + (try #require(files.last { $0.hasSuffix(".wal") }))
        // Take the damage of the older file back; spoil the newest group instead.
        let path = World.root + "/journal/" + files.filter { $0.hasSuffix(".wal") }[1]
        world.disk.edit(path) { Self.damaged($0, RestFaultTests.cells[0], []) }
        let groups = try #require(world.disk.contents(newest))
        let last = Array(stride(from: 4_096, to: groups.count, by: 4_096)).last {
            JournalGroupHeader.read(groups, at: $0) != nil
        }
        world.disk.rot(newest, at: try #require(last) + 70)
        let engine = try world.openEngine()
        #expect(engine.recovery.truncatedTails == 1)
        engine.close()
        #expect(try world.openEngine().recovery.truncatedTails == 0)
    }

    private func expectOneLetterLess(_ world: World, _ cell: Cell, _ name: String) throws {
        let engine = try world.openEngine()
        #expect(engine.deadLetters.count == 1)
        let isNamed = engine.deadLetterProblems.contains {
            name.contains($0.split(separator: " ")[2])
        }
        #expect(isNamed == (cell.outcome != .served))
        let names = try world.fileSystem.list(World.root + "/dead-letters").map(\.name)
        #expect(names.contains(name + ".damaged") == (cell.outcome == .setAside))
        #expect(names.contains(name) == (cell.outcome == .leftAlone))
        world.engine = engine
        // Everything but the rows of that letter is there.
        var found = try #require(try world.observe())
        found.hasUnreadLetters = true
        try world.ledger.settle(found, afterRecovery: true)
    }

    /// Every read of the file at `path` returns a part.
    private func readInParts(_ world: World, _ path: String) throws {
        world.fileSystem.arm(Fault(.shortRead, at: 1, repeats: .max, only: .read, in: path))
        let engine = try world.openEngine()
        world.engine = engine
        #expect(engine.deadLetters.count == 2)
        #expect(engine.deadLetterProblems.isEmpty)
        try Self.readEverything(engine)
        #expect(world.fileSystem.hasFired)
        try world.check()
    }

    /// One read of the file at `path` after the other fails.
    private func unreadable(_ world: World, _ cell: Cell, _ path: String) throws {
        if cell.outcome == .queryLater { return try queryLater(world, path) }
        let process = world.fileSystem
        var failures = 0
        for call in 1...40 {
            process.arm(Fault(.inputOutput, at: call, only: .read, in: path))
            do throws(StorageError) {
                let engine = try world.openEngine()
                defer { engine.close() }
                guard process.hasFired else { break }
                // A letter that cannot be read is named; it is there at the next opening.
                #expect(cell.column == .deadLetter)
                #expect(engine.deadLetters.count == 1)
                let isNamed = engine.deadLetterProblems.contains { $0.contains(path) }
                let isThere = world.disk.contents(path) != nil
                #expect(isNamed && isThere)
            } catch {
                #expect(process.hasFired)
                #expect(cell.column != .deadLetter)
                #expect(error.code == .retry)
                #expect(error.message.contains(path))
            }
            failures += 1
        }
        process.arm(nil)
        #expect((1..<40).contains(failures))
        #expect(try world.open())
        #expect(world.engine?.deadLetters.count == 2)
    }

    private func queryLater(_ world: World, _ path: String) throws {
        let engine = try world.openEngine()
        world.engine = engine
        let process = world.fileSystem
        let space = SimulatedCatalog.space
        let snapshot = try #require(engine.snapshot(space: space))
        let segment = try #require(
            snapshot.segments(table: 0).first {
                path.hasSuffix($0.key(space: space, table: SimulatedCatalog.tables[0].name))
            }
        )
        for call in [FileOperation.open, .read] {
            process.arm(Fault(.inputOutput, at: 1, only: call, in: path))
            let error = #expect(throws: StorageError.self) {
                try snapshot.reader(table: 0, segment)
            }
            #expect(process.hasFired)
            #expect(error?.code == .retry)
            #expect(error?.message.contains(path) == true)
            process.arm(nil)
        }
        try world.check()
    }
}
