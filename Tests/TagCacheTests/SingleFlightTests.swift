import Synchronization
import Testing

@testable import TagCache

struct SingleFlightTests {
    struct Broken: Error, Equatable { let number: Int }

    /// Callers that all wait for one load, which stands still until the gate opens.
    private func callers(
        _ count: Int,
        of cache: TagCache<String, Int>,
        _ gate: Gate,
        _ executions: Atomic<Int>.Box
    ) async -> [Task<Int, any Error>] {
        let before = cache.stats.coalesced
        let tasks = (0..<count).map { _ in
            Task {
                try await cache.value(for: "key") {
                    executions.add()
                    await gate.pass()
                    try Task.checkCancellation()
                    return 7
                }
            }
        }
        await eventually { cache.stats.coalesced == before + count - 1 && gate.waiterCount == 1 }
        return tasks
    }

    @Test(arguments: [false, true])
    func aHerdOfAThousandCausesOneLoad(leaderIsCancelled: Bool) async throws {
        for round in 0..<4 {
            let cache = makeCache()
            let gate = Gate()
            let executions = Atomic<Int>.Box()
            // The first caller starts the load; the others come after it.
            let leader = await callers(1, of: cache, gate, executions)[0]
            let before = cache.stats.coalesced
            let followers = (0..<999).map { _ in
                Task { try await cache.value(for: "key") { -1 } }
            }
            await eventually { cache.stats.coalesced == before + 999 }
            if leaderIsCancelled {
                leader.cancel()
                await #expect(throws: CancellationError.self) { try await leader.value }
            }
            gate.open()
            for follower in followers { #expect(try await follower.value == 7, "round \(round)") }
            if !leaderIsCancelled { #expect(try await leader.value == 7) }
            #expect(executions.value == 1)
            #expect(cache.stats.loads == 1 && cache.stats.loadFailures == 0)
        }
    }

    @Test func theErrorOfALoadReachesEveryoneAsItWasThrown() async {
        let cache = makeCache()
        let gate = Gate()
        let tasks = (0..<50).map { _ in
            Task {
                try await cache.value(for: "key") { () async throws -> Int in
                    await gate.pass()
                    throw Broken(number: 42)
                }
            }
        }
        await eventually { cache.stats.coalesced == 49 }
        gate.open()
        for task in tasks {
            await #expect(throws: Broken(number: 42)) { try await task.value }
        }
        #expect(cache.stats.loadFailures == 1)
    }

    @Test func theLastWaiterToLeaveCancelsTheLoad() async throws {
        let cache = makeCache()
        let gate = Gate()
        let executions = Atomic<Int>.Box()
        let tasks = await callers(3, of: cache, gate, executions)
        for task in tasks { task.cancel() }
        for task in tasks {
            await #expect(throws: CancellationError.self) { try await task.value }
        }
        #expect(cache.stats.loadsCancelled == 1)
        // A caller that comes now gets a load of its own, not the cancelled one.
        #expect(try await cache.value(for: "key") { 8 } == 8)
        gate.open()
        await eventually { cache.stats.loadFailures == 1 }
        #expect(try cache.get("key") == 8)
    }

    @Test func anAbandonedLoadMayFinish() async throws {
        let cache = makeCache { $0.abandonedLoad = .finish }
        let gate = Gate()
        let executions = Atomic<Int>.Box()
        let task = await callers(1, of: cache, gate, executions)[0]
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        gate.open()
        await eventually { cache.stats.loads == 1 }
        #expect(try cache.get("key") == 7)
    }

    @Test func aWaitEndsInTimeWithItsOwnErrorAndTheLoadGoesOn() async throws {
        let clock = ManualClock()
        let cache = makeCache(clock: clock) { $0.abandonedLoad = .finish }
        let gate = Gate()
        let executions = Atomic<Int>.Box()
        let early = await callers(1, of: cache, gate, executions)[0]
        await eventually { clock.sleeperCount == 1 }
        clock.advance(by: .seconds(30))
        let late = Task { try await cache.value(for: "key") { -1 } }
        await eventually { cache.stats.coalesced == 1 }
        clock.advance(by: .seconds(30))
        await #expect(throws: TagCacheError.waitTimedOut) { try await early.value }
        await eventually { clock.sleeperCount == 1 }
        gate.open()
        #expect(try await late.value == 7)
        #expect(cache.stats.waitsTimedOut == 1)
        await eventually { clock.sleeperCount == 0 }
    }

    @Test func whoIsToldToTryAgainWaitsNoLongerThanTheOthers() async throws {
        let clock = ManualClock()
        let cache = makeCache(clock: clock)
        let gates = [Gate(), Gate()]
        let executions = Atomic<Int>.Box()
        let call: @Sendable () async throws -> Int = {
            try await cache.value(for: "key") {
                executions.add()
                try CacheDependencies.add("t")
                await gates[executions.value - 1].pass()
                return 7
            }
        }
        let first = Task { try await call() }
        await eventually { gates[0].waiterCount == 1 }
        try await cache.invalidate("t")
        let second = Task { try await call() }
        await eventually { cache.stats.coalesced == 1 }
        clock.advance(by: .seconds(40))
        gates[0].open()
        #expect(try await first.value == 7)
        // The load that the second caller joined began before the invalidation: it begins another.
        await eventually { gates[1].waiterCount == 1 && clock.sleeperCount == 1 }
        clock.advance(by: .seconds(20))
        await #expect(throws: TagCacheError.waitTimedOut) { try await second.value }
        gates[1].open()
    }

    @Test func aLoadThatAsksForItselfIsRefused() async throws {
        let cache = makeCache()
        await #expect(throws: TagCacheError.recursiveLoad) {
            try await cache.value(for: "a") {
                try await cache.value(for: "b") { try await cache.value(for: "a") { 1 } }
            }
        }
        #expect(try await cache.value(for: "a") { 2 } == 2)
    }

    @Test func twoLoadsThatWaitForEachOtherAreRefused() async throws {
        let cache = makeCache()
        let bothRun = Gate()
        func crossed(_ own: String, _ other: String) -> Task<Int, any Error> {
            Task {
                try await cache.value(for: own) {
                    await bothRun.pass()
                    return try await cache.value(for: other) { 0 }
                }
            }
        }
        let tasks = [crossed("a", "b"), crossed("b", "a")]
        await eventually { bothRun.waiterCount == 2 }
        bothRun.open()
        for task in tasks {
            await #expect(throws: TagCacheError.recursiveLoad) { try await task.value }
        }
    }

    @Test func tagsOfNestedLoadsAndOfCachedValuesReachTheOuterValue() async throws {
        let cache = makeCache()
        @Sendable func outer() async throws -> Int {
            try await cache.value(for: "outer") {
                try CacheDependencies.add("added")
                let inner = try await cache.value(for: "inner", tags: ["inner:x"]) { 1 }
                return try inner + (cache.get("read") ?? 0)
            }
        }
        for tag in ["added", "inner", "read:y", "none"] {
            try await cache.clear()
            try await cache.set(1, for: "read", tags: ["read:y"])
            _ = try await outer()
            #expect(try cache.get("outer") == 2)
            try await cache.invalidate(tag)
            #expect(try (cache.get("outer") == nil) == (tag != "none"), "\(tag)")
        }
    }

    @Test(arguments: ["known", "added"])
    func aLoadThatBeganBeforeAnInvalidationIsNotStored(tag: String) async throws {
        let cache = makeCache()
        let gate = Gate()
        let early = Task {
            try await cache.value(for: "key", tags: ["known"]) {
                await gate.pass()
                try CacheDependencies.add("added")
                return 1
            }
        }
        await eventually { gate.waiterCount == 1 }
        try await cache.invalidate(tag)
        // Begins after the invalidation, so it may not have what was loaded before.
        let late = Task { try await cache.value(for: "key", tags: ["known"]) { 2 } }
        await eventually { cache.stats.misses == 2 }
        if tag == "added" { await eventually { cache.stats.coalesced == 1 } }
        gate.open()
        #expect(try await early.value == 1)
        #expect(try await late.value == 2)
        #expect(try cache.get("key") == 2)
    }

    @Test(arguments: [false, true])
    func aLoadIsNotStoredOverALaterWriteOrRemoval(isRemoved: Bool) async throws {
        let cache = makeCache()
        let gate = Gate()
        let executions = Atomic<Int>.Box()
        let task = await callers(1, of: cache, gate, executions)[0]
        if isRemoved { try await cache.remove("key") } else { try await cache.set(9, for: "key") }
        gate.open()
        #expect(try await task.value == 7)
        #expect(try cache.get("key") == (isRemoved ? nil : 9))
    }
}

extension Atomic where Value == Int {
    /// A counter that closures can share.
    final class Box: Sendable {
        private let count = Atomic<Int>(0)
        var value: Int { count.load(ordering: .relaxed) }
        func add() { count.wrappingAdd(1, ordering: .relaxed) }
    }
}
