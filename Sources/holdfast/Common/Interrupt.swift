import Dispatch
import Foundation
import Synchronization

/// Notices SIGINT and SIGTERM, so that a long command can end cleanly.
final class Interrupt: Sendable {
    private let raised = Mutex(false)
    private let queue = DispatchQueue(label: "holdfast.signals")

    /// Takes both signals over from now on; a second SIGINT ends the process at once.
    init() {
        for number in [SIGINT, SIGTERM] {
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
            // The handler keeps the source, and with it the subscription, for the life of the process.
            source.setEventHandler { [self] in
                withExtendedLifetime(source) { raise() }
            }
            source.resume()
        }
    }

    /// Whether one came.
    var isRaised: Bool { raised.withLock { $0 } }

    /// Sleeps until `seconds` are over or a signal came.
    func sleep(seconds: Double) async {
        let end = ContinuousClock.now + .seconds(seconds)
        while !isRaised {
            let left = end - .now
            guard left > .zero else { return }
            try? await Task.sleep(for: min(left, .milliseconds(100)))
        }
    }

    private func raise() {
        let isSecond = raised.withLock { raised in
            defer { raised = true }
            return raised
        }
        if isSecond { Foundation.exit(130) }
    }
}
