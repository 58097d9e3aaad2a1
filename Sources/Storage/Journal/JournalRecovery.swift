// Reading the journal back.
//
// Files are read in (epoch, sequence) order. The files of an epoch end where the first file of a later one, its seal, says
// (JournalFence.swift): what a fenced writer has put behind that point, into the same file or a new one, is not read.
// Deletions are not synced, so a file may be back whose seal is not: it is needed by nobody who is folded beyond it.
// A batch that a space may still need is never passed over: the files go on from one another above what the space that is
// folded least has folded, they reach as far as the one that is folded most, and there is at least one file once anything
// was folded. Else files are missing; whoever knows that they are gone for good may accept it.
// Elsewhere a group that is not valid ends its file. Whether that is a torn tail or damage is decided by proof, not by hope:
//   - a valid group of the same file behind it, or a later file that does not go on from exactly there: it had been synced
//     before those were written, so it was acknowledged: refuse, naming file and offset;
//   - otherwise nobody can have been told of it: the journal ends there, which the opener's seal fixes, and it is counted.
// The one blind spot: rot in the very last acknowledged group, before any later group was written, looks like
// a torn tail.
// Nothing is cut or removed, so recovery can crash anywhere and run again, and a former writer that still runs is not
// disturbed by it; what lies behind a seal goes with its file, at a trim.
// The newest group, or the header of a file without one, may be what a failed sync left: its pages can look whole in
// memory and be lost on disk. It is written again and synced before anything builds on it.

/// What recovery found.
package struct JournalRecoveryReport: Sendable, Equatable {
    package var files = 0
    package var groups = 0
    package var records = 0
    package var bytes = 0
    /// Torn tails behind the last whole group, which no seal had ended yet.
    package var truncatedTails = 0
    /// Batches of files that are gone, whose loss was accepted.
    package var lost: [ClosedRange<UInt64>] = []
}

struct JournalRecovery {
    let environment: Environment
    let directory: String
    let storeID: String
    /// Whether batches of missing files are passed over; what is damaged is not.
    var acceptsLoss = false
    /// Batches whose loss was accepted before.
    var accepted: [ClosedRange<UInt64>] = []

    struct Result {
        var report = JournalRecoveryReport()
        /// Newest valid LSN; 0 when the journal is empty.
        var lastLSN: UInt64 = 0
        var chain: UInt32 = 0
        var files: [(path: String, firstLSN: UInt64, byteCount: Int)] = []
        /// Where the newest valid group of the file being read lies.
        var newestGroup = 0..<0
    }

    /// A file of the journal before its groups are read.
    private struct Source {
        let path: String
        let handle: any FileHandle
        /// Nil when the file does not begin with the header its name asks for.
        let header: JournalFileHeader?
        /// The next file that has a header.
        var next: JournalFileHeader?
        let isLast: Bool
    }

