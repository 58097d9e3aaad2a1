import Testing

@testable import Simulation
@testable import Storage

/// Files of the journal are missing or damaged while one space is folded further than another: what the latter has only
/// there is never passed over.
struct JournalLossTests {
    /// A closed store with eight batches of the second space in files of their own, and the first space folded beyond
    /// all of them.
    ///
    /// - Returns: the files that hold them, oldest first.
    private static func prepare(_ world: World, isFolded: Bool = true) throws -> [String] {
        #expect(try world.open())
        let engine = try #require(world.engine)
        try engine.createSpace(World.secondSpace)
        for number in 1...8 as ClosedRange<UInt64> {
            try append(engine, number, World.secondSpace)
        }
        if isFolded {
            try append(engine, 9, SimulatedCatalog.space)
            try engine.flush(space: SimulatedCatalog.space)
        }
        engine.close()
        return try world.journalFiles()
            .filter { world.disk.contents($0).map { $0.count > 4_096 } ?? false }
    }

    private static func append(
        _ engine: StorageEngine,
        _ number: UInt64,
        _ space: String
    ) throws {
        let batch = SimulatedCatalog.batch(
            number,
            rows: 1,
            hour: 1,
            filler: 9_000,
            space: space
        )
        _ = try engine.append([batch])
    }

    private static func verify(_ world: World) throws -> [String] {
        try StoreInspection(
            environment: world.environment(world.fileSystem),
            dataDirectory: World.root,
            catalog: SimulatedCatalog.tables
        ).verify(decoder: SimulatedCatalog.decoder, progress: { _ in }).problems
    }

    private static func rows(_ engine: StorageEngine, _ space: String) throws -> Int {
        let snapshot = try #require(engine.snapshot(space: space))
        let stored = snapshot.segments(table: 0).reduce(0) { $0 + $1.rows }
        return snapshot.memory[0].reduce(stored) { $0 + $1.rowCount }
    }

    /// What is done to the journal.
    enum Loss: CaseIterable {
        case middleFile, middleHeader, newestFiles, everyFile, everything
    }

    private static func inflict(_ loss: Loss, _ world: World, _ files: [String]) throws {
        let middle = files[files.count / 2]
        switch loss {
        case .middleFile: try world.fileSystem.remove(middle)
        case .middleHeader: world.disk.rot(middle, at: 24)
        case .newestFiles: for file in files.suffix(2) { try world.fileSystem.remove(file) }
        case .everyFile, .everything:
            for entry in try world.fileSystem.list(World.root + "/journal")
            where loss == .everything || entry.name.hasSuffix(".wal") {
                try world.fileSystem.remove(World.root + "/journal/" + entry.name)
            }
        }
    }

