import Foundation
import Storage
import Synchronization

/// One data directory of a campaign and what was sent to it.
struct KillStore: Sendable {
    /// Holds the data directory and the log of its servers.
    let directory: String
    /// The high word of its trace ids.
    let tag: UInt64
    /// The hour when it began, Unix nanoseconds.
    let began: UInt64
    let ledger = KillLedger()
    let schedule = KillSchedule()

    var data: String { directory + "/data" }
    var log: String { directory + "/server.log" }

    /// Makes an empty directory below `parent`.
    init(parent: String, name: String, tag: UInt64) throws {
        directory = parent + "/" + name
        self.tag = tag
        began = UInt64(Date.now.timeIntervalSince1970 / 3_600) * 3_600_000_000_000
        try FileManager.default.createDirectory(
            atPath: directory,
            withIntermediateDirectories: true
        )
    }

    /// Starts a server on it.
    ///
    /// - Parameters:
    ///   - limits: see `KillLimits`.
    ///   - failpoints: what is armed in it; nothing if empty.
    /// - Returns: the process, which may not be ready yet.
    /// - Throws: `NotStarted`.
    func start(
        _ limits: [NodeLimit],
        failpoints: String = ""
    ) throws(ServerProcess.NotStarted) -> ServerProcess {
        let settings = limits.map(\.description) + (failpoints.isEmpty ? [] : [failpoints])
        schedule.note("start with " + settings.joined(separator: " "))
        return try ServerProcess(data: data, limits: limits, failpoints: failpoints, log: log)
    }

    /// Leaves `count` torn letters in a store that has not been opened yet.
    func tearLetters(_ count: Int) throws {
        try FileManager.default.createDirectory(
            atPath: data + "/" + DeadLetterID.folder,
            withIntermediateDirectories: true
        )
        for id in Self.tornLetters(count) {
            try Data(Self.tornLetter).write(to: URL(filePath: data + "/" + id.letterKey))
        }
    }

    /// Takes the torn letters away, as a person does who has seen them.
    ///
    /// - Returns: those of `count` that were there under neither name.
    func takeTornLetters(_ count: Int) throws -> [DeadLetterID] {
        var lost: [DeadLetterID] = []
        for id in Self.tornLetters(count) {
            let paths = [id.letterKey, id.damagedKey].map { data + "/" + $0 }
                .filter { FileManager.default.contents(atPath: $0) == Data(Self.tornLetter) }
            if paths.isEmpty { lost.append(id) }
            for path in paths { try FileManager.default.removeItem(atPath: path) }
        }
        return lost
    }

    private static let tornLetter = Array("HFDL, and then the power went".utf8)

    /// Ids that no batch gets.
    private static func tornLetters(_ count: Int) -> [DeadLetterID] {
        (0..<count).map { DeadLetterID(lsn: 1, part: .max - UInt32($0)) }
    }

    /// Flips a bit of the newest manifest, as rot does; there has to be one before it.
    func damageManifest() throws {
        let directory = data + "/spaces/default/manifest"
        let names = try FileManager.default.contentsOfDirectory(atPath: directory)
            .filter { $0.hasSuffix(".json") }.sorted()
        guard let newest = names.last, names.count > 1 else {
            throw CommandFailure("there is no manifest to step back to in \(directory)")
        }
        let url = URL(filePath: directory + "/" + newest)
        var bytes = try Data(contentsOf: url)
        bytes[bytes.count / 2] ^= 0x10
        try bytes.write(to: url)
        schedule.note("manifest \(newest) rots")
    }

    func remove() { try? FileManager.default.removeItem(atPath: directory) }

    /// The last lines that its servers wrote to standard error.
    func logTail(_ count: Int = 20) -> String {
        let text = (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
        return text.split(separator: "\n").suffix(count).joined(separator: "\n")
    }
}

/// What was done to a store, in order, for the report of a failure.
final class KillSchedule: Sendable {
    private let notes = Mutex<[String]>([])

    /// One line for each step since the store was made.
    var steps: [String] { notes.withLock { $0 } }

    func note(_ step: String) { notes.withLock { $0.append(step) } }
}

/// Bounds so small that flushes, merges, new journal files, collections and dead letters all happen within a second.
enum KillLimits {
    static let poisonedValueBytes = 4_096

    /// A poisoned batch becomes a dead letter at the next flush.
    static let poisoning = common + [NodeLimit("segmentValueBytesMax", poisonedValueBytes)]

    /// Dead letters can be replayed.
    static let healing = common

    /// Everything reaches segments at once.
    static let flushing = poisoning + [NodeLimit("memtableAgeMaxSeconds", 0)]

    private static let common = [
        NodeLimit("memtableFlushBytes", 96 << 10), NodeLimit("memtableAgeMaxSeconds", 1),
        NodeLimit("journalFileBytesMax", 256 << 10), NodeLimit("journalGroupBytesMax", 64 << 10),
        NodeLimit("compactionFanIn", 3), NodeLimit("manifestsRetained", 3),
        NodeLimit("segmentsPerPageMax", 4), NodeLimit("garbageGraceSeconds", 0),
        NodeLimit("deadLetterAttemptsMax", 1_000), NodeLimit("tickMilliseconds", 25),
        NodeLimit("ticksPerCleaning", 1),
    ]
}
