import Synchronization

// Replaying and discarding dead letters.
//
// replay: fold the batch's LSN, else the journal would bring it back · count the attempt · decode · segments · one
// manifest that names the segments and the letter as settled · later, delete the letter. A crash before the manifest:
// the letter is as it was, with one attempt more. After it: the letter is settled; nobody sees it, replaying it again
// changes nothing, and the next maintenance deletes it.
// discard: fold the LSN · delete the letter durably.
// The attempt is counted before it is made, so that a letter that kills the process does so a limited number of times.

/// How a replay or discard ended.
package enum DeadLetterOutcome: Sendable, Equatable {
    case done
    /// There is no letter of that id.
    case unknown
    /// The letter cannot be applied; it is kept.
    case refused(String)
}

extension StorageEngine {
    /// Letters that wait for a replay or for a person, the oldest batch first.
    package var deadLetters: [DeadLetterInfo] { letters.open }

    /// How many letters wait, and how many bytes they take.
    package var deadLetterFigures: (count: Int, bytes: Int) { letters.figures }

    /// What was found wrong with letters since the engine was opened, a sentence each.
    package var deadLetterProblems: [String] { letters.problems }

    /// Whether new work is refused because letters take as many bytes as they may, or would if the next
    /// flush of a space wrote those it needs.
    package var deadLettersAreFull: Bool {
        let wanted = state.withLock { $0.spaces.values.map(\.letterBytesWanted).max() ?? 0 }
        return letters.figures.bytes + max(wanted, 1) > limits.deadLetterBytesMax
    }

    /// One letter with its payload; nil when there is none of that id.
    package func deadLetter(
        _ id: DeadLetterID
    ) throws(StorageError) -> (info: DeadLetterInfo, letter: DeadLetter)? {
        guard let info = letters.info(id), !info.isSettled else { return nil }
        return try letters.read(id, setsAside: false).map { (info, $0) }
    }

    /// Letters whose next automatic replay is due.
    package func dueDeadLetters() -> [DeadLetterID] {
        guard letters.figures.count > 0 else { return [] }
        let now = environment.clock.now()
        return letters.open.filter { letter in
            letter.attempts.count < limits.deadLetterAttemptsMax
                && letter.attempts.nextAt.map { $0 <= now } ?? false
        }.map(\.id)
    }

    /// Applies a letter through the commit door, exactly once however often this is called.
    ///
    /// - Returns: `.done` when its rows are in a durable version, now or since an earlier call.
    /// - Throws: the letter is unchanged, or damaged and set aside (`.restore`); what failed is not the
    ///   letter's fault and no attempt of it is used up.
    package func replayDeadLetter(_ id: DeadLetterID) throws(StorageError) -> DeadLetterOutcome {
        guard let name = letters.info(id)?.space else {
            return isSettled(id) ? .done : .unknown
        }
        let space = try space(of: id, name)
        return try space.maintenance.withLock { _ throws(StorageError) -> DeadLetterOutcome in
            try foldLocked(space, through: id.lsn)
            guard let info = letters.info(id) else { return .unknown }
            if info.isSettled { return .done }
            guard let letter = try letters.read(id, setsAside: true) else { return .unknown }
            do throws(FlushFault) {
                try begin(info)
                try apply(letter, space)
                return .done
            } catch {
                switch error {
                case .poisoned(let reason): return try refuse(info, reason)
                case .failed(let error):
                    // Not the letter's fault: it has its attempt back.
                    if letters.info(id)?.isSettled == false {
                        try? letters.record(info.attempts, id)
                    }
                    throw error
                }
            }
        }
    }

    /// Deletes a letter for good.
    ///
    /// - Returns: `.done` when it is durably gone.
    package func discardDeadLetter(_ id: DeadLetterID) throws(StorageError) -> DeadLetterOutcome {
        guard let info = letters.info(id), !info.isSettled else { return .unknown }
        let space = try space(of: id, info.space)
        return try space.maintenance.withLock { _ throws(StorageError) -> DeadLetterOutcome in
            try foldLocked(space, through: id.lsn)
            guard let info = letters.info(id), !info.isSettled else { return .unknown }
            // An unseen version may have its rows.
            try space.door.checkOpen()
            try environment.reach(.letterDiscardPre)
            try fence.check()
            try letters.remove(id)
            try environment.reach(.letterDiscardPost)
            return .done
        }
    }

    /// Puts an automatic replay off that failed for another reason than the letter.
    package func postponeDeadLetter(_ id: DeadLetterID) {
        letters.postpone(id, to: environment.clock.now() + DeadLetterAttempts.delay(after: 0))
    }

