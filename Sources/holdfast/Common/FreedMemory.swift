import CKernels
import Dispatch
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Keeps memory that is freed while the process is busy, and returns it to the system when it no longer is.
final class FreedMemory: Sendable {
    /// Tells the end of a busy time from the processor time used so far.
    struct Watch {
        /// Less than this in `lookInterval` is quiet: a twentieth of one processor.
        static let quiet = Duration.milliseconds(250)

        private var used: Duration
        private var wasBusy = false

        init(used: Duration) { self.used = used }

        /// Whether a busy time has ended since the last look, a look being `lookInterval` after the one before.
        mutating func isOver(used: Duration) -> Bool {
            defer { self.used = used }
            let isQuiet = used - self.used < Self.quiet
            defer { wasBusy = !isQuiet }
            return isQuiet && wasBusy
        }
    }

    private static let lookInterval = DispatchTimeInterval.seconds(5)

    private struct Timer: @unchecked Sendable {
        // Cancelled once, from any thread, which the source allows.
        let source: any DispatchSourceTimer
    }
    private let timer: Timer

    init() {
        holdfast_keep_freed_memory()
        let queue = DispatchQueue(label: "holdfast.memory", qos: .utility)
        timer = Timer(source: DispatchSource.makeTimerSource(queue: queue))
        let watch = Mutex(Watch(used: Self.processorTime()))
        timer.source.schedule(
            deadline: .now() + Self.lookInterval,
            repeating: Self.lookInterval,
            leeway: .seconds(1)
        )
        timer.source.setEventHandler {
            let isOver = watch.withLock { $0.isOver(used: Self.processorTime()) }
            if isOver { holdfast_return_freed_memory() }
        }
        timer.source.resume()
    }

    func stop() { timer.source.cancel() }

    /// Of all threads, in the program and in the kernel.
    private static func processorTime() -> Duration {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }
}
