import Failpoints
import Testing

/// Threads that wait at a place: pause, release, rendezvous, and what happens when nobody comes.
@Suite(.needsFailpoints, .timeLimit(.minutes(1)))
struct ParkingTests {
    @Test func aPausedThreadWaitsForItsRelease() async throws {
        let registry = FailpointRegistry()
        try registry.arm(Place.sync, .nth(1, .pause))
        async let paused = runOnThread { registry.evaluate(Place.sync) }
        try await registry.waitUntilParked(at: Place.sync)
        #expect(registry.report.parked == ["journal.sync"])
        #expect(registry.evaluate(Place.sync) == nil, "only the first arrival pauses")
        #expect(registry.release(Place.sync) == 1)
        #expect(await paused == nil)
        #expect(registry.release(Place.sync) == 0)
        try registry.finish()
    }

    @Test func releaseLetsEveryThreadOfOnePlaceGo() async throws {
        let registry = FailpointRegistry()
        try registry.arm(configuration: "journal.sync=pause;journal.write=pause")
        async let one = runOnThread { registry.evaluate(Place.sync) }
        async let two = runOnThread { registry.evaluate(Place.sync) }
        async let other = runOnThread { registry.evaluate(Place.write) }
        try await registry.waitUntilParked(at: Place.sync, count: 2)
        try await runOnThread { try registry.waitUntilParked(at: Place.write) }
        #expect(registry.release(Place.sync) == 2)
        #expect(await [one, two] == [nil, nil])
        #expect(registry.report.parked == ["journal.write"])
        registry.release(Place.write)
        #expect(await other == nil)
    }

    @Test func aPauseThatNobodyReleasesFails() async throws {
        let registry = FailpointRegistry(bound: .milliseconds(5))
        try registry.arm(Place.sync, .always(.pause))
        let injection = await runOnThread { registry.evaluate(Place.sync) }
        #expect(injection == .timedOut("journal.sync"))
        #expect(registry.report.timedOut == ["journal.sync"])
        #expect(throws: FailpointError.incomplete(registry.report)) { try registry.finish() }
    }

    @Test func finishWakesAndNamesWhoIsStillParked() async throws {
        let registry = FailpointRegistry()
        try registry.arm(Place.sync, .always(.pause))
        async let paused = runOnThread { registry.evaluate(Place.sync) }
        try await registry.waitUntilParked(at: Place.sync)
        let report = registry.report
        #expect(report.parked == ["journal.sync"])
        #expect(throws: FailpointError.incomplete(report)) { try registry.finish() }
        #expect(await paused == .timedOut("journal.sync"))
    }

    @Test func aScopeThatThrowsWakesWhoIsParked() async throws {
        let registry = FailpointRegistry()
        try registry.arm(Place.sync, .always(.pause))
        async let paused = runOnThread { registry.evaluate(Place.sync) }
        await #expect(throws: CancellationError.self) {
            try await registry.withTaskScope {
                try await registry.waitUntilParked(at: Place.sync)
                throw CancellationError()
            }
        }
        #expect(await paused == .timedOut("journal.sync"))
    }

    @Test func aCrashWakesWhoIsParkedWithTheCrash() async throws {
        let registry = FailpointRegistry()
        try registry.arm(configuration: "journal.sync=pause;page.swap=crash")
        async let paused = runOnThread { registry.evaluate(Place.sync) }
        try await registry.waitUntilParked(at: Place.sync)
        #expect(registry.evaluate(Place.swap) == .crash)
        #expect(await paused == .crash)
    }

    @Test func waitingForAThreadThatNeverParksFails() async {
        let registry = FailpointRegistry(bound: .milliseconds(5))
        await #expect(throws: FailpointError.notParked("journal.sync")) {
            try await registry.waitUntilParked(at: Place.sync)
        }
    }

    @Test func aRendezvousLetsAllPartiesGoTogether() async throws {
        let registry = FailpointRegistry()
        try registry.arm(
            configuration: "journal.write=rendezvous(gate,3);journal.sync=rendezvous(gate,3)"
        )
        for _ in 1...3 {
            async let one = runOnThread { registry.evaluate(Place.write) }
            async let two = runOnThread { registry.evaluate(Place.sync) }
            try await registry.waitUntilParked(at: Place.write)
            try await registry.waitUntilParked(at: Place.sync)
            let three = await runOnThread { registry.evaluate(Place.sync) }
            #expect(await [one, two, three] == [nil, nil, nil])
        }
        #expect(try registry.finish().parked.isEmpty)
    }

    @Test func releaseDoesNotOpenARendezvous() async throws {
        let registry = FailpointRegistry()
        try registry.arm(Place.write, .always(.rendezvous("gate", parties: 2)))
        async let one = runOnThread { registry.evaluate(Place.write) }
        try await registry.waitUntilParked(at: Place.write)
        #expect(registry.release(Place.write) == 0)
        #expect(await runOnThread { registry.evaluate(Place.write) } == nil)
        #expect(await one == nil)
    }

    @Test func aRendezvousThatTimesOutFailsAllPartiesAndWhoComesLater() async throws {
        let registry = FailpointRegistry(bound: .milliseconds(20))
        try registry.arm(Place.write, .always(.rendezvous("gate", parties: 3)))
        async let one = runOnThread { registry.evaluate(Place.write) }
        async let two = runOnThread { registry.evaluate(Place.write) }
        #expect(await [one, two] == [.timedOut("gate"), .timedOut("gate")])
        #expect(registry.evaluate(Place.write) == .timedOut("gate"), "the third comes too late")
        #expect(registry.report.timedOut.count == 3)
        #expect(throws: FailpointError.incomplete(registry.report)) { try registry.finish() }
    }

    @Test func meetingsOfDifferentNamesOrSizesAreApart() async throws {
        let registry = FailpointRegistry(bound: .milliseconds(5))
        try registry.arm(
            configuration: "journal.write=rendezvous(a,2);journal.sync=rendezvous(b,2);"
                + "page.swap=1*rendezvous(a,1)"
        )
        async let one = runOnThread { registry.evaluate(Place.write) }
        async let two = runOnThread { registry.evaluate(Place.sync) }
        #expect(registry.evaluate(Place.swap) == nil, "a party of one waits for nobody")
        #expect(await [one, two] == [.timedOut("a"), .timedOut("b")])
    }

    @Test func runOnThreadHandsBackValuesAndErrors() async throws {
        #expect(await runOnThread { 7 } == 7)
        await #expect(throws: FailpointError.compiledOut) {
            try await runOnThread { () throws(FailpointError) in throw .compiledOut }
        }
    }
}
