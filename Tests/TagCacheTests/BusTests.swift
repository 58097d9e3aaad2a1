import Synchronization
import Testing

@testable import TagCache

struct BusTests {
    @Test func aClockIsLaterThanEverythingItGaveOrSaw() {
        var one = HybridLogicalClock(node: 1)
        var other = HybridLogicalClock(node: 2)
        let moments = [1000, 1000, 500, 1001].map { one.tick(wall: $0) }
        #expect(moments == moments.sorted() && Set(moments).count == 4)
        // A message from a clock that is ahead: what is sent afterwards is later all the same.
        let ahead = other.tick(wall: 40_000)
        let isBelieved = one.merge(ahead, wall: 1000)
        let after = one.tick(wall: 1000)
        #expect(isBelieved && ahead < after)
        // One that is a day ahead is not believed, and changes nothing.
        let before = one.tick(wall: 1000)
        let absurd = HybridTimestamp(physical: 86_400_000, logical: .max, node: 2)
        let isAbsurdBelieved = one.merge(absurd, wall: 1000)
        let unmoved = one.tick(wall: 1000)
        #expect(!isAbsurdBelieved && unmoved.physical == before.physical)
    }

    @Test func aClockOutOfCountsBeginsTheNextMillisecond() {
        var clock = HybridLogicalClock(node: 1)
        let last = HybridTimestamp(physical: 5, logical: .max, node: 2)
        let isBelieved = clock.merge(last, wall: 5)
        let next = clock.tick(wall: 5)
        #expect(isBelieved && next.physical == 6 && last < next)
    }

    @Test func everyMessageSurvivesTheRoundTripAndNoDamage() {
        let time = HybridTimestamp(physical: 77, logical: 3, node: 9)
        let last = (0..<BusMessage.streamCount).map { UInt64($0) }
        for content: BusMessage.Content in [
            .invalidation(tag: "a:b", number: 4), .clear(number: 1), .heartbeat(last: last),
            .goodbye(last: last),
        ] {
            let message = BusMessage(node: 9, incarnation: 8, time: time, content: content)
            #expect(BusMessage(message.bytes) == message)
            for position in message.bytes.indices {
                var damaged = message.bytes
                damaged[position] ^= 0x41
                #expect(BusMessage(damaged) == nil, "\(content), byte \(position)")
                #expect(BusMessage(Array(message.bytes.prefix(position))) == nil)
            }
        }
        #expect(BusMessage([UInt8](repeating: 0, count: 100_000)) == nil)
    }

