import Failpoints
import Foundation
import Synchronization
import Testing

@testable import TagCache

/// The fault matrix of `docs/reliability.md` for the file of the persistent tier, a row a test case.
///
/// It is derived: whatever happens, nothing stale is served and the cache goes on; what differs is whether the
/// entries outlive it.
@Suite(.enabled(if: FailpointRegistry.isCompiledIn, "needs the trait Failpoints"))
struct CacheFaultTests {
    /// What comes of a fault.
    enum Outcome: String, CaseIterable, Sendable {
        case whole = "the file has every entry that it had"
        case dropped = "the file is dropped and begun anew"
        case refused = "the caller gets a typed error; the file has every entry that it had"
        case evicted = "entries that are asked for least go"
    }

    /// The rows, as the other columns call them.
    enum Fault: String, CaseIterable, Sendable, CustomTestStringConvertible {
        case crashBefore = "crash before the write"
        case killedWithin = "killed in the middle of the write"
        case tornTail = "torn, reordered or garbage tail"
        case crashBeforeName = "crash after the sync, before the name"
        case crashAfter = "crash when durable, before the answer"
        case writeFails = "write fails (EIO)"
        case syncFails = "sync fails (EIO)"
        case noSpace = "no space at the write"
        case noSpaceAtSync = "no space at the sync"
        case tooManyFiles = "too many open files"
        case flipped = "a bit flipped"
        case cutShort = "cut short"
        case misdirected = "well-formed, of another place"
        case missing = "missing, or deleted by an operator"
        case newer = "written by a newer format"
        case readFails = "read fails (EIO)"
        case twoWriters = "two writers"
        case full = "memory pressure, or a full queue"
        case secondCrash = "a second crash during recovery"

        var testDescription: String { "\(rawValue) × cache" }

        var outcome: Outcome {
            switch self {
            case .crashBefore, .killedWithin, .crashAfter, .secondCrash: .whole
            case .writeFails, .syncFails, .noSpace, .noSpaceAtSync, .tooManyFiles, .readFails,
                .twoWriters:
                .refused
            case .tornTail, .crashBeforeName, .flipped, .cutShort, .misdirected, .missing, .newer:
                .dropped
            case .full: .evicted
            }
        }

        /// Where the process is killed.
        var killedAt: String? {
            switch self {
            case .crashBefore: "cache.write.begin"
            case .killedWithin, .tornTail, .crashBeforeName: "cache.write.step"
            case .crashAfter, .secondCrash: "cache.commit.post"
            default: nil
            }
        }

        /// Which step fails, as often as it is tried, and what the caller is told.
        var failing: (step: String, error: TagCacheError)? {
            switch self {
            case .writeFails: ("cache.commit.pre=2*errno(EIO)", Self.inputOutput)
            case .noSpace: ("cache.commit.pre=2*errno(ENOSPC)", .diskFull)
            case .syncFails: ("cache.close.sync=1*errno(EIO)", Self.inputOutput)
            case .noSpaceAtSync: ("cache.close.sync=1*errno(ENOSPC)", .diskFull)
            case .tooManyFiles:
                (
                    "cache.open.file=1*errno(EMFILE)",
                    .storage(code: EMFILE, message: "Too many open files")
                )
            case .readFails: ("cache.read.begin=1*errno(EIO)", Self.inputOutput)
            default: nil
            }
        }

        private static let inputOutput =
            TagCacheError.storage(code: EIO, message: "Input/output error")
    }

    private static func open(
        _ directory: String,
        _ failpoints: FailpointRegistry = FailpointRegistry()
    ) async throws -> TagCache<String, [UInt8]> {
        try await openCache(
            directory,
            fileByteLimit: 256 << 10,
            entries: 1,
            failpoints: failpoints
        )
    }

    @Test(arguments: Fault.allCases)
    func whatComesOfIt(fault: Fault) async throws {
        try await withDirectory { directory in
            let cache = try await Self.open(directory)
            try await cache.set([1], for: "kept", tags: ["t:kept"])
            try await cache.set([2], for: "gone", tags: ["t:gone"])
            try await cache.invalidate("t:gone")
            try await cache.close()
            if let point = fault.killedAt { try await Self.kill(directory, at: point) }
            if fault == .secondCrash {
                try await Self.kill(directory, at: "cache.open.history")
            }
            if let (step, error) = fault.failing {
                try await Self.fail(directory, step, error)
            }
            try await Self.happen(fault, directory)

            let after = try await Self.open(directory)
            #expect(try after.get("gone") == nil)
            let kept: [UInt8]? =
                fault.outcome == .dropped || fault.outcome == .evicted ? nil : [1]
            #expect(try after.get("kept") == kept)
            #expect(after.stats.persistent.rebuilds == (fault.outcome == .dropped ? 1 : 0))
            try await after.set([4], for: "after")
            #expect(try after.get("after") == [4])
            try await after.close()
        }
    }

