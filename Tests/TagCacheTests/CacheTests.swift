import Testing

@testable import TagCache

struct CacheTests {
    @Test func whatIsSetIsReadUntilItIsRemoved() async throws {
        let cache = makeCache()
        try await cache.set(1, for: "a")
        #expect(try cache.get("a") == 1)
        try await cache.set(2, for: "a")
        #expect(try cache.get("a") == 2)
        try await cache.remove("a")
        #expect(try cache.get("a") == nil)
        try await cache.set(3, for: "a")
        try await cache.clear()
        #expect(try cache.get("a") == nil)
        #expect(cache.stats.entries == 0)
    }

    @Test func invalidatingATagMakesStaleWhatCarriesItOrALowerOne() async throws {
        let cache = makeCache()
        try await cache.set(1, for: "one", tags: ["a:b:c"])
        try await cache.set(2, for: "two", tags: ["x", "a:b"])
        try await cache.set(3, for: "three", tags: ["a"])
        try await cache.set(4, for: "four")
        try await cache.invalidate("a:b")
        #expect(try cache.get("one") == nil)
        #expect(try cache.get("two") == nil)
        #expect(try cache.get("three") == 3)
        #expect(try cache.get("four") == 4)
        #expect(cache.stats.evictions.invalidated == 2)
    }

    @Test func aBadTagIsRefusedEverywhereAlikeAndDoesNothing() async throws {
        let cache = makeCache()
        try await cache.set(1, for: "a", tags: ["good"])
        let error = TagCacheError.invalidTag(InvalidTag(tag: "b d", reason: .badCharacter))
        await #expect(throws: error) { try await cache.set(2, for: "a", tags: ["good", "b d"]) }
        await #expect(throws: error) { try await cache.invalidate(["good", "b d"]) }
        await #expect(throws: error) { try await cache.value(for: "a", tags: ["b d"]) { 2 } }
        #expect(throws: error) { try CacheDependencies.add("b d") }
        #expect(try cache.get("a") == 1)
    }

    @Test func aValueThatGathersTooManyTagsIsGivenAndNotKept() async throws {
        let cache = makeCache()
        let tags = (0...TagCacheLimits.tagsPerEntryMax).map { "t\($0)" }
        for _ in 0..<2 {
            let value = try await cache.value(for: "a", tags: []) {
                try CacheDependencies.add(tags)
                return 1
            }
            #expect(value == 1)
        }
        #expect(try cache.get("a") == nil)
        #expect(cache.stats.loads == 2)
    }

    @Test func anEntryLivesAsLongAsItsTimes() async throws {
        let clock = ManualClock()
        let cache = makeCache(clock: clock) { configuration in
            configuration.expiration = Expiration(
                ttl: .seconds(10),
                idle: .seconds(4),
                maximumAge: .seconds(8)
            )
        }
        try await cache.set(1, for: "idle")
        try await cache.set(2, for: "used")
        clock.advance(by: .milliseconds(3999))
        #expect(try cache.get("used") == 2)
        clock.advance(by: .milliseconds(1))
        #expect(try cache.get("idle") == nil)
        #expect(try cache.get("used") == 2)
        clock.advance(by: .milliseconds(3999))
        #expect(try cache.get("used") == 2)
        clock.advance(by: .milliseconds(1))
        #expect(try cache.get("used") == nil)
    }

    @Test func jitterSpreadsExpiryWithoutProlongingIt() async throws {
        let clock = ManualClock()
        let cache = makeCache(clock: clock) { configuration in
            configuration.expiration = Expiration(ttl: .seconds(100), jitter: 0.5)
        }
        for key in 0..<400 { try await cache.set(key, for: "\(key)") }
        clock.advance(by: .seconds(49))
        #expect(try (0..<400).allSatisfy { try cache.get("\($0)") != nil })
        clock.advance(by: .seconds(26))
        let alive = try (0..<400).filter { try cache.get("\($0)") != nil }.count
        #expect((120...280).contains(alive))
        clock.advance(by: .seconds(25))
        #expect(try (0..<400).allSatisfy { try cache.get("\($0)") == nil })
    }

