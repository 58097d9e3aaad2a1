public import Failpoints

/// The places between two durable steps of this module.
///
/// Each comment says what is durable when the place is reached, and then what is required when the step fails or the
/// process ends there. `docs/failpoints.md` is made from these comments.
enum StorageFailpoint: String, Failpoint {
    /// Nothing of the group.
    ///
    /// Every waiter is refused as retryable; the group is absent.
    case journalAppendPre = "journal.append.pre"
    /// The group is written, not synced: it may or may not survive.
    ///
    /// Every waiter is refused as retryable and the journal is poisoned; each batch is whole or absent.
    case journalSyncPre = "journal.sync.pre"
    /// The group is durable; nobody was told, and nobody has looked whether the fence is still there.
    ///
    /// Every waiter is refused as retryable; each batch is whole or, after a takeover, absent.
    case journalSyncPost = "journal.sync.post"
    /// The next journal file exists, empty.
    ///
    /// Refused as retryable; recovery goes on after the file before it.
    case journalRotateHeader = "journal.rotate.header"
    /// Its header is durable, its name is not.
    ///
    /// Refused as retryable; the file is there without a group, or not at all.
    case journalRotateDirectorySync = "journal.rotate.directorySync"
    /// Every batch of a journal file is in segments; the file is still there.
    ///
    /// The file is deleted after a later flush; it brings nothing back.
    case journalTrim = "journal.trim"
    /// The group is durable, the memtable does not have it.
    ///
    /// Refused as retryable; recovery finds every batch whole.
    case memtableApply = "memtable.apply"
    /// The group is durable and queries see it; nobody was told.
    ///
    /// Refused as retryable; recovery finds every batch whole.
    case acknowledge = "append.ack"
    /// Rows are frozen; no segment exists.
    ///
    /// The flush is repeated; the rows stay visible and in the journal.
    case flushFreeze = "flush.freeze"
    /// A segment is being written without a name.
    ///
    /// The flush or merge is repeated; what was written is removed at the next open.
    case segmentWrite = "segment.write"
    /// A segment is durable and verified, without a name.
    ///
    /// As for a segment that is being written.
    case segmentPublish = "segment.publish"
    /// An object, be it manifest, page, segment or letter, is written without a name, not synced.
    ///
    /// What it is put for fails and is repeated; what was written is removed at the next open.
    case objectSyncPre = "object.sync.pre"
    /// An object, be it manifest, page, segment or letter, is durable without a name.
    ///
    /// What it is put for fails and is repeated; what was written is removed at the next open.
    case objectNamePre = "object.name.pre"
    /// An object has its name, which may not survive the loss of power.
    ///
    /// The engine stops; opening finds the object or does not, and nobody was told.
    case objectNamePost = "object.name.post"
    /// Every segment of the flush has its name; no manifest names them.
    ///
    /// The flush is repeated with new segments; the old ones are garbage, collected after the grace.
    case flushCommitPre = "flush.commit.pre"
    /// The newest manifest was read.
    ///
    /// The commit is repeated; nothing has changed.
    case manifestRead = "manifest.read"
    /// The pages of the new manifest exist; the manifest does not.
    ///
    /// The commit is repeated; pages that nobody names are collected.
    case manifestPutPre = "manifest.put.pre"
    /// The new manifest is durable; the writer was not told.
    ///
    /// It reads the manifest back and finds its own transaction: the change counts once.
    case manifestPutAckLost = "manifest.put.ackLost"
    /// The new manifest is durable; the boundary was not read.
    ///
    /// The space stops until the store is opened anew, which finds the change whole.
    case manifestBoundary = "manifest.boundary"
    /// The commit is done; memory still has the old snapshot.
    ///
    /// The engine stops; opening finds the new version, and no row twice.
    case manifestSwap = "manifest.swap"
    /// The newest manifest does not read back; the one before it does, and the journal has everything since.
    ///
    /// The open is repeated and steps back again.
    case manifestSetAsidePre = "manifest.setAside.pre"
    /// A copy of a damaged manifest is durable; it is still there under its own name.
    ///
    /// The open is repeated and makes the same copy.
    case manifestSetAsidePost = "manifest.setAside.post"
    /// Nothing of a new store but its empty directory.
    ///
    /// The open fails; the next one makes the store.
    case storeIdentityPre = "store.identity.pre"
    /// Nothing of a takeover: the former writer may still acknowledge.
    ///
    /// The open fails and is repeated; the former writer goes on.
    case journalFencePre = "journal.fence.pre"
    /// The fence of the new epoch has its name, which may not survive the loss of power; the former one is there.
    ///
    /// As before; the fence that was made has no meaning.
    case journalFenceDirectorySync = "journal.fence.directorySync"
    /// The fence of the new epoch is durable; the former writer's is still there, and it may still acknowledge.
    ///
    /// The open is repeated with a higher epoch, behind everything that was acknowledged until then.
    case journalFenceRemove = "journal.fence.remove"
    /// The former fence is removed, which may not survive the loss of power.
    ///
    /// The open is repeated with a higher epoch; the former writer is refused or, after a loss of power, gone.
    case journalFenceRemoved = "journal.fence.removed"
    /// The fence of the new epoch is durable and every other is gone; nothing was read.
    ///
    /// The open is repeated with a higher epoch; the former writer is refused.
    case journalFencePost = "journal.fence.post"
    /// The new epoch is committed; the journal was not replayed.
    ///
    /// The open is repeated; nobody was served.
    case recoveryReplay = "recovery.replay"
    /// The newest group was read; what was read of it may be in memory only.
    ///
    /// The open is repeated and finds the group, or after a loss of power perhaps not: nobody was served from it.
    case journalSettlePre = "journal.settle.pre"
    /// The newest group, written again, is not synced.
    ///
    /// As before.
    case journalSettleSync = "journal.settle.sync"
    /// The journal was replayed; where it ends is not yet fixed.
    ///
    /// The open is repeated and reads the same journal again.
    case journalSealPre = "journal.seal.pre"
    /// The fence says where the journal ends, not synced.
    ///
    /// The open is repeated and reads the same journal again.
    case journalSealSync = "journal.seal.sync"
    /// The seal has its name, which may not survive the loss of power.
    ///
    /// The open is repeated; the journal ends where the seal says, or is read again.
    case journalSealDirectorySync = "journal.seal.directorySync"
    /// The seal is durable; nobody was served.
    ///
    /// The open is repeated; the journal ends where the seal says.
    case journalSealPost = "journal.seal.post"
    /// A journal file without a batch is still there, and a later file that begins at the same batch.
    ///
    /// The file stays until a later trim or opening.
    case journalDrop = "journal.drop"
    /// Merged segments exist; no manifest names them.
    ///
    /// The merge is repeated; its inputs stay live.
    case compactionCommitPre = "compaction.commit.pre"
    /// Nothing of a dead letter.
    ///
    /// The flush is repeated and finds the same poison; no manifest folds the batch.
    case letterPutPre = "letter.put.pre"
    /// The letter is durable; no manifest folds its batch.
    ///
    /// The flush is repeated and finds the same letter, which is the same.
    case letterPutPost = "letter.put.post"
    /// An attempt to replay a letter is about to be counted.
    ///
    /// The letter is as it was; an attempt that was not counted was not made, or not to the end.
    case letterAttemptPre = "letter.attempt.pre"
    /// An attempt to replay a letter is durably counted; it was not made.
    ///
    /// The letter is as it was; after a restart it has one attempt less, at most.
    case letterAttemptPost = "letter.attempt.post"
    /// Segments of a replayed letter exist; no manifest names them.
    ///
    /// The letter is as it was; its attempt is given back or counted.
    case letterReplayCommitPre = "letter.replay.commitPre"
    /// The manifest that settles the letter is durable; the letter is still there.
    ///
    /// The rows are there once; the letter is invisible and collected later.
    case letterReplaySettled = "letter.replay.settled"
    /// A damaged letter lies under its own name.
    ///
    /// It stays there, is named among the problems, and is set aside by a later opening.
    case letterSetAsidePre = "letter.setAside.pre"
    /// A copy of it is durable under the name of a damaged one; it is still there itself.
    ///
    /// As before; a later opening makes the same copy.
    case letterSetAsidePost = "letter.setAside.post"
    /// The letter's batch is folded; the letter is still there.
    ///
    /// The letter is as it was.
    case letterDiscardPre = "letter.discard.pre"
    /// The letter is durably gone; nobody was told.
    ///
    /// It stays gone; who asks again is told that there is no such letter.
    case letterDiscardPost = "letter.discard.post"
    /// Between two deletions of settled letters.
    ///
    /// The rest is deleted by a later collection; a letter that comes back is still settled.
    case letterCollect = "letter.collect"
    /// Settled letters are durably gone; the manifest still calls them settled.
    ///
    /// The letters stay gone; a later change forgets them.
    case letterForget = "letter.forget"
    /// Nothing was deleted.
    ///
    /// The collection is repeated.
    case collectMark = "gc.mark"
    /// The boundary is durable; manifests below it still exist.
    ///
    /// They are ignored and deleted by a later collection.
    case collectBoundary = "gc.boundary"
    /// Between two deletions of manifests below the boundary.
    ///
    /// The rest is ignored and deleted by a later collection.
    case collectManifest = "gc.manifest"
    /// Between two deletions of segments and pages.
    ///
    /// The rest is deleted by a later collection; nothing a version names is touched.
    case collectDelete = "gc.delete"
}

extension FailpointRegistry {
    /// Tells the registry the names of this module, so that a misspelt one is an error.
    public func knowStorage() { know(StorageFailpoint.self) }

    /// Reaches a failpoint; an injected fault becomes this module's error.
    func reach(_ point: StorageFailpoint) throws(StorageError) {
        do throws(InjectedFault) {
            try hit(point)
        } catch {
            throw StorageError(.stop, "injected fault at \(error.point)", remedy: "this is a test")
        }
    }
}
