import Crypto
import FoundationEssentials

// One version of a space.
//
// spaces/<space>/manifest/<20 digits>.json: one JSON object whose last member is "checksum": the SHA-256, in
// hexadecimal, of every byte before the comma in front of that member. Immutable; published by put-if-absent of the
// next number, which is the only commit point of a space. It names its predecessor and that one's checksum.
// spaces/<space>/pages/<sha256>: a JSON array of segment entries, named by its content; the manifest refers to
// pages, so that the root stays small and unchanged pages are shared between versions.
// spaces/<space>/manifest/BOUNDARY: manifests at or below this number may be deleted; never decreases.

/// An immutable Parquet file of one table.
package struct SegmentInfo: Codable, Hashable, Sendable {
    /// Epoch and sequence number of its mint, as hexadecimal: later ids are greater.
    package let id: String
    /// The hour its rows fall in, `yyyymmddhh`.
    package let window: String
    package let rows: Int
    package let bytes: Int
    package let rowGroups: Int
    /// Unix nanoseconds of its earliest and latest row.
    package let minTime: Int64
    package let maxTime: Int64
    /// CRC-32C of the file.
    package let crc32c: UInt32

    /// The object that holds it.
    package func key(space: String, table: String) -> String {
        "spaces/\(space)/segments/\(table)/\(window)/\(id).parquet"
    }
}

/// A reference to a page of segment entries.
struct SegmentPage: Codable, Hashable {
    let sha256: String
    let segments: Int
}

/// The root document of one version.
struct Manifest: Codable, Equatable {
    static let formatVersion = 1

    var format = Manifest.formatVersion
    var id: UInt64
    /// The number of the manifest before this one; nil for the first, and in versions from before it was kept.
    var previousID: UInt64?
    /// Checksum of manifest `id - 1`; empty for the first.
    var previousChecksum: String
    var storeID: String
    var space: String
    var writerEpoch: UInt64
    /// Names this attempt, so that a writer recognises its own put.
    var transactionID: String
    var actor: String
    var operation: String
    /// Unix nanoseconds, for people.
    var committedAt: UInt64
    /// Every batch up to this LSN is in the segments.
    var foldedLSN: UInt64
    /// Named lines of versions and the version each stands at.
    var branches: [String: UInt64]
    /// By table name, the `TableDefinition.schemaID` that the writer of this version had; nil in versions from before
    /// it was kept.
    ///
    /// For people and tools: nothing here decides by it. Segments of an earlier one may be among `tables`; the footer
    /// of each says which it was written with.
    var schema: [String: String]?
    /// Pages of segment entries by table name.
    var tables: [String: [SegmentPage]]
    /// Dead letters that are settled in this version and may still be there; nil when there are none, as
    /// in versions from before there were letters.
    var settledLetters: [String]?

    static func key(space: String, id: UInt64) -> String {
        let digits = String(id)
        return "spaces/\(space)/manifest/" + String(repeating: "0", count: 20 - digits.count)
            + digits
            + ".json"
    }

    /// The id in a manifest's key, or nil when the key is not a manifest's.
    static func id(key: String) -> UInt64? {
        guard let name = key.split(separator: "/").last, name.hasSuffix(".json"), name.count == 25
        else {
            return nil
        }
        return UInt64(name.dropLast(5))
    }

    /// Whether it is the one after manifest `id`, whose checksum is `checksum`.
    func follows(_ id: UInt64, _ checksum: String) -> Bool {
        (previousID ?? id) == id && previousChecksum == checksum
    }

    /// The bytes to publish, and their checksum.
    func encoded() -> (bytes: [UInt8], checksum: String) {
        let body = StorageJSON.encode(self).dropLast()
        let checksum = sha256(body)
        return (Array(body) + Array(",\"checksum\":\"\(checksum)\"}".utf8), checksum)
    }

    /// Reads and checks a manifest.
    static func decode(
        _ bytes: [UInt8],
        key: String,
        storeID: String
    ) throws(StorageError) -> (manifest: Manifest, checksum: String) {
        let tail = 64 + ",\"checksum\":\"\"}".utf8.count
        guard bytes.count > tail else { throw damaged(key, "it is cut short") }
        let body = bytes[..<(bytes.count - tail)]
        let checksum = sha256(body)
        guard bytes[body.endIndex...].elementsEqual(",\"checksum\":\"\(checksum)\"}".utf8) else {
            throw damaged(key, "its checksum does not fit its content")
        }
        guard let manifest = StorageJSON.decode(Manifest.self, Array(body) + [UInt8(ascii: "}")])
        else {
            throw damaged(key, "it is not a manifest of this version")
        }
        guard manifest.format <= formatVersion else {
            // Not damaged: opening must not step back over it.
            throw StorageError(
                .fixRequest,
                "\(key) has format \(manifest.format); this program reads up to \(formatVersion)",
                remedy: "run the newer version of holdfast that wrote it"
            )
        }
        guard manifest.storeID == storeID,
            Manifest.key(space: manifest.space, id: manifest.id) == key
        else {
            throw damaged(
                key,
                "it belongs to store \(manifest.storeID), space \(manifest.space), number \(manifest.id)"
            )
        }
        return (manifest, checksum)
    }

    static func damaged(_ key: String, _ why: String) -> StorageError {
        StorageError(
            .restore,
            "manifest \(key) is damaged: \(why)",
            remedy:
                "restore the file from a backup, or run `holdfast verify` to see what it referred to"
        )
    }
}

/// JSON of the documents of this module: members sorted, so that equal content has equal bytes.
enum StorageJSON {
    static func encode(_ value: some Encodable) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            return Array(try encoder.encode(value))
        } catch {
            // The documents hold strings, integers and arrays only: encoding them cannot fail.
            preconditionFailure("a document could not be encoded: \(error)")
        }
    }

    static func decode<Value: Decodable>(_ type: Value.Type, _ bytes: [UInt8]) -> Value? {
        try? JSONDecoder().decode(type, from: Data(bytes))
    }
}

/// SHA-256 of `bytes` in lower-case hexadecimal.
package func sha256(_ bytes: some Collection<UInt8>) -> String {
    var hasher = SHA256()
    hasher.update(data: Array(bytes))
    return hasher.finalize().map { byte in
        let digits = String(byte, radix: 16)
        return digits.count == 1 ? "0" + digits : digits
    }.joined()
}
