import Foundation
import Synchronization
import TagCache
import Testing

@testable import RedisBus

/// Against a real server.
@Suite(
    .enabled(if: RedisServer.isInstalled, "redis-server is not installed"),
    .timeLimit(.minutes(2))
)
struct RedisBusTests {
    @Test func invalidationsReachTheOtherNodes() async throws {
        let server = try RedisServer()
        var caches: [TagCache<String, Int>] = []
        var buses: [RedisBus] = []
        for number in 0..<3 {
            let bus = await connectedBus(server.configuration)
            let cache = makeCache()
            cache.connect(to: bus, BusConfiguration(node: UInt64(number), incarnation: 1))
            buses.append(bus)
            caches.append(cache)
        }
        for cache in caches {
            try await cache.set(1, for: "hit", tags: ["a:b"])
            try await cache.set(2, for: "other", tags: ["c"])
        }
        try await caches[0].invalidate("a")
        for cache in caches { try await eventually { try cache.get("hit") == nil } }
        for cache in caches { #expect(try cache.get("other") == 2) }
        try await caches[1].clear()
        for cache in caches { try await eventually { try cache.get("other") == nil } }
        #expect(buses[0].statistics.published == 1 && buses[1].statistics.published == 1)
        #expect(caches[2].stats.bus.applied == 2 && caches[2].stats.bus.gaps == 0)
    }

    @Test func noContentBreaksAMessage() async throws {
        let server = try RedisServer()
        let bus = await connectedBus(server.configuration)
        let inbox = Inbox(bus)
        let messages: [[UInt8]] = [
            [], [0], Array("\r\n".utf8), Array("*3\r\n$9\r\nsubscribe\r\n".utf8),
            Array("$-1\r\n".utf8), Array(0...255), [UInt8](repeating: 13, count: 5000),
        ]
        for message in messages { try await bus.publish(message) }
        await eventually { inbox.received.count == messages.count }
        #expect(inbox.received == messages)
        #expect(bus.statistics.unknown == 0)
    }

    @Test func whatIsNoMessageOrOfTheFutureIsCountedAndDropped() async throws {
        let server = try RedisServer()
        let bus = await connectedBus(server.configuration)
        let (sender, receiver) = (makeCache(), makeCache())
        sender.connect(to: bus, BusConfiguration(node: 1, incarnation: 1))
        receiver.connect(to: bus, BusConfiguration(node: 2, incarnation: 1))
        try await receiver.set(1, for: "a", tags: ["t"])
        // A later format begins with the same letters and a larger number.
        let later = Array("TCB".utf8) + [2] + [UInt8](repeating: 0, count: 60)
        let strangers: [[UInt8]] = [
            [], [1], Array("hello".utf8), later, [UInt8](repeating: 9, count: 9000),
        ]
        for stranger in strangers { try await bus.publish(stranger) }
        await eventually { receiver.stats.bus.malformed == strangers.count }
        #expect(try receiver.get("a") == 1)
        try await sender.invalidate("t")
        try await eventually { try receiver.get("a") == nil }
        #expect(receiver.stats.bus.applied == 1 && receiver.stats.bus.gaps == 0)
    }

    @Test func aKilledServerIsATypedErrorAndItsReturnMakesWhatWasMissedStale() async throws {
        let server = try RedisServer()
        let (near, far) = (
            await connectedBus(server.configuration), await connectedBus(server.configuration)
        )
        let (sender, receiver) = (makeCache(), makeCache())
        sender.connect(to: near, BusConfiguration(node: 1, incarnation: 1))
        receiver.connect(to: far, BusConfiguration(node: 2, incarnation: 1))
        try await receiver.set(1, for: "a", tags: ["t"])
        server.kill()
        await eventually { receiver.stats.bus.interruptions == 1 }
        await #expect {
            try await sender.invalidate("t")
        } throws: { error in
            if case .notPublished? = error as? TagCacheError { true } else { false }
        }
        await #expect(throws: RedisBusError.self) { try await near.publish([1]) }
        #expect(try receiver.get("a") == 1)
        #expect(near.lastFailures.publishing != nil && far.lastFailures.subscribing != nil)

        try server.start()
        try await eventually { try receiver.get("a") == nil }
        await eventually { near.statistics.subscriptions == 2 }
        try await receiver.set(2, for: "a", tags: ["t"])
        // The publisher may still be in its pause.
        var isSent = false
        while !isSent { isSent = (try? await sender.invalidate("t")) != nil }
        try await eventually { try receiver.get("a") == nil }
        #expect(far.lastFailures.subscribing == nil && near.lastFailures.publishing == nil)
    }

