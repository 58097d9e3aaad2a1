import Storage
import Testing

@testable import Telemetry

/// What the definitions of the tables say to manifests and footers.
struct TableDefinitionTests {
    @Test(arguments: [TelemetryTables.spans, TelemetryTables.logs])
    func everyPromotedAttributeIsNamedWithItsColumn(table: Int) {
        let attributes = table == TelemetryTables.spans ? PromotedAttributes.spans : .logs
        let promoted = TelemetryCatalog.tables[table].promoted
        #expect(promoted.map { $0.attribute } == attributes.attributes.map(\.key))
        #expect(promoted.map { $0.column } == attributes.attributes.map(\.column))
        // In every segment, as JSON.
        let bytes = promoted.reduce(2) { $0 + $1.attribute.utf8.count + $1.column.utf8.count + 6 }
        #expect(bytes <= 2_048)
    }

    @Test func everyTableHasASchemaOfItsOwn() {
        let tables = TelemetryCatalog.tables
        #expect(Set(tables.map(\.schemaID)).count == tables.count)
    }
}
