package import Storage
import Synchronization

/// Told of every call that changes a file or a name, before it happens and outside every lock of the disk.
package protocol CallObserver: AnyObject, Sendable {
    func willCall(_ operation: FileOperation, _ path: String)
}

/// A `SimulatedDisk` as one process sees it.
///
/// Once the process was killed or power was lost, every call fails.
package final class SimulatedFileSystem: FileSystem {
    package let disk: SimulatedDisk
    let process: Int
    private let observer = Mutex<(any CallObserver)?>(nil)

    init(disk: SimulatedDisk, process: Int) {
        self.disk = disk
        self.process = process
    }

    /// Sets the one fault of this process, counted from now; nil takes it away.
    package func arm(_ fault: Fault?) {
        disk.state.withLock { state in
            state.processes[process].fault = fault
            state.processes[process].callsUntilFault = fault?.call ?? 0
            state.processes[process].faultsLeft = fault?.repeats ?? 0
        }
    }

    /// Whether the armed fault has happened.
    package var hasFired: Bool {
        disk.state.withLock { state in
            let process = state.processes[process]
            return process.fault.map { process.faultsLeft < $0.repeats } ?? false
        }
    }

    /// How many calls of this process met a fault.
    package var faultCount: Int { disk.state.withLock { $0.processes[process].faults } }

    /// Whether the process still runs.
    package var isAlive: Bool { disk.state.withLock { $0.processes[process].isAlive } }

    /// Runs `body` without the armed fault and without an observer, for the eyes of the world.
    package func withoutFaults<Result>(_ body: () throws -> Result) rethrows -> Result {
        disk.state.withLock { $0.processes[process].isWatched = true }
        defer { disk.state.withLock { $0.processes[process].isWatched = false } }
        return try body()
    }

    /// How many calls this process has made.
    package var callCount: Int { disk.state.withLock { $0.processes[process].calls } }

    /// Ends the process; what it wrote stays as visible and as durable as it is.
    package func kill() {
        disk.state.withLock { state in
            state.faults += 1
            state.kill(process)
        }
    }

    /// Has `observer` told of changes; nil ends that.
    package func observe(_ observer: (any CallObserver)?) {
        self.observer.withLock { $0 = observer }
    }

    /// Tells the observer of a change that is about to be made, here or in an object store.
    func willChange(_ operation: FileOperation, _ path: String) {
        observer.withLock { $0 }?.willCall(operation, path)
    }

    /// Runs one call under the rules of the armed fault.
    ///
    /// - Parameters:
    ///   - operation: which call it is.
    ///   - path: the name it is about.
    ///   - body: does the call, in the way it is told.
    /// - Returns: what `body` returned.
    /// - Throws: the error of `body`, or that of the fault.
    func call<Result>(
        _ operation: FileOperation,
        _ path: String,
        _ body: (inout SimulatedDisk.State, CallMode) throws(FileError) -> Result
    ) throws(FileError) -> Result {
        switch operation {
        case .create, .link, .rename, .remove, .write, .sync, .syncDirectory:
            willChange(operation, path)
        default: break
        }
        // The result leaves the lock by this way, so that it need not be sendable.
        var result: Result?
        let failure = disk.state.withLock { state -> FileError? in
            do throws(FileError) {
                result = try state.run(operation, path, process, body)
                return nil
            } catch {
                state.mix(UInt64(UInt32(bitPattern: error.errno)))
                return error
            }
        }
        if let failure { throw failure }
        guard let result else { throw Self.dead(operation, path) }
        return result
    }

    static func dead(_ operation: FileOperation, _ path: String) -> FileError {
        FileError(.other, operation: operation.rawValue, path: path, errno: 9)
    }

    package func open(_ path: String, _ mode: OpenMode) throws(FileError) -> any FileHandle {
        let operation: FileOperation = if case .create = mode { .create } else { .open }
        let number = try call(operation, path) { state, _ throws(FileError) -> Int in
            if case .create = mode { return try state.create(path) }
            guard case .file(let number)? = state.node(path) else {
                throw FileError(.notFound, operation: "open", path: path, errno: 2)
            }
            return number
        }
        let isWritable = if case .read = mode { false } else { true }
        return SimulatedHandle(self, file: number, path: path, isWritable: isWritable, lock: nil)
    }

    package func makeDirectory(_ path: String) throws(FileError) {
        try call(.makeDirectory, path) { state, _ throws(FileError) in state.makeDirectories(path) }
    }

    package func syncDirectory(_ path: String) throws(FileError) {
        try call(.syncDirectory, path) { state, _ throws(FileError) in
            let directory = path == "/" ? "" : path
            guard state.directories[directory] != nil else {
                throw FileError(.notFound, operation: "open", path: path, errno: 2)
            }
            state.syncDirectory(directory)
        }
    }

    package func list(_ path: String) throws(FileError) -> [DirectoryEntry] {
        try call(.list, path) { state, _ throws(FileError) in
            guard let directory = state.directories[path] else { return [] }
            return directory.cached.sorted { $0.key < $1.key }.map {
                DirectoryEntry(name: $0.key, isDirectory: $0.value == .directory)
            }
        }
    }

    package func link(_ path: String, to name: String) throws(FileError) {
        try call(.link, name) { state, _ throws(FileError) in
            guard case .file(let number)? = state.node(path) else {
                throw FileError(.notFound, operation: "link", path: path, errno: 2)
            }
            guard state.node(name) == nil else {
                throw FileError(.exists, operation: "link", path: name, errno: 17)
            }
            guard state.set(name, .file(number)) else {
                throw FileError(.notFound, operation: "link", path: name, errno: 2)
            }
        }
    }

    package func rename(_ path: String, to name: String) throws(FileError) {
        try call(.rename, name) { state, _ throws(FileError) in
            let transaction = state.newTransaction()
            guard case .file(let number)? = state.node(path),
                state.set(name, .file(number), transaction: transaction)
            else { throw FileError(.notFound, operation: "rename", path: path, errno: 2) }
            if path != name { _ = state.set(path, nil, transaction: transaction) }
        }
    }

    package func remove(_ path: String) throws(FileError) {
        try call(.remove, path) { state, _ throws(FileError) in
            switch state.node(path) {
            case nil: throw FileError(.notFound, operation: "remove", path: path, errno: 2)
            case .directory:
                guard state.directories[path]?.cached.isEmpty ?? true else {
                    throw FileError(.other, operation: "remove", path: path, errno: 39)
                }
                state.directories[path] = nil
            case .file: break
            }
            _ = state.set(path, nil)
        }
    }

    /// Removes everything in a directory.
    func removeAll(in directory: String) throws(FileError) {
        for entry in try list(directory) {
            let path = directory + "/" + entry.name
            if entry.isDirectory { try removeAll(in: path) }
            try remove(path)
        }
    }

    package func byteCount(_ path: String) throws(FileError) -> Int? {
        try call(.byteCount, path) { state, _ throws(FileError) -> Int?? in
            switch state.node(path) {
            case nil: .some(nil)
            case .directory: 4_096
            case .file(let number): state.files[number].cached.count
            }
        } ?? nil
    }

    package func exists(_ path: String) throws(FileError) -> Bool { try byteCount(path) != nil }

    package func space(_ path: String) throws(FileError) -> (total: Int, available: Int) {
        try call(.space, path) { state, _ throws(FileError) in
            (1 << 40, state.roomVaries && state.generator.oneIn(8) ? 1 << 30 : 1 << 39)
        }
    }

    package func lock(_ path: String) throws(FileError) -> any FileHandle {
        let (number, ticket) = try call(.lock, path) { state, _ throws(FileError) -> (Int, Int) in
            if let holder = state.locks[path], state.processes[holder.process].isAlive {
                throw FileError(.locked, operation: "flock", path: path, errno: 11)
            }
            let number =
                if case .file(let known)? = state.node(path) { known } else {
                    try state.create(path)
                }
            state.nextTicket += 1
            state.locks[path] = (process, state.nextTicket)
            return (number, state.nextTicket)
        }
        return SimulatedHandle(self, file: number, path: path, isWritable: true, lock: ticket)
    }

    /// Gives a lock up, unless somebody else has it by now.
    func unlock(_ path: String, _ ticket: Int) {
        disk.state.withLock { state in
            if state.locks[path]?.ticket == ticket { state.locks[path] = nil }
        }
    }
}

