import Storage

// What becomes of poisonous rows: they are put aside, replayed once a newer program can hold them, or discarded.

extension World {
    /// Adds the rows in dead letters.
    func addLetters(_ engine: StorageEngine, to found: inout Observation) throws {
        found.hasUnreadLetters = !engine.deadLetterProblems.isEmpty
        for info in engine.deadLetters {
            guard let letter = try engine.deadLetter(info.id)?.letter else { continue }
            let folded = engine.snapshot(space: info.space)?.version.foldedLSN ?? 0
            for id in SimulatedPayload(letter.record.payload).ids {
                found.add(letterRow: id, isFolded: info.id.lsn <= folded)
            }
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
