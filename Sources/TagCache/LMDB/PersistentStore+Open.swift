// What the file says about itself when it is opened, and beginning anew when it cannot be used.
//
// Table meta: "format" = 2, "epoch" = the largest stamp or version ever written, "floor" = versions
// of forgotten tags are at most this, "root" and "partition N" = their versions, "entries" and
// "bytes" = what table entries holds. Everything is written in the transaction that it describes.
//
// A file that is begun anew knows none of the versions that the former one knew. So its first
// transaction writes the epoch of the index as "epoch" and "root": whatever was stamped before is stale
// when the file is opened again, also what is handed in later, by a write that began before.
import Synchronization

extension PersistentStore {
    static let formatVersion: UInt64 = 2

    static func metaKey(_ name: String) -> [UInt8] { Array(name.utf8) }

    /// Opens or makes the file and puts its history on record in the tag index.
    func open() throws(LMDBFailure) {
        let environment = try LMDBEnvironment(
            path: directory.filePath,
            mapByteCount: mapByteCount,
            readerCountMax: readerCountMax,
            failpoints: failpoints,
            beforeWriting: { [directory] () throws(LMDBFailure) in try directory.markOpen() }
        )
        try failpoints.reach(.openHistory)
        var meta: [String: UInt64] = [:]
        var versions: [(String, UInt64)] = []
        try environment.read { transaction throws(LMDBFailure) in
            try transaction.scan(.meta) { key, bytes in
                meta[String(decoding: key, as: UTF8.self)] = [UInt8](bytes).asNumber
                return true
            }
            try transaction.scan(.tags) { key, bytes in
                if let version = [UInt8](bytes).asNumber {
                    versions.append((String(decoding: key, as: UTF8.self), version))
                }
                return true
            }
        }
        if meta.isEmpty {
            try writeFirst(environment)
        } else if meta["format"] != Self.formatVersion {
            throw .foreign
        }
        index.raiseFloor(to: meta["floor"] ?? 0)
        index.restore(TagIndex.root, version: meta["root"] ?? 0)
        index.raiseEpoch(to: meta["epoch"] ?? 0)
        for partition in 0..<TagCacheLimits.partitionCount {
            if let version = meta["partition \(partition)"] {
                index.restore(TagIndex.partitionID(partition), version: version)
            }
        }
        writer.withLock { writer in
            for (tag, version) in versions {
                guard let id = try? index.retain(tag) else { continue }
                index.restore(id, version: version)
                if let former = writer.history.updateValue((id, version), forKey: tag) {
                    index.release(former.id)
                }
            }
        }
        state.withLock { state in
            state.environment = environment
            state.statistics.entries = Int(clamping: meta["entries"] ?? 0)
            state.statistics.bytes = Int(clamping: meta["bytes"] ?? 0)
        }
    }

    /// What a new file says about itself.
    ///
    /// Every version that the former file knew, or should have known, is at most the epoch. The index
    /// itself is left as it is, so that what this process knows to be current stays so.
    private func writeFirst(_ environment: LMDBEnvironment) throws(LMDBFailure) {
        let epoch = index.epoch
        try environment.write { transaction throws(LMDBFailure) in
            for (name, number) in [
                ("format", Self.formatVersion), ("epoch", epoch), ("root", epoch),
            ] {
                try transaction.put(.meta, Self.metaKey(name), .init(number: number))
            }
        }
    }

    /// Begins with an empty file; the versions in memory stay.
    func rebuild() throws(LMDBFailure) {
        state.withLock { state in
            state.environment = nil
            state.statistics.entries = 0
            state.statistics.bytes = 0
            state.statistics.rebuilds += 1
        }
        try directory.dropFile()
        try open()
    }
}

extension [UInt8] {
    init(number: UInt64) {
        self = []
        append(littleEndian: number)
    }
}
