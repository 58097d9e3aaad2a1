import Foundation
import Testing

@testable import Storage

/// Letters on disk: their bytes, and what is found when those are not what was written.
struct DeadLetterTests {
    private static let storeID = "00000000-0000-4000-8000-000000000000"

    private static let letter = DeadLetter(
        id: DeadLetterID(lsn: 42, part: 5),
        record: JournalRecord(kind: 3, space: "team-a", receivedAt: 7, payload: Array(0..<60)),
        since: 1_800_000_000_000_000_000,
        reason: "\"text\" is too long"
    )

    /// A store with one batch that cannot be decoded, as a letter; closed.
    private static func storeWithLetter(_ fixture: Fixture) throws -> DeadLetterID {
        let engine = try fixture.open()
        _ = try engine.append([undecodable(first: 1), Fixture.batch(first: 10, count: 5)])
        engine.close()
        let reopened = try fixture.open()
        defer { reopened.close() }
        return try #require(reopened.deadLetters.first).id
    }

    /// A batch whose rows are visible until it has to be read back from the journal.
    static func undecodable(first: UInt64, kind: UInt8 = 1) -> PendingBatch {
        PendingBatch(
            record: JournalRecord(kind: kind, space: "default", receivedAt: 3, payload: [1, 2, 3]),
            rows: Fixture.batch(first: first, count: 1).rows
        )
    }

    @Test func aLetterReadsBackAsItWasWritten() throws {
        let bytes = Self.letter.encoded(storeID: Self.storeID)
        let found = try DeadLetter.decode(bytes, id: Self.letter.id, storeID: Self.storeID)
        #expect(found.record.kind == 3 && found.record.space == "team-a")
        #expect(found.record.receivedAt == 7 && found.record.payload == Array(0..<60))
        #expect(found.since == Self.letter.since && found.reason == Self.letter.reason)
    }

