import Testing

@testable import Storage

/// What the engine promises of batches, through its one door.
struct EngineTests {
    @Test func anAppendedBatchIsVisibleAtOnceAndAfterReopening() throws {
        try withFixture { fixture in
            let engine = try fixture.open()
            #expect(try engine.append([Fixture.batch(first: 1, count: 3)]) == 1)
            #expect(try Fixture.ids(engine) == [1, 2, 3])
            engine.close()
            let reopened = try fixture.open()
            #expect(try Fixture.ids(reopened) == [1, 2, 3])
            #expect(reopened.recovery.records == 1)
            #expect(reopened.epoch == engine.epoch + 1)
        }
    }

    @Test func flushedRowsAreInSegmentsAndNotReplayed() throws {
        try withFixture { fixture in
            let engine = try fixture.open()
            _ = try engine.append([
                Fixture.batch(first: 1, count: 100), Fixture.batch(first: 500, count: 7, hour: 3),
            ])
            #expect(try engine.flush(space: "default"))
            let snapshot = try #require(engine.snapshot(space: "default"))
            #expect(snapshot.memory[0].isEmpty)
            #expect(snapshot.segments(table: 0).map(\.rows) == [100, 7])
            #expect(snapshot.segments(table: 0).map(\.rowGroups) == [2, 1])
            #expect(snapshot.segments(table: 0).map(\.window) == ["1970010100", "1970010103"])
            _ = try engine.append([Fixture.batch(first: 1_000, count: 1)])
            engine.close()
            let reopened = try fixture.open()
            #expect(try Fixture.ids(reopened) == Array(1...100) + Array(500...506) + [1_000])
        }
    }

    @Test func aResentRowIsVisibleOnceAfterFlush() throws {
        try withFixture { fixture in
            let engine = try fixture.open()
            _ = try engine.append([Fixture.batch(first: 1, count: 10)])
            _ = try engine.append([Fixture.batch(first: 5, count: 10)])
            try engine.flush(space: "default")
            #expect(try Fixture.ids(engine) == Array(1...14))
        }
    }

    @Test func compactionKeepsEveryRowAndDropsSecondOnes() throws {
        try withFixture { fixture in
            let engine = try fixture.open()
            for round in 0..<9 {
                _ = try engine.append([Fixture.batch(first: UInt64(round * 20), count: 25)])
                try engine.flush(space: "default")
            }
            let before = try #require(engine.snapshot(space: "default"))
            #expect(before.segments(table: 0).count == 9)
            #expect(try engine.compact(space: "default") > 0)
            let after = try #require(engine.snapshot(space: "default"))
            #expect(after.segments(table: 0).count < 9)
            // Second rows go when one merge meets both; no row goes that is not a second one.
            #expect(Set(try Fixture.ids(after)) == Set(0...184))
            #expect(try Fixture.ids(after).count < 225)
            // A reader that began before the compaction still sees its own files.
            #expect(Set(try Fixture.ids(before)) == Set(0...184))
            engine.close()
            #expect(Set(try Fixture.ids(try fixture.open())) == Set(0...184))
        }
    }

    @Test func garbageGoesOnlyWhenNobodyNamesIt() throws {
        try withFixture { fixture in
            let engine = try fixture.open()
            for round in 0..<3 {
                _ = try engine.append([Fixture.batch(first: UInt64(round * 100), count: 5)])
                try engine.flush(space: "default")
            }
            var held = engine.snapshot(space: "default")
            try engine.compact(space: "default")
            for round in 3..<6 {
                _ = try engine.append([Fixture.batch(first: UInt64(round * 100), count: 5)])
                try engine.flush(space: "default")
                try engine.collectGarbage(space: "default")
            }
            let kept = try #require(held)
            #expect(try Fixture.ids(kept).count == 15)
            held = nil
            withExtendedLifetime(kept) {}
            let files = try engine.store.list("spaces/default/segments/").count
            let live = try #require(engine.snapshot(space: "default")).segments(table: 0).count
            #expect(files > live)
        }
        try withFixture { fixture in
            let engine = try fixture.open()
            for round in 0..<6 {
                _ = try engine.append([Fixture.batch(first: UInt64(round * 100), count: 5)])
                try engine.flush(space: "default")
                try engine.compact(space: "default")
            }
            try engine.collectGarbage(space: "default")
            #expect(try engine.collectGarbage(space: "default") >= 0)
            let live = try #require(engine.snapshot(space: "default")).segments(table: 0).count
            #expect(try engine.store.list("spaces/default/segments/").count <= live + 3)
            #expect(try Fixture.ids(engine).count == 30)
            engine.close()
            #expect(try Fixture.ids(try fixture.open()).count == 30)
        }
    }

