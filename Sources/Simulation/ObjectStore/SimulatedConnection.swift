import Storage

/// A `SimulatedObjectStore` as one process reaches it: every request of a dead process fails.
struct SimulatedConnection: ObjectStore {
    let store: SimulatedObjectStore
    let process: SimulatedFileSystem

    func put(
        _ key: String,
        _ bytes: [UInt8],
        _ condition: PutCondition
    ) throws(StorageError) -> PutOutcome {
        process.willChange(.link, key)
        return try request(key) { () throws(StorageError) in
            try store.put(key, bytes, condition)
        }
    }

    func beginUpload(_ key: String) throws(StorageError) -> any ObjectUpload {
        SimulatedUpload(store: self, key: key)
    }

    func get(_ key: String) throws(StorageError) -> [UInt8]? {
        try request(key) { () throws(StorageError) in try store.get(key) }
    }

    func openObject(_ key: String) throws(StorageError) -> (any ObjectReader)? {
        try request(key) { () throws(StorageError) in try store.openObject(key) }
    }

    func list(_ prefix: String) throws(StorageError) -> [ObjectInfo] {
        try request(prefix) { () throws(StorageError) in try store.list(prefix) }
    }

    func folders(_ prefix: String) throws(StorageError) -> [String] {
        try request(prefix) { () throws(StorageError) in try store.folders(prefix) }
    }

    func delete(_ key: String) throws(StorageError) {
        process.willChange(.remove, key)
        try request(key) { () throws(StorageError) in try store.delete(key) }
    }

    func deleteDurably(_ key: String) throws(StorageError) {
        process.willChange(.remove, key)
        try request(key) { () throws(StorageError) in try store.deleteDurably(key) }
    }

    func byteCount(_ key: String) throws(StorageError) -> Int? {
        try request(key) { () throws(StorageError) in try store.byteCount(key) }
    }

    /// Does one request, unless the process is dead or dies of it.
    private func request<Result>(
        _ key: String,
        _ body: () throws(StorageError) -> Result
    ) throws(StorageError) -> Result {
        process.disk.note(UInt64(key.utf8.count))
        guard process.isAlive else { throw Self.dead(key) }
        let kill = store.kills()
        guard kill.now else { return try body() }
        if kill.afterwards { _ = try? body() }
        process.kill()
        throw Self.dead(key)
    }

    private static func dead(_ key: String) -> StorageError {
        StorageError(.retry, "the process has ended at \(key)", remedy: "start it again")
    }
}
