import Dispatch
import Foundation
import Synchronization
import Testing

@testable import TagCache

// Seeded schedules against a model. The world has a source of truth with a version for each key. A
// change raises a key's version and then invalidates one of its tags, removes the key, or sets it.
// A load reads the source when it begins and returns what it read when the schedule lets it.
// Writes run beside invalidations, and are overtaken by some. A cache with a file ends in order, or as
// if its process were killed, and sometimes its file is begun anew.
// Checked: no read, and no load by a caller, that began after a change was complete returns an
// older version. That this is found out if it happens is checked with caches that do something wrong.

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

/// What comes between the moment when a write notes the epoch and the one when it stores its value.
private final class Overtaking: Sendable {
    private struct State {
        var isOver = false
        var receipt: WriteReceipt?
    }

    /// What is to come between in the writes of this task.
    @TaskLocal static var current: Overtaking?
    private let body: @Sendable () -> WriteReceipt?
    private let state = Mutex(State())

    init(_ body: @escaping @Sendable () -> WriteReceipt?) { self.body = body }

    /// Happens once; called by the cache, which asks what kind of value it is given.
    func happen() {
        let isFirst = state.withLock { state in
            defer { state.isOver = true }
            return !state.isOver
        }
        guard isFirst else { return }
        let receipt = body()
        state.withLock { $0.receipt = receipt }
    }

    /// Whether it has happened; returns when it is written down.
    func finish() async throws -> Bool {
        let (isOver, receipt) = state.withLock { ($0.isOver, $0.receipt) }
        try await receipt?.wait()
        return isOver
    }
}

/// One run of a schedule.
private struct Schedule {
    var generator: SeededGenerator
    let world = World()
    let clock: ManualClock
    var cache: TagCache<Int, Int>
    var gates: [Gate] = []
    var callers: [Task<Void, Never>] = []
    /// Where the directories of the cache's lives are, by number; nil without a file.
    var root: String?
    /// How often the cache was killed.
    var life = 0
    var flaw: ScheduleTests.Flaw?

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
        switch generator.below(18) {
        case 0, 1, 2: await startCaller(key)
        case 3, 4: await release()
        case 5, 6:
            world.change(key)
            let tag = [Self.tag(key), "g\(key % 2)"][generator.below(2)]
            if generator.below(4) == 0, flaw == nil {
                // Of two that do so at once, either may be the last to have it written down.
                let both = (cache, tag)
                async let other: Void = both.0.invalidate(both.1)
                try await cache.invalidate(tag)
                try await other
            } else {
                try await invalidate(tag)
            }
            world.complete(Self.keys(of: tag))
        case 7:
            world.change(key)
            if flaw != .forgetsRemovals { try await cache.remove(key) }
            world.complete([key])
        case 8:
            world.change(key)
            try await cache.set(world.read(key), for: key, tags: [Self.tag(key)])
            world.complete([key])
        case 9: clock.advance(by: .seconds(generator.below(4)))
        case 10: try await cache.prune()
        case 11: try await crowd()
        case 12 where generator.below(4) == 0: try await cache.clear()
        case 13 where root != nil:
            if generator.below(2) == 0 { try await restart() } else { try await die() }
        case 14: try await writeBesideInvalidations(key)
        case 15: try await overtake(key)
        default:
            let floor = world.floor(key)
            if let value = try cache.get(key) { world.check(value, atLeast: floor, "get \(key)") }
        }
    }

    private func invalidate(_ tag: String) async throws {
        switch flaw {
        case .forgetsInvalidations: break
        case .tellsMemoryOnly: try cache.invalidateInMemory([tag])
        default: try await cache.invalidate(tag)
        }
    }

    /// Sets or removes a key in a task of its own while what it carries is invalidated.
    private mutating func writeBesideInvalidations(_ key: Int) async throws {
        world.change(key)
        let (value, tag) = (world.read(key), Self.tag(key))
        let isRemoved = generator.below(3) == 0
        let write = Task { [cache] in
            if isRemoved {
                try await cache.remove(key)
            } else {
                try await cache.set(value, for: key, tags: [tag])
            }
        }
        for _ in 0..<generator.below(4) { await Task.yield() }
        for _ in 0...generator.below(2) {
            try await cache.invalidate([tag, "g\(key % 2)"][generator.below(2)])
        }
        try await write.value
        world.complete([key])
    }

    /// Sets what the source had when the call began; meanwhile the source changes and is invalidated.
    private mutating func overtake(_ key: Int) async throws {
        let (value, tag) = (world.read(key), Self.tag(key))
        let losesFile = generator.below(4) == 0
        let overtaking = Overtaking { [world, cache] in
            world.change(key)
            let id = cache.tags.retainValidated(tag)
            let version = cache.tags.invalidate(id)
            cache.tags.release(id)
            guard let store = cache.persistent?.store else { return nil }
            let receipt = store.enqueue(.invalidate(tag: tag, version: version))
            if losesFile {
                // As when another write fails for good, after this one was written.
                store.dispatchQueue.sync {
                    do { try store.rebuild() } catch { Issue.record(error) }
                }
            }
            return receipt
        }
        try await Overtaking.$current.withValue(overtaking) { [cache] in
            try await cache.set(value, for: key, tags: [tag])
        }
        #expect(try await overtaking.finish())
        world.complete([key])
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
        guard let root else { return }
        await finishCallers()
        try await cache.close()
        cache = try await open("\(root)/\(life)", clock)
    }

    /// Goes on as after the death of the process: on what is on disk now, whatever is under way.
    private mutating func die() async throws {
        guard let root, let store = cache.persistent?.store else { return }
        let source = "\(root)/\(flaw == .returnsToAnOlderFile ? max(0, life - 1) : life)"
        life += 1
        let target = "\(root)/\(life)"
        try FileManager.default.createDirectory(
            atPath: target,
            withIntermediateDirectories: false
        )
        // Between two commits, since a copy takes longer than a death.
        try store.dispatchQueue.sync {
            for name in ["/entries.mdb", "/state"] {
                try FileManager.default.copyItem(atPath: source + name, toPath: target + name)
            }
        }
        await finishCallers()
        cache = try await open(target, clock)
    }

    private mutating func finishCallers() async {
        for gate in gates { gate.open() }
        for caller in callers { await caller.value }
        gates = []
        callers = []
    }
}

