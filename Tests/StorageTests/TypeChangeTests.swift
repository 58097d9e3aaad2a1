import Parquet
import Testing

@testable import Storage

/// A newer program may store a column as another type.
struct TypeChangeTests {
    @Test func rowGroupsOfOtherTypesAreWrittenAnewWhenTheyAreMerged() throws {
        try withFixture { fixture in
            let ids = (0..<6).flatMap { part in (0..<50).map { UInt64(part * 100 + $0 + 1) } }
            let old = try fixture.open()
            for part in 0..<6 {
                _ = try old.append([Fixture.batch(first: UInt64(part * 100 + 1), count: 50)])
                _ = try old.flush(space: "default")
            }
            old.close()

            var fields = Fixture.table.schema.fields
            fields[2] = Field("text", .leaf(.bytes, optional: true))
            let table = TableDefinition(
                name: "events",
                schema: Schema(fields),
                sortKey: [0, 1],
                identity: [0],
                timeField: 1,
                pageRows: 16
            )
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
