// What the clients of a simulated store were told, and what must therefore be found.
//
// acknowledged <= found <= attempted, each batch exactly once, never half of one. What an attempt came to, recovery
// decides once: a batch that was found stays, a batch that was not never comes back. A row in a dead letter counts as
// found; a row whose letter was discarded is gone for good.

/// A promise that was broken.
package struct Violation: Error, Sendable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}

/// The rows that one look at a store found, by batch.
package struct Observation: Equatable, Sendable {
    /// Bit `i` is set when row `i` of the batch was found; bit 15 is its mark.
    package private(set) var rows: [UInt16]
    /// Batches with a row that was found twice.
    package private(set) var doubled: [UInt64] = []
    /// Rows of batches that nobody has attempted.
    package private(set) var strange: [UInt64] = []
    /// Whether a letter could not be read when the store was opened: rows in it are not found.
    package var hasUnreadLetters = false

    package init(batches: Int) { rows = Array(repeating: 0, count: batches + 1) }

    package mutating func add(_ id: UInt64) {
        let batch = id >> 4
        guard batch > 0, batch < UInt64(rows.count) else {
            strange.append(id)
            return
        }
        let bit = UInt16(1) << UInt16(id & 15)
        if rows[Int(batch)] & bit != 0 { doubled.append(batch) }
        rows[Int(batch)] |= bit
    }

    /// Adds a row of a dead letter.
    ///
    /// Until its batch is folded, the row may be in memory too.
    package mutating func add(letterRow id: UInt64, isFolded: Bool) {
        let batch = Int(truncatingIfNeeded: id >> 4)
        let isThere = rows.indices.contains(batch) && rows[batch] & 1 << UInt16(id & 15) != 0
        if isFolded || !isThere { add(id) }
    }
}

/// The account of every batch that was attempted.
package struct Ledger: Sendable {
    /// What became of an attempt.
    package enum Fate: Sendable, Equatable {
        /// Nobody was told that it is kept.
        case attempted
        /// Kept: the client was told, or recovery has found it.
        case kept
        /// Recovery has not found it.
        case gone
    }

    package struct Batch: Sendable {
        package var fate: Fate
        package var rows: Int
        /// Rows that retention may have dropped.
        package var mayExpire: UInt16 = 0
        /// Rows that have been there at the last look; what retention has dropped stays away.
        var present: UInt16 = .max
        /// A row of it is poisonous.
        package var isPoisonous = false
        /// Rows whose letter somebody may have discarded, and those whose letter is discarded for certain.
        package var mayMiss: UInt16 = 0
        package var discarded: UInt16 = 0

        var mask: UInt16 { 1 << 15 | (UInt16(1) << UInt16(rows)) - 1 }
    }

    /// Batch `n` is at index `n - 1`.
    package private(set) var batches: [Batch] = []
    package private(set) var acknowledgedCount = 0

    package init() {}

    /// Enters an attempt and returns its number.
    package mutating func attempt(rows: Int, isPoisonous: Bool = false) -> UInt64 {
        batches.append(Batch(fate: .attempted, rows: rows, isPoisonous: isPoisonous))
        return UInt64(batches.count)
    }

    /// Enters that the client was told "success".
    package mutating func acknowledge(_ number: UInt64) {
        batches[Int(number) - 1].fate = .kept
        acknowledgedCount += 1
    }

    /// Enters that rows may be dropped by retention from now on.
    package mutating func expire(_ ids: [UInt64]) {
        for id in ids { batches[Int(id >> 4) - 1].mayExpire |= 1 << UInt16(id & 15) }
    }

    /// Enters that rows may be discarded from now on, or are for certain.
    package mutating func discard(_ ids: [UInt64], isCertain: Bool) {
        for id in ids {
            let index = Int(id >> 4) - 1
            batches[index].mayMiss |= 1 << UInt16(id & 15)
            if isCertain { batches[index].discarded |= 1 << UInt16(id & 15) }
        }
    }

    /// Enters that the newest version is damaged: what it dropped may come back.
    package mutating func stepBack() {
        for index in batches.indices {
            batches[index].present = .max
            batches[index].discarded = 0
        }
    }

    /// Compares what was found with what was promised.
    ///
    /// - Parameters:
    ///   - found: the rows of one look at the store.
    ///   - afterRecovery: whether the store has just been opened: attempts are settled then.
    /// - Throws: the first promise that was broken.
    package mutating func settle(_ found: Observation, afterRecovery: Bool) throws(Violation) {
        if let batch = found.doubled.first { throw Violation("batch \(batch) was found twice") }
        if let id = found.strange.first { throw Violation("row \(id) was never sent") }
        for index in batches.indices {
            let batch = batches[index]
            // Batches made after the look cannot have been found by it.
            let rows = index + 1 < found.rows.count ? found.rows[index + 1] : 0
            if rows & ~batch.mask != 0 {
                throw Violation("batch \(index + 1) has rows that were never sent")
            }
            if rows & batch.discarded != 0 {
                throw Violation("rows of batch \(index + 1) were discarded and came back")
            }
            if batch.isPoisonous, found.hasUnreadLetters { continue }
            if batch.mayExpire != 0 {
                guard index + 1 < found.rows.count else { continue }
                if rows & batch.mayExpire & ~batch.present != 0 {
                    throw Violation("batch \(index + 1) came back")
                }
                batches[index].present = rows
            }
            let isWhole = rows | batch.mayMiss | batch.mayExpire == batch.mask
            if rows != 0, !isWhole {
                throw Violation(
                    "batch \(index + 1) is there by half: rows \(String(rows, radix: 2))"
                )
            }
            switch batch.fate {
            case .kept:
                if !isWhole { throw Violation("batch \(index + 1) is lost") }
            case .gone:
                if rows != 0 { throw Violation("batch \(index + 1) came back") }
            case .attempted:
                if afterRecovery {
                    batches[index].fate = rows == 0 ? .gone : .kept
                } else if rows != 0 {
                    throw Violation("batch \(index + 1) was refused and is visible")
                }
            }
        }
    }
}
