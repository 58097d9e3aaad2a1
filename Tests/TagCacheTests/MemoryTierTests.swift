import Synchronization
import Testing

@testable import TagCache

struct MemoryTierTests {
    @Test(arguments: 0..<20 as Range<UInt64>)
    func theHashIndexFindsWhatADictionaryFinds(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var index = HashIndex()
        var model: [Int: UInt64] = [:]
        for _ in 0..<3000 {
            let number = generator.below(300)
            if let hash = model.removeValue(forKey: number) {
                index.remove(hash, number)
            } else {
                // Few different homes, so that runs are long and wrap around.
                let hash = UInt64(generator.below(40)) | 0xFFF0
                index.insert(hash, number)
                model[number] = hash
            }
            let probed = generator.below(300)
            if let hash = model[probed] {
                var probe = index.start(hash)
                var found: [Int] = []
                while let candidate = index.next(&probe, hash) { found.append(candidate) }
                #expect(found.contains(probed), "seed \(seed)")
                #expect(
                    found.allSatisfy {
                        model[$0].map { UInt32(truncatingIfNeeded: $0) }
                            == UInt32(truncatingIfNeeded: hash)
                    }
                )
            }
        }
        #expect(index.count == model.count)
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func theWheelFiresEverythingInTimeAndNothingEarly(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var now: UInt64 = 5_000_000_000
        var wheel = TimerWheel(now: now)
        var slots: [Slot] = []
        for number in 0..<300 {
            var slot = Slot()
            // From milliseconds to months.
            slot.deadline = now + UInt64(1) << UInt64(20 + generator.below(34))
            slots.append(slot)
            wheel.schedule(UInt32(number), &slots)
        }
        var fired: Set<Int> = []
        while fired.count < slots.count {
            now += UInt64(1) << UInt64(24 + generator.below(30))
            repeat {
                var budget = 7
                while let number = wheel.nextExpired(now, &slots, budget: &budget) {
                    wheel.cancel(number, &slots)
                    #expect(slots[Int(number)].deadline <= now, "seed \(seed)")
                    #expect(fired.insert(Int(number)).inserted, "seed \(seed)")
                }
                if budget > 0, !wheel.isBehind(now) { break }
            } while true
            let late = slots.indices.filter {
                slots[$0].deadline + 200_000_000 < now && !fired.contains($0)
            }
            #expect(late.isEmpty, "seed \(seed)")
        }
    }

    @Test func theSketchKnowsWhatIsPopularAndForgets() {
        var sketch = FrequencySketch()
        for _ in 0..<10 { sketch.increment(77 &* 0x9E37_79B9_7F4A_7C15) }
        #expect(sketch.estimate(77 &* 0x9E37_79B9_7F4A_7C15) >= 10)
        sketch.ensure(capacity: 1000)
        #expect(sketch.estimate(77 &* 0x9E37_79B9_7F4A_7C15) >= 10)
        var generator = SeededGenerator(seed: 1)
        for _ in 0..<60_000 { sketch.increment(generator.next()) }
        #expect(sketch.estimate(77 &* 0x9E37_79B9_7F4A_7C15) < 10)
    }

    /// However many tables there are, each has room for it.
    @Test func aLargeValueIsKept() async throws {
        var configuration = TagCacheConfiguration<String, Int>(byteLimit: 32 << 20) { $1 }
        configuration.clock = .manual(ManualClock())
        let cache = TagCache(configuration)
        for size in [1 << 20, 2 << 20, 3 << 20] {
            try await cache.set(size, for: "\(size)")
            #expect(try cache.get("\(size)") == size)
        }
    }

    @Test(arguments: 0..<10 as Range<UInt64>)
    func tablesStayConsistentAndWithinTheirWeight(seed: UInt64) async throws {
        var generator = SeededGenerator(seed: seed)
        let clock = ManualClock()
        let cache = makeCache(entries: 2000, clock: clock) { configuration in
            configuration.weigher = { _, value in value % 37 }
            configuration.expiration = Expiration(idle: .seconds(20))
        }
        for _ in 0..<4000 {
            let key = "k\(generator.below(500))"
            switch generator.below(8) {
            case 0, 1, 2:
                let ttl: Duration? = generator.below(2) == 0 ? .seconds(generator.below(60)) : nil
                let tags = ["t:\(generator.below(10))"]
                try await cache.set(generator.below(1000), for: key, tags: tags, ttl: ttl)
                #expect(try ttl == .zero || cache.get(key) != nil, "seed \(seed)")
            case 3: try await cache.remove(key)
            case 4: clock.advance(by: .milliseconds(generator.below(3000)))
            case 5: try await cache.invalidate("t:\(generator.below(10))")
            default: _ = try cache.get(key)
            }
        }
        for number in 0..<cache.shardCount {
            cache.shards[number].state.withLock { state in
                state.core.checkInvariants()
                #expect(state.core.weight <= cache.shardWeightLimit, "seed \(seed)")
            }
        }
        clock.advance(by: .seconds(86_400))
        try await cache.prune()
        #expect(cache.stats.entries == 0 && cache.stats.tags == 0, "seed \(seed)")
    }

    @Test func aScanDoesNotPushOutWhatIsUsed() async throws {
        let cache = makeCache(entries: 500)
        for round in 0..<20 {
            for key in 0..<200 where try cache.get("hot\(key)") == nil {
                try await cache.set(key, for: "hot\(key)")
            }
            for key in 0..<200 { try await cache.set(0, for: "scan\(round):\(key)") }
        }
        let kept = try (0..<200).filter { try cache.get("hot\($0)") != nil }.count
        #expect(kept > 190)
    }

    @Test func whatOutlivedItsTimeIsFreedWithoutBeingRead() async throws {
        let clock = ManualClock()
        let cache = makeCache(clock: clock)
        for key in 0..<500 { try await cache.set(key, for: "\(key)", ttl: .seconds(key + 1)) }
        clock.advance(by: .seconds(251))
        cache.sweep()
        #expect(cache.stats.entries == 249)
        #expect(cache.stats.evictions.expired == 251)
    }
}
