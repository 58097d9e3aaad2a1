import Failpoints
import Foundation
import Synchronization
import Testing

@testable import TagCache

/// A small generator with a seed, so that a failure can be repeated.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }
}

/// A door that stays shut until it is opened.
final class Gate: Sendable {
    private struct State {
        var isOpen = false
        var waiting: [CheckedContinuation<Void, Never>] = []
    }
    private let state = Mutex(State())

    var waiterCount: Int { state.withLock { $0.waiting.count } }

    func open() {
        let waiting = state.withLock { state in
            state.isOpen = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    func pass() async {
        await withCheckedContinuation { continuation in
            let isOpen = state.withLock { state in
                if !state.isOpen { state.waiting.append(continuation) }
                return state.isOpen
            }
            if isOpen { continuation.resume() }
        }
    }
}

/// Lets other tasks run until a condition holds.
func eventually(_ condition: () -> Bool) async {
    while !condition() { await Task.yield() }
}

/// A directory that is removed afterwards.
func withDirectory<Result>(_ body: (String) async throws -> Result) async throws -> Result {
    let path = FileManager.default.temporaryDirectory
        .appending(path: "tagcache-\(UInt64.random(in: 0 ... .max))").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: path) }
    return try await body(path)
}

/// A cache of numbers by name on a clock that the test moves.
func makeCache(
    entries: Int = 1000,
    clock: ManualClock = ManualClock(),
    _ change: (inout TagCacheConfiguration<String, Int>) -> Void = { _ in }
) -> TagCache<String, Int> {
    var configuration = TagCacheConfiguration<String, Int>(entryLimit: entries)
    configuration.clock = .manual(clock)
    change(&configuration)
    return TagCache(configuration)
}

/// A top-level tag of another partition than `tag`'s.
func tagOfAnotherPartition(than tag: String) -> String {
    var number = 0
    while TagName.partition(of: "other\(number)") == TagName.partition(of: tag) { number += 1 }
    return "other\(number)"
}

/// A cache of bytes by name with a persistent tier.
func openCache(
    _ directory: String,
    fileByteLimit: Int = 1 << 20,
    entries: Int = 1000,
    clock: ManualClock = ManualClock(),
    failpoints: FailpointRegistry = FailpointRegistry(),
    _ change: (inout PersistentConfiguration<String, [UInt8]>) -> Void = { _ in }
) async throws -> TagCache<String, [UInt8]> {
    var configuration = TagCacheConfiguration<String, [UInt8]>(entryLimit: entries)
    configuration.clock = .manual(clock)
    configuration.failpoints = failpoints
    var persistent = PersistentConfiguration(
        directory: directory,
        fileByteLimit: fileByteLimit,
        codec: .bytes
    )
    change(&persistent)
    return try await TagCache.open(configuration, persistent: persistent)
}
