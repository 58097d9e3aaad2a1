import Synchronization

extension StorageEngine {
    /// Deletes objects of `space` that nobody can need: named by no retained manifest and no snapshot,
    /// minted before the writing that is under way, and seen unreferenced for the grace period.
    ///
    /// The boundary is made durable before the first manifest goes. A process that was replaced deletes
    /// nothing: what its successor has just written looks like garbage to it.
    ///
    /// - Parameters:
    ///   - name: the space; one that does not exist has no garbage.
    ///   - isUrgent: whether room is worth more than older versions and the time that other programs are
    ///     given to finish reading: only the newest version is retained, and there is no grace.
    /// - Returns: how many objects were deleted.
    /// - Throws: the rest is collected later.
    @discardableResult
    package func collectGarbage(
        space name: String,
        isUrgent: Bool = false
    ) throws(StorageError) -> Int {
        guard let space = state.withLock({ $0.spaces[name]?.space }) else { return 0 }
        // Holding the lock means that no flush or compaction is under way: every object not yet named
        // by a manifest belongs to an attempt that failed.
        return try space.maintenance.withLock { _ throws(StorageError) in
            // What an unseen version names looks like garbage.
            try space.door.checkOpen()
            try environment.reach(.collectMark)
            let held = state.withLock { state in
                guard let entry = state.spaces[name] else { return [SpaceVersion]() }
                return [entry.version] + entry.held.compactMap(\.version)
            }
            guard let newest = held.first?.id else { return 0 }
            let listed = try SpaceVersion.list(store, space: name)
            let oldestKept = isUrgent ? newest : oldestRetained(listed, newest)
            var live: Set<String> = []
            for version in held { live.formUnion(version.objectKeys()) }
            let kept = Set(listed.filter { $0 >= oldestKept }).union(oldestKept...newest)
            // In order, so that two executions of a simulated history make the same calls.
            for id in kept.sorted() {
                let version = try SpaceVersion.load(store, space: name, id: id, storeID: storeID)
                if let version { live.formUnion(version.objectKeys()) }
            }
            var deleted = try deleteManifests(listed.filter { $0 < oldestKept }, name)
            for key in try overdue(space, live, grace: isUrgent ? 0 : limits.garbageGraceSeconds) {
                try environment.reach(.collectDelete)
                try fence.check()
                cache.remove(key: key)
                try store.delete(key)
                deleted += 1
            }
            return deleted
        }
    }

    /// The first of the versions that are kept.
    ///
    /// A listing may lag behind the newest versions, so they are counted from the one in memory; and it
    /// may have gaps where manifests were set aside, which do not count.
    private func oldestRetained(_ listed: [UInt64], _ newest: UInt64) -> UInt64 {
        let count = UInt64(limits.manifestsRetained)
        let byNumber = newest > count ? newest - count + 1 : 1
        return min(byNumber, listed.suffix(limits.manifestsRetained).first ?? byNumber)
    }

    /// Deletes old manifests, behind a boundary that no writer can step over.
    private func deleteManifests(
        _ ids: [UInt64],
        _ space: String
    ) throws(StorageError) -> Int {
        guard let last = ids.last else { return 0 }
        try fence.check()
        if try SpaceVersion.boundary(store, space: space) < last {
            let bytes = StorageJSON.encode(SpaceVersion.Boundary(boundary: last))
            try store.replace(SpaceVersion.boundaryKey(space: space), bytes)
        }
        try environment.reach(.collectBoundary)
        for id in ids {
            try environment.reach(.collectManifest)
            try store.delete(Manifest.key(space: space, id: id))
        }
        return ids.count
    }

    /// The objects that have been unreferenced for longer than the grace period.
    private func overdue(
        _ space: Space,
        _ live: Set<String>,
        grace seconds: Int
    ) throws(StorageError) -> [String] {
        let objects =
            try store.list("spaces/\(space.name)/segments/")
            + store.list("spaces/\(space.name)/pages/")
        let now = environment.clock.now()
        let grace = UInt64(seconds) * 1_000_000_000
        return space.garbage.withLock { garbage in
            let unreferenced = Set(objects.lazy.map(\.key).filter { !live.contains($0) })
            garbage = garbage.filter { unreferenced.contains($0.key) }
            for key in unreferenced where garbage[key] == nil { garbage[key] = now }
            let due = garbage.filter { now >= $0.value && now - $0.value >= grace }.keys.sorted()
            for key in due { garbage[key] = nil }
            return due
        }
    }
}
