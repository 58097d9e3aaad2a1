public import Failpoints

/// The places between two durable steps of this module.
///
/// Each comment says what is durable when it fires.
enum StorageFailpoint: String, Failpoint {
    /// Nothing of the group.
    case journalAppendPre = "journal.append.pre"
    /// The group is written, not synced: it may or may not survive.
    case journalSyncPre = "journal.sync.pre"
    /// The group is durable; nobody was told.
    case journalSyncPost = "journal.sync.post"
    /// The next journal file exists, empty.
    case journalRotateHeader = "journal.rotate.header"
    /// Its header is durable, its name is not.
    case journalRotateDirectorySync = "journal.rotate.directorySync"
    /// The group is durable, the memtable does not have it.
    case memtableApply = "memtable.apply"
    /// Rows are frozen; no segment exists.
    case flushFreeze = "flush.freeze"
    /// A segment is being written without a name.
    case segmentWrite = "segment.write"
    /// A segment is durable and verified, without a name.
    case segmentPublish = "segment.publish"
    /// Every segment of the flush has its name; no manifest names them.
    case flushCommitPre = "flush.commit.pre"
    /// The newest manifest was read.
    case manifestRead = "manifest.read"
    /// The pages of the new manifest exist; the manifest does not.
    case manifestPutPre = "manifest.put.pre"
    /// The new manifest is durable; the writer was not told.
    case manifestPutAckLost = "manifest.put.ackLost"
    /// The new manifest is durable; the boundary was not read.
    case manifestBoundary = "manifest.boundary"
    /// The commit is done; memory still has the old snapshot.
    case manifestSwap = "manifest.swap"
    /// The new epoch is committed; the journal was not replayed.
    case recoveryReplay = "recovery.replay"
    /// Merged segments exist; no manifest names them.
    case compactionCommitPre = "compaction.commit.pre"
    /// Nothing of a dead letter.
    case letterPutPre = "letter.put.pre"
    /// The letter is durable; no manifest folds its batch.
    case letterPutPost = "letter.put.post"
    /// Segments of a replayed letter exist; no manifest names them.
    case letterReplayCommitPre = "letter.replay.commitPre"
    /// The manifest that settles the letter is durable; the letter is still there.
    case letterReplaySettled = "letter.replay.settled"
    /// The letter's batch is folded; the letter is still there.
    case letterDiscardPre = "letter.discard.pre"
    /// Nothing was deleted.
    case collectMark = "gc.mark"
    /// The boundary is durable; manifests below it still exist.
    case collectBoundary = "gc.boundary"
    /// Between two deletions.
    case collectDelete = "gc.delete"
}

extension FailpointRegistry {
    /// Tells the registry the names of this module, so that a misspelt one is an error.
    public func knowStorage() { know(StorageFailpoint.self) }
}