    @Test func retentionDropsTheOldestFirst() throws {
        try withFixture { fixture in
            let engine = try fixture.open()
            for hour in 1...4 {
                _ = try engine.append([
                    Fixture.batch(first: UInt64(hour * 10), count: 2, hour: Int64(hour))
                ])
            }
            try engine.flush(space: "default")
            let dropped = try engine.retain(
                space: "default",
                before: 2 * TimeWindow.nanosPerHour,
                bytesMax: nil
            )
            #expect(dropped == 1)
            #expect(try Fixture.ids(engine) == [20, 21, 30, 31, 40, 41])
            _ = try engine.retain(space: "default", before: nil, bytesMax: 0)
            #expect(try Fixture.ids(engine) == [])
        }
    }

    /// What retention has dropped is kept for older versions and for other programs, unless room is wanted.
    @Test func anUrgentCollectionKeepsNothingForLater() throws {
        try withFixture { fixture in
            let engine = try fixture.open(Limits())
            for hour in 1...3 {
                _ = try engine.append([
                    Fixture.batch(first: UInt64(hour * 10), count: 2, hour: Int64(hour))
                ])
                try engine.flush(space: "default")
            }
            let held = try #require(engine.snapshot(space: "default"))
            let dropped = try engine.retain(
                space: "default",
                before: 3 * TimeWindow.nanosPerHour,
                bytesMax: nil
            )
            #expect(dropped == 2)
            let segments = { try engine.store.list("spaces/default/segments/").count }
            try engine.collectGarbage(space: "default")
            #expect(try segments() == 3)
            try withExtendedLifetime(held) {
                _ = try engine.collectGarbage(space: "default", isUrgent: true)
                // A query reads them.
                #expect(try segments() == 3)
            }
            engine.close()
            let reopened = try fixture.open(Limits())
            try reopened.collectGarbage(space: "default", isUrgent: true)
            #expect(try reopened.store.list("spaces/default/segments/").count == 1)
            #expect(try reopened.store.list("spaces/default/manifest/").count == 2)
            reopened.close()
            #expect(try Fixture.ids(try fixture.open()) == [30, 31])
        }
    }

    @Test func theJournalIsTrimmedOnceItsBatchesAreFolded() throws {
        try withFixture { fixture in
            let engine = try fixture.open()
            for round in 0..<20 {
                for batch in 0..<20 {
                    _ = try engine.append([
                        Fixture.batch(first: UInt64(round * 1_000 + batch * 10), count: 2)
                    ])
                }
                try engine.flush(space: "default")
            }
            #expect(engine.journalStatus.bytes < 400 << 10)
            engine.close()
            #expect(try Fixture.ids(try fixture.open()).count == 800)
        }
    }

    @Test func aSpaceIsMadeDurablyAndKeepsToItself() throws {
        try withFixture { fixture in
            let engine = try fixture.open()
            try engine.createSpace("team-a")
            _ = try engine.append([Fixture.batch(first: 1, count: 1)])
            #expect(try Fixture.ids(engine, space: "team-a") == [])
            #expect(throws: StorageError.self) { try engine.createSpace("team-a") }
            #expect(throws: StorageError.self) { try engine.createSpace("../up") }
            engine.close()
            #expect(try fixture.open().spaceNames == ["default", "team-a"])
        }
    }

    @Test func aSecondProcessIsTurnedAway() throws {
        try withFixture { fixture in
            let engine = try fixture.open()
            let error = #expect(throws: StorageError.self) { try fixture.open() }
            #expect(error?.code == .stop)
            engine.close()
            _ = try fixture.open()
        }
    }

    @Test func aFencedWriterStops() throws {
        try withFixture { fixture in
            let stalled = try fixture.open()
            _ = try stalled.append([Fixture.batch(first: 1, count: 1)])
            // The lock is lost (as over a network file system) and another writer takes over.
            stalled.close()
            let successor = try fixture.open()
            _ = try successor.append([Fixture.batch(first: 2, count: 1)])
            try successor.flush(space: "default")
            let error = #expect(throws: StorageError.self) { try stalled.flush(space: "default") }
            #expect(error?.code == .stop)
            stalled.stopAppending()
            #expect(throws: StorageError.self) {
                try stalled.append([Fixture.batch(first: 3, count: 1)])
            }
            #expect(try Fixture.ids(successor) == [1, 2])
        }
    }
}
