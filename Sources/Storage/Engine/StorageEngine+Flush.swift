import Failpoints
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

    private func flushLocked(_ space: Space) throws(StorageError) -> Bool {
        // Between two appends: the frozen rows are exactly the batches up to `cut`.
        let (cut, frozen) = journal.withLock { journal in
            state.withLock { state -> (UInt64, [Memtable]) in
                guard var entry = state.spaces[space.name] else { return (0, []) }
                if !entry.active.isEmpty {
                    entry.frozen.append(entry.active)
                    entry.active = Memtable(tables: catalog.count)
                    state.spaces[space.name] = entry
                }
                return (journal.lastLSN, entry.frozen)
            }
        }
        guard !frozen.isEmpty else { return false }
        try reach(.flushFreeze)
        var change = SpaceChange(operation: "flush")
        change.foldedLSN = cut
        do {
            for table in catalog.indices {
                for written in try writeSegments(
                    table,
                    frozen.flatMap { $0.rows[table] },
                    space.name
                ) {
                    change.added[written.table, default: []].append(written.segment)
                }
            }
        } catch {
            throw Self.flushError(error)
        }
        for table in change.added.keys { change.added[table]?.sort { $0.id < $1.id } }
        try reach(.flushCommitPre)
        let version = try space.door.commit(change)
        try reach(.manifestSwap)
        swap(version, space: space.name, dropFrozen: true)
        try trimJournal()
        return true
    }

    /// Writes the rows of one table: a segment per hour, row groups in the order of arrival.
    private func writeSegments(
        _ position: Int,
        _ rows: [TableRows],
        _ space: String
    ) throws -> [(table: String, segment: SegmentInfo)] {
        guard !rows.isEmpty else { return [] }
        let table = catalog[position]
        let writer = segmentWriter(space)
        var written: [(table: String, segment: SegmentInfo)] = []
        for (hour, addresses) in windows(rows, table.timeField) {
            let groups = (addresses.count + limits.rowGroupRowsMax - 1) / limits.rowGroupRowsMax
            let plans = (0..<groups).map { group in
                { () -> RowGroupPlan in
                    let start = addresses.count * group / groups
                    let end = addresses.count * (group + 1) / groups
                    return self.plan(table, rows, addresses[start..<end])
                }
            }
            written += try writer.write(
                table: position,
                window: TimeWindow.name(hour: hour),
                mint: mintSegmentID,
                plans: plans
            )
        }
        return written
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
                "a segment could not be written: \(error)",
                remedy: "it is tried again"
            )
    }

    /// Deletes journal files that no space needs any more.
    private func trimJournal() throws(StorageError) {
        let result = journal.withLock { journal -> Result<Void, StorageError> in
            let needed = state.withLock { state in
                state.spaces.values.map(\.previousFoldedLSN).min() ?? 0
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
        let lastLSN = journal.withLock { $0.lastLSN }
        for name in spaceNames {
            guard let space = state.withLock({ $0.spaces[name]?.space }) else { continue }
            try space.maintenance.withLock { _ throws(StorageError) in
                let isIdle = journal.withLock { journal in
                    state.withLock { state in
                        guard let entry = state.spaces[name] else { return false }
                        return journal.lastLSN == lastLSN && entry.active.isEmpty
                            && entry.frozen.isEmpty
                            && entry.previousFoldedLSN < lastLSN
                    }
                }
                guard isIdle else { return }
                var change = SpaceChange(operation: "advance")
                change.foldedLSN = lastLSN
                swap(try space.door.commit(change), space: name, dropFrozen: false)
            }
        }
        try trimJournal()
    }
}
