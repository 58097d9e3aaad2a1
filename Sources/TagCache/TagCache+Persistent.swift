// The persistent tier behind the memory tier.
//
// A miss in memory asks the file. What it finds is checked like any entry (tags against the index,
// times against the wall clock) and taken into memory, unless the key was written meanwhile: then
// what was read may be old and answers nothing.
import Dispatch
public import Synchronization

/// How keys and values become bytes and back.
public struct PersistentCodec<Key: Sendable, Value: Sendable>: Sendable {
    @usableFromInline let keyBytes: @Sendable (Key) -> [UInt8]
    let encode: @Sendable (Value) throws -> [UInt8]
    @usableFromInline let decode: @Sendable ([UInt8]) throws -> Value

    /// A codec from three functions.
    ///
    /// Different keys must have different bytes, at most `TagCacheLimits.persistentKeyByteCountMax`
    /// of them and at least one.
    public init(
        keyBytes: @escaping @Sendable (Key) -> [UInt8],
        encode: @escaping @Sendable (Value) throws -> [UInt8],
        decode: @escaping @Sendable ([UInt8]) throws -> Value
    ) {
        self.keyBytes = keyBytes
        self.encode = encode
        self.decode = decode
    }
}

extension PersistentCodec where Key == String, Value == [UInt8] {
    /// Text as UTF-8, bytes as they are.
    public static var bytes: Self {
        Self(keyBytes: { Array($0.utf8) }, encode: { $0 }, decode: { $0 })
    }
}

/// Where a persistent tier lives and how large it may become.
public struct PersistentConfiguration<Key: Sendable, Value: Sendable>: Sendable {
    /// A directory of its own; it is made if its parent exists.
    public var directory: String
    /// Most bytes that the file takes.
    public var fileByteLimit: Int
    /// Most simultaneous reads.
    public var readerCountMax = TagCacheLimits.readerCountMax
    /// How keys and values become bytes.
    public var codec: PersistentCodec<Key, Value>

    /// A tier in `directory` of at most `fileByteLimit` bytes.
    public init(directory: String, fileByteLimit: Int, codec: PersistentCodec<Key, Value>) {
        self.directory = directory
        self.fileByteLimit = fileByteLimit
        self.codec = codec
    }
}

/// A store with the types of its cache; a class, so that a read counts one reference and not four.
@usableFromInline
final class PersistentLink<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    @usableFromInline let store: PersistentStore
    @usableFromInline let codec: PersistentCodec<Key, Value>

    init(store: PersistentStore, codec: PersistentCodec<Key, Value>) {
        self.store = store
        self.codec = codec
    }

    /// The key's bytes, if the tier can hold them.
    @inlinable
    func storableKey(_ key: Key) -> [UInt8]? {
        let bytes = codec.keyBytes(key)
        return bytes.isEmpty || bytes.count > TagCacheLimits.persistentKeyByteCountMax ? nil : bytes
    }

    /// The write that stores a value whose lifetime is given on the monotonic clock.
    func put(
        _ value: Value,
        _ key: Key,
        _ tags: [String],
        _ stamp: UInt64,
        _ lifetime: Lifetime,
        _ clock: CacheClock
    ) throws(TagCacheError) -> PersistentWrite {
        let keyBytes = codec.keyBytes(key)
        guard (1...TagCacheLimits.persistentKeyByteCountMax).contains(keyBytes.count) else {
            throw .keyTooLong(byteCount: keyBytes.count)
        }
        let bytes: [UInt8]
        do { bytes = try codec.encode(value) } catch { throw .notEncodable("\(error)") }
        let (now, wallNow) = (clock.now(), clock.wallNow())
        func wall(_ time: UInt64) -> UInt64 {
            time == .max ? .max : wallNow.addingClamped(time - min(time, now))
        }
        let idle = UInt64(lifetime.idleMilliseconds) &* 1_000_000
        let record = Record(
            stamp: stamp,
            written: wallNow,
            freshUntil: wall(lifetime.freshUntil),
            // Reads in memory do not prolong what is on disk.
            deadline: min(wall(lifetime.deadline), idle == 0 ? .max : wallNow.addingClamped(idle)),
            idleMilliseconds: lifetime.idleMilliseconds,
            tags: tags,
            value: bytes
        )
        let encoded = record.bytes(for: keyBytes)
        if encoded.count > store.recordByteCountMax {
            throw .valueTooLarge(byteCount: bytes.count)
        }
        return .put(key: keyBytes, record: encoded, stamp: stamp)
    }
}

