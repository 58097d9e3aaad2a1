import Foundation
import Glibc
import Synchronization
import Testing

@testable import Storage

/// Calls that a signal interrupts (EINTR).
struct InterruptedCallTests {
    /// Opening a pipe waits for its other end, so that signals come in the middle of it.
    @Test func anInterruptedCallIsMadeAgain() throws {
        let path = "/tmp/holdfast-pipe-\(SystemRandom().next())"
        try #require(mkfifo(path, 0o600) == 0)
        defer { unlink(path) }
        var action = sigaction()
        action.__sigaction_handler.sa_handler = { _ in signalCount.add(1, ordering: .relaxed) }
        // No SA_RESTART: the call itself is to see the signal.
        try #require(sigaction(SIGURG, &action, nil) == 0)
        let opening = Opening(path)
        for count in 1...3 {
            opening.waitUntilAsleep()
            opening.interrupt()
            while signalCount.load(ordering: .relaxed) < count, !opening.isOver { sched_yield() }
        }
        opening.waitUntilAsleep()
        let otherEnd = open(path, O_WRONLY | O_NONBLOCK)
        defer { close(otherEnd) }
        #expect(otherEnd >= 0, "nobody waits for the other end")
        #expect(opening.failure() == nil)
    }
}

private let signalCount = Atomic(0)

/// A thread that opens a file.
private final class Opening: Sendable {
    private struct State {
        var thread: pthread_t?
        /// Where the kernel says how the thread does.
        var place = ""
        var isOver = false
        var failure: FileError?
    }

    private let state = Mutex(State())

    init(_ path: String) {
        Thread.detachNewThread { [self] in
            // Threads of a pool let no signal through, and those they make do as they do.
            var mask = sigset_t()
            sigemptyset(&mask)
            sigaddset(&mask, SIGURG)
            pthread_sigmask(SIG_UNBLOCK, &mask, nil)
            let link = try? FileManager.default.destinationOfSymbolicLink(
                atPath: "/proc/thread-self"
            )
            state.withLock { ($0.thread, $0.place) = (pthread_self(), "/proc/\(link ?? "")/stat") }
            var failure: FileError?
            do throws(FileError) {
                _ = try PosixFileSystem().open(path, .read)
            } catch {
                failure = error
            }
            state.withLock { ($0.isOver, $0.failure) = (true, failure) }
        }
    }

    var isOver: Bool { state.withLock { $0.isOver } }

    /// Returns once the thread sleeps inside a call, or is done.
    func waitUntilAsleep() {
        while true {
            if isOver { return }
            let place = state.withLock { $0.place }
            let status = try? String(contentsOfFile: place, encoding: .utf8)
            if status?.contains(") S ") ?? false { return }
            sched_yield()
        }
    }

    /// Sends it a signal.
    func interrupt() {
        state.withLock { state in
            if let thread = state.thread, !state.isOver { pthread_kill(thread, SIGURG) }
        }
    }

    /// Why the file could not be opened, once that is settled.
    func failure() -> FileError? {
        while !isOver { sched_yield() }
        return state.withLock { $0.failure }
    }
}
