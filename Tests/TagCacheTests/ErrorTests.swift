import Foundation
import Synchronization
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

    /// The limit is one of entries.
    @Test func anyNumberOfTagsIsInvalidatedAtOnce() async throws {
        let cache = makeCache()
        let tags = (0...TagCacheLimits.tagsPerEntryMax).map { "t:\($0)" }
        func store() async throws {
            try await cache.set(1, for: "first", tags: [tags[0]])
            try await cache.set(2, for: "last", tags: [tags[tags.count - 1]])
        }
        try await store()
        try await cache.invalidate(tags)
        #expect(try cache.get("first") == nil && cache.get("last") == nil)
        // One among them is none: nothing is done.
        try await store()
        let invalid = TagCacheError.invalidTag(InvalidTag(tag: "no tag", reason: .badCharacter))
        await #expect(throws: invalid) { try await cache.invalidate(tags + ["no tag"]) }
        #expect(try cache.get("first") == 1 && cache.get("last") == 2)
    }

    /// The file's error comes first; the bus is told all the same.
    @Test(arguments: ["invalidate", "clear"])
    func ofTheFileAndTheBusTheFileIsReported(operation: String) async throws {
        try await withDirectory { directory in
            let cache = try await openCache(directory)
            let bus = RefusingBus()
            cache.connect(to: bus, BusConfiguration(node: 1, incarnation: 1))
            func change() async -> TagCacheError? {
                do throws(TagCacheError) {
                    switch operation {
                    case "invalidate": try await cache.invalidate("t")
                    default: try await cache.clear()
                    }
                    return nil
                } catch {
                    return error
                }
            }
            if case .notPublished = await change() {} else { Issue.record("the bus took it") }
            let refused = bus.refused
            try await cache.close()
            #expect(await change() == .closed)
            #expect(refused > 0 && bus.refused > refused)
        }
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

/// A bus that takes nothing.
private final class RefusingBus: InvalidationBus {
    struct Refused: Error {}

    private let count = Mutex(0)

    /// How many messages it was given.
    var refused: Int { count.withLock { $0 } }

    func publish(_ message: [UInt8]) async throws {
        count.withLock { $0 += 1 }
        throw Refused()
    }

    func subscribe(_ receive: @escaping @Sendable ([UInt8]) -> Void) -> BusSubscription {
        BusSubscription(number: 1)
    }

    func unsubscribe(_ subscription: BusSubscription) {}
}