    @Test func aStaleValueIsServedWhileOneLoadRenewsIt() async throws {
        let clock = ManualClock()
        let cache = makeCache(clock: clock) { configuration in
            configuration.expiration = Expiration(
                ttl: .seconds(10),
                staleWhileRevalidate: .seconds(30)
            )
        }
        let gate = Gate()
        try await cache.set(1, for: "a")
        clock.advance(by: .seconds(11))
        for _ in 0..<5 {
            let value = try await cache.value(for: "a") {
                await gate.pass()
                return 2
            }
            #expect(value == 1)
        }
        gate.open()
        await eventually { cache.stats.loads == 1 }
        #expect(try cache.get("a") == 2)
        #expect(cache.stats.staleServed == 5)
    }

    @Test func aRenewalIsDiscardedIfTheEntryWasWrittenOrInvalidatedMeanwhile() async throws {
        let clock = ManualClock()
        let cache = makeCache(clock: clock) { configuration in
            configuration.expiration = Expiration(
                ttl: .seconds(10),
                staleWhileRevalidate: .seconds(30)
            )
        }
        for key in ["written", "invalidated"] {
            let gate = Gate()
            try await cache.set(1, for: key, tags: ["t"])
            clock.advance(by: .seconds(11))
            let discarded = cache.stats.loadsDiscarded
            let first = try await cache.value(for: key, tags: ["t"]) {
                await gate.pass()
                return 2
            }
            #expect(first == 1)
            if key == "written" {
                try await cache.set(3, for: key)
            } else {
                try await cache.invalidate("t")
            }
            gate.open()
            await eventually { cache.stats.loadsDiscarded == discarded + 1 }
            #expect(try cache.get(key) == (key == "written" ? 3 : nil))
        }
    }

    @Test func absenceLivesAsLongAsItsOwnSetting() async throws {
        let clock = ManualClock()
        let cache = makeCache(clock: clock) { configuration in
            configuration.expiration = Expiration(ttl: .seconds(100))
            configuration.negative = NegativeEntries(
                expiration: Expiration(ttl: .seconds(5)),
                isNegative: { $0 < 0 }
            )
        }
        _ = try await cache.value(for: "absent") { -1 }
        _ = try await cache.value(for: "present") { 1 }
        clock.advance(by: .seconds(5))
        #expect(try cache.get("absent") == nil)
        #expect(try cache.get("present") == 1)
    }

    @Test func failuresAreRememberedEachTimeLonger() async throws {
        let clock = ManualClock()
        let cache = makeCache(clock: clock) { configuration in
            configuration.failureBackoff = FailureBackoff(
                initial: .seconds(1),
                maximum: .seconds(4)
            )
        }
        var expected = 0
        for pause in [1, 2, 4, 4] {
            #expect(await fails(cache))
            expected += 1
            #expect(cache.stats.loadFailures == expected)
            clock.advance(by: .seconds(pause) - .milliseconds(1))
            #expect(await fails(cache))
            #expect(cache.stats.loadFailures == expected)
            clock.advance(by: .milliseconds(1))
        }
        #expect(await fails(cache))
        try await cache.invalidate("t")
        #expect(try await cache.value(for: "a", tags: ["t"]) { 5 } == 5)
    }

    @Test func anEntryThatIsTooHeavyIsRefusedAndTheFormerOneGoes() async throws {
        let cache = makeCache { $0.weigher = { _, value in value } }
        try await cache.set(1, for: "a")
        let limit = cache.shardWeightLimit
        await #expect(throws: TagCacheError.entryTooHeavy(weight: limit + 1, limit: limit)) {
            try await cache.set(limit + 1, for: "a")
        }
        #expect(try cache.get("a") == nil)
        #expect(try await cache.value(for: "a") { limit + 1 } == limit + 1)
        #expect(cache.stats.loadsDiscarded == 1)
    }

    @Test func aValueThatCallsTheCacheWhenItGoesDoesNotStopIt() async throws {
        final class Caller: Sendable {
            let cache: @Sendable () -> Void
            init(_ cache: @escaping @Sendable () -> Void) { self.cache = cache }
            deinit { cache() }
        }
        let cache = TagCache(TagCacheConfiguration<Int, Caller>(entryLimit: 4))
        for key in 0..<100 {
            try await cache.set(Caller { [weak cache] in _ = try? cache?.get(1) }, for: key % 10)
        }
        try await cache.clear()
        #expect(cache.stats.entries == 0)
    }
}

private struct Broken: Error {}

/// Whether a load that fails, or the memory of one, answers.
private func fails(_ cache: TagCache<String, Int>) async -> Bool {
    do {
        _ = try await cache.value(for: "a", tags: ["t"]) { throw Broken() }
        return false
    } catch {
        return error is Broken
    }
}
