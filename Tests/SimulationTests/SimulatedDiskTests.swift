import Simulation
import Storage
import Testing

/// Every rule of the simulated disk.
struct SimulatedDiskTests {
    private static func bytes(_ count: Int, _ value: UInt8) -> [UInt8] {
        [UInt8](repeating: value, count: count)
    }

    private static func write(
        _ handle: any FileHandle,
        _ bytes: [UInt8],
        at offset: Int = 0
    ) throws {
        var done = 0
        while done < bytes.count {
            done += try bytes[done...].withUnsafeBytes { try handle.write($0, at: offset + done) }
        }
    }

    /// A process on a disk with the durable directory `d`.
    private static func boot(seed: UInt64 = 1) -> SimulatedFileSystem {
        let disk = SimulatedDisk(seed: seed)
        disk.prepareDirectory("d")
        return disk.boot()
    }

    @Test func whatWasSyncedSurvivesAndWhatWasNotIsLost() throws {
        let process = Self.boot()
        let file = try process.open("d/a", .create)
        try Self.write(file, Self.bytes(700, 1))
        try file.sync()
        try process.syncDirectory("d")
        try Self.write(file, Self.bytes(700, 2), at: 700)
        #expect(try file.byteCount() == 1_400)
        process.disk.losePower(.losing)
        #expect(process.disk.contents("d/a") == Self.bytes(700, 1))
        #expect(throws: FileError.self) { try file.byteCount() }
        #expect(!process.isAlive)
    }

    @Test func aSyncedFileWithoutASyncedNameIsGone() throws {
        let process = Self.boot()
        let file = try process.open("d/a", .create)
        try Self.write(file, [1])
        try file.sync()
        process.disk.losePower(.losing)
        #expect(try process.disk.boot().byteCount("d/a") == nil)
    }

    @Test func aSyncedNameOfAnUnsyncedDirectoryIsGone() throws {
        let process = Self.boot()
        try process.makeDirectory("d/e/f")
        _ = try process.open("d/e/f/a", .create)
        try process.syncDirectory("d/e/f")
        process.disk.losePower(.losing)
        let next = process.disk.boot()
        #expect(try next.list("d").isEmpty)
        #expect(try next.byteCount("d/e/f/a") == nil)
    }

    @Test func tornWritesKeepAnySectorsAndReorderThem() throws {
        var survivors: Set<[Bool]> = []
        var sizes: Set<Int> = []
        for seed in 0..<200 as Range<UInt64> {
            let process = Self.boot(seed: seed)
            let file = try process.open("d/a", .create)
            try process.syncDirectory("d")
            try Self.write(file, Self.bytes(512, 1))
            try Self.write(file, Self.bytes(1_024, 2), at: 512)
            process.disk.losePower(.tearing)
            let left = try #require(process.disk.contents("d/a"))
            sizes.insert(left.count)
            guard left.count == 1_536 else { continue }
            for sector in 0..<3 {
                let part = Set(left[(sector * 512)..<(sector * 512 + 512)])
                #expect(part.count == 1, "a sector is written wholly or not at all, seed \(seed)")
            }
            survivors.insert([left[0] == 1, left[512] == 2, left[1_024] == 2])
        }
        #expect(survivors.count == 8)
        #expect(sizes == [0, 512, 1_536])
    }