extension TagCache {
    /// A cache in memory and, behind it, in a directory: what was stored and what was invalidated
    /// there before is known again.
    ///
    /// A file that is damaged or not this module's, or was in use when the machine went down, is
    /// dropped and begun anew.
    /// - Throws: `inUse`, `permissionDenied`, `diskFull`, `storage`.
    public static func open(
        _ configuration: TagCacheConfiguration<Key, Value>,
        persistent: PersistentConfiguration<Key, Value>
    ) async throws(TagCacheError) -> TagCache {
        let index = TagIndex()
        let clock = configuration.clock
        let opened: Result<PersistentStore, TagCacheError> = await withCheckedContinuation {
            continuation in
            DispatchQueue(label: "tagcache.persistent.open").async {
                let result = Result { () throws(TagCacheError) in
                    try PersistentStore(
                        path: persistent.directory,
                        fileByteLimit: persistent.fileByteLimit,
                        readerCountMax: persistent.readerCountMax,
                        index: index,
                        failpoints: configuration.failpoints,
                        wallNow: { clock.wallNow() }
                    )
                }
                continuation.resume(returning: result)
            }
        }
        let link = PersistentLink(store: try opened.get(), codec: persistent.codec)
        return TagCache(configuration, index, link)
    }

    /// `set` with a persistent tier.
    @usableFromInline
    func setOnBothTiers(
        _ value: Value,
        _ key: Key,
        _ names: [String],
        _ ttl: Duration?
    )
        async throws(TagCacheError)
    {
        let now = clock.now()
        let stamp = tags.epoch
        let hash = self.hash(key)
        let weight = weight(of: value, for: key)
        let ids = try tags.hold(names)
        let lifetime = lifetime(of: value, ttl: ttl, hash, now)
        let record: PersistentWrite?
        do throws(TagCacheError) {
            if weight > shardWeightLimit {
                throw .entryTooHeavy(weight: weight, limit: shardWeightLimit)
            }
            record = try persistent?.put(value, key, names, stamp, lifetime, clock)
        } catch {
            tags.release(ids)
            // Should this fail too, the store has begun anew, without the key.
            try? await remove(key)
            throw error
        }
        let entry = NewEntry(
            key: key,
            hash: hash,
            stored: Stored.value(value),
            weight: weight,
            stamp: stamp,
            tags: ids,
            lifetime: lifetime
        )
        var gone = Departed<Key, Value>()
        let receipt = shard(hash).pointee.state.withLock { state in
            state.flights.detach(key)
            state.store(entry, now, &gone)
            return record.flatMap { persistent?.store.enqueue($0) }
        }
        try await receipt?.wait()
    }

    /// What the file has under a key that memory does not, and whether it is past its time to live;
    /// `writes` is the table's count of writes when memory was asked.
    @inlinable
    func fetch(
        _ key: Key,
        _ hash: UInt64,
        _ writes: UInt64
    ) throws(TagCacheError) -> (value: Value, isStale: Bool)? {
        guard let persistent, let keyBytes = persistent.storableKey(key) else { return nil }
        var writes = writes
        // A write that comes between makes what was read doubtful; the next read sees it.
        for _ in 0..<PersistentStore.readAttemptsMax {
            guard let (value, record, held) = try usable(keyBytes) else { break }
            let weight = isWeighed ? weight(of: value, for: key) : 1
            let (seen, isWanted) = shard(hash).pointee.state.withLock { state in
                let isWanted =
                    state.writes == writes && weight <= shardWeightLimit
                    && state.core.isWorthKeeping(hash, weight)
                return (state.writes, isWanted)
            }
            if isWanted {
                let now = clock.now()
                let entry = NewEntry(
                    key: key,
                    hash: hash,
                    stored: Stored.value(value),
                    weight: weight,
                    stamp: record.stamp,
                    tags: held,
                    lifetime: record.lifetime(now: now, wallNow: clock.wallNow())
                )
                promote(entry, writes, now)
            } else {
                tags.release(held)
            }
            if seen == writes {
                persistent.store.countHit()
                if LoadScope.isInside { note(record.tags) }
                return (value, record.freshUntil <= clock.wallNow())
            }
            writes = seen
        }
        persistent.store.countMiss()
        return nil
    }

    /// The record under a key, if it may be served, with its value and its tags, held.
    @inlinable
    func usable(_ keyBytes: [UInt8]) throws(TagCacheError) -> (Value, Record, TagList)? {
        guard let persistent, let record = try persistent.store.read(keyBytes) else { return nil }
        let wallNow = clock.wallNow()
        // A record from the future means that the clock was set back: its age is not known.
        guard record.deadline > wallNow, record.written <= wallNow,
            let value = try? persistent.codec.decode(record.value), let held = tags.hold(record)
        else { return nil }
        if tags.areCurrent(held, since: record.stamp) { return (value, record, held) }
        tags.release(held)
        return nil
    }

    /// Takes an entry into memory unless the table was written since `writes` was counted.
    @inlinable
    func promote(_ entry: NewEntry<Key, Value>, _ writes: UInt64, _ now: UInt64) {
        var gone = Departed<Key, Value>()
        let isKept = shard(entry.hash).pointee.state.withLock { state in
            guard state.writes == writes, state.find(entry.key, entry.hash) == nil else {
                return false
            }
            state.store(entry, now, &gone)
            // What the key means has not changed.
            state.writes = writes
            return true
        }
        if !isKept { tags.release(entry.tags) }
    }
}
