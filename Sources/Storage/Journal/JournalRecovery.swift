// Reading the journal back.
//
// Files are read in (epoch, sequence) order. A group that is not valid ends its file. Whether that is a
// torn tail or damage is decided by proof, not by hope:
//   - a valid group of the same file behind it, or any later file: it had been synced before those were
//     written, so it was acknowledged: refuse, naming file and offset;
//   - otherwise nobody can have been told of it: truncate the file there, sync, and count it.
// The one blind spot: rot in the very last acknowledged group, before any later group was written, looks like
// a torn tail.
// Truncation is done before a new epoch's file is made, so recovery can crash anywhere and run again.
// The newest group, or the header of a file without one, may be what a failed sync left: its pages can look whole in
// memory and be lost on disk. It is written again and synced before anything builds on it.

/// What recovery found.
package struct JournalRecoveryReport: Sendable, Equatable {
    package var files = 0
    package var groups = 0
    package var records = 0
    package var bytes = 0
    /// Torn tails that were cut off.
    package var truncatedTails = 0
}

struct JournalRecovery {
    let environment: Environment
    let directory: String
    let storeID: String

    struct Result {
        var report = JournalRecoveryReport()
        /// Newest valid LSN; 0 when the journal is empty.
        var lastLSN: UInt64 = 0
        var chain: UInt32 = 0
        /// The newest epoch any file names.
        var epoch: UInt64 = 0
        var files: [(path: String, firstLSN: UInt64)] = []
        /// Where the newest valid group of the file being read lies.
        var newestGroup = 0..<0
    }

    /// Reads every valid record in LSN order.
    ///
    /// - Parameters:
    ///   - foldedLSN: the highest LSN known to be in segments: the journal may begin above 1 only up to
    ///     there.
    ///   - lastLSN: reading stops at the end of the group that holds it.
    ///   - repair: false when nothing may be changed on disk (`verify`).
    ///   - visit: called with the LSN and the record of each batch.
    /// - Returns: where the journal ends and which files it has.
    /// - Throws: `.restore` when acknowledged batches are damaged or missing, naming the file and the
    ///   offset; the error of a failed file operation; whatever `visit` throws.
    func run(
        foldedLSN: UInt64,
        through lastLSN: UInt64 = .max,
        repair: Bool,
        visit: (UInt64, JournalRecord) throws(StorageError) -> Void
    ) throws(StorageError) -> Result {
        let fileSystem = environment.fileSystem
        let names = try names()
        var result = Result()
        for (position, name) in names.enumerated() where result.lastLSN < lastLSN {
            let path = directory + "/" + name
            let isLast = position == names.count - 1
            let handle = try storing(path) { () throws(FileError) in
                try fileSystem.open(path, repair ? .readWrite : .read)
            }
            let bytes = try storing(path) { () throws(FileError) in
                try handle.read(at: 0, count: try handle.byteCount())
            }
            guard let identity = JournalFormat.parse(fileName: name) else { continue }
            result.epoch = max(result.epoch, identity.epoch)
            guard let header = JournalFileHeader(bytes), header.epoch == identity.epoch,
                header.sequence == identity.sequence
            else {
                guard isLast, !Self.holdsGroup(bytes) else {
                    throw Self.damaged(path, 0, "its header is not valid")
                }
                // Made, but not yet synced: no group is in it.
                if repair {
                    try storing(path) { () throws(FileError) in
                        try fileSystem.remove(path)
                        try fileSystem.syncDirectory(directory)
                    }
                    result.report.truncatedTails += bytes.isEmpty ? 0 : 1
                }
                continue
            }
            guard header.storeID == storeID else {
                throw Self.damaged(path, 36, "it belongs to store \(header.storeID)")
            }
            if result.files.isEmpty {
                guard header.firstLSN <= foldedLSN + 1 else {
                    throw Self.damaged(
                        path,
                        24,
                        "batches \(foldedLSN + 1) to \(header.firstLSN - 1) are missing before it"
                    )
                }
                (result.lastLSN, result.chain) = (header.firstLSN - 1, header.chain)
            }
            // A journal that was trimmed whole begins anew above what had been folded.
            let follows =
                header.firstLSN == result.lastLSN + 1 && header.chain == result.chain
                || header.firstLSN > result.lastLSN && header.firstLSN <= foldedLSN + 1
            guard follows else {
                throw Self.damaged(
                    path,
                    24,
                    "it begins at batch \(header.firstLSN), but \(result.lastLSN + 1) is next"
                )
            }
            (result.lastLSN, result.chain) = (header.firstLSN - 1, header.chain)
            result.report.files += 1
            result.files.append((path, header.firstLSN))
            let end = try readGroups(
                bytes,
                header,
                path,
                isLast: isLast,
                through: lastLSN,
                &result,
                visit
            )
            if repair, isLast {
                let isEmpty = result.newestGroup.isEmpty
                let group = isEmpty ? 0..<JournalFormat.blockBytes : result.newestGroup
                try storing(path) { () throws(FileError) in
                    try bytes.withBytes { bytes throws(FileError) in
                        try handle.writeAll(.init(rebasing: bytes[group]), at: group.lowerBound)
                    }
                    try handle.sync()
                }
            }
            if repair, end < bytes.count {
                try storing(path) { () throws(FileError) in
                    try handle.truncate(to: end)
                    try handle.sync()
                }
                if bytes[end...].contains(where: { $0 != 0 }) { result.report.truncatedTails += 1 }
            }
            result.report.bytes += end
        }
        return result
    }

