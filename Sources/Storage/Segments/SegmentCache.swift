package import Parquet
import Synchronization

/// Open segments, their footers and filters, within bounds of bytes and files.
///
/// Derived: dropping an entry costs time only.
package final class SegmentCache: Sendable {
    private struct Entry {
        var reader: ParquetReader
        var lastUse: UInt64
    }
    private struct State {
        var entries: [String: Entry] = [:]
        var clock: UInt64 = 0
    }

    private let store: any ObjectStore
    private let limits: Limits
    private let schemas: [String: Schema]
    private let state = Mutex(State())

    init(store: any ObjectStore, limits: Limits, catalog: [TableDefinition]) {
        self.store = store
        self.limits = limits
        schemas = Dictionary(
            catalog.map { ($0.name, $0.schema) },
            uniquingKeysWith: { first, _ in first }
        )
    }

    /// The reader of a segment, whose columns are those of the catalog, whatever program wrote it.
    ///
    /// - Throws: `.restore` when the file is missing or damaged; `.retry` when it could not be read.
    package func reader(
        space: String,
        table: String,
        _ segment: SegmentInfo
    ) throws(StorageError) -> ParquetReader {
        let key = segment.key(space: space, table: table)
        let cached = state.withLock { state -> ParquetReader? in
            state.clock += 1
            state.entries[key]?.lastUse = state.clock
            let reader = state.entries[key]?.reader
            // Readers grow as they are used.
            if state.clock % 64 == 0 { evict(&state) }
            return reader
        }
        if let cached { return cached }
        guard let object = try store.openObject(key) else {
            throw StorageError(
                .restore,
                "segment \(key) is missing",
                remedy: "restore the file from a backup"
            )
        }
        guard object.byteCount == segment.bytes else {
            throw StorageError(
                .restore,
                "segment \(key) has \(object.byteCount) bytes, not \(segment.bytes)",
                remedy: "restore the file from a backup"
            )
        }
        let reader: ParquetReader
        do {
            let bytes = SegmentBytes(reader: object, name: key)
            reader = try ParquetReader(bytes, as: schemas[table])
        } catch let error as StorageError {
            throw error
        } catch let error as ParquetError where error.code == .unsupported {
            throw StorageError(
                .restore,
                "segment \(key) cannot be read by this program: \(error)",
                remedy: "run the version of holdfast that wrote it, or a newer one"
            )
        } catch {
            throw StorageError(
                .restore,
                "segment \(key) is damaged: \(error)",
                remedy: "restore the file from a backup"
            )
        }
        guard reader.keyValueMetadata["holdfast.segment"] == segment.id,
            reader.keyValueMetadata["holdfast.table"] == table,
            reader.keyValueMetadata["holdfast.space"] == space
        else {
            throw StorageError(
                .restore,
                "segment \(key) holds the bytes of another file",
                remedy: "restore the file from a backup"
            )
        }
        state.withLock { state in
            state.clock += 1
            state.entries[key] = Entry(reader: reader, lastUse: state.clock)
            evict(&state)
        }
        return reader
    }

    /// Forgets a segment that is being deleted.
    func remove(key: String) { state.withLock { _ = $0.entries.removeValue(forKey: key) } }

    private func evict(_ state: inout State) {
        var bytes = state.entries.values.reduce(0) { $0 + Self.byteCount($1.reader) }
        while state.entries.count > 1,
            state.entries.count > limits.segmentCacheFiles || bytes > limits.segmentCacheBytes
        {
            guard let oldest = state.entries.min(by: { $0.value.lastUse < $1.value.lastUse }) else {
                return
            }
            bytes -= Self.byteCount(oldest.value.reader)
            state.entries.removeValue(forKey: oldest.key)
        }
    }

    /// A parsed footer takes about four times its bytes on disk.
    private static func byteCount(_ reader: ParquetReader) -> Int {
        reader.footerByteCount * 4 + reader.cachedByteCount
    }
}
