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

    private static func fill(
        _ cache: TagCache<String, [UInt8]>,
        _ names: [String],
        _ size: Int
    )
        async throws
    {
        let value = [UInt8](repeating: 7, count: size)
        try await withThrowingTaskGroup { group in
            for start in stride(from: 0, to: names.count, by: 256) {
                group.addTask {
                    for name in names[start..<min(start + 256, names.count)] {
                        try await cache.set(value, for: name, tags: ["a:b"])
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    private static func withDirectory(_ body: (String) async throws -> Void) async throws {
        let directory = "/tmp/tagcache-benchmark-\(getpid())"
        try await body(directory)
        for file in ["entries.mdb", "entries.mdb-lock", "state", "lock"] {
            unlink(directory + "/" + file)
        }
        rmdir(directory)
    }

    static func hits() async throws {
        for (size, bar) in [(200, 600.0), (4096, 1500.0)] {
            // As many keys as for the memory tier; then so many that the processor's caches are no help.
            for count in [1024, 16_384] {
                try await withDirectory { directory in
                    let cache = try await open(directory)
                    let names = (0..<count).map { "key:\($0)" }
                    try await fill(cache, names, size)
                    let rounds = 200_000
                    let hit = cost(rounds) {
                        for index in 0..<rounds {
                            consume(try? cache.get(names[index &* 7919 & (count - 1)]))
                        }
                    }
                    if count == 1024 {
                        report("persistent hit, \(size) B", hit, "ns", atMost: bar)
                    } else {
                        print("     over \(count) keys: \(hit) ns")
                    }
                    try await cache.close()
                }
            }
        }
    }

    /// Opening 100,000 entries, with the file in the system's memory and without.
    static func reopen() async throws {
        try await withDirectory { directory in
            var cache = try await open(directory)
            try await fill(cache, (0..<100_000).map { "key:\($0)" }, 200)
            try await cache.close()
            for isCold in [false, true] {
                var least = Double.infinity
                for _ in 0..<5 {
                    if isCold { dropFromMemory(directory + "/entries.mdb") }
                    let start = wallNanoseconds()
                    cache = try await open(directory)
                    consume(try cache.get("key:77"))
                    least = min(least, Double(wallNanoseconds() - start) / 1_000_000)
                    try await cache.close()
                }
                let name = isCold ? "cold" : "warm"
                report("open and first hit of 100k, \(name)", least, "ms", atMost: isCold ? 12 : 1)
            }
        }
    }

    private static func dropFromMemory(_ path: String) {
        let file = Glibc.open(path, O_RDONLY)
        fsync(file)
        posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED)
        close(file)
    }
}
