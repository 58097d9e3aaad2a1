public import Failpoints

/// The named places of the persistent tier and of a cache's side of the bus.
enum TagCacheFailpoint: String, Failpoint {
    /// The directory is there; it is not locked.
    ///
    /// Opening throws; nothing was changed.
    case openLock = "cache.open.lock"
    /// The file is not to be trusted, and is still there.
    ///
    /// Opening throws; the next opening drops the file.
    case openDrop = "cache.open.drop"
    /// The directory is locked; the file is not open.
    ///
    /// Opening throws and gives the directory back.
    case openFile = "cache.open.file"
    /// The tables of a new file are made; none of them can be seen.
    ///
    /// Opening throws and gives the directory back; the next opening makes them.
    case openTables = "cache.open.tables"
    /// The file is open; its invalidations are not on record in memory.
    ///
    /// Opening throws and gives the directory back; no entry was served.
    case openHistory = "cache.open.history"
    /// Nothing was changed since the file was last whole.
    ///
    /// As for a transaction that is given up; the file is whole as it was.
    case markOpen = "cache.mark.open"
    /// A read of the file begins.
    ///
    /// The read throws and is counted; a load answers instead.
    case readBegin = "cache.read.begin"
    /// A read has its snapshot and one of the readers' places; nothing is read.
    ///
    /// As at the beginning of a read; the place is free again.
    case readFind = "cache.read.find"
    /// Nothing of a transaction is written.
    ///
    /// As for a transaction that is given up.
    case writeBegin = "cache.write.begin"
    /// Some changes of a transaction are made; none of them can be seen.
    ///
    /// The transaction is given up whole and each write in it tried once more, alone. Its caller is told
    /// if that fails, too; a removal, an invalidation or a clear then takes the file with it, so that it holds.
    case writeStep = "cache.write.step"
    /// All changes of a transaction are made; none of them can be seen.
    ///
    /// As for a transaction that is given up; nothing of it is counted.
    case commitPre = "cache.commit.pre"
    /// The transaction survives the process; nothing is counted and nobody has been answered. What
    /// is done no longer fails here.
    ///
    /// Only the end of the process matters here: the change is there when the file is opened again.
    case commitPost = "cache.commit.post"
    /// The file is full; nothing has been evicted for it.
    ///
    /// The write throws; nothing was evicted.
    case roomBegin = "cache.room.begin"
    /// Everything is committed; the loss of power would cost the file.
    ///
    /// Closing throws; the directory is free. The next opening trusts the file unless the power goes before it.
    case closeSync = "cache.close.sync"
    /// The file is whole on disk; it is not marked so.
    ///
    /// Closing throws; the directory is free. The next opening trusts the file unless the power goes before it.
    case closeMark = "cache.close.mark"
    /// An invalidation is carried out here and numbered; the bus does not have it.
    ///
    /// `invalidate` throws after it was carried out here; other nodes find the gap.
    case busPublish = "cache.bus.publish"
    /// A message has arrived; nothing of it is carried out.
    ///
    /// The message is lost here; the next one of its sender shows the gap.
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
