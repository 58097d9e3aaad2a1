/// Where everything but the journal is kept: a local directory, or an S3-compatible store.
///
/// Keys are relative paths with `/` between their parts.
public protocol ObjectStore: Sendable {
    /// Stores an object. On `.created` it is durable and visible to every reader at once; otherwise
    /// see `PutOutcome`.
    func put(
        _ key: String,
        _ bytes: [UInt8],
        _ condition: PutCondition
    ) throws(StorageError) -> PutOutcome
    /// Begins an object that is written in pieces and stays invisible until it is published.
    func beginUpload(_ key: String) throws(StorageError) -> any ObjectUpload
    /// The bytes of an object, or nil when there is none.
    func get(_ key: String) throws(StorageError) -> [UInt8]?
    /// Opens an object for ranged reads, or nil when there is none.
    func openObject(_ key: String) throws(StorageError) -> (any ObjectReader)?
    /// The objects whose key begins with `prefix` (a directory, ending in `/`), sorted by key.
    func list(_ prefix: String) throws(StorageError) -> [ObjectInfo]
    /// The names between `prefix` (a directory, ending in `/`) and the next `/` of any key, sorted.
    func folders(_ prefix: String) throws(StorageError) -> [String]
    /// Removes an object, not yet durably; succeeds when there is none.
    func delete(_ key: String) throws(StorageError)
    /// Removes an object; when this returns, it stays away. Succeeds when there is none.
    func deleteDurably(_ key: String) throws(StorageError)
    /// The size of an object, or nil when there is none.
    func byteCount(_ key: String) throws(StorageError) -> Int?
}

extension ObjectStore {
    /// Stores an object in place of what is there; when this returns, it is durable.
    ///
    /// - Throws: also when it did not land or nobody can tell (`.retry`): what was there may be there still.
    package func replace(_ key: String, _ bytes: [UInt8]) throws(StorageError) {
        guard case .created = try put(key, bytes, .always) else {
            throw StorageError(
                .retry,
                "\(key) could not be written",
                remedy: "it is tried again; if this repeats, check the store"
            )
        }
    }
}

/// When a put may land.
public enum PutCondition: Sendable {
    /// Only when there is no object of that key: the one primitive every commit rests on.
    case ifAbsent
    /// Replace what is there.
    case always
}

/// How a conditional put ended.
public enum PutOutcome: Sendable, Equatable {
    case created
    /// Another object of that key was there first.
    case exists
    /// Nothing landed; the same put may be tried again.
    case conflict
    /// It may or may not have landed: read back and compare, never assume.
    case unknown(String)
}

/// One listed object.
public struct ObjectInfo: Sendable, Equatable {
    /// Its key: a relative path with `/` between the parts.
    public let key: String
    /// Its size in bytes.
    public let byteCount: Int

    /// The object `key` of `byteCount` bytes.
    public init(key: String, byteCount: Int) {
        self.key = key
        self.byteCount = byteCount
    }
}

/// Ranged reads of one object.
///
/// Safe for many threads.
public protocol ObjectReader: Sendable {
    var byteCount: Int { get }
    /// Exactly `count` bytes at `offset`.
    func read(at offset: Int, count: Int) throws(StorageError) -> [UInt8]
}

/// An object being written; abandoned when the last reference goes without `publish`.
public protocol ObjectUpload: AnyObject {
    func write(_ bytes: UnsafeRawBufferPointer) throws(StorageError)
    /// Makes the written bytes durable, still without a name.
    func seal() throws(StorageError)
    /// What was written so far, for checking after `seal`.
    func reader() throws(StorageError) -> any ObjectReader
    /// Gives the sealed object its name, if absent, durably.
    func publish() throws(StorageError) -> PutOutcome
}
