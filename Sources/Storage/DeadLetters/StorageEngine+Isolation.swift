import Synchronization

// Keeping poisoned rows from blocking their neighbours.
//
// A flush that fails for a reason that lies in the rows reads the batches it folds back from the journal, finds the
// poison by bisection (nothing is published meanwhile), makes it dead letters, durably, and writes the rest. The
// manifest that folds the batches comes last. A crash before it: the journal still has every batch, and the next
// flush finds the same poison and the same letters. A letter of an unfolded batch that a later flush does not find
// poisoned (a limit was raised, the program is newer) is settled by that flush's manifest: its rows are in it.

extension StorageEngine {
    /// Writes the batches of `space` in `lsns`, which begin above its folded LSN, but for what can never be
    /// written, which becomes dead letters.
    ///
    /// - Returns: the segments by table, and the letters, which are durable.
    /// - Throws: nothing may be folded; `.wait` when there is no room for the letters.
    func isolate(
        _ space: Space,
        _ lsns: ClosedRange<UInt64>,
        _ reason: String
    ) throws(StorageError) -> (added: [String: [SegmentInfo]], poisoned: Set<DeadLetterID>) {
        let fault = { (batches: [DecodedBatch]) throws(StorageError) -> String? in
            do throws(FlushFault) {
                _ = try self.writeSegments(
                    self.byTable(batches),
                    space.name,
                    lsns: lsns,
                    isRehearsal: true
                )
                return nil
            } catch {
                guard case .poisoned(let reason) = error else { throw error.storageError }
                return reason
            }
        }
        var search = PoisonSearch(
            decoder: decoder,
            lettersPerBatchMax: limits.deadLettersPerBatchMax,
            now: environment.clock.now(),
            fault: fault
        )
        var units: [PoisonSearch.Unit] = []
        for (lsn, record) in try journaled(space, through: lsns.upperBound) {
            let id = DeadLetterID(lsn: lsn)
            switch try decoder.decode(record) {
            case .rows(let batch): units.append(.init(id: id, record: record, batch: batch))
            case .poisoned(let reason): search.keep(id, record, reason)
            }
        }
        try search.search(units[...])
        try search.join()
        try makeRoom(for: search.letters, of: space, reason)
        for letter in search.letters {
            // A process that was replaced would bring back what its successor has discarded.
            try fence.check()
            try letters.keep(letter)
        }
        var added: [String: [SegmentInfo]] = [:]
        for batches in search.sound {
            do throws(FlushFault) {
                let segments = try writeSegments(byTable(batches), space.name, lsns: lsns)
                added.merge(segments) { $0 + $1 }
            } catch {
                abandon(added, space.name)
                throw error.storageError
            }
        }
        return (added, Set(search.letters.map(\.id)))
    }

    /// The rows of batches by the position of their table.
    func byTable(_ batches: [DecodedBatch]) -> [[TableRows]] {
        var rows = [[TableRows]](repeating: [], count: catalog.count)
        for table in batches.lazy.flatMap(\.tables) where table.rowCount > 0 {
            rows[table.table].append(table)
        }
        return rows
    }

    /// The batches of `space` above its folded LSN up to `cut`, as they stand in the journal.
    private func journaled(
        _ space: Space,
        through cut: UInt64
    ) throws(StorageError) -> [(UInt64, JournalRecord)] {
        let (folded, most) = state.withLock { state in
            (
                state.spaces[space.name]?.version.foldedLSN ?? 0,
                state.spaces.values.map(\.version.foldedLSN).max() ?? 0
            )
        }
        let reader = JournalRecovery(
            environment: environment,
            directory: dataDirectory + "/journal",
            storeID: storeID,
            accepted: recovery.lost
        )
        var records: [(UInt64, JournalRecord)] = []
        // Groups up to `cut` are durable and stay as they are; the newer ones are being written.
        let found = try reader.run(folded: folded...max(folded, most), through: cut) {
            lsn,
            record in
            if record.space == space.name, lsn > folded, lsn <= cut {
                records.append((lsn, record))
            }
        }
        guard found.lastLSN >= cut else {
            throw StorageError(
                .retry,
                "the journal ends at batch \(found.lastLSN), and batch \(cut) was acknowledged",
                remedy: "check the disk; its rows stay in memory for as long as this process lives"
            )
        }
        return records
    }

    // MARK: - Room

    /// Refuses letters that would pass the limit, and remembers it, so that the search is not repeated
    /// before there is room.
    private func makeRoom(
        for found: [DeadLetter],
        of space: Space,
        _ reason: String
    ) throws(StorageError) {
        let wanted = letters.newBytes(found)
        let isTooMuch = wanted > 0 && letters.figures.bytes + wanted > limits.deadLetterBytesMax
        state.withLock { $0.spaces[space.name]?.letterBytesWanted = isTooMuch ? wanted : 0 }
        if isTooMuch { throw noRoom(space, wanted, reason) }
    }

    /// Refuses a flush that is known to need more letters than there is room for.
    func checkRoomForLetters(_ space: Space) throws(StorageError) {
        let wanted = state.withLock { $0.spaces[space.name]?.letterBytesWanted ?? 0 }
        guard wanted > 0, letters.figures.bytes + wanted > limits.deadLetterBytesMax else { return }
        throw noRoom(space, wanted, "rows of it cannot be written")
    }

    private func noRoom(_ space: Space, _ wanted: Int, _ reason: String) -> StorageError {
        StorageError(
            .wait,
            "space \(space.name) is not flushed: \(wanted) bytes of new dead letters (\(reason)) would pass "
                + "the limit of \(limits.deadLetterBytesMax) bytes; its rows stay in memory and in the journal",
            remedy: "replay or discard dead letters: `holdfast dead-letters list`"
        )
    }

    // MARK: - Settling

    /// Letters of `space` whose batch is folded by `cut` and was not found poisoned.
    ///
    /// `found` are those of this flush.
    func unpoisoned(
        _ space: Space,
        through cut: UInt64,
        _ found: Set<DeadLetterID>
    ) -> Set<DeadLetterID> {
        let (folded, known) = state.withLock { state in
            let entry = state.spaces[space.name]
            return (entry?.version.foldedLSN ?? 0, entry?.poisoned ?? [])
        }
        let unfolded = letters.open.lazy.filter {
            $0.space == space.name && $0.id.lsn > folded && $0.id.lsn <= cut
        }
        return Set(unfolded.map(\.id)).subtracting(found).subtracting(known)
    }

    /// Letters that the newest version of `space` settles and that are durably gone.
    func goneLetters(_ space: Space) throws(StorageError) -> Set<DeadLetterID> {
        let settled = state.withLock { $0.spaces[space.name]?.version.settledLetters ?? [] }
        let gone = settled.filter { !letters.holds($0) }
        // One that was deleted before a crash may be back after a loss of power; unsettled, it would be a second row.
        for id in gone.sorted() { try letters.remove(id) }
        if !gone.isEmpty { try environment.reach(.letterForget) }
        return gone
    }
}
