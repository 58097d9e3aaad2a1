import Synchronization

#if canImport(Glibc)
import Glibc
#endif

/// Where a cache takes the time from: the system, or a clock that a test moves by hand.
public struct CacheClock: Sendable {
    private enum Source: Sendable {
        case system
        case manual(ManualClock)
    }

    private let source: Source

    /// The system's clocks, a few milliseconds coarse: monotonic time for expiry and wall time for
    /// what outlives the process.
    public static let system = CacheClock(source: .system)

    /// A clock that stands still until it is moved.
    public static func manual(_ clock: ManualClock) -> CacheClock {
        CacheClock(source: .manual(clock))
    }

    /// Nanoseconds on a clock that never goes back.
    @usableFromInline
    func now() -> UInt64 {
        switch source {
        case .system:
            var time = timespec()
            clock_gettime(CLOCK_MONOTONIC_COARSE, &time)
            return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
        case .manual(let clock): return clock.now
        }
    }

    /// Nanoseconds since 1970, which may jump.
    @usableFromInline
    func wallNow() -> UInt64 {
        switch source {
        case .system:
            var time = timespec()
            clock_gettime(CLOCK_REALTIME_COARSE, &time)
            return UInt64(max(0, time.tv_sec)) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
        case .manual(let clock): return clock.wallNow
        }
    }

    /// Returns when `now()` has reached `deadline`; throws `CancellationError` when cancelled.
    func sleep(until deadline: UInt64) async throws {
        switch source {
        case .system:
            let current = now()
            if deadline > current {
                let wait = Int64(clamping: deadline - current)
                try await Task.sleep(for: .nanoseconds(wait), tolerance: .milliseconds(10))
            }
        case .manual(let clock): try await clock.sleep(until: deadline)
        }
    }
}

/// A clock for tests: time passes when `advance(by:)` is called.
public final class ManualClock: Sendable {
    private struct State {
        var now: UInt64
        var wall: UInt64
        var nextSleeper = 0
        var sleepers: [Int: (deadline: UInt64, continuation: CheckedContinuation<Bool, Never>)] =
            [:]
    }

    private let state: Mutex<State>

    /// A clock whose monotonic time is `now` and whose wall time is `wallNow`, in nanoseconds.
    public init(now: UInt64 = 1_000_000_000, wallNow: UInt64 = 1_700_000_000_000_000_000) {
        state = Mutex(State(now: now, wall: wallNow))
    }

    /// Monotonic time in nanoseconds.
    public var now: UInt64 { state.withLock { $0.now } }

    /// Wall time in nanoseconds since 1970.
    public var wallNow: UInt64 { state.withLock { $0.wall } }

    /// How many tasks sleep on this clock.
    public var sleeperCount: Int { state.withLock { $0.sleepers.count } }

    /// Lets both times pass and wakes who has slept long enough.
    public func advance(by duration: Duration) {
        let woken = state.withLock { state in
            let step = duration.clampedNanoseconds
            state.now &+= step
            state.wall &+= step
            let due = state.sleepers.filter { $0.value.deadline <= state.now }
            for key in due.keys { state.sleepers[key] = nil }
            return due.values.map(\.continuation)
        }
        for continuation in woken { continuation.resume(returning: true) }
    }

    /// Sets the wall time alone, as an operator or a time service does.
    public func setWall(_ nanoseconds: UInt64) {
        state.withLock { $0.wall = nanoseconds }
    }

    func sleep(until deadline: UInt64) async throws {
        let id = state.withLock { state in
            state.nextSleeper += 1
            return state.nextSleeper
        }
        let slept = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let immediate: Bool? = state.withLock { state in
                    if Task.isCancelled { return false }
                    if deadline <= state.now { return true }
                    state.sleepers[id] = (deadline, continuation)
                    return nil
                }
                if let immediate { continuation.resume(returning: immediate) }
            }
        } onCancel: {
            let sleeper = state.withLock { $0.sleepers.removeValue(forKey: id) }
            sleeper?.continuation.resume(returning: false)
        }
        if !slept { throw CancellationError() }
    }
}

extension Duration {
    /// The duration in nanoseconds, at least 0 and at most about 146 years.
    var clampedNanoseconds: UInt64 {
        let parts = components
        guard parts.seconds >= 0, parts.attoseconds >= 0 else { return 0 }
        let seconds = min(UInt64(parts.seconds), UInt64(Int64.max) / 2_000_000_000)
        return seconds &* 1_000_000_000 &+ UInt64(parts.attoseconds / 1_000_000_000)
    }
}

extension UInt64 {
    /// The sum, or the largest value where it would not fit.
    func addingClamped(_ other: UInt64) -> UInt64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }
}
