import Storage

// What becomes of poisonous rows: they are put aside, replayed once a newer program can hold them, or discarded. And of
// letters that do not read back: they are set aside with every byte they have.

extension World {
    /// Adds the rows in dead letters.
    func addLetters(_ engine: StorageEngine, to found: inout Observation) throws {
        found.hasUnreadLetters = engine.deadLetterProblems.contains { !isOfTornLetter($0) }
        for info in engine.deadLetters {
            guard let letter = try engine.deadLetter(info.id)?.letter else { continue }
            let folded = engine.snapshot(space: info.space)?.version.foldedLSN ?? 0
            for id in SimulatedPayload(letter.record.payload).ids {
                found.add(letterRow: id, isFolded: info.id.lsn <= folded)
            }
        }
    }

    /// Closes the store and leaves the beginning of a letter in it, which no batch of the ledger is in.
    func tearLetter() throws {
        close()
        guard fileSystem.isAlive else { return }
        let number = tornLetters.count
        let id = DeadLetterID(lsn: 1, part: .max - UInt32(number))
        // Shorter or longer than the smallest letter.
        let bytes = Array("HFDL".utf8) + (0..<(number % 2 == 0 ? 8 : 80)).map(UInt8.init)
        log("a torn letter is left: \(id)")
        try withoutFaults {
            let opening = UInt64.max - UInt64(number)
            let store =
                try objects?.connect(fileSystem)
                ?? LocalObjectStore(fileSystem: fileSystem, root: Self.root, opening: opening)
            try store.replace(id.letterKey, bytes)
        }
        tornLetters[id] = bytes
    }

    /// Whether `problem` is what is to be said of a letter that was left torn.
    func isOfTornLetter(_ problem: String) -> Bool {
        tornLetters.keys.contains { problem.contains($0.description) }
    }

    /// A torn letter stays as it was, under one name or the other.
    func checkTornLetters() throws(Violation) {
        for (id, bytes) in tornLetters
        where contents(id.letterKey) != bytes && contents(id.damagedKey) != bytes {
            throw Violation("the torn letter \(id) is gone")
        }
    }

    /// Replays every letter: those whose rows fit by now are settled, the others refused.
    func replayLetters() throws {
        for info in engine?.deadLetters ?? [] {
            try attempt("replay \(info.id)") { engine throws(StorageError) in
                _ = try engine.replayDeadLetter(info.id)
            }
        }
    }

    /// Discards the oldest letter.
    func discardLetter() throws {
        guard let engine, fileSystem.isAlive, let info = engine.deadLetters.first else { return }
        let rows = try withoutFaults {
            try engine.deadLetter(info.id).map { SimulatedPayload($0.letter.record.payload).ids }
        }
        guard let rows else { return }
        ledger.discard(rows, isCertain: false)
        try attempt("discard \(info.id)") { engine throws(StorageError) in
            if try engine.discardDeadLetter(info.id) == .done {
                ledger.discard(rows, isCertain: true)
            }
        }
    }
}
