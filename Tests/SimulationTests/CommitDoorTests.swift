import Simulation
import Testing

@testable import Storage

/// The one commit door on an object store whose answers cannot be relied on.
struct CommitDoorTests {
    /// A store and writers of one space.
    private struct World {
        let store: SimulatedObjectStore
        let clock = SimulatedClock()
        let random: SimulatedRandom
        let seed: UInt64

        init(seed: UInt64) {
            self.seed = seed
            store = SimulatedObjectStore(seed: seed, clock: clock)
            random = SimulatedRandom(seed: seed)
        }

        /// A writer of `epoch` that knows no version yet.
        func door(epoch: UInt64) -> CommitDoor {
            CommitDoor(
                environment: Environment(
                    fileSystem: SimulatedDisk(seed: seed).boot(),
                    clock: clock,
                    random: random
                ),
                limits: SimulatedCatalog.limits,
                store: store,
                storeID: "store",
                epoch: epoch,
                newest: SpaceVersion(
                    manifest: Manifest(
                        id: 0,
                        previousChecksum: "",
                        storeID: "store",
                        space: "s",
                        writerEpoch: 0,
                        transactionID: "",
                        actor: "",
                        operation: "",
                        committedAt: 0,
                        foldedLSN: 0,
                        branches: [:],
                        tables: [:]
                    ),
                    checksum: "",
                    pages: [:]
                )
            )
        }

        /// Puts a segment and returns a change that adds it.
        func change(_ number: Int) throws -> SpaceChange {
            let id = String(hexadecimal(UInt64(number)).suffix(12))
            let segment = SegmentInfo(
                id: id,
                window: "2026112114",
                rows: 1,
                bytes: 4,
                rowGroups: 1,
                minTime: 0,
                maxTime: 0,
                crc32c: 0
            )
            store.misbehave(ObjectStoreFaults())
            _ = try store.put(segment.key(space: "s", table: "t"), [1, 2, 3, 4], .always)
            var change = SpaceChange(operation: "flush")
            change.added["t"] = [segment]
            return change
        }

        /// The ids of the segments of the newest version, and of every version before it.
        func history() throws -> [[String]] {
            store.misbehave(ObjectStoreFaults())
            var versions: [[String]] = []
            var checksum = ""
            while let version = try SpaceVersion.load(
                store,
                space: "s",
                id: UInt64(versions.count + 1),
                storeID: "store"
            ) {
                #expect(version.manifest.previousChecksum == checksum, "seed \(seed)")
                checksum = version.checksum
                versions.append((version.segments["t"] ?? []).map(\.id))
            }
            return versions
        }
    }

    private static var faults: ObjectStoreFaults {
        var faults = ObjectStoreFaults()
        faults.conflict = 4
        faults.unknownLanded = 4
        faults.unknownNotLanded = 4
        faults.unknownLate = 4
        faults.latePrefix = "spaces/s/manifest/"
        faults.listLag = 3
        faults.secondsMax = 30
        return faults
    }

    @Test func everyCommitLandsOnceHoweverItsAnswerIsLost() throws {
        for seed in 1...60 as ClosedRange<UInt64> {
            let world = World(seed: seed)
            let doors = [world.door(epoch: 1), world.door(epoch: 1)]
            var committed: [String] = []
            for number in 1...12 {
                let change = try world.change(number)
                world.store.misbehave(Self.faults)
                let id = try #require(change.added["t"]?.first?.id)
                if (try? doors[number % 2].commit(change)) != nil { committed.append(id) }
            }
            let history = try world.history()
            #expect(history.last == committed, "seed \(seed)")
            for (older, newer) in zip(history, history.dropFirst()) {
                #expect(newer.starts(with: older), "seed \(seed)")
            }
        }
    }

    /// Every manifest lands just before the `requests`-th request after its put, whose answer is lost.
    private static func late(_ requests: Int) -> ObjectStoreFaults {
        var faults = ObjectStoreFaults()
        faults.unknownLate = 1
        faults.lateRequests = requests
        faults.latePrefix = "spaces/s/manifest/"
        return faults
    }