    /// A process dies when it first comes to `point`.
    private static func kill(_ directory: String, at point: String) async throws {
        await #expect(processExitsWith: .signal(SIGKILL)) {
            [directory = directory as String, point = point as String] in
            let failpoints = FailpointRegistry()
            let kill = "\(point)=1*kill"
            if point == "cache.open.history" { try failpoints.arm(configuration: kill) }
            let cache = try await CacheFaultTests.open(directory, failpoints)
            try failpoints.arm(configuration: kill)
            try await cache.set([3], for: "new", tags: ["t:new"])
        }
    }

    /// A step fails; what was there is there all the same.
    private static func fail(
        _ directory: String,
        _ step: String,
        _ error: TagCacheError
    ) async throws {
        let failpoints = FailpointRegistry()
        if step.hasPrefix("cache.open") {
            try failpoints.arm(configuration: step)
            await #expect(throws: error) { _ = try await open(directory, failpoints) }
            return
        }
        let cache = try await open(directory, failpoints)
        try failpoints.arm(configuration: step)
        await #expect(throws: error) {
            _ = try cache.get("kept")
            try await cache.set([3], for: "new", tags: ["t:new"])
            try await cache.close()
        }
        try failpoints.finish()
        if !step.hasPrefix("cache.close") { try await cache.close() }
    }

    /// What happens to the file itself, or beside it.
    private static func happen(_ fault: Fault, _ directory: String) async throws {
        let path = directory + "/entries.mdb"
        func edit(_ change: (inout [UInt8]) -> Void) throws {
            var bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
            change(&bytes)
            try Data(bytes).write(to: URL(filePath: path))
        }
        switch fault {
        // The boot is what finds these two, not what is left of the file: LMDB's pages have no checksums.
        case .tornTail:
            try edit { bytes in
                for index in bytes.indices.suffix(8_192) where index % 512 < 300 {
                    bytes[index] = 0xA5
                }
            }
            try losePower(directory)
        case .crashBeforeName:
            try FileManager.default.removeItem(atPath: path)
            try losePower(directory)
        // The file was closed in order: the next four are found by its size and its time of change.
        case .flipped: try edit { $0[$0.count / 2] ^= 0x10 }
        case .cutShort: try edit { $0.removeLast($0.count / 2) }
        case .misdirected:
            try await withDirectory { other in
                let cache = try await open(other)
                try await cache.set([9], for: "kept", tags: ["t:other"])
                try await cache.close()
                let bytes = try Data(contentsOf: URL(filePath: other + "/entries.mdb"))
                try bytes.write(to: URL(filePath: path))
            }
        case .missing: try FileManager.default.removeItem(atPath: path)
        case .newer:
            let cache = try await open(directory)
            let store = try #require(cache.persistent?.store)
            let environment = try #require(store.state.withLock { $0.environment })
            try environment.write { transaction throws(LMDBFailure) in
                try transaction.put(.meta, PersistentStore.metaKey("format"), .init(number: 99))
            }
            try await cache.close()
        case .twoWriters:
            let cache = try await open(directory)
            await #expect(throws: TagCacheError.inUse(path: directory)) {
                _ = try await open(directory)
            }
            try await cache.close()
        case .full:
            let cache = try await open(directory)
            for number in 0..<500 {
                try await cache.set([UInt8](repeating: 5, count: 1_000), for: "k\(number)")
            }
            #expect(cache.stats.persistent.evictions > 0)
            try await cache.close()
        default: break
        }
    }

    /// The machine was started anew since the file was opened.
    private static func losePower(_ directory: String) throws {
        try Data("open some-other-boot 1".utf8).write(to: URL(filePath: directory + "/state"))
    }

    /// A file that was in use when the power went is dropped unread, also when all of it is there: what is torn
    /// could not be told from what was written.
    ///
    /// Without a loss of power there is nothing to be found: a file whose name is gone is a new one.
    @Test(arguments: [true, false])
    func aFileThatWasInUseIsKnownByTheBootAlone(losesPower: Bool) async throws {
        try await withDirectory { directory in
            let cache = try await Self.open(directory)
            try await cache.set([1], for: "kept", tags: ["t:kept"])
            try await cache.set([2], for: "gone", tags: ["t:gone"])
            try await cache.invalidate("t:gone")
            try await cache.close()
            try await Self.kill(directory, at: "cache.write.step")
            if losesPower {
                try Self.losePower(directory)
            } else {
                try FileManager.default.removeItem(atPath: directory + "/entries.mdb")
            }
            let after = try await Self.open(directory)
            #expect(try after.get("kept") == nil)
            #expect(try after.get("gone") == nil)
            #expect(after.stats.persistent.rebuilds == (losesPower ? 1 : 0))
            try await after.set([4], for: "after")
            #expect(try after.get("after") == [4])
            try await after.close()
        }
    }

    // MARK: - The page

    private static let begin =
        "<!-- made by `make docs` from Tests/TagCacheTests/CacheFaultTests.swift -->\n"
    private static let end = "<!-- end of the cache -->\n"

    @Test func thePageOfReliabilityHasTheCache() throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../docs/reliability.md").standardizedFileURL
        var text = try String(contentsOf: file, encoding: .utf8)
        let begin = try #require(text.firstRange(of: Self.begin)?.upperBound)
        let end = try #require(text[begin...].firstRange(of: Self.end)?.lowerBound)
        var lines = ["| fault | cache |", "|---|---|"]
        lines += Fault.allCases.map { "| \($0.rawValue) | \($0.outcome) |" }
        lines += ["", "| outcome | meaning |", "|---|---|"]
        lines += Outcome.allCases.map { "| \($0) | \($0.rawValue) |" }
        let table = lines.joined(separator: "\n") + "\n"
        if ProcessInfo.processInfo.environment["HOLDFAST_WRITE_DOCS"] != nil {
            text.replaceSubrange(begin..<end, with: table)
            return try text.write(to: file, atomically: true, encoding: .utf8)
        }
        #expect(text[begin..<end] == table, "docs/reliability.md is out of date: run `make docs`")
    }
}
