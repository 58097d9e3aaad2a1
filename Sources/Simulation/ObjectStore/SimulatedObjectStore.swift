package import Storage
import Synchronization

// An object store in memory that misbehaves as remote ones do.
//
// Each process has a connection of its own, which ends with the process. A put-if-absent may find another object
// (412); any put may be refused while another is under way (409, nothing landed), or end unknown, having landed or not;
// a put-if-absent may land some requests after that, when its process may be dead. Listings of manifests may lag.
// A request may fail, or take long. Which, the seed says.
// What landed is never lost: such stores are durable; it is the answers that are not.

/// How often a simulated object store misbehaves: once in so many requests, 0 for never.
package struct ObjectStoreFaults: Sendable {
    /// A put answers 409 and does not land.
    package var conflict = 0
    /// A put lands and its answer is lost.
    package var unknownLanded = 0
    /// A put does not land and its answer is lost.
    package var unknownNotLanded = 0
    /// A put-if-absent lands and answers 412: it was sent twice on its way, and the second met the first.
    package var existsLanded = 0
    /// A put-if-absent of a key that begins with `latePrefix` has its answer lost and lands later, unless
    /// there is an object of that key by then.
    package var unknownLate = 0
    /// How many requests later it lands, just before that request; 0 for what the seed says.
    package var lateRequests = 0
    /// Which puts may be late.
    package var latePrefix = ""
    /// A request fails without effect.
    package var failure = 0
    /// A listing of manifests does not show this many of the newest objects of the store.
    package var listLag = 0
    /// Seconds a request may take.
    package var secondsMax = 0
    /// A connection's process is killed in the middle of a request, which is done or not.
    package var kill = 0
    /// What is in the key of every request that is refused, fails or has its answer lost; empty for all.
    package var aim = ""
    /// To which of the requests that it could happen to it happens: 1 is the next; 0 for as often as is said
    /// above.
    package var turn = 0

    package init() {}
}

