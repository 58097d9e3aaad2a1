package import Failpoints
package import Storage

// A simulated world: one disk, the node that uses it, and the account of what its clients were told.
//
// The node behaves as a real one: it goes on after errors that may pass, and opens the store anew after `.stop`. Every
// error must be explained by a fault that has happened; every time the store is opened, everything in it is compared
// with the ledger. One thread drives the world.

/// How a world is set up.
package struct WorldOptions: Sendable {
    package var seed: UInt64
    package var limits = SimulatedCatalog.limits
    /// Whether the disk is too full for a merge now and then.
    package var roomVaries = false
    /// The directory that is there, durably, before the first opening.
    package var durableDirectory = World.root
    /// Whether everything but the journal is kept in an object store that is not the disk.
    package var usesObjectStore = false
    /// The failpoints of every engine.
    package var failpoints = FailpointRegistry()
    /// A defect planted below the engine, to see that the checks find it.
    package var mutant: Mutant?

    package init(seed: UInt64) { self.seed = seed }
}

/// One disk, one node, one ledger.
package final class World {
    package static let root = "/data/store"
    package static let secondSpace = "other"

    package let options: WorldOptions
    package let disk: SimulatedDisk
    package let clock: SimulatedClock
    let random: SimulatedRandom
    package internal(set) var fileSystem: SimulatedFileSystem
    /// Where everything but the journal is kept; nil for the disk.
    package let objects: SimulatedObjectStore?
    package internal(set) var engine: StorageEngine?
    package internal(set) var ledger = Ledger()
    private var reader: SnapshotReader
    private let decoder: BatchDecoder
    /// The highest folded LSN and version that were ever seen, by space.
    var highest: [String: (foldedLSN: UInt64, version: UInt64)] = [:]
    /// Checksums of the manifests that were current once, by space and number.
    var manifests: [String: [UInt64: UInt32]] = [:]
    /// Manifests that were damaged, as they have been since.
    var damagedManifests: [(space: String, id: UInt64, bytes: [UInt8])] = []
    private var held: [(snapshot: Snapshot, found: Observation)] = []
    /// Engines that lost the store without knowing it, and their processes.
    var sleepers: [(engine: StorageEngine, process: SimulatedFileSystem)] = []
    /// Letters that were left torn: every byte of them is kept.
    var tornLetters: [DeadLetterID: [UInt8]] = [:]
    /// Whether rows that no segment could hold are let into segments, as a newer program might.
    package var isLenient = false
    /// How often a failpoint has fired: an error of the operation in which it does is explained.
    package var firedCount: () -> Int = { 0 }
    /// Whether a stalled engine does something while the store is being opened.
    var isContended = false
    /// How often the store was opened that nobody had closed: after a crash, a kill or a poisoned log, or while
    /// its former process still ran.
    package private(set) var recoveries = 0
    /// Whether there is nothing to recover from.
    private var isClosed = true
    /// How many calls of the disk and requests of the object store met a fault, and how often a process was killed or
    /// power was lost.
    package var faultCount: Int { disk.faultCount + (objects?.faultCount ?? 0) }
    /// What happened, for the report of a failure.
    package private(set) var schedule: [String] = []

    package init(_ options: WorldOptions) {
        self.options = options
        disk = SimulatedDisk(seed: options.seed, roomVaries: options.roomVaries)
        clock = SimulatedClock()
        random = SimulatedRandom(seed: options.seed ^ 0x1d)
        fileSystem = disk.boot()
        let objects =
            options.usesObjectStore
            ? SimulatedObjectStore(seed: options.seed, clock: clock) : nil
        self.objects = objects
        reader = Self.reader(disk, objects)
        decoder =
            options.mutant?.planted(over: SimulatedCatalog.decoder) ?? SimulatedCatalog.decoder
        disk.prepareDirectory(options.durableDirectory)
    }

    package func log(_ text: @autoclosure () -> String) { schedule.append(text()) }

    /// Opens the store in the running process, or in a new one when that has ended.
    ///
    /// - Returns: false when a fault prevented it.
    package func open() throws -> Bool {
        held = []
        engine = nil
        if !fileSystem.isAlive { fileSystem = disk.boot() }
        var limits = options.limits
        if isLenient { limits.segmentValueBytesMax = 1 << 20 }
        let before = excuses
        do throws(StorageError) {
            engine = try StorageEngine.open(
                environment: environment(fileSystem),
                limits: limits,
                dataDirectory: Self.root,
                store: connection,
                catalog: SimulatedCatalog.tables,
                spaces: [SimulatedCatalog.space],
                decoder: decoder
            )
        } catch {
            log("open failed: \(error.message)")
            guard error.code != .restore || isContended else {
                throw Violation("the store does not open: \(error)")
            }
            try excuse(error, "open", since: before)
            return false
        }
        if !isClosed { recoveries += 1 }
        isClosed = false
        guard fileSystem.isAlive else { return false }
        try check(afterRecovery: true)
        return true
    }

    /// The object store as the running process reaches it; nil when everything is on the disk.
    private var connection: (any ObjectStore)? {
        guard let connection = objects?.connect(fileSystem) else { return nil }
        return options.mutant?.planted(over: connection) ?? connection
    }

    func environment(_ process: SimulatedFileSystem) -> Environment {
        Environment(
            fileSystem: options.mutant?.planted(over: process) ?? process,
            clock: clock,
            random: random,
            failpoints: options.failpoints
        )
    }

    /// Everything the store shows at this moment.
    package func observe() throws -> Observation? {
        guard let engine, fileSystem.isAlive else { return nil }
        return try withoutFaults {
            var found = Observation(batches: ledger.batches.count)
            for space in engine.spaceNames {
                guard let snapshot = engine.snapshot(space: space) else { continue }
                try reader.add(snapshot, to: &found)
            }
            try addLetters(engine, to: &found)
            return found
        }
    }

    /// Enters what `engine` drops if it drops every segment that ends before `time`; what is in memory stays.
    func expire(_ engine: StorageEngine, before time: Int64) throws {
        for space in engine.spaceNames {
            guard let snapshot = engine.snapshot(space: space) else { continue }
            let ids = try withoutFaults {
                try reader.ids(snapshot) { $0.maxTime < time }
            }
            ledger.expire(ids)
        }
    }

    /// Compares the store with the ledger.
    package func check(afterRecovery: Bool = false) throws {
        guard let engine, let found = try observe() else { return }
        disk.note(UInt64(truncatingIfNeeded: found.rows.count))
        try ledger.settle(found, afterRecovery: afterRecovery)
        try checkTornLetters()
        try checkDamagedManifests()
        for space in engine.spaceNames {
            guard let version = engine.snapshot(space: space)?.version else { continue }
            let before = highest[space] ?? (0, 0)
            guard version.foldedLSN >= before.foldedLSN, version.id >= before.version else {
                throw Violation(
                    "space \(space) went back from version \(before.version), LSN \(before.foldedLSN) "
                        + "to version \(version.id), LSN \(version.foldedLSN)"
                )
            }
            highest[space] = (version.foldedLSN, version.id)
            try checkManifest(space, version.id)
        }
        for entry in held {
            let again = try withoutFaults {
                var again = Observation(batches: entry.found.rows.count - 1)
                try reader.add(entry.snapshot, to: &again)
                return again
            }
            guard again == entry.found else {
                throw Violation("a snapshot changed while it was held")
            }
        }
    }

    /// Takes a snapshot that later checks read again.
    package func hold() throws {
        guard let engine, let snapshot = engine.snapshot(space: SimulatedCatalog.space) else {
            return
        }
        guard fileSystem.isAlive else { return }
        let found = try withoutFaults {
            var found = Observation(batches: ledger.batches.count)
            try reader.add(snapshot, to: &found)
            return found
        }
        held.append((snapshot, found))
    }

    package func release() { held = [] }

    /// Checks every byte of the store as `holdfast verify` does.
    package func verify() throws {
        guard fileSystem.isAlive else { return }
        try withoutFaults {
            let report = try StoreInspection(
                environment: environment(fileSystem),
                dataDirectory: Self.root,
                store: connection,
                catalog: SimulatedCatalog.tables
            ).verify(decoder: SimulatedCatalog.decoder, progress: { _ in })
            if let problem = report.problems.first(where: { !isOfTornLetter($0) }) {
                throw Violation("verify finds: \(problem)")
            }
        }
    }

    /// Appends one group; enters what the clients are told.
    ///
    /// - Parameters:
    ///   - shapes: the batches.
    ///   - poison: the row of the first batch that no segment can hold; nil when there is none.
    /// - Throws: `Violation` when an error has no fault that explains it.
    package func append(
        _ shapes: [(rows: Int, hour: Int, filler: Int)],
        poison: Int? = nil
    ) throws {
        guard let engine else { return }
        var batches: [PendingBatch] = []
        var numbers: [UInt64] = []
        for (index, shape) in shapes.enumerated() {
            let bad = index == 0 ? poison.map { $0 % shape.rows } : nil
            let number = ledger.attempt(
                rows: shape.rows,
                isPoisonous: bad != nil
            )
            let isSecond = number % 3 == 0 && engine.hasSpace(Self.secondSpace)
            numbers.append(number)
            batches.append(
                SimulatedCatalog.batch(
                    number,
                    rows: shape.rows,
                    hour: shape.hour,
                    filler: shape.filler,
                    poison: bad,
                    space: isSecond ? Self.secondSpace : SimulatedCatalog.space
                )
            )
        }
        try attempt("append \(numbers)") { engine throws(StorageError) in
            _ = try engine.append(batches)
            for number in numbers { ledger.acknowledge(number) }
        }
    }

    /// Runs one operation of the node; an error must have its fault.
    package func attempt(
        _ name: String,
        _ operation: (StorageEngine) throws(StorageError) -> Void
    ) throws {
        guard let engine, fileSystem.isAlive else { return }
        let before = excuses
        do throws(StorageError) {
            try operation(engine)
            log(name)
        } catch {
            log("\(name) failed: \(error.message)")
            disk.note(UInt64(error.code.rawValue.utf8.count))
            // Another process has taken over in the middle of it.
            guard self.engine === engine else { return }
            try excuse(error, name, since: before)
            if error.code == .stop { self.engine = nil }
        }
    }

    /// How much has happened that explains an error: calls and requests that met a fault, puts that landed late,
    /// failpoints that fired.
    private var excuses: Int {
        fileSystem.faultCount + (objects?.misbehaviourCount ?? 0) + firedCount()
    }

    /// An error of an operation needs a fault that happened during it.
    ///
    /// - Parameters:
    ///   - error: what the operation threw.
    ///   - name: of the operation.
    ///   - before: the excuses when it began.
    /// - Throws: `Violation` when there was none.
    private func excuse(_ error: any Error, _ name: String, since before: Int) throws {
        guard fileSystem.isAlive, !isContended, excuses == before else { return }
        throw Violation("\(name) failed without a fault: \(error)")
    }

    /// Reads everything as a query does: all of it, or an error that a fault explains.
    func query() throws {
        guard let engine, let expected = try observe() else { return }
        let before = excuses
        do {
            var fresh = Self.reader(disk, objects)
            var found = Observation(batches: ledger.batches.count)
            for space in engine.spaceNames {
                if let snapshot = engine.snapshot(space: space) {
                    try fresh.add(snapshot, to: &found)
                }
            }
            try withoutFaults { try addLetters(engine, to: &found) }
            guard found == expected else { throw Violation("a query was answered in part") }
            log("query")
        } catch let violation as Violation {
            throw violation
        } catch {
            log("query failed: \(error)")
            try excuse(error, "a query", since: before)
        }
    }

    /// The process has ended by itself.
    func engineIsGone() {
        engine = nil
        held = []
    }

    /// Gives the store up in good order.
    package func close() {
        held = []
        if let engine, fileSystem.isAlive {
            engine.close()
            isClosed = true
        }
        engine = nil
        log("close")
    }

    /// Ends the process.
    package func kill() {
        log("kill")
        fileSystem.kill()
        isClosed = false
        engine = nil
        held = []
    }

    /// Takes the power away.
    package func losePower(_ style: CrashStyle) {
        log("power loss, \(style.rawValue)")
        disk.losePower(style)
        isClosed = false
        engine = nil
        held = []
        sleepers = []
    }
}
