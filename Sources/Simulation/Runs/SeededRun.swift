import Storage

// One seed, one history.
//
// Writers, flusher, merger, collector, retention, readers, an operator, stalled writers, faults and crashes take turns as
// the seed says. Work happens between operations and in the middle of them. The same seed gives the same calls in the
// same order, which `traceHash` proves when a run is executed twice.

/// A random history of a store.
package struct SeededRun: Sendable {
    package var seed: UInt64
    package var steps: Int
    package var mutant: Mutant?
    /// Whether an object store is used; nil for what the seed says.
    package var usesObjectStore: Bool?

    /// What one execution came to.
    package struct Outcome: Sendable, Equatable {
        package var recoveries = 0
        /// Calls and requests that met a fault, kills and losses of power.
        package var faults = 0
        package var acknowledged = 0
        package var calls = 0
        package var trace: UInt64 = 0
    }

    package init(
        seed: UInt64,
        steps: Int = 60,
        mutant: Mutant? = nil,
        usesObjectStore: Bool? = nil
    ) {
        self.seed = seed
        self.steps = steps
        self.mutant = mutant
        self.usesObjectStore = usesObjectStore
    }

    /// Executes the run twice and compares.
    package func runTwice() throws(Violation) -> Outcome {
        let first = try run()
        let second = try run()
        guard first == second else {
            throw Violation("two executions differ: \(first) and \(second)\n\(replay)")
        }
        return first
    }

    /// Executes the run once.
    ///
    /// - Throws: `Violation` with the seed and the schedule.
    package func run() throws(Violation) -> Outcome {
        var generator = SeededGenerator(seed: seed, stream: 2)
        let world = World(options(&generator))
        do {
            try world.reopen()
            // Some histories are quiet, some are little but crashes.
            let crashes = [0, 12, 5, 3][generator.below(4)]
            for _ in 0..<steps {
                if crashes > 0, generator.oneIn(crashes) {
                    die(world, &generator)
                } else {
                    try step(world, &generator)
                }
            }
            try finish(world, verifies: generator.oneIn(4))
        } catch {
            let schedule = world.schedule.joined(separator: "\n  ")
            throw Violation("\(error)\n  \(schedule)\n\(replay)")
        }
        return Outcome(
            recoveries: world.recoveries,
            faults: world.faultCount,
            acknowledged: world.ledger.acknowledgedCount,
            calls: world.disk.callCount,
            trace: world.disk.traceHash
        )
    }

    private var replay: String {
        "replay: holdfast torture --seed \(seed) --runs 1 --steps \(steps)"
    }

    private func options(_ generator: inout SeededGenerator) -> WorldOptions {
        var options = WorldOptions(seed: seed)
        options.mutant = mutant
        options.limits.journalFileBytesMax = [16, 24, 64][generator.below(3)] << 10
        options.limits.compactionFanIn = 2 + generator.below(3)
        options.limits.manifestsRetained = 2 + generator.below(3)
        options.limits.garbageGraceSeconds = generator.oneIn(3) ? 0 : 5
        options.limits.segmentsPerPageMax = 1 + generator.below(3)
        options.roomVaries = generator.oneIn(2)
        options.usesObjectStore = generator.oneIn(4)
        if let usesObjectStore { options.usesObjectStore = usesObjectStore }
        return options
    }

    private func step(_ world: World, _ generator: inout SeededGenerator) throws {
        if world.engine == nil { try revive(world, &generator) }
        switch generator.below(100) {
        case ..<35: try append(world, &generator)
        case ..<37:
            // Another process takes over in the middle of an append.
            try world.interrupt(
                afterCalls: 1 + generator.below(8),
                includesJournal: true,
                with: { try world.takeOver() }
            ) {
                try append(world, &generator)
            }
        case ..<48: try maintain(world, .flush, &generator)
        case ..<54: try maintain(world, .compact, &generator)
        case ..<61: try maintain(world, .collect, &generator)
        case ..<64: try maintain(world, .retain(before: generator.below(3)), &generator)
        case ..<66: try world.take(.advance)
        case ..<67: try createSpace(world, &generator)
        case ..<70: try world.hold()
        case ..<72: world.release()
        case ..<75: try world.query()
        case ..<78: world.clock.advance(seconds: [1, 10, 4_000, -30][generator.below(4)])
        case ..<81: world.close()
        case ..<84: try world.wakeSleeper(generator.below(World.sleeperChoices))
        case ..<85: try world.takeOver(wake: wake(&generator))
        case ..<91: arm(world, &generator)
        case ..<92: world.calm()
        case ..<93: world.disk.evict()
        case ..<94:
            switch generator.below(5) {
            case 0: try world.take(.upgrade(generator.oneIn(2)))
            case 1: try world.take(.discardLetter)
            case 2: try world.take(.collectLetters)
            default: try world.take(.replayLetters)
            }
        case ..<96: try meddle(world, &generator)
        case ..<98: die(world, &generator)
        default: try world.check()
        }
        if !world.fileSystem.isAlive { world.engineIsGone() }
    }

    private func append(_ world: World, _ generator: inout SeededGenerator) throws {
        let shapes = (0...generator.below(3)).map { _ in
            (
                rows: 1 + generator.below(SimulatedCatalog.rowsMax),
                hour: generator.below(4),
                filler: [0, 20, 480, 3_900, 4_100][generator.below(5)]
            )
        }
        try world.append(shapes, poison: generator.oneIn(8) ? generator.below(8) : nil)
    }

    /// A step of maintenance, sometimes with something in the middle of it.
    private func maintain(
        _ world: World,
        _ step: ScriptStep,
        _ generator: inout SeededGenerator
    ) throws {
        let choice = generator.below(12)
        let calls = 1 + generator.below(40)
        let shape = (rows: 3, hour: generator.below(4), filler: 100)
        let wake = generator.below(World.sleeperChoices)
        switch choice {
        case 0:
            try world.interrupt(afterCalls: calls, with: { try world.append([shape]) }) {
                try world.take(step)
            }
        case 1:
            try world.interrupt(afterCalls: calls, with: { try world.check() }) {
                try world.take(step)
            }
        case 2:
            try world.interrupt(afterCalls: calls, with: { try world.wakeSleeper(wake) }) {
                try world.take(step)
            }
        case 3 where generator.oneIn(3):
            try world.interrupt(
                afterCalls: calls,
                includesJournal: true,
                with: { try world.takeOver() }
            ) {
                try world.take(step)
            }
        default: try world.take(step)
        }
    }

    /// Makes the second space, sometimes while the first one is folded further.
    private func createSpace(_ world: World, _ generator: inout SeededGenerator) throws {
        let shape = (rows: 3, hour: generator.below(4), filler: 4_000)
        try world.interrupt(
            afterCalls: 1 + generator.below(30),
            with: {
                for _ in 0..<2 {
                    try world.append([shape, shape])
                    try world.attempt("flush") { engine throws(StorageError) in
                        _ = try engine.flush(space: SimulatedCatalog.space)
                    }
                }
            }
        ) {
            try world.take(.createSpace)
        }
    }

    /// Whether the former writer does something while another process takes over.
    private func wake(_ generator: inout SeededGenerator) -> (afterCalls: Int, choice: Int)? {
        let wake = (1 + generator.below(40), generator.below(World.sleeperChoices))
        return generator.oneIn(2) ? wake : nil
    }

    private func fault(_ generator: inout SeededGenerator) -> Fault {
        Fault(
            FaultKind.allCases[generator.below(FaultKind.allCases.count)],
            at: 1 + generator.below(60),
            repeats: [1, 1, 4, .max][generator.below(4)]
        )
    }

    /// Sets a fault of the disk, or of the object store.
    private func arm(_ world: World, _ generator: inout SeededGenerator) {
        guard let objects = world.objects, generator.oneIn(2) else {
            return world.fileSystem.arm(fault(&generator))
        }
        var faults = ObjectStoreFaults()
        faults.conflict = generator.below(2) * 5
        faults.unknownLanded = generator.below(2) * 5
        faults.unknownNotLanded = generator.below(2) * 5
        faults.existsLanded = generator.below(2) * 5
        faults.failure = generator.below(2) * 20
        faults.listLag = generator.below(4)
        faults.secondsMax = generator.below(3)
        faults.kill = generator.below(3) * 30
        // Of what a commit is made of: manifests, pages, segments.
        faults.unknownLate = generator.below(2) * 4
        faults.latePrefix = "spaces/"
        objects.misbehave(faults)
    }

    private func die(_ world: World, _ generator: inout SeededGenerator) {
        switch generator.below(5) {
        case 0: world.kill()
        case 1:
            world.kill()
            world.disk.evict()
        case 2: world.losePower(.losing)
        default: world.losePower(.tearing)
        }
    }

    /// What an operator may do to a closed store, and time: delete what is derived or left over; rot.
    private func meddle(_ world: World, _ generator: inout SeededGenerator) throws {
        if generator.oneIn(3) {
            let space = generator.oneIn(3) ? World.secondSpace : SimulatedCatalog.space
            try world.loseManifest(space, isThere: generator.oneIn(2))
        }
        world.close()
        guard world.fileSystem.isAlive else { return }
        try world.withoutFaults {
            for name in ["tmp", "cache", "spaces/default/derived"] {
                try world.fileSystem.removeAll(in: World.root + "/" + name)
            }
        }
        world.log("the operator deletes what is derived")
        if generator.oneIn(4) { try world.tearLetter() }
    }

    /// Opens the store again: at first perhaps with a fault in recovery, then on a sound disk.
    private func revive(_ world: World, _ generator: inout SeededGenerator) throws {
        if generator.oneIn(3) {
            world.fileSystem = world.disk.boot()
            world.fileSystem.arm(fault(&generator))
            if try world.open() { return }
            if generator.oneIn(2) { die(world, &generator) }
        }
        world.calm()
        guard try world.open() else { throw Violation("the store does not open on a sound disk") }
        if generator.oneIn(24) { try world.verify() }
    }

    /// The last look: after a loss of power, twice, sometimes byte by byte.
    private func finish(_ world: World, verifies: Bool) throws {
        world.calm()
        world.losePower(.tearing)
        guard try world.open() else { throw Violation("the store does not open on a sound disk") }
        let found = try world.observe()
        if verifies { try world.verify() }
        world.close()
        guard try world.open(), try world.observe() == found else {
            throw Violation("a second opening changed the rows")
        }
    }
}
