// What the library takes from the operating system, and nothing else does: a bounded wait on the
// monotonic clock, threads, environment variables, error numbers and the two ways to die.

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// What `delay` waits on; a test gives one that only counts.
public protocol FailpointClock: Sendable {
    /// Blocks the calling thread for `duration`.
    func wait(for duration: Duration)
}

/// The operating system's monotonic clock.
public struct SystemFailpointClock: FailpointClock {
    /// The one system clock; it has no state.
    public init() {}

    /// Blocks the calling thread for `duration`, whatever happens to the time of day.
    public func wait(for duration: Duration) { _ = Parker().wait(for: duration) }
}

/// Runs blocking `body` on a thread of its own and waits for it without blocking one of the pool.
///
/// The task-local scope of the caller holds on that thread, too. A cancelled caller still waits:
/// the thread cannot be taken away from under `body`.
///
/// - Throws: what `body` throws.
public func runOnThread<Value: Sendable, Failure: Error>(
    _ body: @escaping @Sendable () throws(Failure) -> Value
) async throws(Failure) -> Value {
    #if Failpoints
    let scope = TaskScope.core
    let scoped: @Sendable () -> Result<Value, Failure> = {
        TaskScope.$core.withValue(scope) { Result(catching: body) }
    }
    #else
    let scoped: @Sendable () -> Result<Value, Failure> = { Result(catching: body) }
    #endif
    let result: Result<Value, Failure> = await withCheckedContinuation { continuation in
        startThread { continuation.resume(returning: scoped()) }
    }
    return try result.get()
}

private final class ThreadBody: Sendable {
    let run: @Sendable () -> Void
    init(run: @escaping @Sendable () -> Void) { self.run = run }
}

private func startThread(_ run: @escaping @Sendable () -> Void) {
    let body = Unmanaged.passRetained(ThreadBody(run: run))
    var thread = pthread_t()
    let code = pthread_create(&thread, nil, threadMain, body.toOpaque())
    precondition(code == 0, "no thread could be started: error \(code)")
    pthread_detach(thread)
}

private func threadMain(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let argument else { return nil }
    Unmanaged<ThreadBody>.fromOpaque(argument).takeRetainedValue().run()
    return nil
}

/// How a parked thread goes on.
enum Wakeup: Sendable { case proceed, fail, crash }

/// Where one thread waits for one signal, at most until a moment of the monotonic clock.
///
/// Unchecked: `wakeup` is guarded by `mutex`; the two pointers never change.
final class Parker: @unchecked Sendable {
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var wakeup: Wakeup?

    init() {
        mutex.initialize(to: pthread_mutex_t())
        condition.initialize(to: pthread_cond_t())
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(condition, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    /// Wakes the thread, now or as soon as it waits; only the first signal counts.
    func signal(_ how: Wakeup) {
        pthread_mutex_lock(mutex)
        wakeup = wakeup ?? how
        pthread_cond_signal(condition)
        pthread_mutex_unlock(mutex)
    }

    /// The signal, or nil when `bound` passed first.
    func wait(for bound: Duration) -> Wakeup? {
        var deadline = timespec()
        clock_gettime(CLOCK_MONOTONIC, &deadline)
        let (seconds, attoseconds) = max(bound, .zero).components
        let nanoseconds = Int64(deadline.tv_nsec) + attoseconds / 1_000_000_000
        let yearInSeconds: Int64 = 31_536_000
        deadline.tv_sec += Int(min(seconds, yearInSeconds) + nanoseconds / 1_000_000_000)
        deadline.tv_nsec = Int(nanoseconds % 1_000_000_000)
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        var code: CInt = 0
        while wakeup == nil, code != ETIMEDOUT {
            code = pthread_cond_timedwait(condition, mutex, &deadline)
        }
        return wakeup
    }
}

/// The process, for programs that read its environment, write to its users or end it.
enum HostProcess {
    static func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

    static func say(_ message: String) {
        let line = Array("failpoints: \(message)\n".utf8)
        _ = line.withUnsafeBytes { write(2, $0.baseAddress, $0.count) }
    }

    /// Ends the process without flushing anything.
    static func abort() -> Never { _exit(134) }

    /// Dies by SIGKILL; the loop only covers the moment until the signal arrives.
    static func kill() -> Never {
        while true { _ = raise(SIGKILL) }
    }
}

/// The error numbers that a program can name.
enum ErrorNumbers {
    private static let names: [(name: String, number: CInt)] = [
        ("EACCES", EACCES), ("EAGAIN", EAGAIN), ("EBADF", EBADF), ("EBUSY", EBUSY),
        ("ECONNREFUSED", ECONNREFUSED), ("ECONNRESET", ECONNRESET), ("EDQUOT", EDQUOT),
        ("EEXIST", EEXIST), ("EFBIG", EFBIG), ("EINTR", EINTR), ("EINVAL", EINVAL), ("EIO", EIO),
        ("EISDIR", EISDIR), ("EMFILE", EMFILE), ("ENFILE", ENFILE), ("ENOENT", ENOENT),
        ("ENOMEM", ENOMEM), ("ENOSPC", ENOSPC), ("ENOTDIR", ENOTDIR), ("ENOTEMPTY", ENOTEMPTY),
        ("EPERM", EPERM), ("EPIPE", EPIPE), ("EROFS", EROFS), ("ESTALE", ESTALE),
        ("ETIMEDOUT", ETIMEDOUT), ("EXDEV", EXDEV),
    ]

    static func number(_ name: String) -> CInt? { names.first { $0.name == name }?.number }

    static func name(_ number: CInt) -> String? { names.first { $0.number == number }?.name }
}
