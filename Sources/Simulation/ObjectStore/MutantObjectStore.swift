import Storage
import Synchronization

extension Mutant {
    /// An object store with this defect, where it has one there.
    func planted(over base: any ObjectStore) -> any ObjectStore {
        switch self {
        case .countBeforeCommit, .collectWithoutGrace, .manifestOverwrite:
            MutantObjectStore(mutant: self, base: base)
        case .acknowledgeBeforeSync, .missingDirectorySync, .replayWithoutIdempotence,
            .syncAgainAfterError:
            base
        }
    }
}

/// An object store, as one process reaches it, with a defect.
private struct MutantObjectStore: ObjectStore {
    let mutant: Mutant
    let base: any ObjectStore
    private let waiting = Waiting()

    init(mutant: Mutant, base: any ObjectStore) {
        self.mutant = mutant
        self.base = base
    }

    func put(
        _ key: String,
        _ bytes: [UInt8],
        _ condition: PutCondition
    ) throws(StorageError) -> PutOutcome {
        guard key.hasSuffix(".json"), key.contains("/manifest/") else {
            return try base.put(key, bytes, condition)
        }
        switch mutant {
        case .manifestOverwrite: return try base.put(key, bytes, .always)
        case .countBeforeCommit:
            if let late = waiting.take() { _ = try base.put(late.key, late.bytes, .ifAbsent) }
            guard String(decoding: bytes, as: UTF8.self).contains("\"operation\":\"flush\"") else {
                return try base.put(key, bytes, condition)
            }
            waiting.keep(key, bytes)
            return .created
        default:
            let outcome = try base.put(key, bytes, condition)
            if outcome == .created { try collect(after: key, bytes) }
            return outcome
        }
    }

    /// Deletes every segment that the pages of this manifest do not name.
    private func collect(after key: String, _ manifest: [UInt8]) throws(StorageError) {
        let space = key.dropLast("manifest/".utf8.count + 25)
        let text = String(decoding: manifest, as: UTF8.self)
        var named = ""
        for page in try base.list(space + "pages/") {
            guard let name = page.key.split(separator: "/").last, text.contains(name) else {
                continue
            }
            named += String(decoding: try base.get(page.key) ?? [], as: UTF8.self)
        }
        for segment in try base.list(space + "segments/") {
            guard let name = segment.key.split(separator: "/").last else { continue }
            if !named.contains(name.dropLast(".parquet".utf8.count)) {
                try base.delete(segment.key)
            }
        }
    }

    func beginUpload(_ key: String) throws(StorageError) -> any ObjectUpload {
        try base.beginUpload(key)
    }
    func get(_ key: String) throws(StorageError) -> [UInt8]? { try base.get(key) }
    func openObject(_ key: String) throws(StorageError) -> (any ObjectReader)? {
        try base.openObject(key)
    }
    func list(_ prefix: String) throws(StorageError) -> [ObjectInfo] { try base.list(prefix) }
    func folders(_ prefix: String) throws(StorageError) -> [String] { try base.folders(prefix) }
    func delete(_ key: String) throws(StorageError) { try base.delete(key) }
    func deleteDurably(_ key: String) throws(StorageError) { try base.deleteDurably(key) }
    func byteCount(_ key: String) throws(StorageError) -> Int? { try base.byteCount(key) }
}

/// A manifest that is not in the store yet.
private final class Waiting: Sendable {
    private let manifest = Mutex<(key: String, bytes: [UInt8])?>(nil)

    func keep(_ key: String, _ bytes: [UInt8]) {
        manifest.withLock { $0 = (key: key, bytes: bytes) }
    }

    /// The one that waits, which waits no more.
    func take() -> (key: String, bytes: [UInt8])? {
        manifest.withLock { manifest -> (key: String, bytes: [UInt8])? in
            defer { manifest = nil }
            return manifest
        }
    }
}
