import Testing

@testable import Storage

/// What is found when the bytes of the journal are not what was written.
struct JournalTests {
    /// A store whose batches are all in the journal, closed; returns the journal file's path.
    private static func journalOnly(_ fixture: Fixture, batches: Int) throws -> String {
        let engine = try fixture.open()
        for batch in 0..<batches {
            _ = try engine.append([Fixture.batch(first: UInt64(batch * 10 + 1), count: 5)])
        }
        engine.close()
        let directory = fixture.directory + "/journal"
        let names = try PosixFileSystem().list(directory).map(\.name).filter {
            $0.hasSuffix(".wal")
        }
        return directory + "/" + (try #require(names.last))
    }

    @Test func aTornTailIsCutAtTheLastWholeGroup() throws {
        try withFixture { fixture in
            let path = try Self.journalOnly(fixture, batches: 4)
            try Fixture.edit(path) { $0.removeLast($0.count - (4_096 * 4 + 100)) }
            let engine = try fixture.open()
            #expect(engine.recovery.truncatedTails == 1)
            #expect(try Fixture.ids(engine).count == 15)
            _ = try engine.append([Fixture.batch(first: 1_000, count: 1)])
            engine.close()
            #expect(try Fixture.ids(try fixture.open()).count == 16)
        }
    }

    @Test(arguments: [0, 7, 9, 20, 30, 40, 44, 50, 61, 70, 90, 101])
    func aFlippedByteInTheMiddleIsRefusedByNameAndOffset(position: Int) throws {
        try withFixture { fixture in
            let path = try Self.journalOnly(fixture, batches: 4)
            // The second group of four: two whole groups follow it.
            try Fixture.edit(path) { $0[4_096 * 2 + position] ^= 0x40 }
            let error = #expect(throws: StorageError.self) { try fixture.open() }
            #expect(error?.code == .restore)
            #expect(error?.message.contains(path) == true)
            #expect(error?.message.contains("offset 8192") == true)
        }
    }

    @Test func aMissingFileIsRefused() throws {
        try withFixture { fixture in
            let engine = try fixture.open()
            for batch in 0..<40 {
                _ = try engine.append([Fixture.batch(first: UInt64(batch * 10 + 1), count: 5)])
            }
            engine.close()
            let directory = fixture.directory + "/journal"
            let names = try PosixFileSystem().list(directory).map(\.name).filter {
                $0.hasSuffix(".wal")
            }
            #expect(names.count > 2)
            try PosixFileSystem().remove(directory + "/" + names[1])
            let error = #expect(throws: StorageError.self) { try fixture.open() }
            #expect(error?.code == .restore)
        }
    }

    @Test func everyTruncationOfTheNewestGroupLeavesTheOthers() throws {
        for length in stride(from: 1, to: 4_096, by: 129) {
            try withFixture { fixture in
                let path = try Self.journalOnly(fixture, batches: 2)
                try Fixture.edit(path) { $0.removeLast(length) }
                let ids = try Fixture.ids(try fixture.open())
                // Padding may go; the group itself may not.
                #expect(ids.count == 10 || ids.count == 5)
            }
        }
    }

    @Test func aDamagedNewestManifestCostsNothingWhileTheJournalReachesBack() throws {
        try withFixture { fixture in
            let engine = try fixture.open()
            _ = try engine.append([Fixture.batch(first: 1, count: 5)])
            try engine.flush(space: "default")
            _ = try engine.append([Fixture.batch(first: 11, count: 5)])
            try engine.flush(space: "default")
            let newest = try #require(try SpaceVersion.list(engine.store, space: "default").last)
            engine.close()
            let path = fixture.directory + "/" + Manifest.key(space: "default", id: newest)
            try Fixture.edit(path) { $0[40] ^= 1 }
            #expect(try Fixture.ids(try fixture.open()) == [1, 2, 3, 4, 5, 11, 12, 13, 14, 15])
        }
    }

    @Test func checksumsAgreeWithThePublishedVector() {
        // RFC 3720, appendix B.4.
        #expect(crc32c([UInt8](repeating: 0, count: 32)) == 0x8a91_36aa)
        #expect(crc32c([UInt8](repeating: 0xff, count: 32)) == 0x62a8_ab43)
        #expect(crc32c(Array(0..<32)) == 0x46dd_794e)
        #expect(crc32c(Array("123456789".utf8)) == 0xe306_9283)
    }
}
