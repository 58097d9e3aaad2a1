import Synchronization
import Parquet

extension StorageEngine {
    /// Whether the memtable of `space` has reached its size or age limit.
    package func needsFlush(space: String) -> Bool {
        let now = environment.clock.now()
        return state.withLock { state in
            guard let entry = state.spaces[space] else { return false }
            if !entry.frozen.isEmpty { return true }
            guard !entry.active.isEmpty else { return false }
            let age = now > entry.active.oldestAt ? now - entry.active.oldestAt : 0
            return entry.active.byteCount >= limits.memtableFlushBytes
                || age >= UInt64(limits.memtableAgeMaxSeconds) * 1_000_000_000
        }
    }

    /// Folds every batch of `space` up to now into segments.
    ///
    /// - Returns: whether there was anything to fold. When this returns, the rows are in durable segments
    ///   that the newest version names.
    /// - Throws: the rows stay in memory and in the journal; call again.
    @discardableResult
    package func flush(space name: String) throws(StorageError) -> Bool {
        guard let space = state.withLock({ $0.spaces[name]?.space }) else { return false }
        return try space.maintenance.withLock { _ throws(StorageError) in try flushLocked(space) }
    }

    /// `flush`, for whoever holds the maintenance lock of `space`.
    func flushLocked(_ space: Space) throws(StorageError) -> Bool {
        try checkRoomForLetters(space)
        // Between two appends: the frozen rows are exactly the batches above `folded` up to `cut`.
        let (folded, cut, frozen) = journal.withLock { journal in
            state.withLock { state -> (UInt64, UInt64, [Memtable]) in
                guard var entry = state.spaces[space.name] else { return (0, 0, []) }
                if !entry.active.isEmpty {
                    entry.frozen.append(entry.active)
                    entry.active = Memtable(tables: catalog.count)
                    state.spaces[space.name] = entry
                }
                return (entry.version.foldedLSN, journal.lastLSN, entry.frozen)
            }
        }
        guard !frozen.isEmpty else { return false }
        guard folded < cut else {
            // Their commit was done, and its caller was told that it had failed.
            throw StorageError(
                .stop,
                "rows of space \(space.name) that are in memory are in segments, too",
                remedy: "the node opens the store anew by itself"
            )
        }
        let lsns = folded + 1...cut
        try environment.reach(.flushFreeze)
        var change = SpaceChange(operation: "flush")
        change.foldedLSN = cut
        var poisoned: Set<DeadLetterID> = []
        do throws(FlushFault) {
            let rows = catalog.indices.map { table in frozen.flatMap { $0.rows[table] } }
            change.added = try writeSegments(rows, space.name, lsns: lsns)
        } catch {
            guard case .poisoned(let reason) = error else { throw error.storageError }
            (change.added, poisoned) = try isolate(space, lsns, reason)
        }
        change.settled = unpoisoned(space, through: cut, poisoned)
        change.forgotten = try goneLetters(space)
        try environment.reach(.flushCommitPre)
        let version = try space.door.commit(change)
        try swap(version, space: space.name, dropFrozen: true)
        letters.settle(change.settled)
        try trimJournal()
        return true
    }

    /// Writes rows, given by table, into segments: for each table one per hour, with row groups in the
    /// order of arrival.
    ///
    /// - Parameters:
    ///   - rows: by the position of their table.
    ///   - space: whose rows they are.
    ///   - lsns: where the batches of the rows are in the journal.
    ///   - isRehearsal: whether only to find out if they can be written.
    /// - Returns: the segments by table, in id order; no version names them yet.
    /// - Throws: `.poisoned` when a row can never be written; `.failed` when it is worth another try. The
    ///   segments written so far are deleted: tries that are repeated on a full disk must not fill it.
    func writeSegments(
        _ rows: [[TableRows]],
        _ space: String,
        lsns: ClosedRange<UInt64>,
        isRehearsal: Bool = false
    ) throws(FlushFault) -> [String: [SegmentInfo]] {
        var writer = segmentWriter(space)
        writer.valueBytesMax = limits.segmentValueBytesMax
        writer.lsns = lsns
        writer.isRehearsal = isRehearsal
        var added: [String: [SegmentInfo]] = [:]
        do {
            for table in catalog.indices where !rows[table].isEmpty {
                try writeSegments(table, rows[table], writer, into: &added)
            }
        } catch {
            if !isRehearsal { abandon(added, space) }
            if let poisoned = error as? PoisonedRows { throw .poisoned(poisoned.reason) }
            throw .failed(Self.flushError(error))
        }
        for table in added.keys { added[table]?.sort { $0.id < $1.id } }
        return added
    }

    /// Deletes segments that no commit was tried with; what cannot be deleted is left to the collection.
    func abandon(_ segments: [String: [SegmentInfo]], _ space: String) {
        for (table, segments) in segments.sorted(by: { $0.key < $1.key }) {
            for segment in segments { try? store.delete(segment.key(space: space, table: table)) }
        }
    }

