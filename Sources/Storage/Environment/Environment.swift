public import Failpoints
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Everything the engine takes from outside, so that a test decides all of it.
public struct Environment: Sendable {
    /// Where files are kept.
    public var fileSystem: any FileSystem
    /// The time of day.
    public var clock: any WallClock
    /// Where identifiers come from.
    public var random: any RandomSource
    /// The failpoints of this engine, so that engines in one process are armed separately.
    public var failpoints: FailpointRegistry

    /// The operating system's, unless given.
    public init(
        fileSystem: any FileSystem = PosixFileSystem(),
        clock: any WallClock = SystemClock(),
        random: any RandomSource = SystemRandom(),
        failpoints: FailpointRegistry = FailpointRegistry()
    ) {
        self.fileSystem = fileSystem
        self.clock = clock
        self.random = random
        self.failpoints = failpoints
    }
}

extension Environment {
    /// Reaches a failpoint; an injected fault becomes this module's error.
    func reach(_ point: StorageFailpoint) throws(StorageError) { try failpoints.reach(point) }
}

/// The time of day.
///
/// The engine orders nothing by it: it only ages memtables, retention and garbage.
public protocol WallClock: Sendable {
    /// Nanoseconds since 1970-01-01T00:00:00Z.
    func now() -> UInt64
}

/// The operating system's clock.
public struct SystemClock: WallClock {
    /// The one system clock; it has no state.
    public init() {}

    /// Nanoseconds since 1970-01-01T00:00:00Z, from `CLOCK_REALTIME`.
    public func now() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return UInt64(max(0, time.tv_sec)) &* 1_000_000_000 &+ UInt64(max(0, time.tv_nsec))
    }
}

/// Where identifiers come from.
public protocol RandomSource: Sendable {
    func next() -> UInt64
}

/// The operating system's generator.
public struct SystemRandom: RandomSource {
    /// The one system generator; it has no state.
    public init() {}

    /// Sixty-four random bits.
    public func next() -> UInt64 {
        var generator = SystemRandomNumberGenerator()
        return generator.next()
    }
}

extension RandomSource {
    /// A random (version 4) UUID, RFC 9562.
    func uuid() -> String {
        let high = next() & 0xffff_ffff_ffff_0fff | 0x4000
        let low = next() & 0x3fff_ffff_ffff_ffff | 0x8000_0000_0000_0000
        let text = Array((hexadecimal(high) + hexadecimal(low)).utf8)
        let parts = [0..<8, 8..<12, 12..<16, 16..<20, 20..<32]
        return parts.map { String(decoding: text[$0], as: UTF8.self) }.joined(separator: "-")
    }
}

/// `value` as sixteen lower-case hexadecimal digits.
package func hexadecimal(_ value: UInt64) -> String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
}
