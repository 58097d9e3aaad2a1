import Failpoints
import Testing

/// Puts each test into a task-local scope of its own; three lines that any project can copy.
struct FailpointScope: TestTrait, SuiteTrait, TestScoping {
    let isRecursive = true
    func provideScope(
        for test: Test,
        testCase: Test.Case?,
        performing function: @concurrent @Sendable () async throws -> Void
    ) async throws {
        try await FailpointRegistry().withTaskScope { try await function() }
    }
}

/// Which registry answers: the explicit one, the task-local one, and nobody else's.
@Suite(.needsFailpoints)
struct ScopeTests {
    @Test func theExplicitRegistryAnswersBeforeTheTaskScope() throws {
        let (explicit, scope) = (FailpointRegistry(), FailpointRegistry())
        try scope.withTaskScope {
            try scope.arm(Place.write, .always(.short(1)))
            #expect(explicit.evaluate(Place.write) == .short(1))
            try explicit.arm(Place.write, .nth(2, .short(2)))
            #expect(injections(explicit, .write, count: 3) == [nil, .short(2), nil])
            explicit.disarm(Place.write)
            #expect(explicit.evaluate(Place.write) == .short(1))
        }
        #expect(explicit.evaluate(Place.write) == nil)
        #expect(explicit.hitCount(Place.write) == 6)
        #expect(scope.hitCount(Place.write) == 5, "the scope records what others answer")
        #expect(scope.firedCount(Place.write) == 2)
    }

    @Test func anArrivalIsRecordedOnceIfTheScopeIsTheRegistryItself() throws {
        let registry = FailpointRegistry()
        try registry.withTaskScope { try registry.hit(Place.write) }
        #expect(registry.hitCount(Place.write) == 1)
    }

    @Test func childTasksAndThreadsInheritTheTaskScope() async throws {
        let scope = FailpointRegistry()
        let found = try await scope.withTaskScope {
            try scope.arm(Place.write, .always(.short(1)))
            async let child = FailpointRegistry().evaluate(Place.write)
            let task = Task { FailpointRegistry().evaluate(Place.write) }
            let thread = await runOnThread { FailpointRegistry().evaluate(Place.write) }
            return await [child, task.value, thread]
        }
        #expect(found == [.short(1), .short(1), .short(1)])
        let outside = await runOnThread { FailpointRegistry().evaluate(Place.write) }
        #expect(outside == nil)
    }

    @Test func registriesUsedAtTheSameTimeDoNotSeeEachOther() async throws {
        try await withThrowingTaskGroup(of: Int.self) { group in
            for bytes in 1...16 {
                group.addTask {
                    let registry = FailpointRegistry()
                    return try await registry.withTaskScope {
                        try registry.arm(Place.write, .always(.short(bytes)))
                        for _ in 0..<200 {
                            #expect(registry.evaluate(Place.write) == .short(bytes))
                            #expect(FailpointRegistry().evaluate(Place.write) == .short(bytes))
                            await Task.yield()
                        }
                        return registry.hitCount(Place.write)
                    }
                }
            }
            for try await hits in group { #expect(hits == 400) }
        }
    }

    @Test func theEndOfAScopeFailsIfAnythingNeverFired() async {
        #expect(throws: FailpointError.self) {
            let registry = FailpointRegistry()
            try registry.withTaskScope { try registry.arm(Place.never, .always(.error)) }
        }
        await #expect(throws: FailpointError.self) {
            let registry = FailpointRegistry()
            try await registry.withTaskScope {
                await Task.yield()
                try registry.arm(Place.never, .always(.error))
            }
        }
    }

    @Test func theErrorOfTheBodyGoesBeforeThatOfTheScope() async {
        #expect(throws: CancellationError.self) {
            let registry = FailpointRegistry()
            try registry.withTaskScope {
                try registry.arm(Place.never, .always(.error))
                throw CancellationError()
            }
        }
        await #expect(throws: CancellationError.self) {
            let registry = FailpointRegistry()
            try await registry.withTaskScope {
                await Task.yield()
                try registry.arm(Place.never, .always(.error))
                throw CancellationError()
            }
        }
    }

    @Test(FailpointScope(), arguments: 1...4)
    func aTraitGivesEachCaseAScopeOfItsOwn(number: Int) throws {
        let registry = FailpointRegistry()
        #expect(registry.evaluate(Place.write) == nil)
        try registry.arm(Place.write, .always(.short(number)))
        #expect(registry.evaluate(Place.write) == .short(number))
    }
}