    @Test func anyVersionOfASectorMaySurvive() throws {
        var left: Set<[UInt8]> = []
        for seed in 0..<100 as Range<UInt64> {
            let process = Self.boot(seed: seed)
            let file = try process.open("d/a", .create)
            try Self.write(file, Self.bytes(4, 1))
            try file.sync()
            try process.syncDirectory("d")
            try Self.write(file, [2], at: 0)
            try Self.write(file, [3], at: 1)
            process.disk.losePower(.tearing)
            left.insert(try #require(process.disk.contents("d/a")))
        }
        #expect(left == [[1, 1, 1, 1], [2, 1, 1, 1], [2, 3, 1, 1]])
    }

    @Test func aFailedSyncLeavesPagesCleanAndLost() throws {
        for seed in 0..<20 as Range<UInt64> {
            let process = Self.boot(seed: seed)
            let file = try process.open("d/a", .create)
            try Self.write(file, Self.bytes(512, 1))
            try file.sync()
            try process.syncDirectory("d")
            try Self.write(file, Self.bytes(512, 2))
            process.arm(Fault(.inputOutput, at: 1))
            #expect(throws: FileError.self) { try file.sync() }
            #expect(process.hasFired)
            #expect(try file.read(at: 0, count: 1) == [2], "the page is still in memory")
            try file.sync()
            let isEvicted = seed % 2 == 0
            if isEvicted { process.disk.evict() }
            let seen = try file.read(at: 0, count: 1)
            process.disk.losePower(.losing)
            let left = try #require(process.disk.contents("d/a"))
            if isEvicted { #expect(left.prefix(1) == seen[...]) }
            #expect(left == Self.bytes(512, 1) || left == Self.bytes(512, 2))
        }
    }

    @Test func someFailedSyncLosesWhatALaterOneReportsWritten() throws {
        let lost = try (0..<20 as Range<UInt64>).filter { seed in
            let process = Self.boot(seed: seed)
            let file = try process.open("d/a", .create)
            try process.syncDirectory("d")
            try Self.write(file, Self.bytes(512, 2))
            process.arm(Fault(.noSpace, at: 2))
            #expect(throws: Never.self) { try Self.write(file, [2], at: 0) }
            #expect(throws: FileError.self) { try file.sync() }
            try file.sync()
            process.disk.losePower(.losing)
            return process.disk.contents("d/a") == Self.bytes(512, 0)
        }
        #expect(!lost.isEmpty && lost.count < 20)
    }

    @Test func aLinkFailsOnATakenNameAndARenameReplacesIt() throws {
        let process = Self.boot()
        try Self.write(try process.open("d/a", .create), [1])
        try Self.write(try process.open("d/b", .create), [2])
        let error = #expect(throws: FileError.self) { try process.link("d/a", to: "d/b") }
        #expect(error?.kind == .exists)
        try process.link("d/a", to: "d/c")
        try process.rename("d/b", to: "d/a")
        #expect(try process.list("d").map(\.name) == ["a", "c"])
        #expect(process.disk.contents("d/a") == [2])
        #expect(process.disk.contents("d/c") == [1])
    }

    @Test func aRenameSurvivesInBothPlacesOrInNeither() throws {
        var outcomes: Set<[String]> = []
        for seed in 0..<50 as Range<UInt64> {
            let process = Self.boot(seed: seed)
            process.disk.prepareDirectory("e")
            _ = try process.open("d/a", .create)
            try process.syncDirectory("d")
            try process.rename("d/a", to: "e/b")
            process.disk.losePower(.tearing)
            let next = process.disk.boot()
            outcomes.insert(try (next.list("d") + next.list("e")).map(\.name))
        }
        #expect(outcomes == [["a"], ["b"]])
    }

    @Test func aRemovedNameComesBackUnlessItsDirectoryWasSynced() throws {
        for isSynced in [false, true] {
            let process = Self.boot()
            _ = try process.open("d/a", .create)
            try process.syncDirectory("d")
            try process.remove("d/a")
            if isSynced { try process.syncDirectory("d") }
            process.disk.losePower(.losing)
            #expect(try process.disk.boot().list("d").count == (isSynced ? 0 : 1))
        }
    }

    @Test func aKilledProcessKeepsWhatItWroteAndLosesItsLock() throws {
        let process = Self.boot()
        let lock = try process.lock("d/LOCK")
        let second = process.disk.boot()
        let error = #expect(throws: FileError.self) { try second.lock("d/LOCK") }
        #expect(error?.kind == .locked)
        try Self.write(try process.open("d/a", .create), [1])
        process.kill()
        #expect(throws: FileError.self) { try process.list("d") }
        #expect(second.disk.contents("d/a") == [1])
        let third = try second.lock("d/LOCK")
        withExtendedLifetime((lock, third)) {}
    }

    @Test func aLockIsFreeWhenItsHandleGoes() throws {
        let process = Self.boot()
        var lock: (any FileHandle)? = try process.lock("d/LOCK")
        #expect(lock != nil)
        lock = nil
        _ = try process.disk.boot().lock("d/LOCK")
    }

    @Test func aFaultHappensAtItsCallAndNoOther() throws {
        let process = Self.boot()
        process.arm(Fault(.tooManyFiles, at: 2))
        _ = try process.open("d/a", .create)
        let error = #expect(throws: FileError.self) { try process.open("d/a", .read) }
        #expect(error?.kind == .tooManyFiles)
        _ = try process.open("d/a", .read)
        process.arm(Fault(.noSpace, at: 1, repeats: .max))
        for _ in 0..<3 {
            let error = #expect(throws: FileError.self) { try process.makeDirectory("d/x") }
            #expect(error?.kind == .noSpace)
        }
        #expect(try process.list("d").count == 1, "a full disk can be read")
    }

    @Test func aShortWriteSaysHowMuchItTook() throws {
        let process = Self.boot()
        let file = try process.open("d/a", .create)
        process.arm(Fault(.shortWrite, at: 1, repeats: .max))
        let whole = Self.bytes(100, 7)
        let written = try whole.withUnsafeBytes { try file.write($0, at: 0) }
        #expect((1..<100).contains(written))
        #expect(try file.byteCount() == written)
        try Self.write(file, whole)
        #expect(process.disk.contents("d/a") == whole)
    }

    @Test func aCallCanBeDoneAndFailNevertheless() throws {
        let process = Self.boot()
        _ = try process.open("d/a", .create)
        process.arm(Fault(.doneButFailed, at: 1))
        #expect(throws: FileError.self) { try process.link("d/a", to: "d/b") }
        #expect(try process.list("d").map(\.name) == ["a", "b"])
    }

    @Test func oneSeedIsOneHistory() throws {
        func run(_ seed: UInt64) throws -> (UInt64, [UInt8]?) {
            let process = Self.boot(seed: seed)
            let file = try process.open("d/a", .create)
            try process.syncDirectory("d")
            for index in 0..<40 {
                try Self.write(file, Self.bytes(300, UInt8(index)), at: index * 200)
            }
            process.disk.losePower(.tearing)
            return (process.disk.traceHash, process.disk.contents("d/a"))
        }
        #expect(try run(5) == run(5))
        #expect(try run(5).1 != run(6).1)
    }
}