    /// Reads every valid record in LSN order.
    ///
    /// - Parameters:
    ///   - folded: how far spaces are folded into segments, from the least to the most: above the least nothing may be
    ///     missing, and the journal reaches the most.
    ///   - lastLSN: reading stops at the end of the group that holds it.
    ///   - writer: the epoch that opens the store and writes the newest group again; nil when nothing may
    ///     be changed on disk.
    ///   - visit: called with the LSN and the record of each batch.
    /// - Returns: where the journal ends and which files it has.
    /// - Throws: `.restore` when acknowledged batches are damaged or missing, naming the file and the
    ///   offset; `.stop` when a later epoch than `writer` has a file; the error of a failed file
    ///   operation; whatever `visit` throws.
    func run(
        folded: ClosedRange<UInt64>,
        through lastLSN: UInt64 = .max,
        writer: UInt64? = nil,
        visit: (UInt64, JournalRecord) throws(StorageError) -> Void
    ) throws(StorageError) -> Result {
        var result = Result()
        // A file without a header in front of one that says whether it was needed.
        var suspect: String?
        for source in try sources(writer) where result.lastLSN < lastLSN {
            let bytes = try storing(source.path) { () throws(FileError) in
                try source.handle.read(at: 0, count: try source.handle.byteCount())
            }
            guard let header = source.header else {
                if let version = JournalFileHeader.newerVersion(bytes) {
                    throw Self.damaged(
                        source.path,
                        4,
                        "it has version \(version); this program reads up to \(JournalFormat.version)"
                    )
                }
                guard !source.isLast || !Self.holdsGroup(bytes) else {
                    throw Self.damaged(source.path, 0, "its header is not valid")
                }
                // Made and not synced: nothing in it was acknowledged, or the next header finds it missing.
                suspect = suspect ?? source.path
                result.files.append((source.path, result.lastLSN + 1, bytes.count))
                if source.isLast, !bytes.isEmpty { result.report.truncatedTails += 1 }
                continue
            }
            try begin(source.path, header, folded, suspect, &result)
            result.files.append((source.path, header.firstLSN, bytes.count))
            suspect = nil
            let end = try readGroups(
                bytes,
                header,
                source,
                folded,
                through: lastLSN,
                &result,
                visit
            )
            if source.isLast {
                if writer != nil { try settle(bytes, source, result.newestGroup) }
                if bytes[end...].contains(where: { $0 != 0 }) { result.report.truncatedTails += 1 }
            }
            result.report.bytes += end
        }
        if lastLSN > folded.upperBound { try checkEnd(folded, &result) }
        return result
    }

    /// Makes sure that the journal ends behind everything that was folded out of it.
    private func checkEnd(
        _ folded: ClosedRange<UInt64>,
        _ result: inout Result
    ) throws(StorageError) {
        // The newest file stays for as long as there is a store, and the first opening makes one.
        if result.files.isEmpty, folded.upperBound > 0 {
            guard acceptsLoss else {
                throw Self.missing("no file of the journal is there", directory)
            }
        }
        let end = max(result.lastLSN, folded.lowerBound)
        guard end < folded.upperBound else { return }
        try lose(end + 1...folded.upperBound, "at the end of \(directory)", &result)
    }

    /// Passes over batches that are missing, if that is accepted.
    private func lose(
        _ batches: ClosedRange<UInt64>,
        _ place: String,
        _ result: inout Result
    ) throws(StorageError) {
        guard acceptsLoss || accepted.contains(where: { $0.contains(batches) }) else {
            throw Self.missing(
                "batches \(batches.lowerBound) to \(batches.upperBound) are missing \(place)",
                directory
            )
        }
        result.report.lost.append(batches)
    }

    /// Opens every file and reads its header.
    private func sources(_ writer: UInt64?) throws(StorageError) -> [Source] {
        var sources: [Source] = []
        let names = try names()
        for (position, name) in names.enumerated() {
            guard let identity = JournalFormat.parse(fileName: name) else { continue }
            if let writer, identity.epoch >= writer {
                throw StorageError(
                    .stop,
                    "epoch \(identity.epoch) has written \(name) while epoch \(writer) opens the store",
                    remedy: "another process serves this store: stop one of the two"
                )
            }
            let path = directory + "/" + name
            sources.append(
                try storing(path) { () throws(FileError) in
                    let handle = try environment.fileSystem.open(
                        path,
                        writer == nil ? .read : .readWrite
                    )
                    let header = JournalFileHeader(
                        try handle.read(at: 0, count: JournalFormat.blockBytes)
                    )
                    let isRight =
                        header?.epoch == identity.epoch && header?.sequence == identity.sequence
                    return Source(
                        path: path,
                        handle: handle,
                        header: isRight ? header : nil,
                        isLast: position == names.count - 1
                    )
                }
            )
        }
        var next: JournalFileHeader?
        for position in sources.indices.reversed() {
            sources[position].next = next
            next = sources[position].header ?? next
        }
        return sources
    }

