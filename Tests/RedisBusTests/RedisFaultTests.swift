import Failpoints
import Synchronization
import TagCache
import Testing

@testable import RedisBus

/// Loss, repetition, reordering, mangled bytes, a server that is killed, nodes that come back, and
/// clocks a day apart, over a real server.
@Suite(
    .enabled(if: RedisServer.isInstalled, "redis-server is not installed"),
    .serialized,
    .timeLimit(.minutes(5))
)
struct RedisFaultTests {
    @Test(arguments: 0..<24 as Range<UInt64>)
    func nothingStaleIsServedPastTheBound(seed: UInt64) async throws {
        var world = try await World(seed: seed)
        for _ in 0..<80 { try await world.step() }
        try await world.settle()
        for cache in world.caches {
            for (tag, version) in world.source {
                let value = try cache.get(tag)
                #expect(value == nil || value == version, "seed \(seed), \(tag)")
            }
        }
    }

    /// Every step fails once; the bus goes on, and what is sent then arrives.
    @Test(.enabled(if: FailpointRegistry.isCompiledIn), arguments: RedisBusFailpoint.allCases)
    func aStepThatFailsIsTakenAgain(point: RedisBusFailpoint) async throws {
        let server = try RedisServer()
        var configuration = server.configuration
        configuration.password = nil
        configuration.pingInterval = .milliseconds(20)
        if point == .authenticate {
            // The default user takes any password when it has none of its own.
            configuration.username = "default"
            configuration.password = "any"
        }
        let failpoints = FailpointRegistry()
        failpoints.knowRedisBus()
        try failpoints.arm(point, FailpointProgram([.init(.error, count: 1)]))
        let bus = RedisBus(configuration, failpoints: failpoints)
        let inbox = Inbox(bus)
        await eventually { bus.statistics.subscriptions > 0 }
        var number: UInt8 = 0
        while inbox.received.isEmpty || failpoints.firedCount(point) == 0 {
            number &+= 1
            try? await bus.publish([number])
        }
        #expect(failpoints.firedCount(point) == 1)
        #expect(bus.statistics.connectionFailures >= 1)
    }
}

/// Three nodes, a server and a source of truth.
private struct World {
    private var generator: Generator
    private let server: RedisServer
    private var buses: [FaultyBus] = []
    private let clocks: [ManualClock]
    private var lives: [UInt64] = [1, 1, 1]
    var caches: [TagCache<String, Int>] = []
    var source: [String: Int] = [:]

    init(seed: UInt64) async throws {
        generator = Generator(state: seed)
        server = try RedisServer()
        let (wall, day): (UInt64, UInt64) = (1_700_000_000_000_000_000, 86_400_000_000_000)
        clocks = [wall - day, wall, wall + day].map { ManualClock(wallNow: $0) }
        for number in 0..<3 {
            let bus = await connectedBus(server.configuration)
            buses.append(FaultyBus(bus, seed: seed &+ UInt64(number)))
            caches.append(join(number))
        }
    }

    private func join(_ number: Int) -> TagCache<String, Int> {
        let cache = makeCache(clocks[number])
        let life = lives[number]
        cache.connect(
            to: buses[number],
            BusConfiguration(node: UInt64(number), incarnation: life)
        )
        return cache
    }

    mutating func step() async throws {
        let tag = "g\(generator.below(5)):\(generator.below(3))"
        let number = generator.below(caches.count)
        switch generator.below(24) {
        case 0..<8:
            source[tag, default: 0] += 1
            // A message that the server did not take shows as a gap.
            try? await caches[number].invalidate(tag)
        case 8 where generator.below(3) == 0: server.kill()
        case 9 where !server.isRunning || generator.below(6) == 0:
            server.kill()
            try server.start()
        case 10 where generator.below(2) == 0:
            lives[number] += 1
            caches[number] = join(number)
        case 11: try? await caches[number].tick()
        default:
            if try caches[number].get(tag) == nil {
                try await caches[number].set(source[tag, default: 0], for: tag, tags: [tag])
            }
        }
    }

    /// The server comes back if it was down, the faults end, every node sends one heartbeat, and all arrive.
    mutating func settle() async throws {
        if !server.isRunning { try server.start() }
        let inboxes = buses.map { Inbox($0.inner) }
        // Who hears this is connected.
        while !inboxes.allSatisfy({ $0.received.contains([9, 9]) }) {
            try? await buses[0].inner.publish([9, 9])
        }
        for (number, bus) in buses.enumerated() {
            bus.behave()
            var isSent = false
            while !isSent { isSent = (try? await caches[number].tick()) != nil }
            try await bus.inner.publish([UInt8(number)])
        }
        // The server keeps the order of what one connection sends.
        for inbox in inboxes {
            await eventually { Set(inbox.received).isSuperset(of: [[0], [1], [2]]) }
        }
    }
}

/// A bus that loses, repeats, reorders and mangles what it sends.
private final class FaultyBus: InvalidationBus {
    private struct State {
        var generator: Generator
        var isFaulty = true
        var held: [[UInt8]] = []
    }

    let inner: RedisBus
    private let state: Mutex<State>

    init(_ inner: RedisBus, seed: UInt64) {
        self.inner = inner
        state = Mutex(State(generator: Generator(state: seed)))
    }

    func behave() { state.withLock { $0.isFaulty = false } }

    func publish(_ message: [UInt8]) async throws {
        let deliveries: [[UInt8]] = state.withLock { state in
            defer { if !state.isFaulty { state.held = [] } }
            if !state.isFaulty { return state.held + [message] }
            switch state.generator.below(7) {
            case 0: return [message, message]
            case 1: return []
            case 2:
                state.held.append(message)
                return []
            case 3:
                defer { state.held = [] }
                return [message] + state.held
            case 4:
                var mangled = message
                mangled[state.generator.below(mangled.count)] ^= 1
                return [mangled]
            default: return [message]
            }
        }
        for message in deliveries { try await inner.publish(message) }
    }

    func subscribe(_ receive: @escaping @Sendable ([UInt8]) -> Void) -> BusSubscription {
        inner.subscribe(receive)
    }

    func subscribe(
        _ receive: @escaping @Sendable ([UInt8]) -> Void,
        hearing: @escaping @Sendable (BusHearing) -> Void
    ) -> BusSubscription {
        inner.subscribe(receive, hearing: hearing)
    }

    func unsubscribe(_ subscription: BusSubscription) { inner.unsubscribe(subscription) }
}

/// A small generator with a seed.
private struct Generator {
    var state: UInt64

    mutating func below(_ bound: Int) -> Int {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return Int((mixed ^ (mixed >> 31)) % UInt64(bound))
    }
}
