import Storage
import Synchronization

// The disk that the simulated processes of one world share.
//
// It knows files, directories, locks and processes. A process is a `SimulatedFileSystem`; each has at most one armed
// fault. Everything that happens is mixed into `traceHash`, so that two executions of one seed can be compared.
// Nothing here depends on the order of a hash table.

/// A disk in memory with the rules of a real one.
package final class SimulatedDisk: Sendable {
    struct Process {
        var isAlive = true
        /// The world looks through this process: no fault, no count.
        var isWatched = false
        var fault: Fault?
        var callsUntilFault = 0
        var faultsLeft = 0
        /// Calls of it that met a fault.
        var faults = 0
        var calls = 0
    }

    /// Everything there is.
    struct State {
        var files: [SimulatedFile] = []
        var directories: [String: SimulatedDirectory] = ["": SimulatedDirectory()]
        var dirtyDirectories: [String] = []
        var nextTransaction = 0
        var processes: [Process] = []
        /// The process and ticket of each lock that is held.
        var locks: [String: (process: Int, ticket: Int)] = [:]
        var nextTicket = 0
        var generator: SeededGenerator
        /// Whether the disk is half full at all times, or too full for a merge now and then.
        var roomVaries: Bool
        var trace: UInt64 = 0xcbf2_9ce4_8422_2325
        var calls = 0
        /// Calls that met a fault, kills and losses of power.
        var faults = 0
    }

    let state: Mutex<State>

    /// An empty disk whose every choice follows from `seed`.
    package init(seed: UInt64, roomVaries: Bool = false) {
        let generator = SeededGenerator(seed: seed, stream: 1)
        state = Mutex(State(generator: generator, roomVaries: roomVaries))
    }

    /// A new process that uses this disk.
    package func boot() -> SimulatedFileSystem {
        let process = state.withLock { state in
            state.processes.append(Process())
            return state.processes.count - 1
        }
        return SimulatedFileSystem(disk: self, process: process)
    }

    /// Takes the power away: every process dies, and of what was not synced `style` decides.
    package func losePower(_ style: CrashStyle) {
        state.withLock { state in
            state.faults += 1
            state.losePower(style)
        }
    }

    /// Drops clean pages from memory, as the operating system may at any time.
    package func evict() {
        state.withLock { state in
            for file in state.files.indices { state.files[file].evict() }
        }
    }

    /// Makes every lock free although its holder lives, as a network file system may.
    package func loseLocks() { state.withLock { $0.locks = [:] } }

    /// A number that two executions have in common only when every call was the same.
    package var traceHash: UInt64 { state.withLock { $0.trace } }

    /// How many calls were made by all processes.
    package var callCount: Int { state.withLock { $0.calls } }

    /// How many calls met a fault, and how often a process was killed or power was lost.
    package var faultCount: Int { state.withLock { $0.faults } }

    /// Mixes a step of the world outside the disk into the trace.
    package func note(_ value: UInt64) { state.withLock { $0.mix(value) } }

    /// What a read of the whole file would return, without being a call; nil when there is none.
    package func contents(_ path: String) -> [UInt8]? {
        state.withLock { state in
            guard case .file(let number)? = state.node(path) else { return nil }
            return state.files[number].cached
        }
    }

    /// Size and CRC-32C of a file, without being a call.
    package func summary(_ path: String) -> (byteCount: Int, crc: UInt32)? {
        state.withLock { state in
            guard case .file(let number)? = state.node(path) else { return nil }
            return (state.files[number].cached.count, crc32c(state.files[number].cached))
        }
    }

    /// Whether there is a directory, without a call.
    package func hasDirectory(_ path: String) -> Bool {
        state.withLock { $0.directories[path] != nil }
    }

    /// Flips a bit of a file, on the platter and in memory.
    package func rot(_ path: String, at offset: Int) {
        state.withLock { state in
            guard case .file(let number)? = state.node(path) else { return }
            state.files[number].rot(at: offset)
        }
    }

    /// Changes a file, or removes it when `change` returns nil, on the platter and in memory.
    package func edit(_ path: String, _ change: ([UInt8]) -> [UInt8]?) {
        state.withLock { state in
            guard case .file(let number)? = state.node(path) else { return }
            if let bytes = change(state.files[number].cached) {
                state.files[number].replace(with: bytes)
            } else {
                _ = state.set(path, nil)
                state.syncDirectory(SimulatedDisk.State.split(path).directory)
            }
        }
    }

    /// Makes a directory and every name above it, durably, without being a call.
    package func prepareDirectory(_ path: String) {
        state.withLock { state in
            state.makeDirectories(path)
            while let name = state.dirtyDirectories.first { state.syncDirectory(name) }
        }
    }
}