    @Test(arguments: Loss.allCases)
    func itIsNoticed(loss: Loss) throws {
        let world = World(WorldOptions(seed: 1))
        let files = try Self.prepare(world)
        #expect(files.count > 3)
        let kept = try world.fileSystem.list(World.root + "/journal").map {
            let path = World.root + "/journal/" + $0.name
            return (path, try #require(world.disk.contents(path)))
        }
        try Self.inflict(loss, world, files)
        #expect(try Self.verify(world).count == 1)
        let error = #expect(throws: StorageError.self) { try world.openEngine() }
        #expect(error?.code == .restore)
        // Nothing that was done meanwhile is in the way of what comes back.
        for (path, bytes) in kept {
            if world.disk.contents(path) == nil { _ = try world.fileSystem.open(path, .create) }
            world.disk.edit(path) { _ in bytes }
        }
        let engine = try world.openEngine()
        #expect(try Self.rows(engine, World.secondSpace) == 8)
        #expect(try Self.rows(engine, SimulatedCatalog.space) == 1)
        engine.close()
        #expect(try Self.verify(world).isEmpty)
    }

    /// Files are gone for good: their loss is told, accepted once, and costs nothing else.
    @Test(arguments: Loss.allCases.filter { $0 != .middleHeader })
    func itCanBeAccepted(loss: Loss) throws {
        let world = World(WorldOptions(seed: 1))
        let files = try Self.prepare(world)
        try Self.inflict(loss, world, files)
        let engine = try world.openEngine(acceptsLoss: true)
        let lost = engine.recovery.lost.reduce(0) { $0 + $1.count }
        #expect(lost > 0)
        // The ninth batch is folded.
        let rows = 8 - lost + (engine.recovery.lost.contains { $0.contains(9) } ? 1 : 0)
        #expect(try Self.rows(engine, World.secondSpace) == rows)
        #expect(try Self.rows(engine, SimulatedCatalog.space) == 1)
        try Self.append(engine, 10, World.secondSpace)
        engine.close()
        #expect(try Self.verify(world).isEmpty)
        let next = try world.openEngine()
        #expect(next.recovery.lost.isEmpty)
        #expect(try Self.rows(next, World.secondSpace) == rows + 1)
    }

    /// A row that no segment can hold is looked for in the journal, across the gap.
    @Test func anAcceptedLossStopsNoSearchForPoison() throws {
        let world = World(WorldOptions(seed: 1))
        let files = try Self.prepare(world)
        let engine = try world.openEngine()
        let batch = SimulatedCatalog.batch(
            10,
            rows: 2,
            hour: 1,
            filler: 40,
            poison: 0,
            space: World.secondSpace
        )
        _ = try engine.append([batch])
        engine.close()
        try Self.inflict(.middleFile, world, files)
        let accepting = try world.openEngine(acceptsLoss: true)
        #expect(accepting.deadLetters.count == 1)
        let lost = accepting.recovery.lost.reduce(0) { $0 + $1.count }
        #expect(lost > 0)
        #expect(try Self.rows(accepting, World.secondSpace) == 8 - lost + 1)
        accepting.close()
        #expect(try Self.verify(world).isEmpty)
    }

    /// The oldest file that is needed is missing, and the opening that would say so ends at any of its calls.
    @Test(arguments: [FaultKind.kill, .inputOutput], [false, true])
    func anOpeningThatDiesHidesNothing(kind: FaultKind, hasFlushed: Bool) throws {
        for call in 1... {
            let world = World(WorldOptions(seed: 1))
            let file = try #require(try Self.prepare(world, isFolded: hasFlushed).first)
            let bytes = try #require(world.disk.contents(file))
            try world.fileSystem.remove(file)
            let process = world.fileSystem
            process.arm(Fault(kind, at: call))
            #expect(throws: StorageError.self, "call \(call)") { try world.openEngine() }
            let hasFired = process.hasFired
            if !process.isAlive { world.fileSystem = world.disk.boot() }
            process.arm(nil)
            #expect(throws: StorageError.self, "call \(call)") { try world.openEngine() }
            _ = try world.fileSystem.open(file, .create)
            world.disk.edit(file) { _ in bytes }
            let engine = try world.openEngine()
            #expect(try Self.rows(engine, World.secondSpace) == 8, "call \(call)")
            guard hasFired else { break }
        }
    }

    /// A client sends what looks like a group of the journal, and the group that holds it is torn: by a short write, or
    /// so that its first block is missing.
    @Test(arguments: [false, true])
    func whatAClientSendsIsNoGroup(isFirstBlockLost: Bool) throws {
        let world = World(WorldOptions(seed: 1))
        #expect(try world.open())
        let engine = try #require(world.engine)
        try Self.append(engine, 1, SimulatedCatalog.space)
        var record = SimulatedCatalog.batch(2, rows: 1, hour: 1, filler: 0).record
        let start = JournalFormat.groupHeaderBytes + record.byteCount
        var filler = [UInt8](repeating: 1, count: 5 * JournalFormat.blockBytes)
        // Everything that it can know is right.
        var forged = [UInt8](repeating: 0, count: JournalFormat.groupHeaderBytes)
        let header = JournalGroupHeader(
            epoch: engine.epoch,
            sequence: 2,
            firstLSN: 3,
            durableLSN: 2,
            payloadBytes: 0,
            recordCount: 0,
            payloadCRC: crc32c([]),
            chain: 0,
            mark: 0
        )
        _ = header.store(into: &forged)
        for block in 1...4 {
            let position = block * JournalFormat.blockBytes - start
            filler.replaceSubrange(position..<position + forged.count, with: forged)
        }
        record = JournalRecord(
            kind: record.kind,
            space: record.space,
            receivedAt: record.receivedAt,
            payload: record.payload + filler
        )
        let rows = SimulatedPayload(number: 2, rows: 1, hour: 1, poison: nil).decoded
        _ = try engine.append([PendingBatch(record: record, rows: rows)])
        engine.close()
        let path = try #require(try world.journalFiles().last)
        world.disk.edit(path) { bytes in
            guard isFirstBlockLost else { return Array(bytes.dropLast(8_192)) }
            // Behind the header of the file and the first batch, of three blocks.
            let group = 4 * JournalFormat.blockBytes
            #expect(JournalGroupHeader.read(bytes, at: group) != nil)
            #expect(JournalGroupHeader.read(bytes, at: group + JournalFormat.blockBytes) != nil)
            var bytes = bytes
            for position in group..<group + JournalFormat.blockBytes { bytes[position] = 0 }
            return bytes
        }
        let next = try world.openEngine()
        #expect(next.recovery.truncatedTails == 1)
        #expect(try Self.rows(next, SimulatedCatalog.space) == 1)
    }
}
