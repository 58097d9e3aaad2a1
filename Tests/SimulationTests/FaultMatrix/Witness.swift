import Synchronization

@testable import Simulation

/// Sees every call of a process that changes a file or a name.
final class Witness: CallObserver {
    /// A call, and what the file of that name held before it.
    struct Call: Sendable {
        let operation: FileOperation
        let path: String
        let bytes: [UInt8]?
    }

    private struct State {
        var calls: [Call] = []
        /// How many calls there had been when the fault was armed.
        var armedAt = 0
        var kept: [String: [UInt8]] = [:]
    }

    private let disk: SimulatedDisk
    private let state = Mutex(State())

    init(_ disk: SimulatedDisk) { self.disk = disk }

    func willCall(_ operation: FileOperation, _ path: String) {
        let call = Call(operation: operation, path: path, bytes: disk.contents(path))
        state.withLock { $0.calls.append(call) }
    }

    /// Marks the moment at which the fault is armed.
    func arm() { state.withLock { $0.armedAt = $0.calls.count } }

    /// The call that a fault meets which is armed for the next of its kind.
    func struck(_ operation: FileOperation) -> Call? {
        state.withLock { $0.calls[$0.armedAt...].first { $0.operation == operation } }
    }

    /// The name that was made last before the directory `path` was to be synced.
    func newestName(in path: String) -> String? {
        state.withLock { state in
            state.calls.last { call in
                (call.operation == .link || call.operation == .create)
                    && SimulatedDisk.State.split(call.path).directory == path
            }
        }?.path
    }

    /// Remembers every file below `folder` that was written or named, as it is now.
    func keep(_ folder: String) {
        state.withLock { state in
            for call in state.calls where call.operation == .write || call.operation == .link {
                guard call.path.contains(folder) else { continue }
                state.kept[call.path] = disk.contents(call.path)
            }
        }
    }

    /// What was remembered.
    var kept: [String: [UInt8]] { state.withLock { $0.kept } }
}
