import Storage

// What becomes of manifests: a published one stays what it is, and one that no longer reads back is set aside, while the
// store goes on from the version before it.

extension World {
    /// A published manifest stays what it is, and none is ever given up that was not damaged.
    func checkManifest(_ space: String, _ id: UInt64) throws(Violation) {
        guard let current = contents(Self.manifestKey(space, id)) else {
            throw Violation("manifest \(id) of space \(space) is missing")
        }
        // Below the boundary anything may lie: a stalled writer finds out only after it has put its manifest.
        let boundary = boundary(space)
        for (known, crc) in manifests[space] ?? [:] where known > boundary {
            let found = contents(Self.manifestKey(space, known))
            if let found, crc32c(found) != crc {
                throw Violation("manifest \(known) of space \(space) was replaced")
            }
        }
        manifests[space, default: [:]][id] = crc32c(current)
        let wasDamaged = damagedManifests.contains { $0.space == space }
        guard wasDamaged || !disk.hasDirectory(Self.root + "/spaces/\(space)/damaged") else {
            throw Violation("a manifest of space \(space) was given up")
        }
    }

    /// A damaged manifest stays as it was, under one name or the other, until another of its number is damaged.
    func checkDamagedManifests() throws(Violation) {
        for (space, id, bytes) in damagedManifests {
            let keys = [Self.manifestKey(space, id), "spaces/\(space)/damaged/\(id).json"]
            guard keys.contains(where: { contents($0) == bytes }) else {
                throw Violation("the damaged manifest \(id) of space \(space) is gone")
            }
        }
    }

    /// Closes the store and flips a bit of the newest manifest of a space, or takes it away, unless the one before it was
    /// collected because the disk was full: the journal has everything since that one.
    func loseManifest(_ space: String = SimulatedCatalog.space, isThere: Bool) throws {
        try check()
        close()
        guard fileSystem.isAlive, let id = highest[space]?.version, id > 1 else { return }
        let key = Self.manifestKey(space, id)
        let path = Self.root + "/" + key
        // Neither behind an unfinished commit, nor where there is nothing to step back to.
        guard objects == nil, contents(Self.manifestKey(space, id + 1)) == nil,
            contents(Self.manifestKey(space, id - 1)) != nil, id - 1 > boundary(space),
            let bytes = disk.contents(path)
        else { return }
        if isThere {
            disk.rot(path, at: bytes.count / 2)
            log("manifest \(id) of space \(space) rots")
            damagedManifests.removeAll { $0.space == space && $0.id == id }
            damagedManifests.append((space, id, disk.contents(path) ?? []))
        } else {
            disk.edit(path) { _ in nil }
            log("manifest \(id) of space \(space) goes away")
        }
        // One version back, and no other; whoever still slept over the newest one is gone.
        highest[space] = nil
        manifests[space]?[id] = nil
        sleepers = []
        ledger.stepBack()
    }

    /// The number at or below which manifests may have been collected.
    private func boundary(_ space: String) -> UInt64 {
        contents("spaces/\(space)/manifest/BOUNDARY").map(Self.number) ?? 0
    }

    private static func manifestKey(_ space: String, _ id: UInt64) -> String {
        let digits = String(id)
        let zeros = String(repeating: "0", count: 20 - digits.count)
        return "spaces/\(space)/manifest/\(zeros)\(digits).json"
    }

    /// The digits in `text` as one number.
    private static func number(_ text: [UInt8]) -> UInt64 {
        text.reduce(0) { (48...57).contains($1) ? $0 &* 10 &+ UInt64($1 - 48) : $0 }
    }
}
