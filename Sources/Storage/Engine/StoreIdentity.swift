import FoundationEssentials

/// DATA/FORMAT: which store this is and which programs may open it.
struct StoreIdentity: Codable, Equatable {
    static let formatVersion = 1

    var format = "holdfast"
    var storeID: String
    /// The version of the files below.
    var version = StoreIdentity.formatVersion
    /// The oldest program version that may read or write them.
    var readerVersionMin = StoreIdentity.formatVersion

    static let key = "FORMAT"

    /// Reads the identity of the store, or makes one when the store is new.
    static func open(
        _ store: any ObjectStore,
        _ environment: Environment
    ) throws(StorageError) -> StoreIdentity {
        if let found = try read(store) { return found }
        try environment.reach(.storeIdentityPre)
        let identity = StoreIdentity(storeID: environment.random.uuid())
        _ = try store.put(key, StorageJSON.encode(identity), .ifAbsent)
        guard let found = try read(store) else {
            throw StorageError(
                .retry,
                "FORMAT could not be written",
                remedy: "check the data directory"
            )
        }
        return found
    }

    /// The identity, or nil when the store is new.
    static func read(_ store: any ObjectStore) throws(StorageError) -> StoreIdentity? {
        guard let bytes = try store.get(key) else { return nil }
        guard let identity = StorageJSON.decode(StoreIdentity.self, bytes),
            identity.format == "holdfast"
        else {
            throw StorageError(
                .restore,
                "the file FORMAT is not one of holdfast's",
                remedy: "point --data at a data directory of holdfast, or at an empty one"
            )
        }
        guard identity.readerVersionMin <= formatVersion else {
            throw StorageError(
                .restore,
                "the data directory has format \(identity.version); this program reads up to \(formatVersion)",
                remedy: "run the newer version of holdfast that wrote it"
            )
        }
        return identity
    }
}
