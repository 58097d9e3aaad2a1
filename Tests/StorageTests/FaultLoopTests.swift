import Testing

@testable import Storage

/// Fails call 1, 2, 3, … of a scripted workload, reopens the store with a sound disk, and checks that every
/// acknowledged batch is there exactly once, until a number is reached that the workload never calls.
struct FaultLoopTests {
    /// What the workload was told.
    private struct Ledger {
        var acknowledged: Set<UInt64> = []
        var attempted: Set<UInt64> = []
    }

    private static let rowsPerBatch = 6

    @Test(arguments: FaultyFileSystem.Fault.allCases)
    func noFaultAtAnyStepLosesOrDoublesABatch(fault: FaultyFileSystem.Fault) throws {
        var call = 0
        while true {
            call += 1
            let fired = try Self.run(fault, at: call)
            if !fired { break }
            #expect(call < 5_000, "the workload does not end")
        }
        #expect(call > 100, "the workload makes more changes to the disk than \(call)")
    }

    /// One run; false when the fault was never met.
    private static func run(_ fault: FaultyFileSystem.Fault, at call: Int) throws -> Bool {
        try withFixture { fixture in
            let disk = FaultyFileSystem(fault, at: call)
            fixture.fileSystem = disk
            var ledger = Ledger()
            workload(fixture, &ledger)
            fixture.fileSystem = FaultyFileSystem()
            let replay = "fault \(fault.rawValue) at call \(call)"
            let engine = try fixture.open()
            try check(engine, ledger, "after \(replay)")
            // The store goes on as if nothing had been.
            _ = try engine.append([Fixture.batch(first: 900_000, count: 1)])
            try engine.flush(space: "default")
            try engine.compact(space: "default")
            ledger.acknowledged.insert(900_000)
            ledger.attempted.insert(900_000)
            try check(engine, ledger, "going on after \(replay)")
            engine.close()
            try check(try fixture.open(), ledger, "opened again after \(replay)")
            return disk.hasFired
        }
    }

    /// Appends, flushes, compacts, collects and reopens; goes on after errors as a node does.
    private static func workload(_ fixture: Fixture, _ ledger: inout Ledger) {
        var next: UInt64 = 1
        for _ in 0..<3 {
            guard let engine = try? fixture.open() else { continue }
            defer { engine.close() }
            for round in 0..<4 {
                var isPoisoned = false
                for _ in 0..<3 {
                    let ids = Set(next..<(next + UInt64(rowsPerBatch)))
                    ledger.attempted.formUnion(ids)
                    do {
                        _ = try engine.append([Fixture.batch(first: next, count: rowsPerBatch)])
                        ledger.acknowledged.formUnion(ids)
                    } catch {
                        isPoisoned = true
                    }
                    next += UInt64(rowsPerBatch)
                }
                if isPoisoned { break }
                _ = try? engine.flush(space: "default")
                if round == 3 { _ = try? engine.compact(space: "default") }
                _ = try? engine.collectGarbage(space: "default")
            }
        }
    }

    private static func check(_ engine: StorageEngine, _ ledger: Ledger, _ when: String) throws {
        let seen = try Fixture.ids(engine)
        let distinct = Set(seen)
        #expect(seen.count == distinct.count, "doubled rows \(when)")
        #expect(
            ledger.acknowledged.subtracting(distinct).isEmpty,
            "lost \(ledger.acknowledged.subtracting(distinct).sorted()) \(when)"
        )
        #expect(
            distinct.subtracting(ledger.attempted).isEmpty,
            "rows that nobody sent \(when)"
        )
        for first in distinct where first < 900_000 && (first - 1) % UInt64(rowsPerBatch) == 0 {
            let batch = Set(first..<(first + UInt64(rowsPerBatch)))
            #expect(batch.isSubset(of: distinct), "half a batch at \(first) \(when)")
        }
    }
}
