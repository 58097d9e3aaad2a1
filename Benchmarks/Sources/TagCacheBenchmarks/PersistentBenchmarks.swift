import Glibc
import TagCache

/// The bars of the persistent tier; memory is made so small that every read goes to the file.
enum PersistentBenchmarks {
    private static func open(_ directory: String) async throws -> TagCache<String, [UInt8]> {
        try await TagCache.open(
            TagCacheConfiguration<String, [UInt8]>(entryLimit: 16),
            persistent: PersistentConfiguration(
                directory: directory,
                fileByteLimit: 1 << 30,
                codec: .bytes
            )
        )
    }

    static func hits() async throws {
        for (size, bar) in [(200, 600.0), (4096, 1500.0)] {
            let directory = "/tmp/tagcache-benchmark-\(getpid())-\(size)"
            let cache = try await open(directory)
            let names = (0..<10_000).map { "key:\($0)" }
            let value = [UInt8](repeating: 7, count: size)
            try await withThrowingTaskGroup { group in
                for part in 0..<100 {
                    group.addTask {
                        for number in (part * 100)..<(part * 100 + 100) {
                            try await cache.set(value, for: names[number], tags: ["a:b"])
                        }
                    }
                }
                try await group.waitForAll()
            }
            let rounds = 50_000
            let hit = cost(rounds) {
                for index in 0..<rounds {
                    consume(try? cache.get(names[(index &* 7919) % 10_000]))
                }
            }
            report("persistent hit, \(size) B", hit, "ns", atMost: bar)
            try await cache.close()
            try await reopen(directory)
            for file in ["entries.mdb", "entries.mdb-lock", "state", "lock"] {
                unlink(directory + "/" + file)
            }
            rmdir(directory)
        }
    }

    private static func reopen(_ directory: String) async throws {
        let start = wallNanoseconds()
        let cache = try await open(directory)
        consume(try cache.get("key:77"))
        let first = Double(wallNanoseconds() - start) / 1_000_000
        report("open and first hit", first, "ms", atMost: 1)
        try await cache.close()
    }
}
