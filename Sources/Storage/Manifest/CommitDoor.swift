import Failpoints
import Synchronization

// The one way a space changes.
//
// 1 read the newest manifest N from the store · 2 build N+1 and put its new pages · 3 check the invariants ·
// 4 put-if-absent N+1: created, or exists (ours, a higher epoch's: fenced, or rebase), or conflict (same put
// again), or unknown (read back and compare the transaction) · 5 read BOUNDARY: N+1 at or below it was written into
// collected history: stop · 6 the caller swaps its snapshot.
// Power lost before 4: pages that nobody names, collected later. After 4: the change is whole.
// A put whose answer was lost may land at any later time, until something has its number. So the same bytes are put
// again, not others; our transaction is looked for in every version that is read; and a commit that cannot go on
// meanwhile does not fail, it stops: nobody may try its change again before recovery has taken the number.

/// What a commit changes.
package struct SpaceChange: Sendable {
    package var operation: String
    package var actor: String
    /// Segments to add, by table.
    package var added: [String: [SegmentInfo]] = [:]
    /// Ids of segments to drop, by table.
    package var removed: [String: Set<String>] = [:]
    /// The new folded LSN; nil keeps the old one.
    package var foldedLSN: UInt64?
    /// Whether the space stays as it is when it is folded further than `foldedLSN` by now.
    var foldsAtLeast = false
    /// The dead letter whose rows are added; nothing is committed when it is settled already.
    var replayed: DeadLetterID?
    /// Dead letters that are settled with this change.
    var settled: Set<DeadLetterID> = []
    /// Settled dead letters that are gone for good.
    var forgotten: Set<DeadLetterID> = []
    /// The new writer epoch; nil keeps the old one.
    ///
    /// Only recovery sets it.
    var writerEpoch: UInt64?

    package init(operation: String, actor: String = "holdfast") {
        self.operation = operation
        self.actor = actor
    }
}

/// Publishes versions of one space.
///
/// One commit at a time.
final class CommitDoor: Sendable {
    private let environment: Environment
    private let limits: Limits
    private let store: any ObjectStore
    private let space: String
    private let storeID: String
    /// What manifests say of the tables; see `Manifest.schema`.
    private let schema: [String: String]
    let epoch: UInt64
    private struct State {
        /// The newest version known; the store is asked before it is believed.
        var newest: SpaceVersion
        /// Why nothing more is committed.
        var stopped: StorageError?
    }

    private let state: Mutex<State>
    /// Pages put since the last commit that succeeded, by name.
    private let freshPages = Mutex<Set<String>>([])

    init(
        environment: Environment,
        limits: Limits,
        store: any ObjectStore,
        storeID: String,
        epoch: UInt64,
        newest: SpaceVersion,
        schema: [String: String] = [:]
    ) {
        self.environment = environment
        self.limits = limits
        self.store = store
        self.space = newest.manifest.space
        self.storeID = storeID
        self.epoch = epoch
        self.schema = schema
        state = Mutex(State(newest: newest))
    }

    /// Makes sure that commits are possible: behind a door that has stopped, a version may come to stand that
    /// nobody has seen yet.
    ///
    /// - Throws: `.stop`, why nothing more is committed.
    func checkOpen() throws(StorageError) {
        if let reason = state.withLock({ $0.stopped }) { throw reason }
    }

    /// Publishes `change` on top of the newest version.
    ///
    /// - Returns: the new version, durable.
    /// - Throws: `.stop` when another writer has taken over, or when the change may be made although nobody
    ///   can tell; `.retry` when it no longer applies (a segment it drops is gone) or the store fails;
    ///   nothing was changed then, nor will be.
    func commit(_ change: SpaceChange) throws(StorageError) -> SpaceVersion {
        do {
            return try state.withLock { state in
                if let reason = state.stopped { throw reason }
                do {
                    state.newest = try attempt(change, &state.newest)
                } catch let error as StorageError where error.code == .stop {
                    // What is in the store is for recovery to find out.
                    state.stopped = error
                    throw error
                }
                freshPages.withLock { $0.removeAll() }
                return state.newest
            }
        } catch let error as StorageError {
            throw error
        } catch {
            throw StorageError(.retry, "the commit was interrupted: \(error)", remedy: "try again")
        }
    }

    /// A manifest that is put, again and again until something has its number.
    private struct Proposal {
        let version: SpaceVersion
        let bytes: [UInt8]
        /// Whether a put of it may land although nothing of it can be seen.
        var mayLand = false
    }

