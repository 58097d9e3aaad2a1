import Testing

@testable import TagCache

// Losses that last, and numbers that are not true, on a clock that the test moves. The sender is its
// state machine alone: what the test does not publish is lost.

/// A sender and a receiver on one bus.
private struct Pair {
    let clock = ManualClock()
    let bus = InProcessBus()
    let receiver: TagCache<String, Int>
    var sender = BusProtocolState(node: 1, incarnation: 1, silenceMax: 0, absenceMax: 0)
    /// A tag of another partition than `first`.
    let other = tagOfAnotherPartition(than: "first")

    init(_ change: (inout BusConfiguration) -> Void = { _ in }) {
        receiver = makeCache(clock: clock)
        var configuration = BusConfiguration(node: 2, incarnation: 1)
        change(&configuration)
        receiver.connect(to: bus, configuration)
    }

    mutating func invalidation(of tag: String) -> BusMessage {
        sender.invalidation(of: tag, wall: clock.wallNow)
    }

    mutating func heartbeat() -> BusMessage { sender.heartbeat(wall: clock.wallNow) }

    /// An interval goes by, this arrives, and the receiver keeps house.
    func second(_ arriving: [BusMessage]) async throws {
        clock.advance(by: .seconds(1))
        for message in arriving { await bus.publish(message.bytes) }
        try await receiver.tick()
    }
}

struct BusLossTests {
    @Test func losingHeartbeatsAloneHidesNoLossForLongerThanTheBound() async throws {
        var pair = Pair()
        await pair.bus.publish(pair.heartbeat().bytes)
        for _ in 0..<3 {
            try await pair.receiver.set(1, for: "affected", tags: ["first"])
            _ = pair.invalidation(of: "first")
            #expect(try pair.receiver.get("affected") == 1)
            // `silenceMax` and one interval.
            for _ in 0..<6 {
                _ = pair.heartbeat()
                try await pair.second([pair.invalidation(of: pair.other)])
            }
            #expect(try pair.receiver.get("affected") == nil)
        }
        let statistics = pair.receiver.stats.bus
        #expect(statistics.gaps == 0 && statistics.applied == 18 && statistics.silences == 3)
    }

    /// All that arrives is a heartbeat from before the loss, again and again.
    @Test func aHeartbeatThatIsRepeatedIsNoSignOfLife() async throws {
        var pair = Pair()
        let (older, newer) = (pair.heartbeat(), pair.heartbeat())
        await pair.bus.publish(newer.bytes)
        try await pair.receiver.set(1, for: "affected", tags: ["first"])
        _ = pair.invalidation(of: "first")
        for _ in 0..<6 { try await pair.second([newer, older]) }
        #expect(try pair.receiver.get("affected") == nil)
        #expect(pair.receiver.stats.bus.gaps == 0)
    }

    /// What was sent after a heartbeat arrives before it.
    @Test func aHeartbeatThatWasOvertakenCostsNothing() async throws {
        var pair = Pair()
        try await pair.receiver.set(1, for: "untouched", tags: ["first:a"])
        for _ in 0..<20 {
            let heartbeat = pair.heartbeat()
            try await pair.second([pair.invalidation(of: "first:b"), heartbeat])
        }
        #expect(try pair.receiver.get("untouched") == 1)
        #expect(pair.receiver.stats.bus.gaps == 0 && pair.receiver.stats.bus.silences == 0)
    }

    @Test(arguments: [TagCacheLimits.messageNumberMax + 1, .max] as [UInt64])
    func aNumberThatNoNodeReachesIsMalformed(number: UInt64) async throws {
        var pair = Pair()
        await pair.bus.publish(pair.heartbeat().bytes)
        try await pair.receiver.set(1, for: "a", tags: ["first"])
        let last = [UInt64](repeating: number, count: BusMessage.streamCount)
        let contents: [BusMessage.Content] = [
            .invalidation(tag: "first", number: number), .clear(number: number),
            .heartbeat(last: last), .goodbye(last: last),
        ]
        for content in contents { await pair.bus.publish(forged(content, at: 1).bytes) }
        #expect(pair.receiver.stats.bus.malformed == contents.count)
        #expect(try pair.receiver.get("a") == 1)
        await pair.bus.publish(pair.invalidation(of: "first").bytes)
        #expect(try pair.receiver.get("a") == nil)
        #expect(pair.receiver.stats.bus.applied == 1 && pair.receiver.stats.bus.gaps == 0)
    }

