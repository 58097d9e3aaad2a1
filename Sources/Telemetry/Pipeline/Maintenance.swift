import Storage
import Synchronization

/// What a node does by itself, beside taking requests.
package enum MaintenanceTask: String, CaseIterable, Sendable {
    case flush, compaction, retention, collection
}

/// What a task came to since the process started.
package struct MaintenanceFigures: Sendable {
    /// Flushes, merges, segments that were dropped, objects that were deleted.
    package var done = 0
    /// Runs that failed; each is repeated.
    package var failures = 0
    /// How long it took, also where there was nothing to do.
    package var duration = Duration.zero

    package init() {}
}

extension TelemetryNode {
    /// Runs a task once and counts what it came to.
    ///
    /// - Parameters:
    ///   - task: what it is.
    ///   - space: where.
    ///   - work: does it, and says how often there was something to do.
    func perform(
        _ task: MaintenanceTask,
        _ space: String,
        _ work: () throws(StorageError) -> Int
    ) {
        let began = ContinuousClock.now
        let done = attempt(task.rawValue, space, work)
        let duration = began.duration(to: .now)
        state.withLock { state in
            state.maintenance[task, default: MaintenanceFigures()].done += done ?? 0
            state.maintenance[task, default: MaintenanceFigures()].failures += done == nil ? 1 : 0
            state.maintenance[task, default: MaintenanceFigures()].duration += duration
        }
    }
}
