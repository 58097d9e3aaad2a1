// Named places where a test can make the next step fail or kill the process.
//
// A module declares its points as a `String` enum that conforms to `Failpoint`; the engine carries
// a `FailpointRegistry` and calls `registry.hit(.point)` between two durable steps. Without the package
// trait `Failpoints` the call compiles to nothing and no name reaches the binary.

/// A catalog of named places: a `String` enum with one case per place.
public protocol Failpoint: RawRepresentable<String>, CaseIterable, Sendable {}

/// The error that an armed failpoint throws.
public struct InjectedFault: Error, Sendable, Equatable {
    /// The name of the point.
    public let point: String
}

/// What an armed failpoint does at its next hit.
public enum FailpointAction: Sendable, Equatable {
    /// Throws `InjectedFault`.
    case error
    /// Kills the process at once, as `kill -9` does.
    case abort
}

#if Failpoints
import Synchronization

#if canImport(Glibc)
import Glibc
#endif

/// Which points are armed, for one engine.
public final class FailpointRegistry: Sendable {
    private struct State {
        var armed: [String: (action: FailpointAction, after: Int)] = [:]
        var hits: [String: Int] = [:]
    }
    private let state = Mutex(State())

    /// A registry with no point armed.
    public init() {}

    /// A registry armed from the environment variable `HOLDFAST_FAILPOINTS`:
    /// `point=abort` or `point=3*error` (fires at the third hit), separated by commas.
    public static func fromEnvironment() -> FailpointRegistry {
        let registry = FailpointRegistry()
        guard let text = getenv("HOLDFAST_FAILPOINTS") else { return registry }
        for entry in String(cString: text).split(separator: ",") {
            let sides = entry.split(separator: "=", maxSplits: 1)
            guard sides.count == 2 else { continue }
            let parts = sides[1].split(separator: "*", maxSplits: 1)
            let after = parts.count == 2 ? Int(parts[0]) ?? 1 : 1
            let action: FailpointAction = parts.last == "abort" ? .abort : .error
            registry.state.withLock { $0.armed[String(sides[0])] = (action, after) }
        }
        return registry
    }

    /// Arms `point`: it acts at its `after`-th hit from now (1 is the next), once.
    public func arm(_ point: some Failpoint, _ action: FailpointAction, after: Int = 1) {
        state.withLock { $0.armed[point.rawValue] = (action, after) }
    }

    /// How often `point` was reached.
    public func hitCount(_ point: some Failpoint) -> Int {
        state.withLock { $0.hits[point.rawValue] ?? 0 }
    }

    /// Marks that `point` was reached and acts if it is armed.
    public func hit(_ point: some Failpoint) throws(InjectedFault) {
        let action: FailpointAction? = state.withLock { state in
            state.hits[point.rawValue, default: 0] += 1
            guard var entry = state.armed[point.rawValue] else { return nil }
            entry.after -= 1
            state.armed[point.rawValue] = entry.after > 0 ? entry : nil
            return entry.after > 0 ? nil : entry.action
        }
        switch action {
        case nil: return
        case .error: throw InjectedFault(point: point.rawValue)
        case .abort:
            kill(getpid(), SIGKILL)
            throw InjectedFault(point: point.rawValue)
        }
    }
}
#else
/// Which points are armed: none, because the package trait `Failpoints` is off.
public struct FailpointRegistry: Sendable {
    /// A registry with no point armed; no other exists.
    public init() {}

    /// An empty registry.
    public static func fromEnvironment() -> FailpointRegistry { FailpointRegistry() }

    /// Does nothing and costs nothing.
    @inlinable @inline(__always)
    public func hit(_ point: @autoclosure () -> some Failpoint) throws(InjectedFault) {}
}
#endif
