/// One published version of a space with its segment lists, held in memory.
///
/// While anybody holds it, garbage collection keeps every object it names.
package final class SpaceVersion: Sendable {
    let manifest: Manifest
    let checksum: String
    /// Segments by table name, in the order of their ids.
    package let segments: [String: [SegmentInfo]]
    /// The pages behind `segments`, so that unchanged ones are referred to again.
    let pages: [String: [(page: SegmentPage, segments: [SegmentInfo])]]

    init(
        manifest: Manifest,
        checksum: String,
        pages: [String: [(page: SegmentPage, segments: [SegmentInfo])]]
    ) {
        self.manifest = manifest
        self.checksum = checksum
        self.pages = pages
        segments = pages.mapValues { $0.flatMap(\.segments) }
    }

    /// The number of this version.
    package var id: UInt64 { manifest.id }
    package var foldedLSN: UInt64 { manifest.foldedLSN }
    package var writerEpoch: UInt64 { manifest.writerEpoch }
    /// Dead letters whose rows need no replay any more.
    var settledLetters: Set<DeadLetterID> {
        Set((manifest.settledLetters ?? []).compactMap { DeadLetterID($0) })
    }

    /// Every object this version refers to.
    func objectKeys() -> Set<String> {
        let space = manifest.space
        var keys: Set<String> = []
        for (table, pages) in pages {
            for (page, segments) in pages {
                keys.insert(Self.pageKey(space: space, sha256: page.sha256))
                for segment in segments { keys.insert(segment.key(space: space, table: table)) }
            }
        }
        return keys
    }

    static func pageKey(space: String, sha256: String) -> String {
        "spaces/\(space)/pages/\(sha256)"
    }

    /// Reads version `id` and its pages; nil when there is no such manifest.
    static func load(
        _ store: any ObjectStore,
        space: String,
        id: UInt64,
        storeID: String
    ) throws(StorageError) -> SpaceVersion? {
        let key = Manifest.key(space: space, id: id)
        guard let bytes = try store.get(key) else { return nil }
        let (manifest, checksum) = try Manifest.decode(bytes, key: key, storeID: storeID)
        var pages: [String: [(page: SegmentPage, segments: [SegmentInfo])]] = [:]
        for (table, references) in manifest.tables.sorted(by: { $0.key < $1.key }) {
            for reference in references {
                let pageKey = pageKey(space: space, sha256: reference.sha256)
                guard let bytes = try store.get(pageKey) else {
                    throw Manifest.damaged(key, "it refers to \(pageKey), which is missing")
                }
                guard sha256(bytes) == reference.sha256,
                    let segments = StorageJSON.decode([SegmentInfo].self, bytes),
                    segments.count == reference.segments
                else { throw Manifest.damaged(pageKey, "its content does not fit its name") }
                pages[table, default: []].append((reference, segments))
            }
        }
        return SpaceVersion(manifest: manifest, checksum: checksum, pages: pages)
    }

    /// The ids of the manifests in the store, ascending.
    static func list(_ store: any ObjectStore, space: String) throws(StorageError) -> [UInt64] {
        try store.list("spaces/\(space)/manifest/").compactMap { Manifest.id(key: $0.key) }.sorted()
    }

    /// The number at or below which manifests may have been deleted; 0 at first.
    static func boundary(_ store: any ObjectStore, space: String) throws(StorageError) -> UInt64 {
        let key = boundaryKey(space: space)
        guard let bytes = try store.get(key) else { return 0 }
        guard let boundary = StorageJSON.decode(Boundary.self, bytes) else {
            throw Manifest.damaged(key, "it is not a number")
        }
        return boundary.boundary
    }

    static func boundaryKey(space: String) -> String { "spaces/\(space)/manifest/BOUNDARY" }

    struct Boundary: Codable { var boundary: UInt64 }
}