/// A cache with a file, in a directory that is made if need be.
private func open(_ directory: String, _ clock: ManualClock) async throws -> TagCache<Int, Int> {
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
    return try await TagCache.open(configuration(clock), persistent: persistent)
}

private func configuration(_ clock: ManualClock) -> TagCacheConfiguration<Int, Int> {
    var configuration = TagCacheConfiguration<Int, Int>(entryLimit: 8)
    configuration.clock = .manual(clock)
    configuration.expiration = Expiration(ttl: .seconds(20))
    configuration.negative = NegativeEntries(expiration: configuration.expiration) { _ in
        Overtaking.current?.happen()
        return false
    }
    return configuration
}

struct ScheduleTests {
    /// What a cache may do wrong, as far as whoever uses it can see.
    enum Flaw: String, CaseIterable, Sendable {
        case forgetsInvalidations, forgetsRemovals, tellsMemoryOnly, returnsToAnOlderFile
    }

    /// The schedules in ranges, so that they run beside each other.
    private static let parts = ranges(of: scheduleCount)

    /// Restarts sync files, so there are fewer of these: six for each thousand of the others.
    private static let partsWithRestarts = ranges(of: max(1, scheduleCount * 6 / 1000))

    private static func ranges(of count: Int) -> [Range<Int>] {
        let size = max(1, count / 8)
        return stride(from: 0, to: count, by: size).map { $0..<min($0 + size, count) }
    }

    @Test(arguments: parts)
    func noScheduleReadsAnythingStale(seeds: Range<Int>) async throws {
        for seed in seeds {
            let found = try await Self.run(seed)
            #expect(found.isEmpty, "seed \(seed)")
        }
    }

    @Test(arguments: partsWithRestarts)
    func noScheduleWithRestartsReadsAnythingStale(seeds: Range<Int>) async throws {
        for seed in seeds {
            let found = try await Self.runWithRestarts(seed)
            #expect(found.isEmpty, "seed \(seed)")
        }
    }

    /// The check of the check.
    @Test(arguments: Flaw.allCases)
    func aCacheThatDoesSomethingWrongIsFoundOut(flaw: Flaw) async throws {
        var isFound = false
        for seed in 0..<100 where !isFound {
            switch flaw {
            case .forgetsInvalidations, .forgetsRemovals:
                isFound = try await !Self.run(seed, flaw).isEmpty
            case .tellsMemoryOnly, .returnsToAnOlderFile:
                isFound = try await !Self.runWithRestarts(seed, flaw).isEmpty
            }
        }
        #expect(isFound)
    }

    /// What was read that is older than what had to be read.
    private static func run(_ seed: Int, _ flaw: Flaw? = nil) async throws -> [String] {
        let clock = ManualClock()
        var schedule = Schedule(
            generator: SeededGenerator(seed: UInt64(seed)),
            clock: clock,
            cache: TagCache(configuration(clock)),
            flaw: flaw
        )
        try await schedule.run(steps: 40)
        return schedule.world.found
    }

    /// As `run`, with a file.
    private static func runWithRestarts(_ seed: Int, _ flaw: Flaw? = nil) async throws -> [String] {
        try await withDirectory { root in
            let clock = ManualClock()
            var schedule = Schedule(
                generator: SeededGenerator(seed: UInt64(seed)),
                clock: clock,
                cache: try await open("\(root)/0", clock),
                root: root,
                flaw: flaw
            )
            try await schedule.run(steps: 120)
            try await schedule.cache.close()
            return schedule.world.found
        }
    }
}