/// An object store in memory.
package final class SimulatedObjectStore: ObjectStore {
    /// Requests that a late put waits for at most.
    private static let lateRequestsMax = 6

    private struct State {
        var objects: [String: (bytes: [UInt8], order: Int)] = [:]
        /// Puts on their way.
        var late: [(key: String, bytes: [UInt8], requestsLeft: Int)] = []
        var nextOrder = 0
        var faults = ObjectStoreFaults()
        var generator: SeededGenerator
        var isQuiet = false
        var faultCount = 0
        var lateCount = 0
        /// How many requests the faults could happen to, and the keys of those they did.
        var turns = 0
        var struck: [String] = []

        mutating func happens(_ oneIn: Int, at key: String = "") -> Bool {
            guard oneIn > 0, !isQuiet, faults.aim.isEmpty || key.contains(faults.aim) else {
                return false
            }
            turns += 1
            guard faults.turn == 0 || turns == faults.turn, generator.oneIn(oneIn) else {
                return false
            }
            faultCount += 1
            struck.append(key)
            return true
        }

        mutating func store(_ key: String, _ bytes: [UInt8]) {
            nextOrder += 1
            objects[key] = (bytes, nextOrder)
        }

        /// Sends a put on its way whose answer is lost.
        mutating func delay(_ key: String, _ bytes: [UInt8]) {
            let requests =
                faults.lateRequests > 0
                ? faults.lateRequests : 1 + generator.below(lateRequestsMax)
            late.append((key, bytes, requests))
        }

        /// Lets the puts land that wait for the request that is being made.
        mutating func land() {
            guard !isQuiet else { return }
            for index in late.indices { late[index].requestsLeft -= 1 }
            for put in late where put.requestsLeft <= 0 && objects[put.key] == nil {
                store(put.key, put.bytes)
                lateCount += 1
            }
            late.removeAll { $0.requestsLeft <= 0 }
        }
    }

    private let state: Mutex<State>
    private let clock: SimulatedClock?

    /// An empty store whose behaviour follows from `seed`; slow requests move `clock`.
    package init(seed: UInt64, clock: SimulatedClock? = nil) {
        state = Mutex(State(generator: SeededGenerator(seed: seed, stream: 3)))
        self.clock = clock
    }

    /// Changes how it misbehaves.
    package func misbehave(_ faults: ObjectStoreFaults) {
        state.withLock { state in
            state.faults = faults
            (state.turns, state.struck) = (0, [])
        }
    }

    /// How many requests met a fault, and how many puts landed after their answer was lost.
    package var misbehaviourCount: Int { state.withLock { $0.faultCount + $0.lateCount } }

    /// The keys of the requests that met a fault since it was last told how to misbehave.
    package var struckKeys: [String] { state.withLock { $0.struck } }

    /// How many requests met a fault, but for late listings and slow answers.
    package var faultCount: Int { state.withLock { $0.faultCount } }

    /// Runs `body` without faults, for the eyes of the world.
    package func withoutFaults<Result>(_ body: () throws -> Result) rethrows -> Result {
        state.withLock { $0.isQuiet = true }
        defer { state.withLock { $0.isQuiet = false } }
        return try body()
    }

    /// The bytes of an object, without being a request.
    package func contents(_ key: String) -> [UInt8]? {
        state.withLock { $0.objects[key]?.bytes }
    }

    /// The store as one process reaches it.
    package func connect(_ process: SimulatedFileSystem) -> any ObjectStore {
        SimulatedConnection(store: self, process: process)
    }

    /// Whether the process that makes a request is killed, and whether only when it is done.
    func kills() -> (now: Bool, afterwards: Bool) {
        state.withLock { state in
            guard state.happens(state.faults.kill) else { return (false, false) }
            return (true, state.generator.oneIn(2))
        }
    }

    package func put(
        _ key: String,
        _ bytes: [UInt8],
        _ condition: PutCondition
    ) throws(StorageError) -> PutOutcome {
        try fail(key)
        return state.withLock { state in
            if state.happens(state.faults.conflict, at: key) { return .conflict }
            if state.happens(state.faults.unknownNotLanded, at: key) {
                return .unknown("timed out")
            }
            if case .ifAbsent = condition {
                if state.objects[key] != nil { return .exists }
                let mayBeLate = key.hasPrefix(state.faults.latePrefix)
                if mayBeLate, state.happens(state.faults.unknownLate, at: key) {
                    state.delay(key, bytes)
                    return .unknown("timed out")
                }
            }
            state.store(key, bytes)
            if case .ifAbsent = condition, state.happens(state.faults.existsLanded, at: key) {
                return .exists
            }
            return state.happens(state.faults.unknownLanded, at: key)
                ? .unknown("timed out") : .created
        }
    }

    package func get(_ key: String) throws(StorageError) -> [UInt8]? {
        try fail(key)
        return state.withLock { $0.objects[key]?.bytes }
    }

    package func byteCount(_ key: String) throws(StorageError) -> Int? {
        try fail(key)
        return state.withLock { $0.objects[key]?.bytes.count }
    }

    package func list(_ prefix: String) throws(StorageError) -> [ObjectInfo] {
        try fail(prefix)
        return state.withLock { state in
            let isLagging = prefix.hasSuffix("/manifest/") && !state.isQuiet
            let visible = state.nextOrder - (isLagging ? state.faults.listLag : 0)
            return state.objects
                .filter { $0.key.hasPrefix(prefix) && $0.value.order <= visible }
                .map { ObjectInfo(key: $0.key, byteCount: $0.value.bytes.count) }
                .sorted { $0.key < $1.key }
        }
    }

    package func folders(_ prefix: String) throws(StorageError) -> [String] {
        try fail(prefix)
        let keys = state.withLock { Array($0.objects.keys) }
        let names = keys.compactMap { key -> Substring? in
            guard key.hasPrefix(prefix) else { return nil }
            let parts = key.dropFirst(prefix.count).split(separator: "/", maxSplits: 1)
            return parts.count == 2 ? parts[0] : nil
        }
        return Set(names.map(String.init)).sorted()
    }

    package func delete(_ key: String) throws(StorageError) {
        try fail(key)
        state.withLock { _ = $0.objects.removeValue(forKey: key) }
    }

    package func deleteDurably(_ key: String) throws(StorageError) { try delete(key) }

    package func openObject(_ key: String) throws(StorageError) -> (any ObjectReader)? {
        try get(key).map { SimulatedObject(bytes: $0) }
    }

    package func beginUpload(_ key: String) throws(StorageError) -> any ObjectUpload {
        try fail(key)
        return SimulatedUpload(store: self, key: key)
    }

    private func fail(_ key: String) throws(StorageError) {
        let (fails, seconds) = state.withLock { state in
            state.land()
            let limit = state.faults.secondsMax
            return (
                state.happens(state.faults.failure, at: key),
                limit > 0 && !state.isQuiet ? state.generator.below(limit) : 0
            )
        }
        if seconds > 0 { clock?.advance(seconds: seconds) }
        if fails {
            throw StorageError(.retry, "the object store failed at \(key)", remedy: "try again")
        }
    }
}

private struct SimulatedObject: ObjectReader {
    let bytes: [UInt8]

    var byteCount: Int { bytes.count }

    func read(at offset: Int, count: Int) throws(StorageError) -> [UInt8] {
        guard offset + count <= bytes.count else {
            throw StorageError(.restore, "the object ends before", remedy: "restore it")
        }
        return Array(bytes[offset..<(offset + count)])
    }
}

final class SimulatedUpload: ObjectUpload {
    private let store: any ObjectStore
    private let key: String
    private var bytes: [UInt8] = []

    init(store: any ObjectStore, key: String) {
        self.store = store
        self.key = key
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws(StorageError) {
        self.bytes.append(contentsOf: bytes)
    }
    func seal() throws(StorageError) {}
    func reader() throws(StorageError) -> any ObjectReader { SimulatedObject(bytes: bytes) }
    func publish() throws(StorageError) -> PutOutcome { try store.put(key, bytes, .ifAbsent) }
}
