import Failpoints

// The node's write-ahead log, as its one writer sees it.
//
// append: build the group in memory · pwrite · fdatasync · look whether the fence is still there · only then is any of its
// batches acknowledged.
// rotate: create the next file · write its header · fdatasync · fsync(directory); the first group goes in after.
// A fence that is gone means that another process has the store: what was written counts for nothing (JournalFence.swift).
// Any error of these leaves the bytes in an unknown state: the journal is poisoned, nothing is retried on the
// same descriptor, and the node reopens through recovery, which decides from what is on disk.
// Power lost during append: the group is torn and nobody was told of it; for recovery the journal ends before it.
// Power lost during rotate: a file without a valid header, or with a header and no group; recovery goes on after it.

/// Where the journal continues.
struct JournalPosition: Equatable {
    var epoch: UInt64
    var nextLSN: UInt64
    /// Header CRC of the last valid group.
    var chain: UInt32
}

/// Appends batches durably.
///
/// Used by one thread at a time.
final class Journal {
    private struct File {
        let path: String
        let sequence: UInt64
        let firstLSN: UInt64
    }

    private let environment: Environment
    private let limits: Limits
    private let directory: String
    private let storeID: String
    private let fence: JournalFence
    private var position: JournalPosition
    private var handle: (any FileHandle)?
    private var files: [File]
    private var writeOffset = 0
    private var nextSequence = JournalFormat.sealSequence + 1
    /// Of the file that takes the next group.
    private var mark: UInt32 = 0
    private var group: [UInt8] = []
    private(set) var isPoisoned = false
    /// Bytes of journal files on disk, for status.
    private(set) var byteCount = 0
    private(set) var barrierCount = 0

    /// The LSN of the newest durable batch.
    var lastLSN: UInt64 { position.nextLSN - 1 }

    /// Goes on at `position`, in a new file that is made at the first append.
    ///
    /// The files in `retained`, of earlier epochs and the seal of this one, may hold batches not yet in
    /// segments.
    init(
        environment: Environment,
        limits: Limits,
        directory: String,
        storeID: String,
        fence: JournalFence,
        position: JournalPosition,
        retained: [(path: String, firstLSN: UInt64, byteCount: Int)]
    ) {
        self.environment = environment
        self.limits = limits
        self.directory = directory
        self.storeID = storeID
        self.fence = fence
        self.position = position
        self.files = retained.map { File(path: $0.path, sequence: 0, firstLSN: $0.firstLSN) }
        self.byteCount = retained.reduce(0) { $0 + $1.byteCount }
    }

    /// Makes `records` durable behind one barrier.
    ///
    /// - Returns: the LSN of the first record; the others follow it.
    /// - Throws: `.stop`; nothing of the group may be acknowledged and the journal takes no more.
    func append(_ records: [JournalRecord]) throws(StorageError) -> UInt64 {
        precondition(!records.isEmpty)
        guard !isPoisoned else { throw Self.poisoned("an earlier write failed") }
        do {
            try environment.failpoints.hit(StorageFailpoint.journalAppendPre)
            let handle = try openFile()
            let first = position.nextLSN
            let chain = build(records)
            try group.withUnsafeBytes { bytes in try handle.writeAll(bytes, at: writeOffset) }
            try environment.failpoints.hit(StorageFailpoint.journalSyncPre)
            try handle.sync()
            barrierCount += 1
            writeOffset += group.count
            byteCount += group.count
            try environment.failpoints.hit(StorageFailpoint.journalSyncPost)
            try fence.check()
            // Not before: a flush must not count a group that nobody was told of.
            position.nextLSN += UInt64(records.count)
            position.chain = chain
            if group.capacity > limits.journalGroupBytesMax * 2 { group = [] }
            return first
        } catch let error as StorageError where error.code == .stop {
            poison()
            throw error
        } catch {
            poison()
            throw Self.poisoned("\(error)")
        }
    }

    /// Takes no more: the store has to be opened anew.
    func poison() {
        isPoisoned = true
        handle = nil
    }

