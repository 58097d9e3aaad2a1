import Foundation
import Synchronization
import Testing

@testable import TagCache

struct PersistentTests {
    @Test func entriesAndInvalidationsSurviveARestart() async throws {
        try await withDirectory { directory in
            var cache = try await openCache(directory)
            try await cache.set([1], for: "kept", tags: ["a:b"])
            try await cache.set([2], for: "invalidated", tags: ["a:c"])
            try await cache.set([3], for: "removed")
            try await cache.invalidate("a:c")
            try await cache.remove("removed")
            try await cache.close()
            cache = try await openCache(directory)
            #expect(cache.stats.persistent.entries == 2)
            #expect(try cache.get("kept") == [1])
            #expect(try cache.get("invalidated") == nil)
            #expect(try cache.get("removed") == nil)
            // Written after the restart: newer than every version before it.
            try await cache.set([4], for: "invalidated", tags: ["a:c"])
            try await cache.close()
            cache = try await openCache(directory)
            #expect(try cache.get("invalidated") == [4])
            try await cache.invalidate("a")
            try await cache.close()
            cache = try await openCache(directory)
            #expect(try cache.get("kept") == nil)
            #expect(try cache.get("invalidated") == nil)
        }
    }

    /// Of two threads that invalidate the same thing, the first to begin may be the last to write it down.
    @Test(arguments: [true, false])
    func anInvalidationWrittenLateTakesNoNewerOneBack(isOfOneTag: Bool) async throws {
        try await withDirectory { directory in
            var cache = try await openCache(directory)
            let tag = "a:b"
            func write(_ version: UInt64) -> PersistentWrite {
                isOfOneTag
                    ? .invalidate(tag: tag, version: version)
                    : .invalidatePartition(TagName.partition(of: tag), version: version)
            }
            let late = cache.tags.invalidate(TagIndex.root)
            try await cache.set([1], for: "stale", tags: [tag])
            let newer = cache.tags.invalidate(TagIndex.root)
            let store = try #require(cache.persistent?.store)
            try await store.enqueue(write(newer)).wait()
            try await store.enqueue(write(late)).wait()
            try await cache.close()
            cache = try await openCache(directory)
            #expect(try cache.get("stale") == nil)
            try await cache.close()
        }
    }

    @Test func pruningForgetsHistoryButNoInvalidation() async throws {
        try await withDirectory { directory in
            var cache = try await openCache(directory)
            try await cache.set([1], for: "old", tags: ["t:1"])
            for number in 0..<50 { try await cache.invalidate("t:\(number)") }
            try await cache.set([2], for: "new", tags: ["t:2"])
            try await cache.prune()
            #expect(cache.persistent?.store.writer.withLock { $0.history.count } == 0)
            try await cache.close()
            cache = try await openCache(directory)
            #expect(try cache.get("old") == nil)
            #expect(try cache.get("new") == [2])
        }
    }

    @Test func lifetimesGoOnAcrossARestart() async throws {
        try await withDirectory { directory in
            let clock = ManualClock()
            var cache = try await openCache(directory, clock: clock)
            try await cache.set([1], for: "short", ttl: .seconds(5))
            try await cache.set([2], for: "long", ttl: .seconds(50))
            try await cache.close()
            clock.advance(by: .seconds(6))
            cache = try await openCache(directory, clock: clock)
            #expect(try cache.get("short") == nil)
            #expect(try cache.get("long") == [2])
            clock.advance(by: .seconds(44))
            #expect(try cache.get("long") == nil)
        }
    }