    private func attempt(_ change: SpaceChange, _ newest: inout SpaceVersion) throws -> SpaceVersion
    {
        let transactionID = environment.random.uuid()
        var proposal: Proposal?
        do {
            for _ in 0..<limits.commitAttemptsMax {
                newest = try refreshed(newest, until: transactionID)
                if newest.manifest.transactionID == transactionID {
                    // It has landed since it was looked for.
                    try checkBoundary(newest.id)
                    return newest
                }
                if let known = proposal, known.version.id <= newest.id { proposal = nil }
                try environment.failpoints.hit(StorageFailpoint.manifestRead)
                let isOpening = change.writerEpoch != nil
                if newest.writerEpoch > epoch || isOpening && newest.writerEpoch == epoch {
                    throw fenced(newest)
                }
                if let letter = change.replayed, newest.settledLetters.contains(letter) {
                    return newest
                }
                var next = try proposal ?? build(change, on: newest, transactionID)
                try environment.failpoints.hit(StorageFailpoint.manifestPutPre)
                let outcome = try put(Manifest.key(space: space, id: next.version.id), next.bytes)
                if try isPublished(&next, outcome) { return next.version }
                proposal = next
            }
            throw StorageError(
                .retry,
                "space \(space) changed \(limits.commitAttemptsMax) times during one commit",
                remedy:
                    "try again; if this repeats, see whether a second process writes to the store"
            )
        } catch {
            let known = error as? StorageError
            guard let proposal, proposal.mayLand, known?.code != .stop else { throw error }
            throw unsettled(
                Manifest.key(space: space, id: proposal.version.id),
                known?.message ?? "\(error)"
            )
        }
    }

    /// Whether the manifest that was put is the next version; if not, the commit is tried again.
    ///
    /// - Throws: `.stop`: after the put nobody but recovery can tell, so a second try could add the same
    ///   rows again.
    private func isPublished(
        _ proposal: inout Proposal,
        _ outcome: PutOutcome
    ) throws(StorageError) -> Bool {
        let version = proposal.version
        do throws(StorageError) {
            switch outcome {
            case .created: break
            case .conflict: return false
            case .exists, .unknown:
                let key = Manifest.key(space: space, id: version.id)
                guard let found = try store.get(key) else {
                    proposal.mayLand = true
                    return false
                }
                let (stored, checksum) = try Manifest.decode(found, key: key, storeID: storeID)
                guard stored.transactionID == version.manifest.transactionID else {
                    proposal.mayLand = false
                    return false
                }
                // The next version names what is stored, not what was meant.
                guard checksum == version.checksum else {
                    throw Manifest.damaged(key, "it is not what was put")
                }
            }
        } catch {
            throw unsettled(Manifest.key(space: space, id: version.id), error.message)
        }
        try checkBoundary(version.id)
        return true
    }

    /// Makes sure that a version that was published is not behind the boundary.
    ///
    /// - Throws: `.stop` when it is, or when that cannot be told.
    private func checkBoundary(_ id: UInt64) throws(StorageError) {
        do {
            try environment.failpoints.hit(StorageFailpoint.manifestBoundary)
            if id > (try SpaceVersion.boundary(store, space: space)) { return }
        } catch {
            throw StorageError(
                .stop,
                "it cannot be told whether version \(id) of space \(space) was published: \(error)",
                remedy: "the node reopens by itself; if this repeats, check the disk"
            )
        }
        throw StorageError(
            .stop,
            "version \(id) of space \(space) lies in collected history",
            remedy: "another process has taken over; stop this one"
        )
    }

    private func put(_ key: String, _ bytes: [UInt8]) throws -> PutOutcome {
        let outcome: PutOutcome
        do {
            outcome = try store.put(key, bytes, .ifAbsent)
        } catch let failure {
            guard failure.code != .stop else { throw failure }
            // The put may have landed although it failed: settle it by reading back.
            let stands: Bool
            do {
                stands = try store.byteCount(key) != nil
            } catch {
                throw unsettled(key, error.message)
            }
            guard stands else { throw failure }
            return .unknown(failure.message)
        }
        do {
            try environment.failpoints.hit(StorageFailpoint.manifestPutAckLost)
        } catch {
            return .unknown("\(error)")
        }
        return outcome
    }

    /// The newest version in the store, read forward from `known`; no further than that of
    /// `transactionID`.
    private func refreshed(
        _ known: SpaceVersion,
        until transactionID: String
    ) throws(StorageError) -> SpaceVersion {
        var current = known
        while current.manifest.transactionID != transactionID,
            let next = try SpaceVersion.load(
                store,
                space: space,
                id: current.id + 1,
                storeID: storeID
            )
        {
            current = next
        }
        return current
    }

