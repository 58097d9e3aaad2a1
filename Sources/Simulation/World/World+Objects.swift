import Storage

// The disk and the object store of a world, as its checks look at them.

extension World {
    /// Reads snapshots as they are, without a call.
    static func reader(_ disk: SimulatedDisk, _ objects: SimulatedObjectStore?) -> SnapshotReader {
        SnapshotReader { key in
            let bytes =
                if let objects { objects.contents(key) } else {
                    disk.contents(root + "/" + key)
                }
            return bytes.map { ($0.count, crc32c($0)) }
        }
    }

    /// The bytes of an object, without a call.
    func contents(_ key: String) -> [UInt8]? {
        if let objects { objects.contents(key) } else { disk.contents(Self.root + "/" + key) }
    }

    /// Runs `body` without any fault, for the eyes of the world.
    package func withoutFaults<Result>(_ body: () throws -> Result) rethrows -> Result {
        guard let objects else { return try fileSystem.withoutFaults(body) }
        return try objects.withoutFaults { try fileSystem.withoutFaults(body) }
    }

    /// Takes every armed fault away.
    package func calm() {
        fileSystem.arm(nil)
        objects?.misbehave(ObjectStoreFaults())
    }
}
