import Testing

@testable import Storage

/// Letters are applied exactly once, or discarded for good.
struct ReplayTests {
    private static let sent: [UInt64] = Array(1...5) + Array(5_000_770...5_000_779)
    private static let id = DeadLetterID(lsn: 2, part: 14)

    /// A closed store with one letter: row 5,000,777, too long for `strict` limits.
    private static func prepare(_ fixture: Fixture) throws {
        let engine = try fixture.open(Fixture.strict)
        defer { engine.close() }
        _ = try engine.append([Fixture.batch(first: 1, count: 5)])
        _ = try engine.append([Fixture.batch(first: 5_000_770, count: 10)])
        try engine.flush(space: "default")
        #expect(engine.deadLetters.map(\.id) == [id])
    }

    private static func settled(_ engine: StorageEngine) -> Set<DeadLetterID> {
        engine.snapshot(space: "default")?.version.settledLetters ?? []
    }

    @Test func aLetterIsReplayedOnceHoweverOftenItIsAskedFor() throws {
        try withFixture { fixture in
            try Self.prepare(fixture)
            let engine = try fixture.open()
            #expect(try engine.replayDeadLetter(Self.id) == .done)
            #expect(try Fixture.ids(engine) == Self.sent)
            #expect(engine.deadLetters.isEmpty && engine.deadLetterFigures.bytes == 0)
            #expect(try engine.replayDeadLetter(Self.id) == .done)
            #expect(try engine.discardDeadLetter(Self.id) == .unknown)
            #expect(try Fixture.ids(engine) == Self.sent)
            engine.close()
            let reopened = try fixture.open()
            #expect(reopened.deadLetters.isEmpty)
            #expect(try reopened.replayDeadLetter(Self.id) == .done)
            #expect(try Fixture.ids(reopened) == Self.sent)
        }
    }

    @Test func aSettledLetterIsDeletedAndThenForgotten() throws {
        try withFixture { fixture in
            try Self.prepare(fixture)
            let engine = try fixture.open()
            #expect(try engine.replayDeadLetter(Self.id) == .done)
            // Only one version settles it yet.
            try engine.collectDeadLetters(space: "default")
            #expect(try engine.store.byteCount(Self.id.letterKey) != nil)
            try engine.collectDeadLetters(space: "default")
            #expect(try engine.store.list(DeadLetterID.folder).isEmpty)
            #expect(Self.settled(engine).isEmpty)
            let version = try #require(engine.snapshot(space: "default")).version.id
            try engine.collectDeadLetters(space: "default")
            #expect(engine.snapshot(space: "default")?.version.id == version)
            #expect(try engine.replayDeadLetter(Self.id) == .unknown)
            engine.close()
            #expect(try Fixture.ids(try fixture.open()) == Self.sent)
        }
    }

    @Test func aDamagedManifestOfAReplayBringsTheLetterBack() throws {
        try withFixture { fixture in
            try Self.prepare(fixture)
            let engine = try fixture.open()
            #expect(try engine.replayDeadLetter(Self.id) == .done)
            let newest = try #require(try SpaceVersion.list(engine.store, space: "default").last)
            let key = Manifest.key(space: "default", id: newest)
            var bytes = try #require(try engine.store.get(key))
            bytes[40] ^= 1
            _ = try engine.store.put(key, bytes, .always)
            engine.close()
            let reopened = try fixture.open()
            #expect(try Fixture.ids(reopened).count == 14)
            #expect(reopened.deadLetters.map(\.id) == [Self.id])
            #expect(try reopened.replayDeadLetter(Self.id) == .done)
            #expect(try Fixture.ids(reopened) == Self.sent)
        }
    }

    @Test func aRefusedReplayCountsBacksOffAndStopsAtTheLimit() throws {
        try withFixture { fixture in
            var limits = Fixture.strict
            limits.deadLetterAttemptsMax = 3
            try Self.prepare(fixture)
            var engine = try fixture.open(limits)
            #expect(engine.dueDeadLetters().isEmpty)
            for (attempt, minutes) in [(1, 1), (2, 2), (3, 4)] as [(Int, UInt64)] {
                fixture.clock.advance(seconds: minutes * 60 - 1)
                #expect(engine.dueDeadLetters().isEmpty)
                fixture.clock.advance(seconds: 1)
                #expect(engine.dueDeadLetters() == [Self.id])
                guard case .refused(let reason) = try engine.replayDeadLetter(Self.id) else {
                    Issue.record("the replay was not refused")
                    return
                }
                #expect(reason.contains("2000 bytes"))
                engine.close()
                engine = try fixture.open(limits)
                #expect(engine.deadLetters.first?.attempts.count == attempt)
                #expect(engine.deadLetters.first?.error == reason)
            }
            #expect(engine.deadLetters.first?.attempts.nextAt == nil)
            fixture.clock.advance(seconds: 1 << 20)
            #expect(engine.dueDeadLetters().isEmpty)
            // A person is not held back.
            _ = try engine.replayDeadLetter(Self.id)
            #expect(engine.deadLetters.first?.attempts.count == 4)
            engine.close()
            let roomy = try fixture.open()
            #expect(try roomy.replayDeadLetter(Self.id) == .done)
            #expect(try Fixture.ids(roomy) == Self.sent)
        }
    }