    private func build(
        _ change: SpaceChange,
        on base: SpaceVersion,
        _ transactionID: String
    ) throws(StorageError) -> Proposal {
        var pages = base.pages
        for table in Set(change.added.keys).union(change.removed.keys).sorted() {
            pages[table] = try pagesAfter(
                change.added[table] ?? [],
                change.removed[table] ?? [],
                of: table,
                base.pages[table] ?? []
            )
        }
        var manifest = base.manifest
        manifest.id = base.id + 1
        manifest.previousID = base.id > 0 ? base.id : nil
        manifest.previousChecksum = base.checksum
        manifest.transactionID = transactionID
        manifest.actor = change.actor
        manifest.operation = change.operation
        manifest.committedAt = environment.clock.now()
        manifest.writerEpoch = change.writerEpoch ?? epoch
        manifest.foldedLSN = change.foldedLSN ?? base.foldedLSN
        if change.foldsAtLeast { manifest.foldedLSN = max(manifest.foldedLSN, base.foldedLSN) }
        manifest.branches["main"] = manifest.id
        manifest.schema = schema.isEmpty ? nil : schema
        manifest.tables = pages.mapValues { $0.map(\.page) }
        let settled = base.settledLetters.union(change.settled).subtracting(change.forgotten)
        manifest.settledLetters = settled.isEmpty ? nil : settled.sorted().map(\.description)
        guard manifest.foldedLSN >= base.foldedLSN else {
            preconditionFailure(
                "the folded LSN went back from \(base.foldedLSN) to \(manifest.foldedLSN)"
            )
        }
        let (bytes, checksum) = manifest.encoded()
        return Proposal(
            version: SpaceVersion(manifest: manifest, checksum: checksum, pages: pages),
            bytes: bytes
        )
    }

    /// The pages of a table after a change; only pages whose content changed are new.
    private func pagesAfter(
        _ added: [SegmentInfo],
        _ removed: Set<String>,
        of table: String,
        _ old: [(page: SegmentPage, segments: [SegmentInfo])]
    ) throws(StorageError) -> [(page: SegmentPage, segments: [SegmentInfo])] {
        var result: [(page: SegmentPage, segments: [SegmentInfo])] = []
        var found = 0
        for (page, segments) in old {
            let kept = segments.filter { !removed.contains($0.id) }
            found += segments.count - kept.count
            if kept.count == segments.count {
                result.append((page, segments))
            } else if !kept.isEmpty {
                result.append((try putPage(kept), kept))
            }
        }
        guard found == removed.count else {
            throw StorageError(
                .retry,
                "\(removed.count - found) segments of \(table) are not in the newest version any more",
                remedy: "plan the operation again"
            )
        }
        let known = Set(result.lazy.flatMap(\.segments).map(\.id))
        for segment in added {
            precondition(!known.contains(segment.id), "segment id \(segment.id) is used twice")
            guard try store.byteCount(segment.key(space: space, table: table)) == segment.bytes
            else {
                throw StorageError(
                    .retry,
                    "segment \(segment.id) of \(table) is missing or has another size",
                    remedy: "write it again"
                )
            }
        }
        var pending = added[...]
        if let last = result.last, last.segments.count < limits.segmentsPerPageMax, !pending.isEmpty
        {
            let segments =
                last.segments + pending.prefix(limits.segmentsPerPageMax - last.segments.count)
            pending = pending.dropFirst(segments.count - last.segments.count)
            result[result.count - 1] = (try putPage(segments), segments)
        }
        while !pending.isEmpty {
            let segments = Array(pending.prefix(limits.segmentsPerPageMax))
            pending = pending.dropFirst(segments.count)
            result.append((try putPage(segments), segments))
        }
        return result
    }

    private func putPage(_ segments: [SegmentInfo]) throws(StorageError) -> SegmentPage {
        var bytes = StorageJSON.encode(segments)
        for _ in 0..<limits.commitAttemptsMax {
            let name = sha256(bytes)
            let key = SpaceVersion.pageKey(space: space, sha256: name)
            let page = SegmentPage(sha256: name, segments: segments.count)
            switch try store.put(key, bytes, .ifAbsent) {
            case .created:
                freshPages.withLock { _ = $0.insert(name) }
                return page
            case .exists where freshPages.withLock { $0.contains(name) }: return page
            case .exists:
                // Left by another process: one that was stopped and replaced may be about to delete it as garbage.
                // With a blank more, which JSON does not mind, it is a page of ours.
                bytes.append(UInt8(ascii: " "))
            case .conflict, .unknown: continue
            }
        }
        throw StorageError(
            .retry,
            "a page of space \(space) could not be stored",
            remedy: "it is tried again"
        )
    }

    private func unsettled(_ key: String, _ cause: String) -> StorageError {
        StorageError(
            .stop,
            "nobody can tell whether \(key) is published: \(cause)",
            remedy: "the node reopens by itself; if this repeats, check the store"
        )
    }

    private func fenced(_ version: SpaceVersion) -> StorageError {
        StorageError(
            .stop,
            "space \(space) was taken over by writer epoch \(version.writerEpoch); this one is \(epoch)",
            remedy: "another process serves this store: stop this one"
        )
    }
}