    private func writeSegments(
        _ position: Int,
        _ rows: [TableRows],
        _ writer: SegmentWriter,
        into added: inout [String: [SegmentInfo]]
    ) throws {
        let table = catalog[position]
        for (hour, addresses) in windows(rows, table.timeField) {
            let groups = (addresses.count + limits.rowGroupRowsMax - 1) / limits.rowGroupRowsMax
            let plans = (0..<groups).map { group in
                { () -> RowGroupPlan in
                    let start = addresses.count * group / groups
                    let end = addresses.count * (group + 1) / groups
                    return self.plan(table, rows, addresses[start..<end])
                }
            }
            try writer.write(
                table: position,
                window: TimeWindow.name(hour: hour),
                mint: writer.isRehearsal ? { "" } : mintSegmentID,
                into: &added,
                plans: plans
            )
        }
    }

    /// A row group of `addresses`, with only the sources they touch.
    private func plan(
        _ table: TableDefinition,
        _ rows: [TableRows],
        _ addresses: ArraySlice<RowAddress>
    ) -> RowGroupPlan {
        guard let low = addresses.map(\.source).min(), let high = addresses.map(\.source).max()
        else {
            return .rows(sources: [], order: [])
        }
        let sources = rows[low...high].map(\.columns)
        let local = addresses.map { RowAddress(source: $0.source - low, row: $0.row) }
        return .rows(sources: sources, order: RowSorter(table: table).order(sources, local))
    }

    /// The rows by hour, each in the order of arrival.
    private func windows(_ rows: [TableRows], _ timeField: Int) -> [(Int64, [RowAddress])] {
        var result: [(hour: Int64, rows: [RowAddress])] = []
        var position: [Int64: Int] = [:]
        var last = 0
        for (source, batch) in rows.enumerated() {
            guard case .fixed(let times) = batch.columns[timeField] else {
                preconditionFailure("every table has a time in every row")
            }
            for row in 0..<batch.rowCount {
                let hour = TimeWindow.hour(of: times.values[row])
                if result.isEmpty || result[last].hour != hour {
                    if let known = position[hour] {
                        last = known
                    } else if result.count < limits.windowsPerFlushMax {
                        last = result.count
                        position[hour] = last
                        result.append((hour, []))
                    } else {
                        // Times all over the place: the rest shares the last segment of this flush.
                        last = result.count - 1
                    }
                }
                result[last].rows.append(RowAddress(source: source, row: row))
            }
        }
        return result.map { ($0.hour, $0.rows) }
    }

    func segmentWriter(_ space: String) -> SegmentWriter {
        SegmentWriter(
            environment: environment,
            limits: limits,
            store: store,
            space: space,
            storeID: storeID,
            catalog: catalog
        )
    }

    static func flushError(_ error: any Error) -> StorageError {
        error as? StorageError
            ?? StorageError(
                .retry,
                "a segment could not be written: \((error as? PoisonedRows)?.reason ?? "\(error)")",
                remedy: "it is tried again"
            )
    }

    /// Why segments were not written.
    enum FlushFault: Error {
        /// For a reason that lies in the rows.
        case poisoned(String)
        /// For a reason that does not.
        case failed(StorageError)

        var storageError: StorageError {
            switch self {
            case .poisoned(let reason):
                StorageError(
                    .fixRequest,
                    reason,
                    remedy: "run a version of holdfast that can keep the rows, or discard them"
                )
            case .failed(let error): error
            }
        }
    }

    /// Deletes journal files that no space needs any more.
    func trimJournal() throws(StorageError) {
        let result = journal.withLock { journal -> Result<Void, StorageError> in
            let needed = state.withLock { state in
                let folded = state.spaces.values.map(\.previousFoldedLSN)
                return (folded + state.beginnings.values).min() ?? 0
            }
            do throws(StorageError) {
                try journal.trim(through: needed)
                return .success(())
            } catch {
                return .failure(error)
            }
        }
        try result.get()
    }

    /// Publishes a version that only says "folded up to now" for spaces without unfolded rows that hold
    /// the journal back.
    package func advanceIdleSpaces() throws(StorageError) {
        for name in spaceNames {
            guard let space = state.withLock({ $0.spaces[name]?.space }) else { continue }
            try space.maintenance.withLock { _ throws(StorageError) in
                // What others append meanwhile is nothing of this space.
                let idleLSN = journal.withLock { journal in
                    let lastLSN = journal.lastLSN
                    return state.withLock { state -> UInt64? in
                        guard let entry = state.spaces[name], entry.active.isEmpty,
                            entry.frozen.isEmpty, entry.previousFoldedLSN < lastLSN
                        else { return nil }
                        return lastLSN
                    }
                }
                if let idleLSN { try advance(space, to: idleLSN) }
            }
        }
        try trimJournal()
    }

    /// Commits that a space without unfolded rows has none up to `lsn`.
    func advance(_ space: Space, to lsn: UInt64) throws(StorageError) {
        var change = SpaceChange(operation: "advance")
        change.foldedLSN = lsn
        change.settled = unpoisoned(space, through: lsn, [])
        change.forgotten = try goneLetters(space)
        try swap(try space.door.commit(change), space: space.name, dropFrozen: false)
        letters.settle(change.settled)
    }
}