    @Test func everyTruncationAndEveryFlippedByteIsRefused() {
        let bytes = Self.letter.encoded(storeID: Self.storeID)
        for position in bytes.indices {
            var flipped = bytes
            flipped[position] ^= 0x10
            for damaged in [flipped, Array(bytes[..<position])] {
                let error = #expect(throws: StorageError.self) {
                    try DeadLetter.decode(damaged, id: Self.letter.id, storeID: Self.storeID)
                }
                #expect(error?.code == .restore, "byte \(position)")
            }
        }
        #expect(throws: StorageError.self) {
            try DeadLetter.decode(bytes, id: DeadLetterID(lsn: 42), storeID: Self.storeID)
        }
        #expect(throws: StorageError.self) {
            try DeadLetter.decode(bytes, id: Self.letter.id, storeID: "another store")
        }
    }

    @Test func everyDamageToAttemptsIsNoticed() {
        let attempts = DeadLetterAttempts(count: 3, nextAt: 9, lastError: "again")
        let bytes = attempts.encoded()
        #expect(DeadLetterAttempts.decode(bytes) == attempts)
        for position in bytes.indices {
            var flipped = bytes
            flipped[position] ^= 1
            #expect(DeadLetterAttempts.decode(flipped) == nil)
            #expect(DeadLetterAttempts.decode(Array(bytes[..<position])) == nil)
        }
    }

    @Test(
        arguments: [(1, "0000000000000001-0001"), (0xabc_def0, "0000000000000001-abcdef0")]
            as [(UInt32, String)]
    )
    func anIDHasOneText(part: UInt32, text: String) {
        #expect(DeadLetterID(lsn: 1, part: part).description == text)
        #expect(DeadLetterID(text) == DeadLetterID(lsn: 1, part: part))
    }

    @Test(arguments: [
        "", "-", "1-1", "0000000000000001", "0000000000000001-", "0000000000000001-1",
        "0000000000000001-0000", "000000000000000A-0001", "0000000000000001-00001",
        "0000000000000001-0001-", "+000000000000001-0001", "0000000000000001-100000000",
    ])
    func whatIsNoIDIsRefused(text: String) {
        #expect(DeadLetterID(text) == nil)
    }

    @Test func theDelayDoublesUpToAnHour() {
        let minutes = (0...9).map { DeadLetterAttempts.delay(after: $0) / 60_000_000_000 }
        #expect(minutes == [1, 2, 4, 8, 16, 32, 60, 60, 60, 60])
    }

    @Test func aBatchThatCannotBeDecodedBecomesALetterAndItsNeighboursAreThere() throws {
        try withFixture { fixture in
            let id = try Self.storeWithLetter(fixture)
            #expect(id == DeadLetterID(lsn: 1))
            let engine = try fixture.open()
            #expect(try Fixture.ids(engine) == Array(10...14))
            let (info, letter) = try #require(try engine.deadLetter(id))
            #expect(letter.record.payload == [1, 2, 3] && letter.record.receivedAt == 3)
            #expect(info.error == "not 24 bytes" && info.space == "default")
            #expect(engine.deadLetterFigures.count == 1)
            // Folding and trimming the journal does not lose it.
            try engine.flush(space: "default")
            try engine.advanceIdleSpaces()
            engine.close()
            let reopened = try fixture.open()
            #expect(reopened.deadLetters.map(\.id) == [id])
            #expect(try Fixture.ids(reopened) == Array(10...14))
        }
    }

    @Test func aKindOfANewerProgramStillKeepsTheStoreClosed() throws {
        try withFixture { fixture in
            let engine = try fixture.open()
            _ = try engine.append([Self.undecodable(first: 1, kind: 9)])
            engine.close()
            let error = #expect(throws: StorageError.self) { try fixture.open() }
            #expect(error?.code == .restore)
            #expect(try PosixFileSystem().list(fixture.directory + "/dead-letters").isEmpty)
        }
    }

    @Test(arguments: [0, 1, 60])
    func aDamagedLetterIsSetAsideAndStopsNothing(keptBytes: Int) throws {
        try withFixture { fixture in
            let id = try Self.storeWithLetter(fixture)
            // Folded, so that the journal does not write the letter again.
            let folding = try fixture.open()
            try folding.flush(space: "default")
            folding.close()
            try Fixture.edit(fixture.directory + "/" + id.letterKey) {
                $0.removeLast($0.count - keptBytes)
            }
            let inspection = try StoreInspection(
                environment: Environment(),
                dataDirectory: fixture.directory,
                catalog: [Fixture.table]
            )
            #expect(try inspection.verify(decoder: Fixture.decoder) { _ in }.problems.count == 1)
            let engine = try fixture.open()
            #expect(engine.deadLetters.isEmpty)
            #expect(engine.deadLetterProblems.count == 1)
            #expect(try engine.store.byteCount(id.damagedKey) == keptBytes)
            #expect(try engine.store.byteCount(id.letterKey) == nil)
            #expect(try Fixture.ids(engine) == Array(10...14))
            engine.close()
            #expect(try fixture.open().deadLetterProblems.isEmpty)
        }
    }

    /// Counting them from nothing would give the letter more than the limit.
    @Test func aLetterWhoseAttemptsCannotBeReadWaitsForThem() throws {
        try withFixture { fixture in
            let id = try Self.storeWithLetter(fixture)
            let folding = try fixture.open()
            try folding.flush(space: "default")
            folding.close()
            let path = fixture.directory + "/" + id.attemptsKey
            try FileManager.default.createDirectory(
                atPath: path,
                withIntermediateDirectories: false
            )
            var engine = try fixture.open()
            #expect(engine.deadLetters.isEmpty)
            #expect(engine.deadLetterProblems.count == 1)
            engine.close()
            try FileManager.default.removeItem(atPath: path)
            let attempts = DeadLetterAttempts(count: 3, nextAt: 9, lastError: "again")
            try Data(attempts.encoded()).write(to: URL(filePath: path))
            engine = try fixture.open()
            #expect(engine.deadLetters.first?.attempts == attempts)
        }
    }

    /// Counting them from nothing would give the letter its limit once more, at every damage.
    @Test(arguments: [0, 4, 30])
    func aLetterWhoseAttemptsAreDamagedWaitsForAPerson(keptBytes: Int) throws {
        try withFixture { fixture in
            let id = try Self.storeWithLetter(fixture)
            var engine = try fixture.open()
            #expect(try engine.replayDeadLetter(id) == .refused("not 24 bytes"))
            #expect(engine.deadLetters.first?.attempts.nextAt != nil)
            engine.close()
            try Fixture.edit(fixture.directory + "/" + id.attemptsKey) {
                $0.removeLast($0.count - keptBytes)
            }
            fixture.clock.advance(seconds: 1 << 20)
            engine = try fixture.open()
            #expect(engine.dueDeadLetters().isEmpty)
            let letter = try #require(engine.deadLetters.first)
            #expect(letter.id == id && letter.attempts.nextAt == nil)
            #expect(letter.error.hasPrefix("not 24 bytes; "))
            #expect(engine.deadLetterProblems.count == 1)
            #expect(engine.deadLetterProblems.first?.contains(id.attemptsKey) == true)
            // A person is not held back, and what a person does makes nothing due.
            #expect(try engine.replayDeadLetter(id) == .refused("not 24 bytes"))
            for _ in 0..<2 {
                fixture.clock.advance(seconds: 1 << 20)
                #expect(engine.dueDeadLetters().isEmpty)
                #expect(engine.deadLetters.first?.attempts.count == 1)
                engine.close()
                engine = try fixture.open()
                #expect(engine.deadLetterProblems.isEmpty)
            }
        }
    }

    @Test(arguments: [0, 4, 30])
    func attemptsThatAreDamagedAreFoundOffline(keptBytes: Int) throws {
        try withFixture { fixture in
            let id = try Self.storeWithLetter(fixture)
            let engine = try fixture.open()
            #expect(try engine.replayDeadLetter(id) == .refused("not 24 bytes"))
            engine.close()
            let inspection = try StoreInspection(
                environment: Environment(),
                dataDirectory: fixture.directory,
                catalog: [Fixture.table]
            )
            let sound = try inspection.verify(decoder: Fixture.decoder) { _ in }
            #expect(sound.problems.isEmpty && sound.deadLetters == 1)
            try Fixture.edit(fixture.directory + "/" + id.attemptsKey) {
                $0.removeLast($0.count - keptBytes)
            }
            let damaged = try inspection.verify(decoder: Fixture.decoder) { _ in }
            #expect(damaged.problems.count == 1 && damaged.deadLetters == 1)
            #expect(damaged.problems.first?.contains(id.attemptsKey) == true)
        }
    }

    @Test func aDamagedLetterIsWrittenAgainWhileTheJournalHasTheBatch() throws {
        try withFixture { fixture in
            let id = try Self.storeWithLetter(fixture)
            try Fixture.edit(fixture.directory + "/" + id.letterKey) { $0[30] ^= 1 }
            let engine = try fixture.open()
            #expect(engine.deadLetters.map(\.id) == [id])
            #expect(try engine.deadLetter(id)?.letter.record.payload == [1, 2, 3])
        }
    }

    /// A discard may fail and be done nevertheless.
    @Test func aLetterThatIsGoneIsUnknown() throws {
        try withFixture { fixture in
            let id = try Self.storeWithLetter(fixture)
            let folding = try fixture.open()
            try folding.flush(space: "default")
            folding.close()
            let path = fixture.directory + "/" + id.letterKey
            for ask in [
                { (engine: StorageEngine) in try engine.deadLetter(id) == nil },
                { engine in try engine.replayDeadLetter(id) == .unknown },
            ] {
                let engine = try fixture.open()
                #expect(engine.deadLetters.map(\.id) == [id])
                let bytes = try #require(try engine.store.get(id.letterKey))
                try PosixFileSystem().remove(path)
                #expect(try ask(engine))
                #expect(engine.deadLetters.isEmpty && engine.deadLetterFigures.bytes == 0)
                engine.close()
                let file = try PosixFileSystem().open(path, .create)
                try bytes.withBytes { bytes throws(FileError) in try file.writeAll(bytes, at: 0) }
            }
        }
    }

    @Test func aLetterThatIsDamagedWhenItIsReplayedUsesUpNoAttempt() throws {
        try withFixture { fixture in
            let id = try Self.storeWithLetter(fixture)
            let engine = try fixture.open()
            try engine.flush(space: "default")
            try Fixture.edit(fixture.directory + "/" + id.letterKey) { $0[30] ^= 1 }
            let error = #expect(throws: StorageError.self) { try engine.replayDeadLetter(id) }
            #expect(error?.code == .restore)
            #expect(try engine.store.byteCount(id.attemptsKey) == nil)
            #expect(try engine.replayDeadLetter(id) == .unknown)
        }
    }
}