    /// It lands before or after it is looked for, or just before it is put again.
    @Test(arguments: 1...12)
    func aManifestThatLandsLateIsPublishedOnce(requests: Int) throws {
        let world = World(seed: 1)
        let door = world.door(epoch: 1)
        var committed: [String] = []
        for number in 1...4 as ClosedRange<UInt64> {
            let change = try world.change(Int(number))
            committed.append(try #require(change.added["t"]?.first?.id))
            world.store.misbehave(Self.late(requests))
            let version = try door.commit(change)
            #expect(version.id == number)
            #expect(version.segments["t"]?.map(\.id) == committed)
            let stored = try world.store.withoutFaults {
                try SpaceVersion.load(world.store, space: "s", id: number, storeID: "store")
            }
            #expect(stored?.checksum == version.checksum)
        }
        let history = try world.history()
        #expect(history == (1...4).map { Array(committed.prefix($0)) })
    }

    @Test(arguments: 1...6)
    func anOpeningThatLandsLateIsNotFencedByItself(requests: Int) throws {
        let world = World(seed: 1)
        var opening = SpaceChange(operation: "open")
        opening.writerEpoch = 1
        world.store.misbehave(Self.late(requests))
        let door = world.door(epoch: 1)
        #expect(try door.commit(opening).id == 1)
        #expect(try door.commit(try world.change(1)).id == 2)
        #expect(try world.history().count == 2)
    }

    /// Rows that are given up as not stored are written again: they would be there twice.
    @Test func aManifestThatMayStillLandStopsItsWriter() throws {
        let requests = 1_000
        let world = World(seed: 1)
        let door = world.door(epoch: 1)
        let change = try world.change(1)
        let id = try #require(change.added["t"]?.first?.id)
        world.store.misbehave(Self.late(requests))
        let error = #expect(throws: StorageError.self) { try door.commit(change) }
        #expect(error?.code == .stop)
        #expect(try world.history().isEmpty)
        let again = try world.change(2)
        #expect(throws: StorageError.self) { try door.commit(again) }
        for _ in 0..<requests { _ = try world.store.byteCount("any") }
        #expect(try world.history() == [[id]])
        // Whoever recovers goes on from there.
        var opening = SpaceChange(operation: "open")
        opening.writerEpoch = 2
        #expect(try world.door(epoch: 2).commit(opening).segments["t"]?.map(\.id) == [id])
    }

    @Test func aWriterOfAnOlderEpochIsFenced() throws {
        for seed in 1...20 as ClosedRange<UInt64> {
            let world = World(seed: seed)
            let old = world.door(epoch: 1)
            _ = try old.commit(try world.change(1))
            var opening = SpaceChange(operation: "open")
            opening.writerEpoch = 2
            _ = try world.door(epoch: 2).commit(opening)
            let late = try world.change(2)
            world.store.misbehave(Self.faults)
            let error = #expect(throws: StorageError.self) { try old.commit(late) }
            #expect(error?.code == .stop)
            #expect(try world.history().last?.count == 1, "seed \(seed)")
        }
    }

    /// A commit that failed is tried again by its owner; it must not be in the history twice.
    @Test func aCommitThatFailedIsNotThereWhenItIsTriedAgain() throws {
        for seed in 1...100 as ClosedRange<UInt64> {
            let world = World(seed: seed)
            let door = world.door(epoch: 1)
            var faults = Self.faults
            faults.failure = 6
            var number = 0
            var isOpen = true
            for _ in 1...6 where isOpen {
                var isDone = false
                for _ in 0..<4 where isOpen && !isDone {
                    number += 1
                    let before = try world.history().count
                    let change = try world.change(number)
                    world.store.misbehave(faults)
                    do throws(StorageError) {
                        _ = try door.commit(change)
                        isDone = true
                    } catch {
                        isOpen = error.code != .stop
                        let after = try world.history().count
                        #expect(
                            !isOpen || after == before,
                            "seed \(seed): '\(error.message)' says that nothing was changed"
                        )
                    }
                }
            }
        }
    }
}
