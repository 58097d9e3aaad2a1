// The bytes of a dead letter: a batch, or a part of one, that was acknowledged and cannot be applied.
//
// dead-letters/<id>.letter:  0 magic "HFDL"   4 version u32   8 header bytes u32   12 payload bytes u32
//                           16 header, a JSON object   then the payload   then CRC-32C of every byte before it, u32
// dead-letters/<id>.attempts: 0 CRC-32C of the rest u32   4 a JSON object: failed replays so far; when it is damaged,
//                           nobody knows how many: from then on only a person replays the letter
// dead-letters/<id>.letter.damaged: a letter that did not read back; kept for people, never read.
//
// All integers are little-endian. The id is the batch's LSN and the part of it, so that whoever finds the same poison
// again, after a crash or a failed commit, writes the same letter again.

/// Names one dead letter.
package struct DeadLetterID: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The LSN of the batch.
    package let lsn: UInt64
    /// Which part of the batch: 1 is all of it, 2n and 2n + 1 are the halves of part n.
    package let part: UInt32

    /// All of batch `lsn`, or one part of it.
    package init(lsn: UInt64, part: UInt32 = 1) {
        self.lsn = lsn
        self.part = part
    }

    /// Nil unless `text` is what `description` writes.
    package init?(_ text: String) {
        let sides = text.split(separator: "-", omittingEmptySubsequences: false)
        guard sides.count == 2, let lsn = UInt64(sides[0], radix: 16),
            let part = UInt32(sides[1], radix: 16), part > 0
        else { return nil }
        self.init(lsn: lsn, part: part)
        guard description == text else { return nil }
    }

    /// Sixteen hexadecimal digits of the LSN, a hyphen, at least four of the part.
    package var description: String {
        let digits = String(part, radix: 16)
        return hexadecimal(lsn) + "-" + String(repeating: "0", count: max(0, 4 - digits.count))
            + digits
    }

    package static func < (left: DeadLetterID, right: DeadLetterID) -> Bool {
        (left.lsn, left.part) < (right.lsn, right.part)
    }

    /// The halves, or nil when no number is left to name them.
    var halves: (DeadLetterID, DeadLetterID)? {
        guard part <= UInt32.max / 2 else { return nil }
        return (DeadLetterID(lsn: lsn, part: part * 2), DeadLetterID(lsn: lsn, part: part * 2 + 1))
    }

    /// Where letters are in the store.
    package static let folder = "dead-letters/"
    /// Where the letter is in the store.
    package var letterKey: String { Self.folder + description + ".letter" }
    var attemptsKey: String { Self.folder + description + ".attempts" }
    /// Where it is when it does not read back.
    package var damagedKey: String { letterKey + ".damaged" }
}

