import Testing

@testable import Storage

/// What the engine does by itself does not fill a disk that is nearly full.
struct FullDiskTests {
    @Test func aMergeWaitsUntilThereIsRoomForIt() throws {
        try withFixture { fixture in
            let disk = FaultyFileSystem()
            fixture.fileSystem = disk
            let engine = try fixture.open()
            for round in 0..<3 {
                _ = try engine.append([Fixture.batch(first: UInt64(round * 100), count: 60)])
                try engine.flush(space: "default")
            }
            let version = try #require(engine.snapshot(space: "default"))
            let bytes = version.segments(table: 0).reduce(0) { $0 + $1.bytes }
            let reserve = 100_000 - Int(100_000 * Fixture.limits.diskUsedFractionMax)
            disk.volume = (100_000, reserve + bytes - 1)
            #expect(try engine.compact(space: "default") == 0)
            disk.volume = (100_000, 0)
            #expect(try engine.compact(space: "default") == 0)
            disk.volume = (100_000, reserve + bytes)
            #expect(try engine.compact(space: "default") == 1)
            #expect(try Fixture.ids(engine).count == 180)
        }
    }

    /// Each failed try would otherwise leave segments behind until the grace is over.
    @Test func aFlushThatFailsLeavesNoSegments() throws {
        var outcomes: Set<Int> = []
        for call in 1... {
            let isDone = try withFixture { fixture in
                let sound = try fixture.open()
                for hour in [0, 3] {
                    let batch = Fixture.batch(
                        first: UInt64(hour * 100),
                        count: 60,
                        hour: Int64(hour)
                    )
                    _ = try sound.append([batch])
                }
                sound.close()
                fixture.fileSystem = FaultyFileSystem(.noSpace, at: call, only: "write")
                guard let engine = try? fixture.open() else { return false }
                do {
                    try engine.flush(space: "default")
                    return true
                } catch {
                    outcomes.insert(try engine.store.list("spaces/default/segments/").count)
                    try engine.flush(space: "default")
                    #expect(try Fixture.ids(engine).count == 120)
                    return false
                }
            }
            if isDone { break }
        }
        // Two of them: the manifest that was to name them could not be written.
        #expect(outcomes == [0, 2])
    }

    @Test func segmentsTooLargeForEachOtherAreLeftAlone() throws {
        try withFixture { fixture in
            var limits = Fixture.limits
            limits.segmentBytesMax = 1
            let engine = try fixture.open(limits)
            for round in 0..<4 {
                _ = try engine.append([Fixture.batch(first: UInt64(round * 100), count: 60)])
                try engine.flush(space: "default")
            }
            let bytes = try #require(engine.snapshot(space: "default")).segments(table: 0).map(
                \.bytes
            )
            engine.close()
            // Each may still grow, and no two fit into one.
            limits.segmentBytesMax = (bytes.max() ?? 0) + 1
            let reopened = try fixture.open(limits)
            #expect(try reopened.compact(space: "default") == 0)
            #expect(try Fixture.ids(reopened).count == 240)
        }
    }
}
