import TagCache

/// The bars of the memory tier beside a locked dictionary in the same run.
enum MemoryBenchmarks {
    static let operations = 1_000_000
    static let keyMask = 1023

    static func cache<Key>(_ entries: Int, _: Key.Type) -> TagCache<Key, Payload> {
        var configuration = TagCacheConfiguration<Key, Payload>(entryLimit: entries)
        configuration.expiration = Expiration(ttl: .seconds(3600))
        return TagCache(configuration)
    }

    static func hits() async throws {
        let names = (0...keyMask).map { "k\(10_000 + $0)" }
        let numbers = (0...keyMask).map { UInt64($0) &* 7919 }
        let byName = cache(10_000, String.self)
        let byNumber = cache(10_000, UInt64.self)
        let baseline = Baseline<String, Payload>()
        let baselineNumbers = Baseline<UInt64, Payload>()
        for index in 0...keyMask {
            try await byName.set(Payload(index), for: names[index], tags: ["a:b:\(index & 15)"])
            try await byNumber.set(Payload(index), for: numbers[index], tags: ["a:b"])
            baseline.set(Payload(index), for: names[index])
            baselineNumbers.set(Payload(index), for: numbers[index])
        }
        let floor = cost(operations) {
            for index in 0..<operations { consume(baseline.get(names[index & keyMask])) }
        }
        let one = cost(operations) {
            for index in 0..<operations { consume(try? byName.get(names[index & keyMask])) }
        }
        let floorNumbers = cost(operations) {
            for index in 0..<operations { consume(baselineNumbers.get(numbers[index & keyMask])) }
        }
        let integer = cost(operations) {
            for index in 0..<operations { consume(try? byNumber.get(numbers[index & keyMask])) }
        }
        report("hit, 6-character key", one, "ns", atMost: 80)
        report("hit, integer key", integer, "ns", atMost: 40)
        print("     Mutex<Dictionary>: \(floor), \(floorNumbers); ratio \(one / floor)")
        try await unrelated(byName, names, one)
        try await manyKeys()
        try await loads(byName, names)
    }

    /// What a second thread adds, on one cache and beside what the machine allows.
    ///
    /// A line of memory that another processor wrote last has to be fetched from there: the lock's,
    /// and the count of references to the value that is handed out. The second is paid
    /// by two caches that share nothing but their values, too. The threads ask for the keys in orders
    /// of their own: in one order they would meet at a lock and from then on at every one.
    static func threads() async throws {
        let names = (0...keyMask).map { "k\(10_000 + $0)" }
        let shared = cache(10_000, String.self)
        let own = [cache(10_000, String.self), cache(10_000, String.self)]
        let baseline = Baseline<String, Payload>()
        for (index, name) in names.enumerated() {
            let payload = Payload(index)
            for target in own + [shared] {
                try await target.set(payload, for: name, tags: ["a:b:\(index & 15)"])
            }
            baseline.set(payload, for: name)
        }
        let hits: @Sendable (TagCache<String, Payload>, Int) -> Void = { target, thread in
            for index in 0..<operations {
                consume(try? target.get(names[index &* (5 &+ thread &* 72) & keyMask]))
            }
        }
        let one = parallelCost(1, operations) { hits(shared, $0) }
        let two = parallelCost(2, operations) { hits(shared, $0) }
        report("hit, two threads together", two / 2, "ns", atMost: one)
        print("     each: \(two) ns; one thread alone: \(one)")
        let apart = parallelCost(2, operations) { hits(own[$0], $0) }
        print("     two caches, one for each thread, of the same values: \(apart)")
        let locked: @Sendable (Int) -> Void = { thread in
            for index in 0..<operations {
                consume(baseline.get(names[index &* (5 &+ thread &* 72) & keyMask]))
            }
        }
        let floor = (parallelCost(1, operations, locked), parallelCost(2, operations, locked))
        print("     Mutex<Dictionary>: \(floor.0), two threads: \(floor.1)")
    }

    /// Hits on so many keys that the processor's caches do not hold them, and that the eviction policy
    /// has to be told of each.
    static func manyKeys() async throws {
        let names = (0..<65_536).map { "k\(100_000 + $0)" }
        let many = cache(200_000, String.self)
        let baseline = Baseline<String, Payload>()
        for (index, name) in names.enumerated() {
            try await many.set(Payload(index), for: name, tags: ["a:b:\(index & 15)"])
            baseline.set(Payload(index), for: name)
        }
        let hit = cost(operations) {
            for index in 0..<operations { consume(try? many.get(names[index &* 7919 & 65_535])) }
        }
        let floor = cost(operations) {
            for index in 0..<operations { consume(baseline.get(names[index &* 7919 & 65_535])) }
        }
        print("     hit over 65,536 keys: \(hit) ns; Mutex<Dictionary>: \(floor)")
    }

