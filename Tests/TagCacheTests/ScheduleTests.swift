import Foundation
import Synchronization
import Testing

@testable import TagCache

// Seeded schedules against a model. The world has a source of truth with a version for each key. A
// change raises a key's version and then invalidates one of its tags, removes the key, or sets it.
// A load reads the source when it begins and returns what it read when the schedule lets it.
// Checked: no read, and no load by a caller, that began after a change was complete returns an
// older version.

/// The number of schedules: 10,000, or HOLDFAST_CACHE_SCHEDULES.
private let scheduleCount =
    ProcessInfo.processInfo.environment["HOLDFAST_CACHE_SCHEDULES"].flatMap(Int.init) ?? 10_000

/// The source of truth and what each reader must at least see.
private final class World: Sendable {
    private let versions = Mutex<[Int]>(Array(repeating: 1, count: World.keyCount))
    private let required = Mutex<[Int]>(Array(repeating: 1, count: World.keyCount))
    private let failures = Mutex<[String]>([])
    static let keyCount = 6

    func read(_ key: Int) -> Int { versions.withLock { $0[key] } }

    func change(_ key: Int) { versions.withLock { $0[key] += 1 } }

    /// From now on, readers of the keys must see what the source has.
    func complete(_ keys: [Int]) {
        let current = versions.withLock { $0 }
        required.withLock { required in for key in keys { required[key] = current[key] } }
    }

    func floor(_ key: Int) -> Int { required.withLock { $0[key] } }

    func check(_ value: Int, atLeast floor: Int, _ what: String) {
        if value < floor { failures.withLock { $0.append("\(what): \(value) < \(floor)") } }
    }

    var found: [String] { failures.withLock { $0 } }
}

/// One run of a schedule.
private struct Schedule {
    var generator: SeededGenerator
    let world = World()
    let clock = ManualClock()
    var cache: TagCache<Int, Int>
    var gates: [Gate] = []
    var callers: [Task<Void, Never>] = []
    let reopen: ((ManualClock) async throws -> TagCache<Int, Int>)?

    static func tag(_ key: Int) -> String { "g\(key % 2):k\(key)" }
    static func keys(of tag: String) -> [Int] {
        (0..<World.keyCount).filter { Self.tag($0) == tag || Self.tag($0).hasPrefix(tag + ":") }
    }

    mutating func run(steps: Int) async throws {
        for _ in 0..<steps { try await step() }
        while !callers.isEmpty {
            for gate in gates { gate.open() }
            for caller in callers { await caller.value }
            callers = []
        }
    }

    private mutating func step() async throws {
        let key = generator.below(World.keyCount)
        switch generator.below(16) {
        case 0, 1, 2: await startCaller(key)
        case 3, 4: await release()
        case 5, 6:
            world.change(key)
            let tag = [Self.tag(key), "g\(key % 2)"][generator.below(2)]
            if generator.below(4) == 0 {
                // Of two that do so at once, either may be the last to have it written down.
                let both = (cache, tag)
                async let other: Void = both.0.invalidate(both.1)
                try await cache.invalidate(tag)
                try await other
            } else {
                try await cache.invalidate(tag)
            }
            world.complete(Self.keys(of: tag))
        case 7:
            world.change(key)
            try await cache.remove(key)
            world.complete([key])
        case 8:
            world.change(key)
            try await cache.set(world.read(key), for: key, tags: [Self.tag(key)])
            world.complete([key])
        case 9: clock.advance(by: .seconds(generator.below(4)))
        case 10: try await cache.prune()
        case 11: try await crowd()
        case 12 where generator.below(4) == 0: try await cache.clear()
        case 13 where reopen != nil: try await restart()
        default:
            let floor = world.floor(key)
            if let value = try cache.get(key) { world.check(value, atLeast: floor, "get \(key)") }
        }
    }

