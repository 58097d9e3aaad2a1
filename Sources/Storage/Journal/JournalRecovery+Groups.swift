// What a group of the journal holds, and where another one is.

extension JournalRecovery {
    /// The header at `offset` if it is that of the group which follows what was read, whatever its payload.
    func nextGroup(
        _ bytes: [UInt8],
        at offset: Int,
        _ file: JournalFileHeader,
        behind result: Result
    ) -> (header: JournalGroupHeader, crc: UInt32)? {
        guard let found = JournalGroupHeader.read(bytes, at: offset, in: file),
            found.header.chain == result.chain, found.header.firstLSN == result.lastLSN + 1
        else { return nil }
        return found
    }

    /// The payload's range, or nil when it is cut short or its CRC does not fit.
    func payload(
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

    /// The offset of a whole valid group at or behind `offset`, if there is one.
    func laterGroup(_ bytes: [UInt8], from offset: Int, _ file: JournalFileHeader) -> Int? {
        var candidate = offset
        while candidate < bytes.count {
            if let (header, _) = JournalGroupHeader.read(bytes, at: candidate, in: file),
                payload(bytes, header, at: candidate) != nil
            {
                return candidate
            }
            candidate += JournalFormat.blockBytes
        }
        return nil
    }

    /// Whether there is a group header anywhere in a file whose own header is not valid.
    static func holdsGroup(_ bytes: [UInt8]) -> Bool {
        stride(from: JournalFormat.blockBytes, to: bytes.count, by: JournalFormat.blockBytes)
            .contains { JournalGroupHeader.read(bytes, at: $0) != nil }
    }

    func split(
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

    static func damaged(_ path: String, _ offset: Int, _ why: String) -> StorageError {
        StorageError(
            .restore,
            "journal file \(path) is damaged at offset \(offset): \(why)",
            remedy:
                "restore the file from a backup; to go on without it, move it out of the journal directory "
                + "and start once with --accept-lost-batches"
        )
    }

    static func missing(_ what: String, _ directory: String) -> StorageError {
        StorageError(
            .restore,
            "\(what): batches that were acknowledged are in files that are gone",
            remedy:
                "put them back into \(directory), or mount it; to go on without them, start once with "
                + "--accept-lost-batches"
        )
    }
}
