import Parquet
import Testing

@testable import Storage

/// A newer program may have other columns, or store one as another type.
struct TypeChangeTests {
    /// The fixture's table as another program knows it: other columns, in another order.
    private static let other = TableDefinition(
        name: "events",
        schema: Schema([
            Field("added", .leaf(.string, optional: true)),
            Field("id", .leaf(.hex(byteCount: 8), optional: false), bloomFilter: true),
            Field("text", .leaf(.string, optional: true)),
            Field("time_unix_nano", .leaf(.int64, optional: false)),
        ]),
        sortKey: [1, 3],
        identity: [1],
        timeField: 3,
        pageRows: 16
    )

    /// The fixture's table with texts of another type.
    private static func table(text: LeafType) -> TableDefinition {
        var fields = Fixture.table.schema.fields
        fields[2] = Field("text", .leaf(text, optional: true))
        return TableDefinition(
            name: "events",
            schema: Schema(fields),
            sortKey: [0, 1],
            identity: [0],
            timeField: 1,
            pageRows: 16
        )
    }

    /// The columns of a batch, as the other program puts them.
    private static let otherDecoder = BatchDecoder(
        decode: { record throws(StorageError) in
            let table = Fixture.rows(record).tables[0]
            let columns = [
                .absent(rows: table.rowCount), table.columns[0], table.columns[2], table.columns[1],
            ]
            return .rows(
                DecodedBatch(tables: [
                    TableRows(
                        table: 0,
                        rowCount: table.rowCount,
                        columns: columns,
                        timeField: 3
                    )
                ])
            )
        },
        split: { _ in nil }
    )

    /// Every text in a segment by the id of its row.
    private static func texts(
        _ engine: StorageEngine,
        id: Int,
        text: Int
    ) throws -> [UInt64: String] {
        let snapshot = try #require(engine.snapshot(space: "default"))
        var found: [UInt64: String] = [:]
        for segment in snapshot.segments(table: 0) {
            let reader = try snapshot.reader(table: 0, segment)
            for group in reader.rowGroups.indices {
                guard
                    case .identifier(let ids) = try reader.column(rowGroup: group, field: id),
                    case .text(let texts) = try reader.column(rowGroup: group, field: text)
                else { continue }
                for (row, id) in ids.words.enumerated() {
                    found[id] = texts.dictionary.string(texts.codes[row])
                }
            }
        }
        return found
    }

    /// Segments, and batches that are only in the journal, of a program whose table was another one.
    @Test func segmentsOfOtherColumnsAreReadAndMergedByName() throws {
        try withFixture { fixture in
            let old = try fixture.open()
            for part in 0..<3 {
                _ = try old.append([Fixture.batch(first: UInt64(part * 100 + 1), count: 50)])
                _ = try old.flush(space: "default")
            }
            _ = try old.append([Fixture.batch(first: 301, count: 50)])
            let expected = try Self.texts(old, id: 0, text: 2)
            #expect(expected.count == 150)
            old.close()

            let new = try fixture.open(catalog: [Self.other], decoder: Self.otherDecoder)
            defer { new.close() }
            #expect(try Self.texts(new, id: 1, text: 2) == expected)
            #expect(try new.compact(space: "default") > 0)
            #expect(try Self.texts(new, id: 1, text: 2) == expected)
            _ = try new.flush(space: "default")
            #expect(try Self.texts(new, id: 1, text: 2).count == 200)
            let snapshot = try #require(new.snapshot(space: "default"))
            for segment in snapshot.segments(table: 0) {
                let reader = try snapshot.reader(table: 0, segment)
                #expect(reader.schema.hasSameShape(as: Self.other.schema))
            }
        }
    }

    /// A column that was made of another kind is refused by name, and nothing is changed.
    @Test func segmentsThatCannotBeReadAreNamed() throws {
        try withFixture { fixture in
            let old = try fixture.open()
            _ = try old.append([Fixture.batch(first: 1, count: 50)])
            _ = try old.flush(space: "default")
            old.close()
            let new = try fixture.open(catalog: [Self.table(text: .int64)])
            let error = #expect(throws: StorageError.self) { try Fixture.ids(new) }
            #expect(error?.code == .restore)
            #expect(error?.message.contains("text") ?? false)
            #expect(error?.remedy.contains("version of holdfast") ?? false)
            new.close()
            let again = try fixture.open()
            defer { again.close() }
            #expect(try Fixture.ids(again).count == 50)
        }
    }

    @Test func rowGroupsOfOtherTypesAreWrittenAnewWhenTheyAreMerged() throws {
        try withFixture { fixture in
            let ids = (0..<6).flatMap { part in (0..<50).map { UInt64(part * 100 + $0 + 1) } }
            let old = try fixture.open()
            for part in 0..<6 {
                _ = try old.append([Fixture.batch(first: UInt64(part * 100 + 1), count: 50)])
                _ = try old.flush(space: "default")
            }
            old.close()

            let table = Self.table(text: .bytes)
            let new = try fixture.open(catalog: [table])
            defer { new.close() }
            #expect(try Fixture.ids(new) == ids)
            #expect(try new.compact(space: "default") > 0)
            #expect(try Fixture.ids(new) == ids)
            let snapshot = try #require(new.snapshot(space: "default"))
            let types = try Set(
                snapshot.segments(table: 0).map {
                    try snapshot.reader(table: 0, $0).schema.hasSameShape(as: table.schema)
                }
            )
            #expect(types.contains(true))
        }
    }
}