extension SimulatedDisk.State {
    mutating func mix(_ value: UInt64) {
        trace = (trace ^ value) &* 0x0000_0100_0000_01b3
        trace ^= trace >> 29
    }

    mutating func mix(_ text: String) {
        var hash = trace
        for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
        trace = hash
    }

    /// Directory and last part of a path.
    static func split(_ path: String) -> (directory: String, name: String) {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return ("", path) }
        return (String(path[..<slash]), String(path[path.utf8.index(after: slash)...]))
    }

    func node(_ path: String) -> SimulatedNode? {
        let (directory, name) = Self.split(path)
        return directories[directory]?.cached[name]
    }

    /// Changes a name; false when its directory does not exist.
    mutating func set(_ path: String, _ node: SimulatedNode?, transaction: Int? = nil) -> Bool {
        let (directory, name) = Self.split(path)
        guard directories[directory] != nil else { return false }
        let transaction = transaction ?? newTransaction()
        directories[directory]?.set(name, node, transaction: transaction)
        if !dirtyDirectories.contains(directory) { dirtyDirectories.append(directory) }
        return true
    }

    mutating func newTransaction() -> Int {
        nextTransaction += 1
        return nextTransaction
    }

    mutating func makeDirectories(_ path: String) {
        guard directories[path] == nil else { return }
        let (parent, _) = Self.split(path)
        if parent != path { makeDirectories(parent) }
        directories[path] = SimulatedDirectory()
        _ = set(path, .directory)
    }

    mutating func syncDirectory(_ path: String) {
        let settled = directories[path]?.sync() ?? []
        dirtyDirectories.removeAll { $0 == path }
        guard !settled.isEmpty else { return }
        for other in dirtyDirectories { directories[other]?.settle(settled) }
        dirtyDirectories.removeAll { directories[$0]?.pending.isEmpty ?? true }
    }

    mutating func losePower(_ style: CrashStyle) {
        mix(0xdead)
        for process in processes.indices { processes[process].isAlive = false }
        locks = [:]
        for file in files.indices {
            // Each file fares in its own way: a disk that tears one may keep or lose another whole.
            var fate = style
            if style == .tearing, files[file].isDirty {
                fate = [.tearing, .tearing, .losing, .keeping][generator.below(4)]
            }
            files[file].losePower(fate, &generator)
        }
        let keepsAlmostAll = generator.oneIn(4)
        var fates: [Int: Bool] = [:]
        for path in dirtyDirectories {
            guard var directory = directories.removeValue(forKey: path) else { continue }
            directory.losePower { transaction in
                if let known = fates[transaction] { return known }
                let fate =
                    switch style {
                    case .losing: false
                    case .keeping: true
                    case .tearing: generator.oneIn(2) || keepsAlmostAll && !generator.oneIn(4)
                    }
                fates[transaction] = fate
                return fate
            }
            directories[path] = directory
        }
        dirtyDirectories = []
        dropUnreachableDirectories()
    }

    /// Forgets directories whose own name, or that of one above them, was lost.
    private mutating func dropUnreachableDirectories() {
        for path in directories.keys.sorted() where !path.isEmpty {
            let (parent, name) = Self.split(path)
            if directories[parent]?.cached[name] != .directory { directories[path] = nil }
        }
    }
}