/// A batch, or a part of one, that could not be applied, with why.
package struct DeadLetter: Sendable {
    package let id: DeadLetterID
    package let record: JournalRecord
    /// When it became a letter, Unix nanoseconds.
    package let since: UInt64
    /// Why it could not be applied, for people.
    package let reason: String

    private struct Header: Codable {
        var id: String
        var storeID: String
        var space: String
        var kind: UInt8
        var receivedAt: UInt64
        var since: UInt64
        var reason: String
    }

    private static let magic: UInt32 = 0x4c44_4648
    private static let version: UInt32 = 1
    private static let prefixBytes = 16
    /// Characters of a reason that are kept.
    private static let reasonMax = 1_000

    init(id: DeadLetterID, record: JournalRecord, since: UInt64, reason: String) {
        self.id = id
        self.record = record
        self.since = since
        self.reason = String(reason.prefix(Self.reasonMax))
    }

    /// The bytes to keep.
    func encoded(storeID: String) -> [UInt8] {
        let header = StorageJSON.encode(
            Header(
                id: id.description,
                storeID: storeID,
                space: record.space,
                kind: record.kind,
                receivedAt: record.receivedAt,
                since: since,
                reason: reason
            )
        )
        let body = Self.prefixBytes + header.count + record.payload.count
        var bytes: [UInt8] = []
        bytes.reserveCapacity(body + 4)
        bytes.append(contentsOf: repeatElement(0, count: Self.prefixBytes))
        bytes.store(Self.magic, at: 0)
        bytes.store(Self.version, at: 4)
        bytes.store(UInt32(header.count), at: 8)
        bytes.store(UInt32(record.payload.count), at: 12)
        bytes.append(contentsOf: header)
        bytes.append(contentsOf: record.payload)
        let crc = crc32c(bytes)
        bytes.append(contentsOf: repeatElement(0, count: 4))
        bytes.store(crc, at: body)
        return bytes
    }

    /// Reads and checks a letter.
    ///
    /// - Throws: `.restore` when the bytes are not letter `id` of this store; `.fixRequest` when a newer program
    ///   wrote them.
    static func decode(
        _ bytes: [UInt8],
        id: DeadLetterID,
        storeID: String
    ) throws(StorageError) -> DeadLetter {
        guard bytes.count >= prefixBytes + 4, bytes.load(UInt32.self, at: 0) == magic else {
            throw damaged(id, "it is cut short, or something else")
        }
        // Of whatever version, a letter ends with the checksum of all before it.
        let end = bytes.count - 4
        let checksum = bytes.withUnsafeBytes { crc32c(.init(rebasing: $0[..<end])) }
        guard bytes.load(UInt32.self, at: end) == checksum else {
            throw damaged(id, "its checksum does not fit its content")
        }
        let found = bytes.load(UInt32.self, at: 4)
        guard found <= version else {
            throw StorageError(
                .fixRequest,
                "dead letter \(id) has version \(found); this program reads up to \(version)",
                remedy: "run the newer version of holdfast that wrote it"
            )
        }
        let headerBytes = Int(bytes.load(UInt32.self, at: 8))
        let payloadBytes = Int(bytes.load(UInt32.self, at: 12))
        let body = prefixBytes + headerBytes + payloadBytes
        guard bytes.count == body + 4 else { throw damaged(id, "its length is wrong") }
        let payload = prefixBytes + headerBytes
        guard let header = StorageJSON.decode(Header.self, Array(bytes[prefixBytes..<payload])),
            header.id == id.description, header.storeID == storeID
        else { throw damaged(id, "it belongs to another store or has another name") }
        let record = JournalRecord(
            kind: header.kind,
            space: header.space,
            receivedAt: header.receivedAt,
            payload: Array(bytes[payload..<body])
        )
        return DeadLetter(id: id, record: record, since: header.since, reason: header.reason)
    }

    private static func damaged(_ id: DeadLetterID, _ why: String) -> StorageError {
        StorageError(
            .restore,
            "dead letter \(id) is damaged: \(why)",
            remedy:
                "restore \(id.letterKey) from a backup; until then it lies next to it as .damaged"
        )
    }
}

/// Failed replays of one letter.
package struct DeadLetterAttempts: Codable, Equatable, Sendable {
    /// How many replays failed.
    package var count = 0
    /// When the next one is due, Unix nanoseconds; nil when only a person may ask for one, now and later.
    package var nextAt: UInt64?
    /// Why the last one failed; nil when none did.
    package var lastError: String?

    /// Nanoseconds between a replay, the `count`-th that failed, and the next: a minute, doubled every
    /// time, at most an hour.
    static func delay(after count: Int) -> UInt64 {
        min(60 << UInt64(min(max(count, 0), 6)), 3_600) * 1_000_000_000
    }

    func encoded() -> [UInt8] {
        let body = StorageJSON.encode(self)
        var bytes = [UInt8](repeating: 0, count: 4)
        bytes.store(crc32c(body), at: 0)
        return bytes + body
    }

    /// Nil when the bytes are not whole: replays may have failed as often as is allowed.
    static func decode(_ bytes: [UInt8]) -> DeadLetterAttempts? {
        guard bytes.count > 4 else { return nil }
        let body = Array(bytes[4...])
        guard bytes.load(UInt32.self, at: 0) == crc32c(body) else { return nil }
        return StorageJSON.decode(DeadLetterAttempts.self, body)
    }
}
