import Dispatch
import Glibc

/// CPU time of this thread in nanoseconds.
func threadNanoseconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) * 1e9 + Double(time.tv_nsec)
}

/// Monotonic wall time in nanoseconds.
func wallNanoseconds() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}

/// CPU nanoseconds per operation: the least of nine rounds, since neighbours on the machine only add.
func cost(_ operations: Int, _ round: () -> Void) -> Double {
    var least = Double.infinity
    for _ in 0..<9 {
        let start = threadNanoseconds()
        round()
        least = min(least, (threadNanoseconds() - start) / Double(operations))
    }
    return least
}

/// As `cost`, for calls that could suspend and do not, so that the thread stays the same.
func asyncCost(_ operations: Int, _ round: () async throws -> Void) async rethrows -> Double {
    var least = Double.infinity
    for _ in 0..<9 {
        let start = threadNanoseconds()
        try await round()
        least = min(least, (threadNanoseconds() - start) / Double(operations))
    }
    return least
}

/// CPU nanoseconds per operation while `threads` threads do `round` each: the slowest thread.
func parallelCost(_ threads: Int, _ operations: Int, _ round: @Sendable (Int) -> Void) -> Double {
    var least = Double.infinity
    for _ in 0..<9 {
        let results = UnsafeMutablePointer<Double>.allocate(capacity: threads)
        nonisolated(unsafe) let slots = results
        DispatchQueue.concurrentPerform(iterations: threads) { thread in
            let start = threadNanoseconds()
            round(thread)
            slots[thread] = (threadNanoseconds() - start) / Double(operations)
        }
        least = min(least, (0..<threads).map { results[$0] }.max() ?? 0)
        results.deallocate()
    }
    return least
}

/// Resident memory of the process in bytes.
func residentBytes() -> Int {
    guard let file = fopen("/proc/self/statm", "r") else { return 0 }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 128)
    guard fgets(&line, 128, file) != nil else { return 0 }
    let text = line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
    let fields = String(decoding: text, as: UTF8.self).split(separator: " ")
    return (fields.count > 1 ? Int(fields[1]) ?? 0 : 0) * Int(getpagesize())
}

/// Prints one bar: what was measured, the bar, and whether it holds.
func report(_ name: String, _ value: Double, _ unit: String, atMost bar: Double) {
    let rounded = (value * 10).rounded() / 10
    print("\(value <= bar ? "ok  " : "OVER") \(name): \(rounded) \(unit) (bar \(bar))")
}

/// Prints one bar that has to be reached.
func report(_ name: String, _ value: Double, _ unit: String, atLeast bar: Double) {
    let rounded = (value * 10).rounded() / 10
    print("\(value >= bar ? "ok  " : "LOW ") \(name): \(rounded) \(unit) (bar \(bar))")
}
