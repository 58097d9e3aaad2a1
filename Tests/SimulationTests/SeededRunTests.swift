import Simulation
import Testing

/// Random histories; `holdfast torture` runs many more.
struct SeededRunTests {
    @Test(arguments: 0..<8)
    func noHistoryBreaksAPromise(part: Int) throws {
        var recoveries = 0
        for index in 0..<6 {
            recoveries += try SeededRun(seed: UInt64(1_000 * part + index)).runTwice().recoveries
        }
        #expect(recoveries > 6 * 3)
    }

    @Test func differentSeedsAreDifferentHistories() throws {
        #expect(try SeededRun(seed: 1).run().trace != SeededRun(seed: 2).run().trace)
    }
}