    /// Deletes files whose every LSN is at or below `lsn`; the newest file stays.
    func trim(through lsn: UInt64) throws(StorageError) {
        while files.count > 1, files[1].firstLSN <= lsn + 1 {
            let file = files[0]
            try environment.reach(.journalTrim)
            // Gone already when an earlier removal was done and reported as failed.
            try storing(file.path) { () throws(FileError) in
                guard let bytes = try environment.fileSystem.byteCount(file.path) else { return }
                try environment.fileSystem.remove(file.path)
                byteCount -= bytes
            }
            files.removeFirst()
        }
    }

    /// Deletes files without a batch, so that a node that starts again and again does not fill the directory with
    /// seals.
    ///
    /// The file behind such a one begins at the same batch: it is as good a seal of what lies before. One that cannot
    /// be deleted stays until a later trim or opening.
    func dropEmptyFiles() {
        for index in files.indices.dropLast().reversed()
        where files[index].firstLSN == files[index + 1].firstLSN {
            do {
                try environment.reach(.journalDrop)
                let bytes = try environment.fileSystem.byteCount(files[index].path) ?? 0
                try environment.fileSystem.remove(files[index].path)
                byteCount -= bytes
                files.remove(at: index)
            } catch {
                continue
            }
        }
    }

    /// Serialises `records` into `group`, padded to whole blocks; returns the header's CRC.
    private func build(_ records: [JournalRecord]) -> UInt32 {
        let payloadBytes = records.reduce(0) { $0 + $1.byteCount }
        group.removeAll(keepingCapacity: true)
        group.reserveCapacity(
            JournalFormat.roundedUp(JournalFormat.groupHeaderBytes + payloadBytes)
        )
        group.append(contentsOf: repeatElement(0, count: JournalFormat.groupHeaderBytes))
        for record in records {
            append(UInt32(record.payload.count))
            group.append(record.kind)
            group.append(0)
            append(UInt16(record.space.utf8.count))
            append(record.receivedAt)
            group.append(contentsOf: record.space.utf8)
            group.append(contentsOf: record.payload)
        }
        let payloadCRC = group.withUnsafeBytes {
            crc32c(.init(rebasing: $0[JournalFormat.groupHeaderBytes...]))
        }
        let padding = JournalFormat.roundedUp(group.count) - group.count
        group.append(contentsOf: repeatElement(0, count: padding))
        return JournalGroupHeader(
            epoch: position.epoch,
            sequence: nextSequence - 1,
            firstLSN: position.nextLSN,
            durableLSN: lastLSN,
            payloadBytes: payloadBytes,
            recordCount: records.count,
            payloadCRC: payloadCRC,
            chain: position.chain,
            mark: mark
        ).store(into: &group)
    }

    private func append<Value: FixedWidthInteger>(_ value: Value) {
        withUnsafeBytes(of: value.littleEndian) { group.append(contentsOf: $0) }
    }

    /// The file that takes the next group: the current one, or a new one when there is none or it is
    /// full.
    private func openFile() throws -> any FileHandle {
        if let handle, writeOffset < limits.journalFileBytesMax { return handle }
        handle = nil
        let name = JournalFormat.fileName(epoch: position.epoch, sequence: nextSequence)
        let path = directory + "/" + name
        mark = UInt32(truncatingIfNeeded: environment.random.next()) | 1
        let header = JournalFileHeader(
            epoch: position.epoch,
            sequence: nextSequence,
            firstLSN: position.nextLSN,
            chain: position.chain,
            storeID: storeID,
            mark: mark
        )
        let file = try environment.fileSystem.open(path, .create)
        try environment.failpoints.hit(StorageFailpoint.journalRotateHeader)
        try header.encoded().withUnsafeBytes { bytes in try file.writeAll(bytes, at: 0) }
        try file.sync()
        try environment.failpoints.hit(StorageFailpoint.journalRotateDirectorySync)
        try environment.fileSystem.syncDirectory(directory)
        files.append(File(path: path, sequence: nextSequence, firstLSN: position.nextLSN))
        nextSequence += 1
        writeOffset = JournalFormat.blockBytes
        byteCount += writeOffset
        handle = file
        return file
    }

    private static func poisoned(_ cause: String) -> StorageError {
        StorageError(
            .stop,
            "the journal cannot be written: \(cause)",
            remedy: "the node reopens by itself; if this repeats, check the disk and its free space"
        )
    }
}
