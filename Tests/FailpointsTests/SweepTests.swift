import Failpoints
import Testing

/// `forEachHit`: every arrival of a workload fails once, and no run is counted that met no fault.
@Suite(.needsFailpoints)
struct SweepTests {
    /// Writes three times, syncs after each write, and swaps at the end.
    private static func workload(_ registry: FailpointRegistry) throws(InjectedFault) {
        for _ in 1...3 {
            try registry.hit(Place.write)
            try registry.hit(Place.sync)
        }
        try registry.hit(Place.swap)
    }

    @Test func everyArrivalFailsOnce() async throws {
        var seen: [String] = []
        let sweep = try await forEachHit(of: Place.self) {
            try Self.workload($0)
        } check: { hit, error in
            #expect(error as? InjectedFault == InjectedFault(hit: hit, injection: .error("")))
            seen.append(hit.description)
        }
        #expect(
            seen == [
                "journal.write#1", "journal.write#2", "journal.write#3", "journal.sync#1",
                "journal.sync#2", "journal.sync#3", "page.swap#1",
            ]
        )
        #expect(sweep.failed.map(\.description) == seen)
        #expect(sweep.unreached == ["never.reached"])
    }

    @Test func aPersistentFaultHappensAgainToWhoTriesAgain() async throws {
        for persistent in [false, true] {
            var failures = 0
            var crashes = 0
            try await forEachHit(
                of: Place.self,
                action: .errno(28),
                persistent: persistent
            ) { registry in
                do {
                    try Self.workload(registry)
                } catch {
                    failures += 1
                    try Self.workload(registry)
                }
            } check: { _, error in
                if error != nil { crashes += 1 }
            }
            #expect(failures == 7)
            #expect(crashes == (persistent ? 7 : 0))
        }
    }

    @Test func aCrashHoldsUntilTheWorkloadRestarts() async throws {
        try await forEachHit(of: Place.self, action: .crash) { registry in
            do {
                try Self.workload(registry)
            } catch {
                #expect(registry.evaluate(Place.never) == .crash)
                try registry.checkPower()
            }
        } check: { hit, error in
            #expect((error as? SimulatedCrash)?.hit == hit)
        }
    }

    @Test func aWorkloadThatFailsWithoutAFaultEndsTheSweep() async {
        var runs = 0
        await #expect(throws: CancellationError.self) {
            try await forEachHit(of: Place.self) { _ in
                runs += 1
                throw CancellationError()
            } check: { _, _ in
            }
        }
        #expect(runs == 1)
    }

    @Test func aSweepIsBounded() async {
        await #expect(throws: FailpointError.sweepTooLong(point: "journal.write", runs: 2)) {
            try await forEachHit(of: Place.self, runsMax: 2) {
                try Self.workload($0)
            } check: { _, _ in
            }
        }
    }
}