    /// A hit by way of a load that does not run.
    static func loads(_ cache: TagCache<String, Payload>, _ names: [String]) async throws {
        let rounds = operations / 4
        let payload = Payload(1)
        let hit = try await asyncCost(rounds) {
            for index in 0..<rounds {
                consume(try await cache.value(for: names[index & keyMask]) { payload })
            }
        }
        print("     value(for:load:), hit: \(hit) ns")
    }

    /// What an invalidation of something else costs the next hit of every entry.
    static func unrelated(
        _ cache: TagCache<String, Payload>,
        _ names: [String],
        _ plain: Double
    )
        async throws
    {
        var samples: [Double] = []
        for _ in 0..<200 {
            try await cache.invalidate("other:thing")
            let start = threadNanoseconds()
            for name in names { consume(try? cache.get(name)) }
            samples.append((threadNanoseconds() - start) / Double(names.count))
        }
        let least = samples.min() ?? 0
        report("first hit after an unrelated invalidation", least, "ns", atMost: plain * 1.5)
    }

    static func writes() async throws {
        let names = (0...keyMask).map { "k\(10_000 + $0)" }
        let target = cache(10_000, String.self)
        let baseline = Baseline<String, Payload>()
        let payload = Payload(1)
        let rounds = operations / 4
        let set = try await asyncCost(rounds) {
            for index in 0..<rounds {
                try await target.set(payload, for: names[index & keyMask], tags: ["svc:checkout"])
            }
        }
        let floor = cost(rounds) {
            for index in 0..<rounds { baseline.set(payload, for: names[index & keyMask]) }
        }
        report("set with one tag", set, "ns", atMost: 300)
        print("     Mutex<Dictionary>: \(floor); ratio \(set / floor)")

        let large = cache(100_000, UInt64.self)
        // CPU time, since other processes interrupt; nothing here suspends.
        var all: [Double] = []
        for key in 0..<UInt64(300_000) {
            let start = threadNanoseconds()
            try await large.set(payload, for: key, tags: ["svc:checkout"])
            all.append(threadNanoseconds() - start)
        }
        all.sort()
        report("worst set at 100k entries", all[all.count - 1] / 1000, "µs", atMost: 1000)
        print("     p99.99: \(all[all.count - 31]) ns, median \(all[all.count / 2]) ns")
    }

    static func tags() async throws {
        let target = cache(10_000, String.self)
        let names = (0..<1000).map { "svc:number_\($0)" }
        try await target.set(Payload(1), for: "many", tags: names)
        var samples: [Double] = []
        for _ in 0..<200 {
            try await target.invalidate("other")
            let start = threadNanoseconds()
            consume(try? target.get("many"))
            samples.append(threadNanoseconds() - start)
        }
        report("revalidate 1,000 tags", samples.sorted()[100] / 1000, "µs", atMost: 20)
        let invalidate = try await asyncCost(100_000) {
            for _ in 0..<100_000 { try await target.invalidate("a:b:c:d") }
        }
        print("     invalidate, four segments: \(invalidate) ns")
    }

    static func memory() async throws {
        let payload = Payload(1)
        let count = 200_000
        var before = residentBytes()
        let plain = TagCache(TagCacheConfiguration<UInt64, Payload>(entryLimit: count * 2))
        for key in 0..<UInt64(count) { try await plain.set(payload, for: key) }
        let perEntry = Double(residentBytes() - before) / Double(count)
        report("memory per entry", perEntry - 16, "B", atMost: 150)

        let tagged = TagCache(TagCacheConfiguration<UInt64, Payload>(entryLimit: 100))
        before = residentBytes()
        let names = (0..<1000).map { "t\($0)" }
        for group in 0..<200 {
            let tags = names.map { "g\(group):\($0)" }
            try await tagged.set(payload, for: UInt64(group), tags: tags)
        }
        let perTag = Double(residentBytes() - before) / Double(count)
        report("memory per unique tag", perTag, "B", atMost: 150)
        consume(plain.stats.entries + tagged.stats.tags)
    }

    static func ratios() async throws {
        for trace in Trace.allCases {
            let requests = trace.requests(seed: 1)
            let target = TagCache(TagCacheConfiguration<UInt64, Bool>(entryLimit: 10_000))
            var lru = PlainLRU(capacity: 10_000)
            var hits = 0
            var plainHits = 0
            for key in requests {
                if try target.get(key) != nil {
                    hits += 1
                } else {
                    try await target.set(true, for: key)
                }
                if lru.request(key) { plainHits += 1 }
            }
            let ratio = Double(hits) / Double(requests.count) * 100
            report("hit ratio, \(trace)", ratio, "%", atLeast: trace.bar)
            print("     plain LRU: \(Double(plainHits) / Double(requests.count) * 100)")
        }
    }
}

/// Keeps the optimiser from dropping what was computed.
@inline(never)
func consume<Value>(_ value: Value) {}