/// How much of a call is done.
enum CallMode {
    case whole
    /// A write takes, or a read returns, some of the bytes.
    case partial
    /// A sync fails.
    case failing
}

extension SimulatedDisk.State {
    mutating func kill(_ process: Int) {
        processes[process].isAlive = false
        locks = locks.filter { $0.value.process != process }
    }

    mutating func create(_ path: String) throws(FileError) -> Int {
        guard node(path) == nil else {
            throw FileError(.exists, operation: "open", path: path, errno: 17)
        }
        guard set(path, .file(files.count)) else {
            throw FileError(.notFound, operation: "open", path: path, errno: 2)
        }
        files.append(SimulatedFile())
        return files.count - 1
    }

    /// The fault that happens at this call, if one does.
    private mutating func fault(
        _ operation: FileOperation,
        _ path: String,
        _ process: Int
    ) -> FaultKind? {
        guard let fault = processes[process].fault, processes[process].faultsLeft > 0,
            !processes[process].isWatched, fault.kind.applies(to: operation),
            fault.only == nil || fault.only == operation,
            fault.path.map({ path.contains($0) }) ?? true
        else { return nil }
        processes[process].callsUntilFault -= 1
        guard processes[process].callsUntilFault <= 0 else { return nil }
        processes[process].faultsLeft -= fault.kind.isCrash ? processes[process].faultsLeft : 1
        return fault.kind
    }

