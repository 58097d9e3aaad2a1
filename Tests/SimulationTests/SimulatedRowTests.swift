import Parquet
import Testing

@testable import Simulation
@testable import Storage

/// Rows with the values of another row are found out.
struct SimulatedRowTests {
    private static let rows = SimulatedPayload(number: 5, rows: 4, hour: 2, poison: nil).decoded
        .tables[0]

    @Test func aRowHasItsOwnValues() throws {
        #expect(try SimulatedRow.check(Self.rows.columns, "memory") == [80, 81, 82, 83])
        let poisonous = SimulatedPayload(number: 5, rows: 4, hour: 2, poison: 1).decoded.tables[0]
        #expect(try SimulatedRow.check(poisonous.columns, "memory").count == 4)
    }

    @Test func theTimeOfAnotherRowIsFoundOut() throws {
        var columns = Self.rows.columns
        guard case .fixed(let times) = columns[1] else { throw Violation("no times") }
        var values = times.values
        values.swapAt(1, 2)
        columns[1] = .fixed(FixedColumn(values: values))
        #expect(throws: Violation.self) { try SimulatedRow.check(columns, "memory") }
    }

    @Test func theTextOfAnotherRowIsFoundOut() throws {
        var columns = Self.rows.columns
        guard case .text(let texts) = columns[2] else { throw Violation("no texts") }
        for (left, right) in [(0, 1), (1, 2)] {
            var codes = texts.codes
            codes.swapAt(left, right)
            columns[2] = .text(TextColumn(codes: codes, dictionary: texts.dictionary))
            #expect(throws: Violation.self) { try SimulatedRow.check(columns, "memory") }
        }
        columns[2] = .absent(rows: 4)
        #expect(throws: Violation.self) { try SimulatedRow.check(columns, "memory") }
    }
}
