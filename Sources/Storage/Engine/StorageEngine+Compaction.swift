import Synchronization
import Parquet

extension StorageEngine {
    /// Segments of one table and window that are merged into one.
    private struct Merge {
        let table: Int
        let window: String
        let inputs: [SegmentInfo]
    }

    /// Merges segments of `space` until no size tier of any window is full.
    ///
    /// Full row groups are copied byte for byte; small ones are decoded and merged in sort order, and
    /// rows that are another row sent again are dropped. What is merged stays on the disk for a while, so a merge
    /// that would take the disk over its watermark waits until there is room: rows that arrive need it more.
    ///
    /// - Returns: how many merges were committed.
    @discardableResult
    package func compact(space name: String) throws(StorageError) -> Int {
        guard let space = state.withLock({ $0.spaces[name]?.space }) else { return 0 }
        var merges = 0
        while true {
            let didMerge = try space.maintenance.withLock { _ throws(StorageError) in
                guard let version = state.withLock({ $0.spaces[name]?.version }),
                    let merge = nextMerge(version, bytesMax: try diskRoom())
                else { return false }
                try run(merge, space)
                return true
            }
            guard didMerge else { return merges }
            merges += 1
        }
    }

    /// The first merge that is due: `compactionFanIn` segments of one tier in one window, or all that
    /// is left of a window that ended more than two hours ago; with inputs of at most `bytesMax`.
    private func nextMerge(_ version: SpaceVersion, bytesMax: Int) -> Merge? {
        func merge(_ table: Int, _ window: String, _ segments: [SegmentInfo]) -> Merge? {
            let inputs = bounded(segments)
            guard inputs.count > 1, inputs.reduce(0, { $0 + $1.bytes }) <= bytesMax else {
                return nil
            }
            return Merge(table: table, window: window, inputs: inputs)
        }
        let settled = TimeWindow.name(
            hour: TimeWindow.hour(of: Int64(clamping: environment.clock.now())) - 2
        )
        for (position, table) in catalog.enumerated() {
            let windows = Dictionary(
                grouping: version.segments[table.name] ?? [],
                by: \.window
            )
            for (window, segments) in windows.sorted(by: { $0.key < $1.key }) {
                let open = segments.filter { $0.bytes < limits.segmentBytesMax }
                for (_, tier) in Dictionary(grouping: open, by: tier).sorted(by: { $0.key < $1.key }
                )
                where tier.count >= limits.compactionFanIn {
                    if let merge = merge(position, window, tier) { return merge }
                }
                if window < settled, let merge = merge(position, window, open) { return merge }
            }
        }
        return nil
    }

    /// 0 for the smallest segments, one more for each factor of the fan-in.
    private func tier(_ segment: SegmentInfo) -> Int {
        var tier = 0
        var bound = 64 << 10
        while segment.bytes > bound {
            tier += 1
            bound *= limits.compactionFanIn
        }
        return tier
    }

    /// As many of the oldest segments as fit into one of the largest size.
    private func bounded(_ segments: [SegmentInfo]) -> [SegmentInfo] {
        var bytes = 0
        return Array(
            segments.prefix { segment in
                bytes += segment.bytes
                return bytes <= limits.segmentBytesMax
            }
        )
    }

    private func run(_ merge: Merge, _ space: Space) throws(StorageError) {
        let table = catalog[merge.table]
        do {
            var groups: [(reader: ParquetReader, index: Int)] = []
            var lsns: [ClosedRange<UInt64>?] = []
            for segment in merge.inputs {
                let reader = try cache.reader(space: space.name, table: table.name, segment)
                groups += reader.rowGroups.indices.map { (reader, $0) }
                lsns.append(reader.lsns)
            }
            let plans = plans(table, groups)
            var writer = segmentWriter(space.name)
            writer.lsns = Self.covering(lsns)
            let written = try writer.writeMerged(
                table: merge.table,
                window: merge.window,
                id: mintSegmentID(),
                plans: plans
            )
            var change = SpaceChange(operation: "compact")
            change.removed[table.name] = Set(merge.inputs.map(\.id))
            if let written { change.added[table.name] = [written] }
            let rowsIn = merge.inputs.reduce(0) { $0 + $1.rows }
            let rowsOut = written?.rows ?? 0
            precondition(
                table.identity.isEmpty ? rowsIn == rowsOut : rowsIn >= rowsOut,
                "compaction of \(table.name) turned \(rowsIn) rows into \(rowsOut)"
            )
            try environment.reach(.compactionCommitPre)
            let version = try space.door.commit(change)
            try swap(version, space: space.name, dropFrozen: false)
        } catch {
            throw Self.flushError(error)
        }
    }