    @Test func aNodeThatHearsNothingTrustsNothingForLongerThanTheBound() async throws {
        let server = try RedisServer()
        let clock = ManualClock()
        let bus = await connectedBus(server.configuration)
        let receiver = makeCache(clock)
        receiver.connect(to: bus, BusConfiguration(node: 2, incarnation: 1))
        server.kill()
        await eventually { receiver.stats.bus.interruptions == 1 }
        for round in 1...3 {
            try await receiver.set(1, for: "a", tags: ["t"])
            clock.advance(by: .seconds(4))
            try? await receiver.tick()
            #expect(try receiver.get("a") == 1)
            clock.advance(by: .seconds(1))
            try? await receiver.tick()
            #expect(try receiver.get("a") == nil)
            #expect(receiver.stats.bus.silences == round)
        }
    }

    @Test func aServerThatHangsIsNoticedByItsSilence() async throws {
        let server = try RedisServer()
        var configuration = server.configuration
        configuration.pingInterval = .milliseconds(20)
        configuration.replyTimeout = .milliseconds(200)
        configuration.connectTimeout = .milliseconds(200)
        let bus = await connectedBus(configuration)
        let inbox = Inbox(bus)
        try await bus.publish([1])
        await eventually { inbox.received == [[1]] }
        server.freeze()
        await eventually { inbox.heard.last == .interrupted }
        #expect(bus.lastFailures.subscribing == .timedOut)
        await #expect(throws: RedisBusError.timedOut) { try await bus.publish([2]) }
        server.thaw()
        await eventually { inbox.heard.last == .resumed }
    }

    @Test func aClosedBusIsSilentAndRefuses() async throws {
        let server = try RedisServer()
        let (closed, other) = (
            await connectedBus(server.configuration), await connectedBus(server.configuration)
        )
        let (inbox, witness) = (Inbox(closed), Inbox(other))
        closed.close()
        await #expect(throws: RedisBusError.closed) { try await closed.publish([1]) }
        try await other.publish([2])
        await eventually { witness.received == [[2]] }
        #expect(inbox.received.isEmpty)
    }

    /// Whoever hears may hold the last reference to a cache, and with it to the bus.
    @Test func aSubscriberMayCloseTheBusThatCallsIt() async throws {
        let server = try RedisServer()
        let bus = RedisBus(server.configuration)
        let heard = Mutex<[BusHearing]>([])
        let subscription = Mutex<BusSubscription?>(nil)
        let number = bus.subscribe { _ in
        } hearing: { hearing in
            heard.withLock { $0.append(hearing) }
            guard hearing == .resumed else { return }
            if let number = subscription.withLock({ $0 }) { bus.unsubscribe(number) }
            bus.close()
        }
        subscription.withLock { $0 = number }
        await eventually { heard.withLock { $0.last } == .resumed }
        await #expect(throws: RedisBusError.closed) { try await bus.publish([1]) }
    }

    @Test func channelsDoNotHearEachOther() async throws {
        let server = try RedisServer()
        var elsewhere = server.configuration
        elsewhere.channel = "another cluster"
        let (here, there) = (
            await connectedBus(server.configuration), await connectedBus(elsewhere)
        )
        let (inbox, witness) = (Inbox(here), Inbox(there))
        try await there.publish([1])
        await eventually { witness.received == [[1]] }
        try await here.publish([2])
        await eventually { !inbox.received.isEmpty }
        #expect(inbox.received == [[2]] && witness.received == [[1]])
    }
}