    /// Visits the valid groups of one file; returns the offset where they end.
    private func readGroups(
        _ bytes: [UInt8],
        _ file: JournalFileHeader,
        _ path: String,
        isLast: Bool,
        through lastLSN: UInt64,
        _ result: inout Result,
        _ visit: (UInt64, JournalRecord) throws(StorageError) -> Void
    ) throws(StorageError) -> Int {
        var offset = JournalFormat.blockBytes
        result.newestGroup = 0..<0
        while offset < bytes.count, result.lastLSN < lastLSN {
            guard let (header, crc) = JournalGroupHeader.read(bytes, at: offset),
                header.epoch == file.epoch, header.sequence == file.sequence,
                header.chain == result.chain, header.firstLSN == result.lastLSN + 1,
                let payload = payload(bytes, header, at: offset)
            else {
                if let later = laterGroup(bytes, after: offset, file) {
                    throw Self.damaged(
                        path,
                        offset,
                        "a whole group follows at offset \(later), so this one was acknowledged"
                    )
                }
                guard isLast else {
                    throw Self.damaged(
                        path,
                        offset,
                        "a later file follows, so this group was acknowledged"
                    )
                }
                return offset
            }
            let records = try split(bytes, payload, header, path)
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

    /// The payload's range, or nil when it is cut short or its CRC does not fit.
    private func payload(
        _ bytes: [UInt8],
        _ header: JournalGroupHeader,
        at offset: Int
    ) -> Range<Int>? {
        let start = offset + JournalFormat.groupHeaderBytes
        guard header.payloadBytes <= bytes.count - start else { return nil }
        let range = start..<(start + header.payloadBytes)
        let crc = bytes.withUnsafeBytes { crc32c(.init(rebasing: $0[range])) }
        return crc == header.payloadCRC ? range : nil
    }

    /// The offset of a whole valid group behind `offset`, if there is one.
    private func laterGroup(_ bytes: [UInt8], after offset: Int, _ file: JournalFileHeader) -> Int?
    {
        var candidate = offset + JournalFormat.blockBytes
        while candidate < bytes.count {
            if let (header, _) = JournalGroupHeader.read(bytes, at: candidate),
                header.epoch == file.epoch, header.sequence == file.sequence,
                payload(bytes, header, at: candidate) != nil
            {
                return candidate
            }
            candidate += JournalFormat.blockBytes
        }
        return nil
    }

    /// Whether there is a group header anywhere in a file whose own header is not valid.
    private static func holdsGroup(_ bytes: [UInt8]) -> Bool {
        stride(from: JournalFormat.blockBytes, to: bytes.count, by: JournalFormat.blockBytes)
            .contains { JournalGroupHeader.read(bytes, at: $0) != nil }
    }

    private func split(
        _ bytes: [UInt8],
        _ payload: Range<Int>,
        _ header: JournalGroupHeader,
        _ path: String
    ) throws(StorageError) -> [JournalRecord] {
        var records: [JournalRecord] = []
        var offset = payload.lowerBound
        while offset < payload.upperBound {
            guard payload.upperBound - offset >= 16 else {
                throw Self.damaged(
                    path,
                    offset,
                    "a record is cut short inside a group with a right checksum"
                )
            }
            let payloadBytes = Int(bytes.load(UInt32.self, at: offset))
            let nameBytes = Int(bytes.load(UInt16.self, at: offset + 6))
            let name = offset + 16
            guard payloadBytes + nameBytes <= payload.upperBound - name else {
                throw Self.damaged(
                    path,
                    offset,
                    "a record is cut short inside a group with a right checksum"
                )
            }
            let end = name + nameBytes + payloadBytes
            records.append(
                JournalRecord(
                    kind: bytes[offset + 4],
                    space: String(decoding: bytes[name..<(name + nameBytes)], as: UTF8.self),
                    receivedAt: bytes.load(UInt64.self, at: offset + 8),
                    payload: Array(bytes[(name + nameBytes)..<end])
                )
            )
            offset = end
        }
        guard records.count == header.recordCount else {
            throw Self.damaged(
                path,
                payload.lowerBound,
                "a group holds \(records.count) records, not \(header.recordCount)"
            )
        }
        return records
    }

    private static func damaged(_ path: String, _ offset: Int, _ why: String) -> StorageError {
        StorageError(
            .restore,
            "journal file \(path) is damaged at offset \(offset): \(why)",
            remedy:
                "restore the file from a backup; to go on without it, move the named file out of the "
                + "journal directory and run `holdfast verify` to see what is missing"
        )
    }
}