    /// Numbers that a node could reach, from long ago and from the end of time.
    @Test(
        arguments: [
            .invalidation(tag: "first", number: TagCacheLimits.messageNumberMax),
            .heartbeat(
                last: [UInt64](
                    repeating: TagCacheLimits.messageNumberMax,
                    count: BusMessage.streamCount
                )
            ),
        ] as [BusMessage.Content],
        [1, .max] as [UInt64]
    )
    func aForgedNumberSilencesNobody(content: BusMessage.Content, physical: UInt64) async throws {
        var pair = Pair()
        await pair.bus.publish(pair.heartbeat().bytes)
        await pair.bus.publish(forged(content, at: physical).bytes)
        // What arrives is carried out.
        for _ in 0..<2 {
            try await pair.receiver.set(1, for: "a", tags: ["first"])
            await pair.bus.publish(pair.invalidation(of: "first").bytes)
            #expect(try pair.receiver.get("a") == nil)
        }
        // What is lost is noticed within `silenceMax` and one interval.
        try await pair.receiver.set(1, for: "a", tags: ["first"])
        _ = pair.invalidation(of: "first")
        for _ in 0..<6 { try await pair.second([pair.heartbeat()]) }
        #expect(try pair.receiver.get("a") == nil)
        // From then on all is as before: one heartbeat, and one partition.
        try await pair.receiver.set(1, for: "a", tags: ["first"])
        try await pair.receiver.set(2, for: "untouched", tags: [pair.other])
        _ = pair.invalidation(of: "first")
        #expect(try pair.receiver.get("a") == 1)
        try await pair.second([pair.heartbeat()])
        #expect(try pair.receiver.get("a") == nil)
        #expect(try pair.receiver.get("untouched") == 2)
        #expect(pair.receiver.stats.bus.malformed == 0)
    }

    @Test func aGoodbyeShowsWhatAForgedNumberHid() async throws {
        var pair = Pair()
        await pair.bus.publish(pair.heartbeat().bytes)
        await pair.bus.publish(
            forged(.invalidation(tag: "first", number: 1000), at: .max).bytes
        )
        try await pair.receiver.set(1, for: "a", tags: ["first"])
        _ = pair.invalidation(of: "first")
        await pair.bus.publish(pair.sender.goodbye(wall: pair.clock.wallNow).bytes)
        #expect(try pair.receiver.get("a") == nil)
    }

    private func forged(_ content: BusMessage.Content, at physical: UInt64) -> BusMessage {
        let time = HybridTimestamp(physical: physical, logical: 1, node: 1)
        return BusMessage(node: 1, incarnation: 1, time: time, content: content)
    }

    /// A peer invalidated and said goodbye before: nothing would ever say so again.
    @Test func whatWasStoredBeforeJoiningIsStale() async throws {
        let bus = InProcessBus()
        let cache = makeCache()
        try await cache.set(1, for: "a", tags: ["first"])
        var peer = BusProtocolState(node: 1, incarnation: 1, silenceMax: 0, absenceMax: 0)
        await bus.publish(peer.invalidation(of: "first", wall: 1).bytes)
        await bus.publish(peer.goodbye(wall: 1).bytes)
        cache.connect(to: bus, BusConfiguration(node: 2, incarnation: 1))
        #expect(try cache.get("a") == nil)
        try await cache.set(2, for: "a", tags: ["first"])
        #expect(try cache.get("a") == 2)
    }

    @Test func aNodeThatIsAbsentForLongIsForgottenAndWelcomeAgain() async throws {
        var pair = Pair { $0.absenceMax = .seconds(12) }
        await pair.bus.publish(pair.heartbeat().bytes)
        // After 5, 10 and 15 seconds; the last time it counts as dead.
        for _ in 0..<15 { try await pair.second([]) }
        #expect(pair.receiver.stats.bus.silences == 3)
        try await pair.receiver.set(1, for: "a", tags: ["first"])
        for _ in 0..<60 { try await pair.second([]) }
        #expect(try pair.receiver.get("a") == 1)
        #expect(pair.receiver.stats.bus.silences == 3)
        // It was only cut off.
        _ = pair.invalidation(of: "first")
        try await pair.second([pair.heartbeat()])
        #expect(try pair.receiver.get("a") == nil)
    }

    /// Whoever is heard, though without heartbeats, is not dead.
    @Test func aNodeThatIsHeardIsNotForgotten() async throws {
        var pair = Pair { $0.absenceMax = .seconds(12) }
        await pair.bus.publish(pair.heartbeat().bytes)
        for _ in 0..<30 { try await pair.second([pair.invalidation(of: pair.other)]) }
        #expect(pair.receiver.stats.bus.silences == 6 && pair.receiver.stats.bus.gaps == 0)
    }
}
