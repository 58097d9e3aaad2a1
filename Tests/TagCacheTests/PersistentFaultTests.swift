import Dispatch
import Failpoints
import Foundation
import Testing

@testable import TagCache

/// Faults of the persistent tier, provoked for real.
struct PersistentFaultTests {
    /// The last looks as it did when it was closed.
    @Test(arguments: ["garbage", "foreign", "truncated", "changed", "rotten value"])
    func aDamagedFileIsDroppedAndTheCacheGoesOn(damage: String) async throws {
        try await withDirectory { directory in
            var cache = try await openCache(directory)
            for number in 0..<200 {
                try await cache.set([UInt8](repeating: 7, count: 900), for: "k\(number)")
            }
            try await cache.close()
            let path = directory + "/entries.mdb"
            var bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
            switch damage {
            case "garbage": bytes = bytes.map { _ in 0xA5 }
            case "foreign": bytes = Array("not a cache at all".utf8)
            case "truncated": bytes = Array(bytes.prefix(5 * 4096))
            default: bytes = bytes.map { $0 == 7 ? 8 : $0 }
            }
            var before = stat()
            #expect(stat(path, &before) == 0)
            try Data(bytes).write(to: URL(filePath: path))
            if damage == "rotten value" {
                #expect(utimensat(AT_FDCWD, path, [before.st_atim, before.st_mtim], 0) == 0)
            }
            cache = try await openCache(directory)
            #expect(try cache.get("k5") == nil)
            try await cache.set([9], for: "k5")
            #expect(try cache.get("k5") == [9])
            #expect(cache.stats.persistent.rebuilds == (damage == "rotten value" ? 0 : 1))
        }
    }

    /// LMDB would follow what such pages say wherever it leads.
    @Test(arguments: 0..<8)
    func aFileWithDamagedPagesIsNotRead(part: Int) async throws {
        for seed in stride(from: part, to: 200, by: 8) { try await Self.damageSomePages(seed) }
    }

    private static func damageSomePages(_ seed: Int) async throws {
        try await withDirectory { directory in
            var generator = SeededGenerator(seed: UInt64(seed))
            var cache = try await openCache(directory)
            for number in 0..<40 {
                try await cache.set([UInt8](repeating: 7, count: 400), for: "k\(number)")
            }
            try await cache.close()
            let path = directory + "/entries.mdb"
            var bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
            for _ in 0...generator.below(5) {
                bytes[generator.below(bytes.count)] ^= UInt8(1 << generator.below(8))
            }
            try Data(bytes).write(to: URL(filePath: path))
            cache = try await openCache(directory)
            for number in 0..<40 { #expect(try cache.get("k\(number)") == nil, "seed \(seed)") }
            #expect(cache.stats.persistent.rebuilds == 1, "seed \(seed)")
            try await cache.close()
        }
    }

    /// As when reading it ends the process each time.
    @Test func aFileThatWasNeverClosedInOrderIsDroppedInTheEnd() async throws {
        try await withDirectory { directory in
            var cache = try await openCache(directory)
            try await cache.set([1], for: "a")
            try await cache.close()
            let path = directory + "/state"
            for openings in 0...TagCacheLimits.openingsWithoutEndMax {
                let clean = try String(contentsOfFile: path, encoding: .utf8).dropLast()
                try Data("\(clean)\(openings)".utf8).write(to: URL(filePath: path))
                cache = try await openCache(directory)
                let isDropped = openings == TagCacheLimits.openingsWithoutEndMax
                #expect(try cache.get("a") == (isDropped ? nil : [1]))
                let state = try String(contentsOfFile: path, encoding: .utf8)
                #expect(isDropped || state.hasSuffix(" \(openings + 1)"))
                try await cache.close()
                #expect(try String(contentsOfFile: path, encoding: .utf8).hasSuffix(" 0"))
            }
        }
    }

    @Test func aFileThatWasInUseWhenTheMachineWentDownIsDropped() async throws {
        try await withDirectory { directory in
            do {
                let cache = try await openCache(directory)
                try await cache.set([1], for: "a")
                try await cache.close()
            }
            try Data("open some-other-boot".utf8).write(to: URL(filePath: directory + "/state"))
            let cache = try await openCache(directory)
            #expect(try cache.get("a") == nil)
            #expect(cache.stats.persistent.rebuilds == 1)
        }
    }

    @Test func aDirectoryHasOneCacheAtATime() async throws {
        try await withDirectory { directory in
            let cache = try await openCache(directory)
            await #expect(throws: TagCacheError.inUse(path: directory)) {
                _ = try await openCache(directory)
            }
            try await cache.close()
            await #expect(throws: TagCacheError.closed) { try await cache.set([1], for: "a") }
            await #expect(throws: TagCacheError.closed) { try await cache.invalidate("a") }
            _ = try await openCache(directory)
        }
    }

