import Storage

// A workload that takes every durable step: journal, rotation, flush, commit, merge, collection, retention, a second
// space, an idle space's advance, dead letters from their making to their end, closing and opening. It goes on after
// errors as a node does.

/// One step of a script.
enum ScriptStep {
    case append(batches: Int, hour: Int, filler: Int)
    /// One batch with a row that no segment can hold.
    case poison(rows: Int, row: Int, hour: Int)
    case flush, compact, collect, advance, createSpace
    case replayLetters, discardLetter, collectLetters
    /// Opens the store with a letter in it that does not read back.
    case tearLetter
    /// Opens the store with a newest manifest that does not read back, or is gone.
    case loseManifest(isThere: Bool)
    /// Opens the store with a program that can hold poisonous rows, or with one that cannot.
    case upgrade(Bool)
    case retain(before: Int)
    case hold, release
    case wait(seconds: Int)
    case reopen

    static let everything: [ScriptStep] = [
        .append(batches: 1, hour: 0, filler: 0),
        .append(batches: 3, hour: 1, filler: 900),
        .flush,
        .hold,
        .append(batches: 2, hour: 0, filler: 3_000),
        .flush,
        .compact,
        .loseManifest(isThere: true),
        .createSpace,
        .append(batches: 3, hour: 2, filler: 10),
        .append(batches: 1, hour: 2, filler: 4_000),
        .flush,
        .collect,
        .wait(seconds: 10),
        .release,
        .collect,
        .append(batches: 2, hour: 3, filler: 5_000),
        .reopen,
        .append(batches: 1, hour: 2, filler: 200),
        .flush,
        .append(batches: 4, hour: 2, filler: 2_500),
        .append(batches: 1, hour: 2, filler: 0),
        .flush,
        .compact,
        .retain(before: 1),
        .advance,
        .collect,
        .wait(seconds: 10),
        .retain(before: 2),
        .collect,
        .append(batches: 2, hour: 3, filler: 700),
        .poison(rows: 3, row: 1, hour: 3),
        .flush,
        .poison(rows: 2, row: 0, hour: 3),
        .flush,
        .tearLetter,
        .replayLetters,
        .discardLetter,
        .upgrade(true),
        .replayLetters,
        .loseManifest(isThere: false),
        .replayLetters,
        .append(batches: 1, hour: 3, filler: 0),
        .flush,
        .collectLetters,
        .append(batches: 1, hour: 3, filler: 0),
        .flush,
        .collectLetters,
        .upgrade(false),
        .poison(rows: 1, row: 0, hour: 3),
        .flush,
        .append(batches: 1, hour: 3, filler: 0),
    ]
}

extension World {
    /// Takes one step; does nothing while there is no store to take it in.
    func take(_ step: ScriptStep) throws {
        switch step {
        case .append(let batches, let hour, let filler):
            try append(
                (0..<batches).map { (rows: 1 + ($0 + filler) % 4, hour: hour, filler: filler) }
            )
        case .poison(let rows, let row, let hour):
            try append([(rows: rows, hour: hour, filler: 40)], poison: row)
        case .replayLetters: try replayLetters()
        case .discardLetter: try discardLetter()
        case .collectLetters:
            try forEachSpace("collect letters") { engine, space throws(StorageError) in
                try engine.collectDeadLetters(space: space)
            }
        case .tearLetter: try tearLetter()
        case .loseManifest(let isThere): try loseManifest(isThere: isThere)
        case .upgrade(let isLenient):
            self.isLenient = isLenient
            close()
        case .flush:
            try forEachSpace("flush") { engine, space throws(StorageError) in
                try engine.flush(space: space)
            }
        case .compact:
            try forEachSpace("compact") { engine, space throws(StorageError) in
                try engine.compact(space: space)
            }
        case .collect:
            try forEachSpace("collect") { engine, space throws(StorageError) in
                try engine.collectGarbage(space: space)
            }
        case .advance:
            try attempt("advance") { engine throws(StorageError) in try engine.advanceIdleSpaces() }
        case .createSpace:
            try attempt("create") { engine throws(StorageError) in
                guard !engine.hasSpace(Self.secondSpace) else { return }
                try engine.createSpace(Self.secondSpace)
            }
        case .retain(let hour): try retain(before: hour)
        case .hold: try hold()
        case .release: release()
        case .wait(let seconds): clock.advance(seconds: seconds)
        case .reopen: close()
        }
        if engine == nil { try reopen() }
    }

    /// Drops rows before `hour`.
    func retain(before hour: Int) throws {
        guard let engine else { return }
        let time = SimulatedCatalog.firstHour + Int64(hour) * SimulatedCatalog.nanosPerHour
        try expire(engine, before: time)
        try forEachSpace("retain") { engine, space throws(StorageError) in
            try engine.retain(space: space, before: time, bytesMax: nil)
        }
    }

    private func forEachSpace(
        _ name: String,
        _ operation: (StorageEngine, String) throws(StorageError) -> some Any
    ) throws {
        for space in engine?.spaceNames ?? [] {
            try attempt("\(name) \(space)") { engine throws(StorageError) in
                _ = try operation(engine, space)
            }
        }
    }

    /// Opens the store while the process lives, in two attempts, as an impatient node does.
    func reopen() throws {
        for _ in 0..<2 where fileSystem.isAlive {
            if try open() { return }
        }
    }

    /// Opens the store on a sound disk and shows that it is whole, goes on, needs nothing that was not synced, and
    /// is the same at the next opening.
    package func prove() throws {
        calm()
        try recover()
        try append([(rows: 2, hour: 3, filler: 100)])
        try take(.flush)
        try take(.append(batches: 1, hour: 2, filler: 0))
        try check()
        losePower(.losing)
        try recover()
        let found = try observe()
        try verify()
        close()
        try recover()
        guard try observe() == found else { throw Violation("a second opening changed the rows") }
        guard engine?.recovery.truncatedTails == 0 else {
            throw Violation("a second opening found something to repair")
        }
    }

    /// Opens the store with a sound disk, which must succeed.
    func recover() throws {
        guard try open() else { throw Violation("the store does not open on a sound disk") }
    }
}
