import Testing

@testable import Simulation

/// Every sentence of the account is said when it is true, of looks at a store that nobody took.
struct LedgerTests {
    /// Rows 0 to 2 and the mark.
    private static let whole = [0, 1, 2, 15]
    private static let ids = whole.map { 1 << 4 | UInt64($0) }

    /// A look at a store that found rows of its one batch.
    private static func look(_ rows: [Int]) -> Observation {
        var found = Observation(batches: 1)
        for row in rows { found.add(1 << 4 | UInt64(row)) }
        return found
    }

    /// An account of one batch of three rows.
    private static func ledger(
        isKept: Bool = false,
        _ change: (inout Ledger) -> Void = { _ in }
    ) -> Ledger {
        var ledger = Ledger()
        let number = ledger.attempt(rows: 3)
        if isKept { ledger.acknowledge(number) }
        change(&ledger)
        return ledger
    }

    /// What is said of a look.
    private static func verdict(
        _ ledger: inout Ledger,
        _ found: Observation,
        afterRecovery: Bool = false
    ) -> String? {
        do throws(Violation) {
            try ledger.settle(found, afterRecovery: afterRecovery)
            return nil
        } catch {
            return error.description
        }
    }

    @Test func whatWasAcknowledgedIsThereOnce() {
        var ledger = Self.ledger(isKept: true)
        for afterRecovery in [false, true] {
            for rows in [Self.whole, []] {
                let found = Self.look(rows)
                let verdict = Self.verdict(&ledger, found, afterRecovery: afterRecovery)
                #expect(verdict == (rows.isEmpty ? "batch 1 is lost" : nil))
            }
        }
        #expect(Self.verdict(&ledger, Self.look(Self.whole + [2])) == "batch 1 was found twice")
        #expect(ledger.acknowledgedCount == 1)
    }

    @Test func nobodySentWhatIsNotInTheAccount() {
        var ledger = Self.ledger(isKept: true)
        var found = Self.look(Self.whole)
        found.add(2 << 4)
        #expect(Self.verdict(&ledger, found) == "row 32 was never sent")
        found = Self.look(Self.whole + [3])
        #expect(Self.verdict(&ledger, found) == "batch 1 has rows that were never sent")
    }

    /// A row of one table is missing, or the one of the other, or all but that.
    @Test(arguments: [[0, 2, 15], [0, 1, 2], [15]])
    func aBatchIsNeverThereByHalf(rows: [Int]) {
        for isKept in [false, true] {
            for afterRecovery in [false, true] {
                var ledger = Self.ledger(isKept: isKept)
                let verdict = Self.verdict(&ledger, Self.look(rows), afterRecovery: afterRecovery)
                #expect(verdict?.hasPrefix("batch 1 is there by half") == true)
            }
        }
    }