    /// Deletes settled letters of `space` and, once they are gone, what its manifest says of them.
    package func collectDeadLetters(space name: String) throws(StorageError) {
        guard let space = state.withLock({ $0.spaces[name]?.space }) else { return }
        try space.maintenance.withLock { _ throws(StorageError) in
            let (settled, previous) = state.withLock { state in
                let entry = state.spaces[name]
                return (entry?.version.settledLetters ?? [], entry?.previousSettled ?? [])
            }
            guard !settled.isEmpty else { return }
            try fence.check()
            // One damaged manifest may be stepped over: the one before must settle the letter too.
            for id in settled.intersection(previous).sorted() where letters.holds(id) {
                try environment.reach(.letterCollect)
                try letters.remove(id)
            }
            var change = SpaceChange(operation: "settle")
            change.forgotten = try goneLetters(space)
            try swap(try space.door.commit(change), space: name, dropFrozen: false)
        }
    }

    // MARK: - Parts

    private func isSettled(_ id: DeadLetterID) -> Bool {
        state.withLock { $0.spaces.values.contains { $0.version.settledLetters.contains(id) } }
    }

    private func space(of id: DeadLetterID, _ name: String) throws(StorageError) -> Space {
        guard let space = state.withLock({ $0.spaces[name]?.space }) else {
            throw StorageError(
                .fixRequest,
                "dead letter \(id) belongs to space \(name), which does not exist",
                remedy: "create the space, or delete \(id.letterKey) by hand"
            )
        }
        return space
    }

    /// Folds the batches of `space` up to `lsn`, so that the journal brings none of them back.
    private func foldLocked(_ space: Space, through lsn: UInt64) throws(StorageError) {
        func isFolded() -> Bool {
            state.withLock { ($0.spaces[space.name]?.version.foldedLSN ?? 0) >= lsn }
        }
        if isFolded() { return }
        if try !flushLocked(space), !isFolded() {
            // Between two appends: a space without rows in memory has folded everything.
            let last = journal.withLock { journal -> UInt64? in
                state.withLock { state in
                    guard let entry = state.spaces[space.name], entry.active.isEmpty,
                        entry.frozen.isEmpty
                    else { return nil }
                    return journal.lastLSN
                }
            }
            if let last { try advance(space, to: last) }
        }
        guard isFolded() else {
            throw StorageError(
                .retry,
                "space \(space.name) could not be folded up to batch \(lsn)",
                remedy: "try again"
            )
        }
    }

    /// Counts an attempt, durably, before it is made.
    private func begin(_ info: DeadLetterInfo) throws(FlushFault) {
        do throws(StorageError) {
            try letters.record(next(info, "the replay did not come to an end"), info.id)
        } catch {
            throw .failed(error)
        }
    }

    private func refuse(
        _ info: DeadLetterInfo,
        _ reason: String
    ) throws(StorageError) -> DeadLetterOutcome {
        try letters.record(next(info, reason), info.id)
        return .refused(reason)
    }

    private func next(_ info: DeadLetterInfo, _ error: String) -> DeadLetterAttempts {
        let count = info.attempts.count + 1
        // Once only a person may ask, it stays so: the count may be of no use.
        let isLast = info.attempts.nextAt == nil || count >= limits.deadLetterAttemptsMax
        let next = environment.clock.now() + DeadLetterAttempts.delay(after: count)
        return DeadLetterAttempts(count: count, nextAt: isLast ? nil : next, lastError: error)
    }

    /// Commits the rows of a letter and, with them, that it is settled.
    private func apply(_ letter: DeadLetter, _ space: Space) throws(FlushFault) {
        let outcome: BatchDecoder.Outcome
        do throws(StorageError) {
            outcome = try decoder.decode(letter.record)
        } catch {
            throw .failed(error)
        }
        switch outcome {
        case .poisoned(let reason): throw .poisoned(reason)
        case .rows(let batch):
            var change = SpaceChange(operation: "replay")
            let lsn = letter.id.lsn
            change.added = try writeSegments(byTable([batch]), space.name, lsns: lsn...lsn)
            change.replayed = letter.id
            change.settled = [letter.id]
            do throws(StorageError) {
                change.forgotten = try goneLetters(space)
                try environment.reach(.letterReplayCommitPre)
                let version = try space.door.commit(change)
                try swap(version, space: space.name, dropFrozen: false)
                letters.settle(change.settled)
                try environment.reach(.letterReplaySettled)
            } catch {
                throw .failed(error)
            }
        }
    }
}
