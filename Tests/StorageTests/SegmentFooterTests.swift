import Parquet
import Synchronization
import Testing

@testable import Storage

/// What the footers of segments say to whoever finds one without its manifest.
struct SegmentFooterTests {
    private static func footers(_ engine: StorageEngine) throws -> [[String: String]] {
        let snapshot = try #require(engine.snapshot(space: "default"))
        return try snapshot.segments(table: 0).map {
            try snapshot.reader(table: 0, $0).keyValueMetadata
        }
    }

    /// The ranges of LSNs, in the order of the segments.
    private static func lsns(_ engine: StorageEngine) throws -> [String] {
        try footers(engine).map { $0["holdfast.lsn"] ?? "unsaid" }
    }

    /// Adds a segment as a program wrote it that did not say which batches its rows are of.
    private static func addOlder(_ engine: StorageEngine) throws {
        let columns = Fixture.batch(first: 500, count: 20).rows.tables[0].columns
        let order = (0..<20).map { RowAddress(source: 0, row: $0) }
        var added: [String: [SegmentInfo]] = [:]
        try engine.segmentWriter("default").write(
            table: 0,
            window: "1970010100",
            mint: engine.mintSegmentID,
            into: &added,
            plans: [{ .rows(sources: [columns], order: order) }]
        )
        var change = SpaceChange(operation: "flush")
        change.added = added
        let space = engine.state.withLock { $0.spaces["default"]?.space }
        let version = try #require(space).door.commit(change)
        try engine.swap(version, space: "default", dropFrozen: false)
    }

    @Test func aSegmentSaysWhereItBelongs() throws {
        try withFixture { fixture in
            let engine = try fixture.open()
            _ = try engine.append([Fixture.batch(first: 1, count: 3)])
            _ = try engine.append([Fixture.batch(first: 10, count: 3, hour: 3)])
            try engine.flush(space: "default")
            _ = try engine.append([Fixture.batch(first: 20, count: 3)])
            try engine.flush(space: "default")
            let footers = try Self.footers(engine)
            let snapshot = try #require(engine.snapshot(space: "default"))
            let segments = snapshot.segments(table: 0)
            #expect(try Self.lsns(engine) == ["1-2", "1-2", "3-3"])
            #expect(footers.compactMap { $0["holdfast.segment"] } == segments.map(\.id))
            #expect(footers.compactMap { $0["holdfast.window"] } == segments.map(\.window))
            for footer in footers {
                #expect(footer["holdfast.store"] == engine.storeID)
                #expect(footer["holdfast.space"] == "default")
                #expect(footer["holdfast.table"] == "events")
                #expect(footer["holdfast.schema"] == Fixture.table.schemaID)
                #expect(footer["holdfast.sortKey"] == "id,time_unix_nano")
                #expect(footer["holdfast.columns"] == nil)
            }
        }
    }

    @Test func aMergeCoversItsInputs() throws {
        try withFixture { fixture in
            let engine = try fixture.open()
            for round in 0..<3 {
                _ = try engine.append([Fixture.batch(first: UInt64(round * 100), count: 20)])
                try engine.flush(space: "default")
            }
            #expect(try Self.lsns(engine) == ["1-1", "2-2", "3-3"])
            #expect(try engine.compact(space: "default") == 1)
            #expect(try Self.lsns(engine) == ["1-3"])
            let footer = try #require(try Self.footers(engine).first)
            #expect(footer["holdfast.window"] == "1970010100")
            #expect(footer["holdfast.schema"] == Fixture.table.schemaID)
        }
    }

    @Test func aMergeWithASegmentThatDoesNotSayDoesNotSay() throws {
        try withFixture { fixture in
            let engine = try fixture.open()
            _ = try engine.append([Fixture.batch(first: 1, count: 20)])
            try engine.flush(space: "default")
            try Self.addOlder(engine)
            #expect(try Self.lsns(engine) == ["1-1", "unsaid"])
            #expect(try engine.compact(space: "default") == 1)
            #expect(try Self.lsns(engine) == ["unsaid"])
            #expect(try Fixture.ids(engine) == Array(1...20) + Array(500...519))
        }
    }

    @Test func whatIsReplayedIsOfTheBatchOfItsLetter() throws {
        try withFixture { fixture in
            let strict = try fixture.open(Fixture.strict)
            _ = try strict.append([Fixture.batch(first: 1, count: 5)])
            _ = try strict.append([Fixture.batch(first: 5_000_770, count: 10)])
            try strict.flush(space: "default")
            #expect(try Self.lsns(strict) == ["1-2"])
            let letter = try #require(strict.deadLetters.first).id
            strict.close()
            let engine = try fixture.open()
            #expect(try engine.replayDeadLetter(letter) == .done)
            #expect(try Self.lsns(engine) == ["1-2", "2-2"])
        }
    }

    @Test func theColumnsOfAttributesAreNamed() throws {
        let table = TableDefinition(
            name: "events",
            schema: Fixture.table.schema,
            sortKey: [0, 1],
            identity: [0],
            timeField: 1,
            promoted: [(attribute: "event.text", column: "text")]
        )
        try withFixture { fixture in
            let engine = try fixture.open(catalog: [table])
            _ = try engine.append([Fixture.batch(first: 1, count: 3)])
            try engine.flush(space: "default")
            let columns = try Self.footers(engine).compactMap { $0["holdfast.columns"] }
            #expect(columns == [#"{"event.text":"text"}"#])
        }
    }
}