    /// A real file system that is read-only or full; needs the right to mount one.
    @Test(.enabled(if: Mount.isPossible))
    func aReadOnlyAndAFullFileSystemAreTypedErrors() async throws {
        try await withDirectory { directory in
            try Mount.run("mount", "-t", "tmpfs", "-o", "size=320k", "tmpfs", directory)
            defer { try? Mount.run("umount", "-l", directory) }
            let path = directory + "/cache"
            let cache = try await openCache(path, fileByteLimit: 8 << 20)
            var failure: TagCacheError?
            for number in 0..<400 where failure == nil {
                do throws(TagCacheError) {
                    try await cache.set([UInt8](repeating: 1, count: 3000), for: "k\(number)")
                } catch {
                    failure = error
                }
            }
            #expect(failure == .diskFull)
            // What could not be kept is not served from the file either, and memory has it.
            #expect(cache.stats.persistent.errors > 0)
            // Invalidations that cannot be written down hold, and are the same error.
            let rebuilds = cache.stats.persistent.rebuilds
            failure = nil
            for number in 0..<40_000 where failure == nil {
                do throws(TagCacheError) {
                    try await cache.invalidate("t:\(number)")
                } catch {
                    failure = error
                }
            }
            #expect(failure == .diskFull)
            #expect(cache.stats.persistent.rebuilds == rebuilds + 1)
            try? await cache.close()

            try Mount.run("mount", "-o", "remount,ro", directory)
            await #expect(throws: TagCacheError.permissionDenied(path: path)) {
                _ = try await openCache(path)
            }
        }
    }

    @Test(.enabled(if: FailpointRegistry.isCompiledIn, "needs the trait Failpoints"))
    func whoeverReadsBesideTooManyReadersGetsATypedError() async throws {
        try await withDirectory { directory in
            let failpoints = FailpointRegistry()
            var configuration = TagCacheConfiguration<String, [UInt8]>(entryLimit: 1)
            configuration.failpoints = failpoints
            var persistent = PersistentConfiguration<String, [UInt8]>(
                directory: directory,
                fileByteLimit: 1 << 20,
                codec: .bytes
            )
            persistent.readerCountMax = 1
            let cache = try await TagCache.open(configuration, persistent: persistent)
            try failpoints.arm(TagCacheFailpoint.readFind, .nth(1, .pause))
            async let slow = withCheckedContinuation { continuation in
                DispatchQueue(label: "reader").async {
                    continuation.resume(returning: Result { try cache.get("absent") })
                }
            }
            try await failpoints.waitUntilParked(at: TagCacheFailpoint.readFind)
            #expect(throws: TagCacheError.readersFull) { try cache.get("absent too") }
            failpoints.release(TagCacheFailpoint.readFind)
            #expect(try await slow.get() == nil)
            #expect(try cache.get("absent too") == nil)
            try failpoints.finish()
            try await cache.close()
        }
    }

    @Test func tooManyReadersAreATypedError() async throws {
        try await withDirectory { directory in
            let environment = try LMDBEnvironment(
                path: directory + "/file",
                mapByteCount: 1 << 20,
                readerCountMax: 3,
                beforeWriting: {}
            )
            var depth = 0
            func nest() throws(LMDBFailure) {
                try environment.read { _ throws(LMDBFailure) in
                    depth += 1
                    try nest()
                }
            }
            let failure = #expect(throws: LMDBFailure.self) { try nest() }
            #expect(failure?.error(path: "") == .readersFull)
            #expect(depth == 3)
            depth = 0
            _ = try environment.read { _ throws(LMDBFailure) in depth += 1 }
            #expect(depth == 1)
        }
    }
}

/// Mounting file systems for tests.
private enum Mount {
    static let isPossible: Bool = {
        let path = FileManager.default.temporaryDirectory.appending(path: "tagcache-mount").path
        try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: path) }
        guard (try? run("mount", "-t", "tmpfs", "tmpfs", path)) != nil else { return false }
        return (try? run("umount", path)) != nil
    }()

    static func run(_ arguments: String...) throws {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = arguments
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        if process.terminationStatus != 0 { throw CocoaError(.executableLoad) }
    }
}
