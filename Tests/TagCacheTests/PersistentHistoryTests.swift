import Dispatch
import Failpoints
import Foundation
import Synchronization
import Testing

@testable import TagCache

/// What the file knows of the past, when it is begun anew, pruned, or left behind.
struct PersistentHistoryTests {
    /// The entry is handed in after the file that knew of its invalidation has gone.
    @Test(arguments: ["tag", "partition", "everything"])
    func whatWasStampedBeforeTheFileWasBegunAnewIsStaleAfterARestart(what: String) async throws {
        try await withDirectory { directory in
            var cache = try await openCache(directory)
            let link = try #require(cache.persistent)
            let store = link.store
            let late = try link.put(
                [1],
                "late",
                what == "everything" ? [] : ["a:b"],
                cache.tags.epoch,
                Lifetime(),
                cache.clock
            )
            switch what {
            case "tag": try await cache.invalidate("a")
            case "partition":
                let partition = TagName.partition(of: "a")
                let version = cache.tags.invalidate(partition: partition)
                let write = PersistentWrite.invalidatePartition(partition, version: version)
                try await store.enqueue(write).wait()
            default: try await cache.clear()
            }
            try await cache.set([2], for: "held", tags: ["c"])
            try await cache.invalidate("d")
            try store.dispatchQueue.sync { try store.rebuild() }
            try await store.enqueue(late).wait()
            #expect(try cache.get("late") == nil)
            // What this process knows to be current stays so.
            #expect(try cache.get("held") == [2])
            try await cache.set([3], for: "after", tags: ["a:b"])
            try await cache.set([4], for: "untagged")
            try await cache.close()

            cache = try await openCache(directory)
            #expect(try cache.get("late") == nil)
            #expect(try cache.get("after") == [3])
            #expect(try cache.get("untagged") == [4])
            try await cache.close()
        }
    }

    /// Both are in one transaction, and what memory knows of the tag is older than what the file does.
    @Test(arguments: [true, false])
    func aTagInvalidatedBesideAPruneIsNotForgotten(isPrunedFirst: Bool) async throws {
        try await withDirectory { directory in
            var cache = try await openCache(directory)
            let link = try #require(cache.persistent)
            let store = link.store
            try await cache.invalidate("a")
            let stamp = cache.tags.epoch
            let late = try link.put([1], "late", ["a"], stamp, Lifetime(), cache.clock)
            let id = try cache.tags.retain("a")
            let version = cache.tags.invalidate(id)
            cache.tags.release(id)
            let writes: [PersistentWrite] = [
                .invalidate(tag: "a", version: version), .prune(wallNow: cache.clock.wallNow()),
            ]
            // What came before has ended, and both wait until both are there.
            store.dispatchQueue.sync {}
            store.dispatchQueue.suspend()
            let receipts = (isPrunedFirst ? writes.reversed() : writes).map(store.enqueue)
            store.dispatchQueue.resume()
            for receipt in receipts { try await receipt.wait() }
            #expect(store.writer.withLock { $0.history["a"]?.version } == version)
            try await store.enqueue(late).wait()
            try await cache.close()
            cache = try await openCache(directory)
            #expect(try cache.get("late") == nil)
            try await cache.close()
        }
    }

    /// A life that changes nothing itself calls clean only what was synced.
    @Test func aFileOfALifeThatWasKilledIsSyncedBeforeItIsCalledClean() async throws {
        try await withDirectory { path in
            func open() throws -> PersistentDirectory {
                try PersistentDirectory(path: path, failpoints: FailpointRegistry())
            }
            let killed = try open()
            #expect(try killed.isTrustworthy())
            try Data("pages".utf8).write(to: URL(filePath: killed.filePath))
            try killed.markOpen()
            killed.unlock()
            var syncs: [Int] = []
            for life in 1...3 {
                let directory = try open()
                #expect(try directory.isTrustworthy())
                try directory.markClean { syncs.append(life) }
                let state = try String(contentsOfFile: path + "/state", encoding: .utf8)
                #expect(state.hasPrefix("clean "))
                directory.unlock()
            }
            #expect(syncs == [1])
        }
    }
}
