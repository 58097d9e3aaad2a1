import Testing

@testable import TagCache

/// What becomes of entries and messages while somebody sets the wall time back and forth.
struct WallClockTests {
    private static let second: UInt64 = 1_000_000_000
    private static let day = 86_400 * second

    @Test func aRecordFromTheFutureIsNotServed() async throws {
        try await withDirectory { directory in
            let clock = ManualClock()
            let start = clock.wallNow
            var cache = try await openCache(directory, clock: clock)
            try await cache.set([1], for: "a", ttl: .seconds(10))
            clock.setWall(start - Self.day)
            // Memory goes by a clock that nobody sets.
            #expect(try cache.get("a") == [1])
            try await cache.close()

            cache = try await openCache(directory, clock: clock)
            for _ in 0..<5 {
                #expect(try cache.get("a") == nil)
                clock.advance(by: .seconds(4))
            }
            clock.setWall(start + 20 * Self.second)
            #expect(try cache.get("a") == nil)
            clock.setWall(start + Self.day)
            #expect(try cache.get("a") == nil)
            try await cache.close()
        }
    }

    @Test func noEntryIsServedForLongerThanItsTimeToLive() async throws {
        try await withDirectory { directory in
            let clock = ManualClock()
            let start = clock.wallNow
            var cache = try await openCache(directory, clock: clock)
            try await cache.set([1], for: "a", ttl: .seconds(10))
            try await cache.close()

            clock.setWall(start - Self.day)
            cache = try await openCache(directory, clock: clock)
            clock.advance(by: .seconds(4))
            #expect(try cache.get("a") == nil)
            // Set right again, its age is known; from here on memory has it.
            clock.setWall(start + 4 * Self.second)
            #expect(try cache.get("a") == [1])
            for wall in [start - Self.day, start + Self.day] {
                clock.setWall(wall)
                clock.advance(by: .seconds(2))
                #expect(try cache.get("a") == [1])
            }
            // Four seconds and twice two have passed.
            clock.setWall(start - Self.day)
            clock.advance(by: .seconds(2))
            for wall in [start - Self.day, start + 10 * Self.second, start + Self.day] {
                clock.setWall(wall)
                #expect(try cache.get("a") == nil)
            }
            try await cache.close()
        }
    }

    /// The sender's clock stays right; the receiver's is a day behind, right, and a day ahead.
    @Test func messagesFromTheFutureAreCountedAndCarriedOut() async throws {
        let clock = ManualClock()
        let start = clock.wallNow
        let bus = InProcessBus()
        let (sender, receiver) = (makeCache(), makeCache(clock: clock))
        sender.connect(to: bus, BusConfiguration(node: 1, incarnation: 1))
        receiver.connect(to: bus, BusConfiguration(node: 2, incarnation: 1))
        let walls = [start, start - Self.day, start, start + Self.day, start - Self.day]
        for (wall, skewed) in zip(walls, [0, 1, 1, 1, 2]) {
            clock.setWall(wall)
            try await receiver.set(1, for: "a", tags: ["t"])
            try await sender.invalidate("t")
            #expect(try receiver.get("a") == nil)
            #expect(receiver.stats.bus.skewed == skewed)
        }
        #expect(receiver.stats.bus.applied == walls.count)
    }
}