    /// Also when memory has no room for it, so that it is read from the file each time.
    @Test func aStaleValueInTheFileIsServedWhileOneLoadRenewsIt() async throws {
        try await withDirectory { directory in
            let clock = ManualClock()
            var configuration = TagCacheConfiguration<String, [UInt8]>(entryLimit: 1)
            configuration.clock = .manual(clock)
            configuration.expiration = Expiration(
                ttl: .seconds(10),
                staleWhileRevalidate: .seconds(30)
            )
            let cache = try await TagCache.open(
                configuration,
                persistent: PersistentConfiguration(
                    directory: directory,
                    fileByteLimit: 1 << 20,
                    codec: .bytes
                )
            )
            try await cache.set([1], for: "a")
            clock.advance(by: .seconds(11))
            // Asked for so often that nothing else gets into memory.
            try await cache.set([0], for: "hot")
            for _ in 0..<10 { #expect(try cache.get("hot") == [0]) }
            let gate = Gate()
            for _ in 0..<3 {
                let value = try await cache.value(for: "a") {
                    await gate.pass()
                    return [2]
                }
                #expect(value == [1])
            }
            gate.open()
            await eventually { cache.stats.loads == 1 }
            #expect(try await cache.value(for: "a") { [3] } == [2])
            #expect(cache.stats.loads == 1)
            try await cache.close()
        }
    }

    @Test func aLoadIsSharedWithTheFileAndItsValueIsKeptThere() async throws {
        try await withDirectory { directory in
            var cache = try await openCache(directory)
            _ = try await cache.value(for: "a", tags: ["t"]) { [7] }
            try await cache.close()
            cache = try await openCache(directory)
            #expect(try await cache.value(for: "a", tags: ["t"]) { [8] } == [7])
            #expect(cache.stats.loads == 0 && cache.stats.persistent.hits == 1)
            try await cache.invalidate("t")
            #expect(try await cache.value(for: "a", tags: ["t"]) { [8] } == [8])
        }
    }

    /// In front of a file, the caller that began the load cancelled in half of the rounds: one load
    /// that ends for each key, nobody else fails, and afterwards a thousand readers find it there.
    @Test(arguments: [false, true])
    func aHerdOfAThousandCausesOneLoad(leaderIsCancelled: Bool) async throws {
        try await withDirectory { directory in
            let cache = try await openCache(directory, entries: 1)
            for round in 1...4 {
                let key = "key \(round)"
                let gate = Gate()
                let executions = Atomic<Int>.Box()
                let before = cache.stats
                let leader = Task {
                    try await cache.value(for: key) {
                        executions.add()
                        await gate.pass()
                        return [1]
                    }
                }
                await eventually { gate.waiterCount == 1 }
                let followers = (0..<999).map { _ in
                    Task { try await cache.value(for: key) { [2] } }
                }
                await eventually { cache.stats.coalesced == before.coalesced + 999 }
                if leaderIsCancelled {
                    leader.cancel()
                    await #expect(throws: CancellationError.self) { try await leader.value }
                }
                gate.open()
                for follower in followers { #expect(try await follower.value == [1]) }
                if !leaderIsCancelled { #expect(try await leader.value == [1]) }
                #expect(executions.value == 1)
                #expect(cache.stats.loads == before.loads + 1)
                #expect(cache.stats.loadFailures == 0)
                // Out of memory, so that all of them read the file.
                try await cache.set([0], for: "other")
                let readers = (0..<1000).map { _ in
                    Task { try await cache.value(for: key) { [3] } }
                }
                for reader in readers { #expect(try await reader.value == [1]) }
                #expect(cache.stats.loads == before.loads + 1)
                #expect(cache.stats.persistent.errors == 0)
            }
            try await cache.close()
        }
    }

    @Test func whatTheTierCannotHoldIsATypedErrorAndTheFormerValueGoes() async throws {
        try await withDirectory { directory in
            let cache = try await openCache(directory)
            let key = String(repeating: "k", count: 512)
            await #expect(throws: TagCacheError.keyTooLong(byteCount: 512)) {
                try await cache.set([1], for: key)
            }
            let value = [UInt8](repeating: 1, count: 1 << 19)
            try await cache.set([1], for: "a")
            await #expect(throws: TagCacheError.valueTooLarge(byteCount: value.count)) {
                try await cache.set(value, for: "a")
            }
            #expect(try cache.get("a") == nil)
            #expect(try await cache.value(for: "a") { value } == value)
            #expect(cache.stats.persistent.errors == 1)
            #expect(cache.stats.persistent.entries == 0)
        }
    }

    @Test func aFullMapEvictsAndGoesOn() async throws {
        try await withDirectory { directory in
            let cache = try await openCache(directory, fileByteLimit: 1 << 20, entries: 4)
            var generator = SeededGenerator(seed: 3)
            for number in 0..<1500 {
                let size = generator.below(6000)
                try await cache.set([UInt8](repeating: 1, count: size), for: "k\(number)")
            }
            let statistics = cache.stats.persistent
            #expect(statistics.evictions > 1000, "\(statistics)")
            #expect(statistics.entries > 0 && statistics.errors == 0, "\(statistics)")
            #expect(try cache.get("k1499") != nil)
            try await cache.invalidate("t")
            try await cache.clear()
            #expect(cache.stats.persistent.entries == 0 && cache.stats.persistent.bytes == 0)
        }
    }

    @Test func aRecordSurvivesTheRoundTripAndNoDamage() throws {
        let record = Record(
            stamp: 5,
            written: 6,
            freshUntil: 7,
            deadline: .max,
            idleMilliseconds: 8,
            tags: ["a:b", "c"],
            value: Array("value".utf8)
        )
        let key = Array("key".utf8)
        let bytes = record.bytes(for: key)
        let read = try #require(bytes.withUnsafeBytes { Record($0, key: key) })
        #expect(read.tags == record.tags && read.value == record.value && read.stamp == 5)
        #expect(bytes.withUnsafeBytes { Record($0, key: [1]) } == nil)
        for position in bytes.indices {
            var damaged = bytes
            damaged[position] ^= 0x10
            #expect(damaged.withUnsafeBytes { Record($0, key: key) } == nil, "byte \(position)")
            let cut = Array(bytes.prefix(position))
            #expect(cut.withUnsafeBytes { Record($0, key: key) } == nil, "cut \(position)")
        }
    }
}