    /// A caller whose load, if it comes to one, waits for the schedule.
    private mutating func startCaller(_ key: Int) async {
        let gate = Gate()
        let isSettled = Atomic<Int>.Box()
        let coalesced = cache.stats.coalesced
        let isTagKnown = generator.below(2) == 0
        callers.append(
            Task { [world, cache] in
                let floor = world.floor(key)
                let value = try? await cache.value(
                    for: key,
                    tags: isTagKnown ? [Self.tag(key)] : []
                ) {
                    let value = world.read(key)
                    isSettled.add()
                    await gate.pass()
                    try CacheDependencies.add(Self.tag(key))
                    return value
                }
                isSettled.add()
                if let value { world.check(value, atLeast: floor, "value \(key)") }
            }
        )
        gates.append(gate)
        await eventually { isSettled.value > 0 || cache.stats.coalesced > coalesced }
    }

    /// Lets one load go on, and sometimes cancels a caller.
    private mutating func release() async {
        guard !gates.isEmpty else { return }
        gates.remove(at: generator.below(gates.count)).open()
        if generator.below(4) == 0, !callers.isEmpty {
            callers[generator.below(callers.count)].cancel()
        }
        for _ in 0..<generator.below(6) { await Task.yield() }
    }

    /// Pushes entries out by others.
    private mutating func crowd() async throws {
        for _ in 0..<8 {
            try await cache.set(Int.max, for: 100 + generator.below(1000), tags: ["crowd"])
        }
    }

    /// Ends the cache and begins again on what it left.
    private mutating func restart() async throws {
        guard let reopen else { return }
        for gate in gates { gate.open() }
        for caller in callers { await caller.value }
        gates = []
        callers = []
        try await cache.close()
        cache = try await reopen(clock)
    }
}

private func configuration(_ clock: ManualClock) -> TagCacheConfiguration<Int, Int> {
    var configuration = TagCacheConfiguration<Int, Int>(entryLimit: 8)
    configuration.clock = .manual(clock)
    configuration.expiration = Expiration(ttl: .seconds(20))
    return configuration
}

struct ScheduleTests {
    /// The schedules in ranges, so that they run beside each other.
    private static let parts: [Range<Int>] = {
        let size = max(1, scheduleCount / 8)
        return stride(from: 0, to: scheduleCount, by: size).map {
            $0..<min($0 + size, scheduleCount)
        }
    }()

    @Test(arguments: parts)
    func noScheduleReadsAnythingStale(seeds: Range<Int>) async throws {
        for seed in seeds {
            let clock = ManualClock()
            var schedule = Schedule(
                generator: SeededGenerator(seed: UInt64(seed)),
                cache: TagCache(configuration(clock)),
                reopen: nil
            )
            try await schedule.run(steps: 40)
            #expect(schedule.world.found.isEmpty, "seed \(seed)")
        }
    }

    /// Restarts sync files, so there are fewer of these: six for each thousand of the others.
    @Test(arguments: 0..<max(1, scheduleCount * 6 / 1000))
    func noScheduleWithRestartsReadsAnythingStale(seed: Int) async throws {
        try await withDirectory { directory in
            let codec = PersistentCodec<Int, Int>(
                keyBytes: { [UInt8](number: UInt64($0)) },
                encode: { [UInt8](number: UInt64($0)) },
                decode: { Int($0.asNumber ?? 0) }
            )
            let persistent = PersistentConfiguration(
                directory: directory,
                fileByteLimit: 1 << 20,
                codec: codec
            )
            let open: (ManualClock) async throws -> TagCache<Int, Int> = { clock in
                try await TagCache.open(configuration(clock), persistent: persistent)
            }
            let clock = ManualClock()
            var schedule = Schedule(
                generator: SeededGenerator(seed: UInt64(seed)),
                cache: try await open(clock),
                reopen: open
            )
            try await schedule.run(steps: 120)
            #expect(schedule.world.found.isEmpty, "seed \(seed)")
            try await schedule.cache.close()
        }
    }
}
