import Testing

@testable import Storage

/// Poisonous rows become letters; their neighbours are committed.
struct IsolationTests {
    /// The ids of the rows that the open letters hold.
    static func ids(inLettersOf engine: StorageEngine) throws -> [UInt64] {
        try engine.deadLetters.flatMap { info -> [UInt64] in
            let letter = try #require(try engine.deadLetter(info.id)).letter
            let first = letter.record.payload.load(UInt64.self, at: 0)
            let count = letter.record.payload.load(UInt64.self, at: 8)
            return (0..<count).map { first + $0 }
        }.sorted()
    }

    @Test func oneRowOfAThousandInOneOfTwentyBatches() throws {
        try withFixture { fixture in
            let engine = try fixture.open(Fixture.strict)
            for batch in 0..<20 {
                let first: UInt64 = batch == 13 ? 5_000_000 : UInt64(batch * 1_000)
                _ = try engine.append([Fixture.batch(first: first, count: 1_000)])
            }
            let sent = try Fixture.ids(engine)
            #expect(try engine.flush(space: "default"))
            let sound = sent.filter { !Fixture.isPoison($0) }
            #expect(sound.count == 19_999)
            #expect(try Fixture.ids(engine) == sound)
            #expect(try Self.ids(inLettersOf: engine) == [5_000_777])
            let letter = try #require(engine.deadLetters.first)
            #expect(letter.id.lsn == 14)
            #expect(letter.error.contains("2000 bytes"))
            // The sound rows of the flush are together again.
            let snapshot = try #require(engine.snapshot(space: "default"))
            #expect(snapshot.memory[0].isEmpty && snapshot.segments(table: 0).count == 1)
            engine.close()
            let reopened = try fixture.open(Fixture.strict)
            #expect(try Fixture.ids(reopened) == sound)
            #expect(try Self.ids(inLettersOf: reopened) == [5_000_777])
        }
    }

    @Test func everyPoisonOfSeveralBatchesIsFound() throws {
        try withFixture { fixture in
            let engine = try fixture.open(Fixture.strict)
            for first: UInt64 in [1, 5_000_000, 2_000, 5_003_500, 5_010_777, 3_000] {
                let count = first == 5_010_777 ? 1 : 2_500
                _ = try engine.append([Fixture.batch(first: first, count: count)])
            }
            let sent = try Fixture.ids(engine)
            try engine.flush(space: "default")
            #expect(try Fixture.ids(engine) == sent.filter { !Fixture.isPoison($0) })
            let poison = sent.filter(Fixture.isPoison)
            #expect(poison.count == 6)
            #expect(try Self.ids(inLettersOf: engine) == poison)
            // A whole batch that is poison keeps its name.
            #expect(engine.deadLetters.contains { $0.id == DeadLetterID(lsn: 5) })
        }
    }

    @Test func aBatchOfManyPoisonsMakesABoundedNumberOfLetters() throws {
        try withFixture { fixture in
            var limits = Fixture.strict
            limits.deadLettersPerBatchMax = 3
            let engine = try fixture.open(limits)
            _ = try engine.append([Fixture.batch(first: 5_000_000, count: 16_000)])
            let sent = try Fixture.ids(engine)
            try engine.flush(space: "default")
            let kept = try Self.ids(inLettersOf: engine)
            #expect(engine.deadLetters.count < 10)
            #expect(kept.filter(Fixture.isPoison) == sent.filter(Fixture.isPoison))
            #expect((try Fixture.ids(engine) + kept).sorted() == sent)
        }
    }

    @Test func aFlushThatWouldPassTheLimitKeepsItsRowsAndSaysWhy() throws {
        try withFixture { fixture in
            var limits = Fixture.strict
            limits.deadLetterBytesMax = 100
            let engine = try fixture.open(limits)
            _ = try engine.append([Fixture.batch(first: 5_000_000, count: 1_000)])
            let sent = try Fixture.ids(engine)
            for _ in 0..<2 {
                let error = #expect(throws: StorageError.self) {
                    try engine.flush(space: "default")
                }
                #expect(error?.code == .wait)
                #expect(error?.message.contains("limit of 100 bytes") == true)
                #expect(try Fixture.ids(engine) == sent)
                #expect(engine.deadLetters.isEmpty)
            }
            engine.close()
            let roomy = try fixture.open(Fixture.strict)
            #expect(try Fixture.ids(roomy) == sent)
            try roomy.flush(space: "default")
            #expect(try Self.ids(inLettersOf: roomy) == [5_000_777])
            #expect(!roomy.deadLettersAreFull)
            roomy.close()
            // What is there already is never thrown away for the limit.
            let tight = try fixture.open(limits)
            #expect(tight.deadLettersAreFull)
            #expect(try Self.ids(inLettersOf: tight) == [5_000_777])
            #expect(try tight.discardDeadLetter(try #require(tight.deadLetters.first).id) == .done)
            #expect(!tight.deadLettersAreFull)
        }
    }

    /// Fails every call of the disk during an isolating flush; afterwards every sound row is there once, and
    /// the poison is one letter, always of the same name.
    @Test(arguments: FaultyFileSystem.Fault.allCases)
    func noFaultDuringIsolationLosesOrDoublesARow(fault: FaultyFileSystem.Fault) throws {
        var call = 0
        var fired = true
        while fired {
            call += 1
            try withFixture { fixture in
                fixture.fileSystem = FaultyFileSystem()
                let sound = try fixture.open(Fixture.strict)
                _ = try sound.append([Fixture.batch(first: 1, count: 5)])
                _ = try sound.append([Fixture.batch(first: 5_000_770, count: 10)])
                sound.close()
                let disk = FaultyFileSystem(fault, at: call)
                fixture.fileSystem = disk
                if let engine = try? fixture.open(Fixture.strict) {
                    _ = try? engine.flush(space: "default")
                    _ = try? engine.flush(space: "default")
                    engine.close()
                }
                fired = disk.hasFired
                fixture.fileSystem = FaultyFileSystem()
                let engine = try fixture.open(Fixture.strict)
                try engine.flush(space: "default")
                let when: Comment = "fault \(fault.rawValue) at call \(call)"
                let expected: [UInt64] =
                    Array(1...5) + (5_000_770...5_000_779).filter { $0 != 5_000_777 }
                #expect(try Fixture.ids(engine) == expected, when)
                #expect(try Self.ids(inLettersOf: engine) == [5_000_777], when)
                #expect(engine.deadLetters.map(\.id) == [DeadLetterID(lsn: 2, part: 14)], when)
            }
            #expect(call < 1_000, "the workload does not end")
        }
        #expect(call > 20)
    }
}