    @Test func invalidationsReachTheOtherCaches() async throws {
        let bus = InProcessBus()
        let caches = (0..<3).map { _ in makeCache() }
        for (number, cache) in caches.enumerated() {
            cache.connect(to: bus, BusConfiguration(node: UInt64(number), incarnation: 1))
        }
        for cache in caches {
            try await cache.set(1, for: "hit", tags: ["a:b"])
            try await cache.set(2, for: "other", tags: ["c"])
        }
        try await caches[0].invalidate("a")
        for cache in caches {
            #expect(try cache.get("hit") == nil)
            #expect(try cache.get("other") == 2)
        }
        try await caches[1].clear()
        for cache in caches { #expect(try cache.get("other") == nil) }
        #expect(caches[2].stats.bus.applied == 2 && caches[2].stats.bus.gaps == 0)
    }

    @Test func aCacheThatIsLetGoLeavesItsBus() {
        let bus = FaultyBus(seed: 1)
        do {
            let cache = makeCache()
            cache.connect(to: bus, BusConfiguration(node: 1, incarnation: 1))
            #expect(bus.left.isEmpty)
        }
        #expect(bus.left.count == 1)
    }

    @Test func aLostMessageMakesItsPartitionStaleAndNoOther() async throws {
        let bus = FaultyBus(seed: 1)
        let (sender, receiver) = (makeCache(), makeCache())
        sender.connect(to: bus, BusConfiguration(node: 1, incarnation: 1))
        receiver.connect(to: bus, BusConfiguration(node: 2, incarnation: 1))
        try await receiver.set(1, for: "affected", tags: ["first"])
        let other = tagOfAnotherPartition(than: "first")
        try await receiver.set(2, for: "untouched", tags: [other])
        bus.setLoss(1)
        try await sender.invalidate("first")
        #expect(try receiver.get("affected") == 1)
        bus.setLoss(0)
        try await sender.tick()
        #expect(try receiver.get("affected") == nil)
        #expect(try receiver.get("untouched") == 2)
        #expect(receiver.stats.bus.gaps == 1)
    }

    @Test func aSilentPeerMakesEverythingStaleAgainAndAgain() async throws {
        let clock = ManualClock()
        let bus = FaultyBus(seed: 1)
        let (sender, receiver) = (makeCache(clock: clock), makeCache(clock: clock))
        sender.connect(to: bus, BusConfiguration(node: 1, incarnation: 1))
        receiver.connect(to: bus, BusConfiguration(node: 2, incarnation: 1))
        try await sender.tick()
        bus.setLoss(1)
        for _ in 0..<3 {
            try await receiver.set(1, for: "a", tags: ["t"])
            clock.advance(by: .seconds(4))
            try await receiver.tick()
            #expect(try receiver.get("a") == 1)
            clock.advance(by: .seconds(1))
            try await receiver.tick()
            #expect(try receiver.get("a") == nil)
        }
        #expect(receiver.stats.bus.silences == 3)
    }

    @Test func aNodeThatComesBackWithoutAGoodbyeMakesEverythingStale() async throws {
        let bus = InProcessBus()
        let receiver = makeCache()
        receiver.connect(to: bus, BusConfiguration(node: 2, incarnation: 1))
        for (incarnation, isStale) in [(UInt64(1), false), (2, true)] {
            let sender = makeCache()
            sender.connect(to: bus, BusConfiguration(node: 1, incarnation: incarnation))
            try await receiver.set(1, for: "a", tags: ["t"])
            try await sender.tick()
            #expect(try (receiver.get("a") == nil) == isStale)
        }
    }

    /// Loss, repetition, reordering, mangled bytes, restarts and clocks a day apart: one heartbeat
    /// of each node later, nobody serves what was invalidated.
    @Test(arguments: 0..<200 as Range<UInt64>)
    func nothingStaleIsServedPastTheBound(seed: UInt64) async throws {
        var generator = SeededGenerator(seed: seed)
        let bus = FaultyBus(seed: seed)
        bus.setDisorder(true)
        let wall: UInt64 = 1_700_000_000_000_000_000
        let day: UInt64 = 86_400_000_000_000
        let clocks = [wall - day, wall, wall + day].map { ManualClock(wallNow: $0) }
        var lives = [UInt64](repeating: 1, count: clocks.count)
        func join(_ number: Int) -> TagCache<String, Int> {
            let cache = makeCache(clock: clocks[number])
            let life = lives[number]
            cache.connect(to: bus, BusConfiguration(node: UInt64(number), incarnation: life))
            return cache
        }
        var caches = clocks.indices.map(join)
        var source: [String: Int] = [:]
        for _ in 0..<60 {
            let tag = "g\(generator.below(5)):\(generator.below(3))"
            switch generator.below(8) {
            case 0, 1, 2:
                let number = generator.below(caches.count)
                source[tag, default: 0] += 1
                bus.setLoss(generator.below(2))
                try await caches[number].invalidate(tag)
            case 3:
                bus.inject((0..<generator.below(200)).map { _ in UInt8(generator.below(256)) })
            case 4 where generator.below(4) == 0:
                let number = generator.below(caches.count)
                lives[number] += 1
                caches[number] = join(number)
            default:
                let cache = caches[generator.below(caches.count)]
                if try cache.get(tag) == nil {
                    try await cache.set(source[tag, default: 0], for: tag, tags: [tag])
                }
            }
        }
        bus.deliverHeld()
        bus.setLoss(0)
        bus.setDisorder(false)
        for cache in caches { try await cache.tick() }
        for cache in caches {
            for (tag, version) in source {
                let value = try cache.get(tag)
                #expect(value == nil || value == version, "seed \(seed), \(tag)")
            }
        }
    }
}

/// A bus that loses, repeats, reorders and mangles.
private final class FaultyBus: InvalidationBus {
    private struct State {
        var generator: SeededGenerator
        var loss = 0
        var isDisordered = false
        var held: [[UInt8]] = []
    }

    private let inner = InProcessBus()
    private let state: Mutex<State>

    init(seed: UInt64) { state = Mutex(State(generator: SeededGenerator(seed: seed))) }

    func setLoss(_ loss: Int) { state.withLock { $0.loss = loss } }
    func setDisorder(_ isDisordered: Bool) { state.withLock { $0.isDisordered = isDisordered } }

    func publish(_ message: [UInt8]) async {
        let deliveries: [[UInt8]] = state.withLock { state in
            if state.loss > 0 { return [] }
            if !state.isDisordered { return [message] }
            switch state.generator.below(6) {
            case 0: return [message, message]
            case 1:
                state.held.append(message)
                return []
            case 2:
                defer { state.held = [] }
                return [message] + state.held
            case 3:
                var mangled = message
                mangled[state.generator.below(mangled.count)] ^= 1
                return [mangled]
            default: return [message]
            }
        }
        for message in deliveries { await inner.publish(message) }
    }

    private let receivers = Mutex<[@Sendable ([UInt8]) -> Void]>([])
    private let leaving = Mutex<[BusSubscription]>([])

    /// The subscriptions that were ended.
    var left: [BusSubscription] { leaving.withLock { $0 } }

    func inject(_ bytes: [UInt8]) {
        for receive in receivers.withLock({ $0 }) { receive(bytes) }
    }

    func deliverHeld() {
        let held = state.withLock { state in
            defer { state.held = [] }
            return state.held
        }
        for message in held { inject(message) }
    }

    func subscribe(_ receive: @escaping @Sendable ([UInt8]) -> Void) -> BusSubscription {
        receivers.withLock { $0.append(receive) }
        return inner.subscribe(receive)
    }

    func unsubscribe(_ subscription: BusSubscription) {
        leaving.withLock { $0.append(subscription) }
        inner.unsubscribe(subscription)
    }
}
