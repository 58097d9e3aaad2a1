import Parquet
import Testing

@testable import Storage

/// What a version says of its predecessor and of the tables, and versions from before that was kept.
struct ManifestTests {
    private static func manifest(
        _ engine: StorageEngine,
        _ id: UInt64,
        space: String = "default"
    ) throws -> Manifest {
        let version = try SpaceVersion.load(
            engine.store,
            space: space,
            id: id,
            storeID: engine.storeID
        )
        return try #require(version).manifest
    }

    /// A store with one flushed batch; the manifest of the flush, number 2, is what `change` makes of it.
    ///
    /// - Returns: its bytes. The store is closed.
    private static func prepare(
        _ fixture: Fixture,
        _ change: (inout Manifest) -> Void
    ) throws -> [UInt8] {
        let engine = try fixture.open()
        defer { engine.close() }
        _ = try engine.append([Fixture.batch(first: 1, count: 3)])
        try engine.flush(space: "default")
        var manifest = try Self.manifest(engine, 2)
        change(&manifest)
        let bytes = manifest.encoded().bytes
        _ = try engine.store.put(Manifest.key(space: "default", id: 2), bytes, .always)
        return bytes
    }

    private static func problems(_ fixture: Fixture) throws -> [String] {
        let inspection = try StoreInspection(
            environment: Environment(),
            dataDirectory: fixture.directory,
            catalog: [Fixture.table]
        )
        return try inspection.verify(decoder: Fixture.decoder) { _ in }.problems
    }

    @Test func aVersionNamesItsPredecessorAndTheSchema() throws {
        try withFixture { fixture in
            let engine = try fixture.open()
            _ = try engine.append([Fixture.batch(first: 1, count: 3)])
            try engine.flush(space: "default")
            try engine.createSpace("team-a")
            let first = try Self.manifest(engine, 1)
            let second = try Self.manifest(engine, 2)
            let other = try Self.manifest(engine, 1, space: "team-a")
            #expect(first.previousID == nil)
            #expect(second.previousID == 1)
            #expect(other.previousID == nil)
            let schema = ["events": Fixture.table.schemaID]
            #expect([first, second, other].allSatisfy { $0.schema == schema })
        }
    }

    @Test func aVersionFromBeforeThatWasKeptIsRead() throws {
        try withFixture { fixture in
            let bytes = try Self.prepare(fixture) { manifest in
                manifest.previousID = nil
                manifest.schema = nil
            }
            let text = String(decoding: bytes, as: UTF8.self)
            #expect(!text.contains("previousID") && !text.contains("schema"))
            #expect(try Self.problems(fixture).isEmpty)
            let engine = try fixture.open()
            #expect(try Fixture.ids(engine) == [1, 2, 3])
            let opened = try Self.manifest(engine, 3)
            #expect(opened.operation == "open" && opened.previousID == 2)
            #expect(opened.schema == ["events": Fixture.table.schemaID])
        }
    }

    @Test func aVersionThatNamesAnotherPredecessorIsDamaged() throws {
        try withFixture { fixture in
            _ = try Self.prepare(fixture) { $0.previousID = 7 }
            let problems = try Self.problems(fixture)
            #expect(problems == ["space default: version 2 does not follow version 1"])
            // The journal still has the batch.
            let engine = try fixture.open()
            #expect(try Fixture.ids(engine) == [1, 2, 3])
            #expect(try engine.store.byteCount("spaces/default/damaged/2.json") != nil)
        }
    }

    // MARK: - The digest

    private static func table(
        _ name: String = "events",
        _ fields: [Field] = Fixture.table.schema.fields,
        sortKey: [Int] = [0, 1],
        pageRows: Int = 16
    ) -> TableDefinition {
        TableDefinition(
            name: name,
            schema: Schema(fields),
            sortKey: sortKey,
            timeField: 1,
            pageRows: pageRows
        )
    }

    @Test func aSchemaIsNamedByItsNameItsFieldsAndItsOrder() {
        var fields = Fixture.table.schema.fields
        fields[0].hasBloomFilter = false
        fields[1].encoding = .plain
        // How values are laid out is no part of it.
        #expect(Self.table("events", fields, pageRows: 64).schemaID == Fixture.table.schemaID)
        let text = fields[2]
        func changed(_ field: Field) -> TableDefinition {
            Self.table("events", [fields[0], fields[1], field])
        }
        let others: [TableDefinition] = [
            Self.table("marks"),
            Self.table(sortKey: [1, 0]),
            Self.table("events", [fields[0], fields[1]]),
            Self.table("events", [text, fields[0], fields[1]]),
            changed(Field("note", text.shape)),
            changed(Field("text", .leaf(.string, optional: false))),
            changed(Field("text", .leaf(.json, optional: true))),
            changed(Field("text", .list(.string))),
            changed(Field("text", .map(.string))),
            changed(Field("text", .structs([text]))),
        ]
        let digests = Set(others.map(\.schemaID))
        #expect(digests.count == others.count)
        #expect(!digests.contains(Fixture.table.schemaID))
    }

    /// Another text would be another schema to every store there is.
    @Test func theDigestOfATableStaysWhatItIs() {
        let text = """
            table events
            field id hex8
            field time_unix_nano int64
            field text string?
            sort id time_unix_nano
            """
        #expect(Fixture.table.schemaID == sha256(Array(text.utf8)))
        let digest = "c3134e4ef6de21ed46f20756c30b8220e71cc0a818cf9e07c6e4cf74d4890885"
        #expect(Fixture.table.schemaID == digest)
    }
}