    /// From the first to the last of `ranges`; nil when one of them is not known.
    private static func covering(_ ranges: [ClosedRange<UInt64>?]) -> ClosedRange<UInt64>? {
        let known = ranges.compactMap { $0 }
        guard known.count == ranges.count, let first = known.map(\.lowerBound).min(),
            let last = known.map(\.upperBound).max()
        else { return nil }
        return first...last
    }

    /// Copies of the large row groups, merges of runs of small ones and of those written with other types.
    private func plans(
        _ table: TableDefinition,
        _ groups: [(reader: ParquetReader, index: Int)]
    ) -> [() throws -> RowGroupPlan] {
        var plans: [() throws -> RowGroupPlan] = []
        var pending: [(reader: ParquetReader, index: Int)] = []
        var pendingRows = 0
        var pendingBytes = 0
        func isCopied(_ reader: ParquetReader) -> Bool {
            reader.schema.hasSameShape(as: table.schema)
        }
        func emit() {
            let merging = pending
            if merging.count == 1, isCopied(merging[0].reader) {
                plans.append { .copy(merging[0].reader, rowGroup: merging[0].index) }
            } else if !merging.isEmpty {
                plans.append {
                    let sources = try merging.map { group in
                        try table.schema.fields.indices.map {
                            try group.reader.column(rowGroup: group.index, field: $0)
                        }
                    }
                    let rows = merging.enumerated().flatMap { source, group in
                        (0..<group.reader.rowGroups[group.index].rowCount).map {
                            RowAddress(source: source, row: $0)
                        }
                    }
                    return .rows(
                        sources: sources,
                        order: RowSorter(table: table).order(sources, rows)
                    )
                }
            }
            (pending, pendingRows, pendingBytes) = ([], 0, 0)
        }
        for group in groups {
            let rows = group.reader.rowGroups[group.index].rowCount
            if rows >= limits.rowGroupRowsSmall, isCopied(group.reader) {
                plans.append { .copy(group.reader, rowGroup: group.index) }
                continue
            }
            let bytes = group.reader.rowGroups[group.index].uncompressedByteCount
            let isFull =
                pendingRows + rows > limits.rowGroupRowsMax
                || bytes > limits.mergeBytesMax - pendingBytes
            if isFull { emit() }
            pending.append(group)
            pendingRows += rows
            pendingBytes += bytes
        }
        emit()
        return plans
    }

    /// Drops the segments of `space` that are older or more than the limits allow.
    ///
    /// - Parameters:
    ///   - name: the space; one that does not exist has nothing to drop.
    ///   - before: segments whose every row is older (Unix nanoseconds) are dropped; nil keeps all.
    ///   - bytesMax: the oldest segments are dropped until the rest fits; nil keeps all.
    /// - Returns: how many were dropped.
    /// - Throws: when the change cannot be committed: see `CommitDoor.commit`.
    @discardableResult
    package func retain(
        space name: String,
        before: Int64?,
        bytesMax: Int?
    ) throws(StorageError) -> Int {
        guard let space = state.withLock({ $0.spaces[name]?.space }) else { return 0 }
        return try space.maintenance.withLock { _ throws(StorageError) in
            guard let version = state.withLock({ $0.spaces[name]?.version }) else { return 0 }
            var change = SpaceChange(operation: "retain")
            var bytes = version.segments.values.joined().reduce(0) { $0 + $1.bytes }
            let oldestFirst = version.segments
                .flatMap { table, segments in segments.map { (table: table, segment: $0) } }
                .sorted {
                    ($0.segment.maxTime, $0.segment.id) < ($1.segment.maxTime, $1.segment.id)
                }
            for (table, segment) in oldestFirst {
                let isOld = before.map { segment.maxTime < $0 } ?? false
                let isTooMuch = bytesMax.map { bytes > $0 } ?? false
                guard isOld || isTooMuch else { continue }
                change.removed[table, default: []].insert(segment.id)
                bytes -= segment.bytes
            }
            let dropped = change.removed.values.reduce(0) { $0 + $1.count }
            guard dropped > 0 else { return 0 }
            try swap(try space.door.commit(change), space: name, dropFrozen: false)
            return dropped
        }
    }
}
