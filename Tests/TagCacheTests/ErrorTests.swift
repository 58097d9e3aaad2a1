import Foundation
import Testing

@testable import TagCache

/// Errors that no other suite provokes, each provoked for real.
@Suite(.timeLimit(.minutes(2)))
struct ErrorTests {
    @Test func moreTagsThanAnEntryMayHaveAreRefused() async throws {
        let cache = makeCache()
        let tags = (0...TagCacheLimits.tagsPerEntryMax).map { "t:\($0)" }
        let error = TagCacheError.tooManyTags(tags.count)
        try await cache.set(1, for: "a")
        await #expect(throws: error) { try await cache.set(2, for: "a", tags: tags) }
        await #expect(throws: error) { try await cache.value(for: "b", tags: tags) { 2 } }
        #expect(try cache.get("a") == 1)
        try await cache.set(3, for: "a", tags: Array(tags.dropLast()))
        #expect(try cache.get("a") == 3)
    }

    @Test func aValueThatCannotBeEncodedIsATypedErrorAndTheFormerValueGoes() async throws {
        struct Refused: Error {}
        try await withDirectory { directory in
            let codec = PersistentCodec<String, Int>(
                keyBytes: { Array($0.utf8) },
                encode: { value in
                    if value < 0 { throw Refused() }
                    return [UInt8](number: UInt64(value))
                },
                decode: { Int($0.asNumber ?? 0) }
            )
            let cache = try await TagCache.open(
                TagCacheConfiguration<String, Int>(entryLimit: 100),
                persistent: PersistentConfiguration(
                    directory: directory,
                    fileByteLimit: 1 << 20,
                    codec: codec
                )
            )
            try await cache.set(1, for: "a")
            await #expect(throws: TagCacheError.notEncodable("Refused()")) {
                try await cache.set(-1, for: "a")
            }
            #expect(try cache.get("a") == nil)
            // A load answers its callers all the same.
            #expect(try await cache.value(for: "a") { -2 } == -2)
            #expect(cache.stats.persistent.errors == 1 && cache.stats.persistent.entries == 0)
            try await cache.close()
        }
    }

    /// Long tags that were invalidated fill a tiny file, and nothing can be evicted for a value.
    @Test func aTinyMapThatHistoryFillsIsATypedError() async throws {
        try await withDirectory { directory in
            let cache = try await openCache(directory, fileByteLimit: 256 << 10)
            let value = [UInt8](repeating: 1, count: 24 << 10)
            var failure: TagCacheError?
            for number in 0..<2000 where failure == nil {
                let tag = "\(number)_" + String(repeating: "x", count: 240)
                try await cache.invalidate(tag)
                do throws(TagCacheError) {
                    try await cache.set(value, for: "key")
                } catch {
                    failure = error
                }
            }
            #expect(failure == .mapFull)
            // The file has begun anew and takes values again.
            #expect(try cache.get("key") == value)
            try await cache.set(value, for: "other")
            #expect(cache.stats.persistent.entries == 1)
            try await cache.close()
        }
    }

    @Test func aPlaceThatIsNoDirectoryIsATypedError() async throws {
        try await withDirectory { directory in
            let file = directory + "/file"
            try Data().write(to: URL(filePath: file))
            let notDirectory = TagCacheError.storage(code: ENOTDIR, message: "Not a directory")
            await #expect(throws: notDirectory) { _ = try await openCache(file) }
            let absent = TagCacheError.storage(code: ENOENT, message: "No such file or directory")
            await #expect(throws: absent) { _ = try await openCache(directory + "/no/where") }
        }
    }

    /// A caller that comes too late for each load in turn gives up after 64.
    @Test func aCallerThatIsOvertakenAgainAndAgainIsToldSo() async throws {
        let cache = makeCache()
        func leader() async -> (Gate, Task<Int, any Error>) {
            let gate = Gate()
            let task = Task {
                try await cache.value(for: "key") {
                    await gate.pass()
                    try CacheDependencies.add("late")
                    return 1
                }
            }
            await eventually { gate.waiterCount == 1 }
            // The load does not say until its end that it depends on this.
            try? await cache.invalidate("late")
            return (gate, task)
        }
        var (gate, task) = await leader()
        let late = Task { try await cache.value(for: "key") { 2 } }
        for round in 1...TagCacheLimits.loadAttemptsMax {
            await eventually { cache.stats.coalesced == round }
            // Somebody else begins the next load before this one ends.
            try await cache.remove("key")
            let next = await leader()
            gate.open()
            #expect(try await task.value == 1)
            (gate, task) = next
        }
        await #expect(throws: TagCacheError.contended) { try await late.value }
        gate.open()
        #expect(try await task.value == 1)
    }
}
