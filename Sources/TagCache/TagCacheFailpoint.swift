public import Failpoints

/// The named places of the persistent tier and of a cache's side of the bus.
enum TagCacheFailpoint: String, Failpoint {
    /// The directory is there; it is not locked.
    case openLock = "cache.open.lock"
    /// The file is not to be trusted, and is still there.
    case openDrop = "cache.open.drop"
    /// The directory is locked; the file is not open.
    case openFile = "cache.open.file"
    /// The file is open; its invalidations are not on record in memory.
    case openHistory = "cache.open.history"
    /// Nothing was changed since the file was last whole.
    case markOpen = "cache.mark.open"
    /// A read of the file begins.
    case readBegin = "cache.read.begin"
    /// Nothing of a transaction is written.
    case writeBegin = "cache.write.begin"
    /// Some changes of a transaction are made; none of them can be seen.
    case writeStep = "cache.write.step"
    /// All changes of a transaction are made; none of them can be seen.
    case commitPre = "cache.commit.pre"
    /// The transaction survives the process; nothing is counted and nobody has been answered. What
    /// is done no longer fails here.
    case commitPost = "cache.commit.post"
    /// The file is full; nothing has been evicted for it.
    case roomBegin = "cache.room.begin"
    /// Everything is committed; the loss of power would cost the file.
    case closeSync = "cache.close.sync"
    /// The file is whole on disk; it is not marked so.
    case closeMark = "cache.close.mark"
    /// An invalidation is carried out here and numbered; the bus does not have it.
    case busPublish = "cache.bus.publish"
    /// A message has arrived; nothing of it is carried out.
    case busReceive = "cache.bus.receive"
}

extension FailpointRegistry {
    /// Tells the registry the places of this module.
    public func knowTagCache() { know(TagCacheFailpoint.self) }

    /// Fails as LMDB or the system would, if `point` is armed.
    func reach(_ point: @autoclosure () -> TagCacheFailpoint) throws(LMDBFailure) {
        guard let injection = evaluate(point()) else { return }
        throw LMDBFailure(injection)
    }
}