    @Test func whatWasRefusedIsNotVisible() {
        var ledger = Self.ledger()
        #expect(Self.verdict(&ledger, Self.look([])) == nil)
        #expect(
            Self.verdict(&ledger, Self.look(Self.whole)) == "batch 1 was refused and is visible"
        )
    }

    @Test func whatRecoveryHasFoundStays() {
        var ledger = Self.ledger()
        #expect(Self.verdict(&ledger, Self.look(Self.whole), afterRecovery: true) == nil)
        #expect(ledger.batches.map(\.fate) == [.kept])
        #expect(Self.verdict(&ledger, Self.look(Self.whole)) == nil)
        #expect(Self.verdict(&ledger, Self.look([]), afterRecovery: true) == "batch 1 is lost")
    }

    /// Retention may drop what is there; it brings nothing back.
    @Test(arguments: [false, true], [false, true])
    func whatRecoveryHasNotFoundNeverComesBack(expires: Bool, afterRecovery: Bool) {
        var ledger = Self.ledger { if expires { $0.expire(Self.ids) } }
        #expect(Self.verdict(&ledger, Self.look([]), afterRecovery: true) == nil)
        #expect(ledger.batches.map(\.fate) == [.gone])
        let found = Self.look(Self.whole)
        let verdict = Self.verdict(&ledger, found, afterRecovery: afterRecovery)
        #expect(verdict == "batch 1 came back")
    }

    @Test func whatRetentionMayDropIsMissedByNobody() {
        for expired in [Self.ids, Self.ids.dropLast(1), []] {
            var ledger = Self.ledger(isKept: true) { $0.expire(expired) }
            let verdict = Self.verdict(&ledger, Self.look([]), afterRecovery: true)
            #expect(verdict == (expired.count == 4 ? nil : "batch 1 is lost"))
        }
    }

    /// What was in memory when retention ran is not its to drop.
    @Test func whatRetentionMayNotDropIsMissed() throws {
        var ledger = Self.ledger(isKept: true) { $0.expire([1 << 4 | 0, 1 << 4 | 1]) }
        #expect(Self.verdict(&ledger, Self.look([2, 15])) == nil)
        let verdict = try #require(Self.verdict(&ledger, Self.look([15])))
        #expect(verdict.hasPrefix("batch 1 is there by half"))
    }

    @Test func whatRetentionHasDroppedNeverComesBack() {
        var ledger = Self.ledger(isKept: true) { $0.expire(Self.ids) }
        #expect(Self.verdict(&ledger, Self.look(Self.whole)) == nil)
        // The segment of one table is dropped before that of the other.
        #expect(Self.verdict(&ledger, Self.look([0, 1, 2])) == nil)
        #expect(Self.verdict(&ledger, Self.look(Self.whole)) == "batch 1 came back")
    }

    @Test func whatSomebodyHasDiscardedMayMissAndThenMustNotBeThere() {
        let row = UInt64(1 << 4 | 1)
        var ledger = Self.ledger(isKept: true) { $0.discard([row], isCertain: false) }
        #expect(Self.verdict(&ledger, Self.look(Self.whole)) == nil)
        #expect(Self.verdict(&ledger, Self.look([0, 2, 15])) == nil)
        ledger.discard([row], isCertain: true)
        #expect(Self.verdict(&ledger, Self.look([0, 2, 15])) == nil)
        for afterRecovery in [false, true] {
            let found = Self.look(Self.whole)
            let verdict = Self.verdict(&ledger, found, afterRecovery: afterRecovery)
            #expect(verdict == "rows of batch 1 were discarded and came back")
        }
        // The others are nobody's to discard.
        let verdict = Self.verdict(&ledger, Self.look([0, 15]))
        #expect(verdict?.hasPrefix("batch 1 is there by half") == true)
    }

    /// Rows in a letter that could not be read are not missed; those of other batches are.
    @Test(arguments: [false, true])
    func anUnreadLetterExcusesItsOwnBatch(isPoisonous: Bool) {
        var ledger = Ledger()
        ledger.acknowledge(ledger.attempt(rows: 3, isPoisonous: isPoisonous))
        var found = Self.look([0, 2, 15])
        found.hasUnreadLetters = true
        #expect((Self.verdict(&ledger, found) == nil) == isPoisonous)
    }

    /// A row in a letter may be in memory, too, until its batch is folded.
    @Test func aRowInALetterIsASecondOneOnceItsBatchIsFolded() {
        for isFolded in [false, true] {
            var ledger = Self.ledger(isKept: true)
            var found = Self.look(Self.whole)
            found.add(letterRow: 1 << 4 | 2, isFolded: isFolded)
            let verdict = Self.verdict(&ledger, found)
            #expect(verdict == (isFolded ? "batch 1 was found twice" : nil))
        }
    }

    /// A batch that was made after the look cannot have been found by it.
    @Test func aLookKnowsNothingOfLaterBatches() {
        var ledger = Self.ledger(isKept: true)
        _ = ledger.attempt(rows: 2)
        #expect(Self.verdict(&ledger, Self.look(Self.whole)) == nil)
        #expect(ledger.batches.map(\.fate) == [.kept, .attempted])
    }
}
