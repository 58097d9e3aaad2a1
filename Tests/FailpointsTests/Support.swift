import Failpoints
import Synchronization
import Testing

/// The catalog of these tests.
enum Place: String, Failpoint {
    case write = "journal.write"
    case sync = "journal.sync"
    case swap = "page.swap"
    case never = "never.reached"
}

/// A catalog that no registry of these tests knows.
enum Elsewhere: String, Failpoint {
    case step = "elsewhere.step"
}

/// A clock that counts instead of waiting.
final class CountingClock: FailpointClock {
    private let durations = Mutex<[Duration]>([])

    var waited: [Duration] { durations.withLock { $0 } }

    func wait(for duration: Duration) { durations.withLock { $0.append(duration) } }
}

/// The injections of `count` arrivals at `point`.
func injections(_ registry: FailpointRegistry, _ point: Place, count: Int) -> [Injection?] {
    (0..<count).map { _ in registry.evaluate(point) }
}

extension Trait where Self == ConditionTrait {
    /// The test arms a place, so the trait must be on.
    static var needsFailpoints: Self { .enabled(if: FailpointRegistry.isCompiledIn) }
}