    /// Goes on with a file whose header is valid.
    private func begin(
        _ path: String,
        _ header: JournalFileHeader,
        _ folded: ClosedRange<UInt64>,
        _ suspect: String?,
        _ result: inout Result
    ) throws(StorageError) {
        guard header.storeID == storeID else {
            throw Self.damaged(path, 36, "it belongs to store \(header.storeID)")
        }
        let isFirst = result.report.files == 0
        let next = isFirst ? folded.lowerBound + 1 : result.lastLSN + 1
        let goesOn = !isFirst && header.firstLSN == next && header.chain == result.chain
        let isUnneeded =
            header.firstLSN <= folded.lowerBound + 1
            && (isFirst || header.firstLSN > result.lastLSN)
        if !goesOn, !isUnneeded {
            if let suspect { throw Self.damaged(suspect, 0, "its header is not valid") }
            guard header.firstLSN > next else {
                throw Self.damaged(
                    path,
                    24,
                    "it begins at batch \(header.firstLSN), but \(next) is next"
                )
            }
            // What every space has folded is not lost.
            let first = max(next, folded.lowerBound + 1)
            try lose(first...header.firstLSN - 1, "before \(path)", &result)
        }
        (result.lastLSN, result.chain) = (header.firstLSN - 1, header.chain)
        result.report.files += 1
    }

    /// Writes the newest group, or the header of a file without one, again.
    private func settle(
        _ bytes: [UInt8],
        _ source: Source,
        _ newestGroup: Range<Int>
    ) throws(StorageError) {
        let part = newestGroup.isEmpty ? 0..<JournalFormat.blockBytes : newestGroup
        try environment.reach(.journalSettlePre)
        try storing(source.path) { () throws(FileError) in
            try bytes.withBytes { bytes throws(FileError) in
                try source.handle.writeAll(.init(rebasing: bytes[part]), at: part.lowerBound)
            }
        }
        try environment.reach(.journalSettleSync)
        try storing(source.path) { () throws(FileError) in try source.handle.sync() }
    }

    /// Visits the valid groups of one file; returns the offset where they end.
    private func readGroups(
        _ bytes: [UInt8],
        _ file: JournalFileHeader,
        _ source: Source,
        _ folded: ClosedRange<UInt64>,
        through lastLSN: UInt64,
        _ result: inout Result,
        _ visit: (UInt64, JournalRecord) throws(StorageError) -> Void
    ) throws(StorageError) -> Int {
        var offset = JournalFormat.blockBytes
        result.newestGroup = 0..<0
        let seal = source.next.flatMap { $0.epoch > file.epoch ? $0 : nil }
        while offset < bytes.count, result.lastLSN < lastLSN {
            if let seal, seal.chain == result.chain, seal.firstLSN > result.lastLSN { break }
            let group = nextGroup(bytes, at: offset, file, behind: result)
            guard let (header, crc) = group, let payload = payload(bytes, header, at: offset) else {
                // What a client has sent can look like a group: it is passed over where its end is known.
                let claimed = group?.header.payloadBytes ?? 0
                let end = offset + JournalFormat.groupHeaderBytes + claimed
                if let later = laterGroup(bytes, from: JournalFormat.roundedUp(end), file) {
                    throw Self.damaged(
                        source.path,
                        offset,
                        "a whole group follows at offset \(later), so this one was acknowledged"
                    )
                }
                // A file that was deleted may be back after a loss of power, without its seal: nobody needs it.
                let isFolded = source.next.map { $0.firstLSN <= folded.lowerBound + 1 } ?? false
                guard source.isLast || isFolded else {
                    throw Self.damaged(
                        source.path,
                        offset,
                        "a later file follows, so this group was acknowledged"
                    )
                }
                return offset
            }
            // A fenced writer's, of a lineage that is otherwise gone: the seal counts these numbers otherwise.
            if let seal, result.lastLSN + UInt64(header.recordCount) >= seal.firstLSN { break }
            let records = try split(bytes, payload, header, source.path)
            for (index, record) in records.enumerated() {
                try visit(header.firstLSN + UInt64(index), record)
            }
            result.lastLSN += UInt64(header.recordCount)
            result.chain = crc
            result.report.groups += 1
            result.report.records += header.recordCount
            result.newestGroup = offset..<payload.upperBound
            offset = JournalFormat.roundedUp(payload.upperBound)
        }
        return min(offset, bytes.count)
    }
}
