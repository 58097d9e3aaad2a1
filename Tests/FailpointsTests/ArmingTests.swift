import Failpoints
import Testing

/// Names, guards and what a registry reports at its end.
@Suite(.needsFailpoints)
struct ArmingTests {
    @Test func aKnownCatalogRefusesOtherNames() throws {
        let registry = FailpointRegistry()
        registry.know(Place.self)
        #expect(throws: FailpointError.unknownPoint("journal.snyc")) {
            try registry.arm(configuration: "journal.write=error;journal.snyc=error")
        }
        #expect(registry.evaluate(Place.write) == nil, "half a configuration must not be armed")
        #expect(throws: FailpointError.unknownPoint("elsewhere.step")) {
            try registry.arm(Elsewhere.step, .always(.error))
        }
        #expect(throws: FailpointError.unknownPoint("elsewhere.step")) {
            try registry.withFailpoint(Elsewhere.step, .always(.error)) {}
        }
        registry.know(Elsewhere.self)
        try registry.arm(configuration: " journal.sync = error ; elsewhere.step = error ")
        #expect(registry.evaluate(Elsewhere.step) == .error(""))
    }

    @Test func anEmptyConfigurationArmsNothing() throws {
        let registry = FailpointRegistry()
        try registry.arm(configuration: " \n")
        #expect(try registry.finish().points.isEmpty)
    }

    @Test func anUndefinedCallbackIsRefused() {
        #expect(throws: FailpointError.unknownCallback("nobody")) {
            try FailpointRegistry().arm(configuration: "journal.write=1*off->callback(nobody)")
        }
    }

    @Test func armingAnewReplacesAndDisarmingEnds() throws {
        let registry = FailpointRegistry()
        try registry.arm(Place.write, .always(.error))
        #expect(registry.evaluate(Place.write) == .error(""))
        try registry.arm(Place.write, .always(.errno(5)))
        #expect(registry.evaluate(Place.write) == .errno(5))
        registry.disarm(Place.write)
        #expect(registry.evaluate(Place.write) == nil)
        registry.disarm(Place.write)
        try registry.finish()
    }

    @Test func aGuardEndsWhenItsBodyReturns() async throws {
        let registry = FailpointRegistry()
        let value = try registry.withFailpoint(Place.write, .always(.error)) {
            (registry.evaluate(Place.write), 1)
        }
        #expect(value == (.error(""), 1))
        let later = try await registry.withFailpoint(Place.write, .always(.short(1))) {
            await Task.yield()
            return registry.evaluate(Place.write)
        }
        #expect(later == .short(1))
        #expect(registry.evaluate(Place.write) == nil)
        try registry.finish()
    }

    @Test func aGuardEndsWhenItsBodyThrows() async throws {
        let registry = FailpointRegistry()
        #expect(throws: InjectedFault.self) {
            try registry.withFailpoint(Place.write, .always(.error)) {
                try registry.hit(Place.write)
            }
        }
        await #expect(throws: InjectedFault.self) {
            try await registry.withFailpoint(Place.write, .always(.error)) {
                await Task.yield()
                try registry.hit(Place.write)
            }
        }
        #expect(registry.evaluate(Place.write) == nil)
    }

    @Test func aGuardEndsWhenItsTaskIsCancelled() async throws {
        let registry = FailpointRegistry()
        let task = Task {
            try await registry.withFailpoint(Place.write, .always(.error)) {
                await Task.yield()
                withUnsafeCurrentTask { $0?.cancel() }
                #expect(registry.evaluate(Place.write) == .error(""))
                try Task.checkCancellation()
            }
        }
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(registry.evaluate(Place.write) == nil)
    }

    @Test func nestedGuardsRestoreWhatWasBeforeWithItsCount() throws {
        let registry = FailpointRegistry()
        try registry.arm(Place.write, try FailpointProgram("1*error(a)->1*error(b)->error(c)"))
        #expect(registry.evaluate(Place.write) == .error("a"))
        try registry.withFailpoint(Place.write, .always(.short(1))) {
            #expect(registry.evaluate(Place.write) == .short(1))
            try registry.withFailpoint(Place.write, .always(.short(2))) {
                #expect(registry.evaluate(Place.write) == .short(2))
            }
            #expect(registry.evaluate(Place.write) == .short(1))
        }
        #expect(injections(registry, .write, count: 2) == [.error("b"), .error("c")])
        try registry.finish()
    }

    @Test func guardsThatOverlapEndOnlyTheirOwnProgram() async throws {
        let registry = FailpointRegistry()
        let (first, firstEnds) = AsyncStream.makeStream(of: Void.self)
        let (entered, didEnter) = AsyncStream.makeStream(of: Void.self)
        let outer = Task {
            try await registry.withFailpoint(Place.write, .always(.short(1))) {
                _ = registry.evaluate(Place.write)
                didEnter.finish()
                for await _ in first {}
            }
        }
        for await _ in entered {}
        try await registry.withFailpoint(Place.write, .always(.short(2))) {
            firstEnds.finish()
            try await outer.value
            #expect(registry.evaluate(Place.write) == .short(2))
        }
        #expect(registry.evaluate(Place.write) == nil)
        try registry.finish()
    }

    @Test func finishNamesEveryActionThatNeverFired() throws {
        let registry = FailpointRegistry(seed: 11)
        try registry.arm(Place.write, try FailpointProgram("1*error->1*errno(EIO)->off"))
        try registry.arm(Place.never, .always(.pause))
        try registry.withFailpoint(Place.sync, .always(.crash)) {}
        _ = registry.evaluate(Place.write)
        let error = #expect(throws: FailpointError.self) { try registry.finish() }
        guard case .incomplete(let report) = error else {
            Issue.record("finish threw \(String(describing: error))")
            return
        }
        #expect(
            report.unfired
                == ["journal.sync=crash", "journal.write=1*errno(EIO)", "never.reached=pause"]
        )
        #expect(
            report.description == """
                seed 11
                never fired: journal.sync=crash
                never fired: journal.write=1*errno(EIO)
                never fired: never.reached=pause
                journal.write: 1 hits, 1 fired
                never.reached: 0 hits, 0 fired
                """
        )
    }

    @Test func theTraceHasEveryArrivalInOrder() throws {
        let registry = FailpointRegistry()
        try registry.arm(Place.sync, .nth(2, .error))
        for point in [Place.write, .sync, .write, .sync] { _ = registry.evaluate(point) }
        #expect(
            registry.report.trace.map(\.description)
                == ["journal.write#1", "journal.sync#1", "journal.write#2", "journal.sync#2"]
        )
        #expect(try registry.finish() == registry.report)
    }

    @Test func theTraceIsBounded() throws {
        let registry = FailpointRegistry()
        for _ in 0..<FailpointReport.traceCountMax + 3 { try registry.hit(Place.write) }
        #expect(registry.report.trace.count == FailpointReport.traceCountMax)
        #expect(registry.report.untracedCount == 3)
        #expect(registry.hitCount(Place.write) == FailpointReport.traceCountMax + 3)
    }
}