    /// Does one call, or what the fault makes of it.
    mutating func run<Result>(
        _ operation: FileOperation,
        _ path: String,
        _ process: Int,
        _ body: (inout SimulatedDisk.State, CallMode) throws(FileError) -> Result
    ) throws(FileError) -> Result {
        calls += 1
        mix(path)
        mix(UInt64(operation.rawValue.utf8.count) << 8 | UInt64(process))
        guard processes[process].isAlive else { throw SimulatedFileSystem.dead(operation, path) }
        if !processes[process].isWatched { processes[process].calls += 1 }
        guard let fault = fault(operation, path, process) else { return try body(&self, .whole) }
        mix(0xfa17)
        faults += 1
        processes[process].faults += 1
        switch fault {
        case .inputOutput:
            if operation == .sync { _ = try body(&self, .failing) }
            throw FileError(.input, operation: operation.rawValue, path: path, errno: 5)
        case .noSpace:
            if operation == .sync { _ = try body(&self, .failing) }
            if operation == .write { _ = try body(&self, .partial) }
            throw FileError(.noSpace, operation: operation.rawValue, path: path, errno: 28)
        case .tooManyFiles:
            throw FileError(.tooManyFiles, operation: operation.rawValue, path: path, errno: 24)
        case .interrupted:
            throw FileError(.other, operation: operation.rawValue, path: path, errno: 4)
        case .shortWrite, .shortRead:
            return try body(&self, .partial)
        case .doneButFailed:
            _ = try body(&self, .whole)
            throw FileError(.input, operation: operation.rawValue, path: path, errno: 5)
        case .kill, .powerLossLosing, .powerLossKeeping, .powerLossTearing:
            // The call is on its way when the lights go out; a barrier is not over.
            if operation == .write {
                _ = try? body(&self, generator.oneIn(2) ? .whole : .partial)
            } else if operation != .sync, operation != .syncDirectory, generator.oneIn(2) {
                _ = try? body(&self, .whole)
            }
            if let style = fault.crash { losePower(style) } else { kill(process) }
            throw SimulatedFileSystem.dead(operation, path)
        }
    }
}