    @Test func aFaultOfTheDiskUsesUpNoAttempt() throws {
        try withFixture { fixture in
            try Self.prepare(fixture)
            for call in 1... {
                let disk = FaultyFileSystem(.error, at: call)
                fixture.fileSystem = disk
                defer { fixture.fileSystem = FaultyFileSystem() }
                guard let engine = try? fixture.open() else { continue }
                let result = Result { try engine.replayDeadLetter(Self.id) }
                engine.close()
                if case .success(let outcome) = result {
                    #expect(outcome == .done)
                    break
                }
                fixture.fileSystem = FaultyFileSystem()
                let after = try fixture.open()
                #expect(after.deadLetters.allSatisfy { $0.attempts.count == 0 }, "call \(call)")
                after.close()
            }
        }
    }

    @Test func aDiscardedLetterStaysAway() throws {
        try withFixture { fixture in
            let engine = try fixture.open()
            _ = try engine.append([DeadLetterTests.undecodable(first: 1)])
            engine.close()
            let id = DeadLetterID(lsn: 1)
            // Its batch is not folded: only the journal has it, besides the letter.
            let reopened = try fixture.open()
            #expect(reopened.deadLetters.map(\.id) == [id])
            #expect(try reopened.discardDeadLetter(id) == .done)
            #expect(try reopened.discardDeadLetter(id) == .unknown)
            reopened.close()
            let again = try fixture.open()
            #expect(again.deadLetters.isEmpty)
            #expect(try Fixture.ids(again).isEmpty)
            #expect(try again.replayDeadLetter(id) == .unknown)
        }
    }

    @Test func aLetterWhoseBatchIsAppliedAfterAllIsSettledByTheFlush() throws {
        try withFixture { fixture in
            let engine = try fixture.open()
            _ = try engine.append([DeadLetterTests.undecodable(first: 1)])
            engine.close()
            let older = try fixture.open()
            #expect(older.deadLetters.count == 1)
            older.close()
            // A newer program can decode it, and the journal still has it.
            let newer = BatchDecoder(
                decode: { _ in .rows(Fixture.batch(first: 1, count: 1).rows) },
                split: { _ in nil }
            )
            let reopened = try fixture.open(decoder: newer)
            #expect(try Fixture.ids(reopened) == [1])
            #expect(try reopened.replayDeadLetter(DeadLetterID(lsn: 1)) == .done)
            #expect(try Fixture.ids(reopened) == [1])
            #expect(reopened.deadLetters.isEmpty)
            reopened.close()
            #expect(try Fixture.ids(try fixture.open(decoder: newer)) == [1])
        }
    }

    /// What is done to the letter while the disk fails.
    enum Deed { case replay, discard }

    /// Fails every call of the disk during a replay or a discard and the clean-up behind it; afterwards the
    /// row is there once or never, as was told, and never twice.
    @Test(
        arguments: FaultyFileSystem.Fault.allCases.map { ($0, Deed.replay) } + [
            (.error, .discard), (.crash, .discard),
        ]
    )
    func noFaultAppliesALetterTwice(fault: FaultyFileSystem.Fault, deed: Deed) throws {
        var call = 0
        var fired = true
        while fired {
            call += 1
            try withFixture { fixture in
                fixture.fileSystem = FaultyFileSystem()
                try Self.prepare(fixture)
                let disk = FaultyFileSystem(fault, at: call)
                fixture.fileSystem = disk
                var isTold = false
                for _ in 0..<2 {
                    guard let engine = try? fixture.open() else { continue }
                    let outcome =
                        deed == .replay
                        ? try? engine.replayDeadLetter(Self.id)
                        : try? engine.discardDeadLetter(Self.id)
                    if outcome == .done { isTold = true }
                    for _ in 0..<3 { try? engine.collectDeadLetters(space: "default") }
                    engine.close()
                }
                fired = disk.hasFired
                fixture.fileSystem = FaultyFileSystem()
                try Self.check(fixture, deed, isTold, "fault \(fault.rawValue) at call \(call)")
            }
            #expect(call < 1_000, "the workload does not end")
        }
        #expect(call > 10)
    }

    private static func check(
        _ fixture: Fixture,
        _ deed: Deed,
        _ isTold: Bool,
        _ when: Comment
    ) throws {
        let without = sent.filter { !Fixture.isPoison($0) }
        let engine = try fixture.open()
        let isOpen = !engine.deadLetters.isEmpty
        let seen = try Fixture.ids(engine)
        if isTold { #expect(!isOpen, when) }
        switch deed {
        case .discard: #expect(seen == without, when)
        case .replay:
            // Applied, or still a letter; not both and not neither.
            #expect(seen == (isOpen ? without : sent), when)
            let outcome = try engine.replayDeadLetter(id)
            #expect(isOpen ? outcome == .done : outcome == .done || outcome == .unknown, when)
            #expect(try Fixture.ids(engine) == sent, when)
        }
        for _ in 0..<3 { try engine.collectDeadLetters(space: "default") }
        let last = try Fixture.ids(engine)
        engine.close()
        let reopened = try fixture.open()
        #expect(try Fixture.ids(reopened) == last, when)
        if deed == .replay {
            #expect(try reopened.store.list(DeadLetterID.folder).isEmpty, when)
            #expect(settled(reopened).isEmpty, when)
        }
        reopened.close()
    }
}
