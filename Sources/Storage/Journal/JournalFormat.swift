// The bytes of the journal.
//
// DATA/journal/<epoch>-<sequence>.wal = one file header block, then groups, each beginning on a
// 4,096-byte boundary so that a torn write of one group never touches a sector of an acknowledged one.
//
// file header (4,096 bytes):  0 magic "HFJF"   4 version u32   8 epoch u64   16 sequence u64
//                            24 first LSN u64  32 chain u32 (header CRC of the group before, in the file before)
//                            36 store id, 36 bytes of text   72 CRC-32C of bytes 0..<72
//                            76 mark u32, random   80 CRC-32C of bytes 0..<80   rest zero
// group header (64 bytes):    0 magic "HFJG"   4 version u32   8 epoch u64   16 first LSN u64
//                            24 durable LSN u64: every LSN up to it was synced when this was built
//                            32 payload bytes u32   36 records u32   40 CRC-32C of the payload u32
//                            44 chain u32 (header CRC of the group before)   48 sequence u64
//                            56 mark u32 of its file   60 CRC-32C of bytes 0..<60
// payload: records back to back, then zeros up to the boundary. Record i has LSN first + i.
// record (16 bytes + names):  0 payload bytes u32   4 kind u8   5 zero u8   6 space name bytes u16
//                             8 received at, Unix nanoseconds u64   16 space name, then payload
//
// Sequence 1 of an epoch is its seal: a header without groups, which says where the files of earlier epochs end
// (JournalFence.swift); the groups begin in sequence 2. DATA/journal/<epoch>.fence is the epoch's right to write.
//
// All integers are little-endian. A group is valid when both CRCs fit, epoch, sequence and mark are those of its
// file, its chain is the header CRC of the group before it, and its first LSN is the next one. The mark is told to nobody,
// so that what a client has sent is not taken for a group where one is torn. Files without one have zeros from 76 on.

/// One batch as it stands in the journal.
package struct JournalRecord: Sendable {
    /// What the payload is; its meaning belongs to the module that wrote it.
    package let kind: UInt8
    package let space: String
    /// Unix nanoseconds.
    package let receivedAt: UInt64
    package let payload: [UInt8]

    package init(kind: UInt8, space: String, receivedAt: UInt64, payload: [UInt8]) {
        self.kind = kind
        self.space = space
        self.receivedAt = receivedAt
        self.payload = payload
    }

    /// Bytes the record takes in a group.
    var byteCount: Int { 16 + space.utf8.count + payload.count }
}

enum JournalFormat {
    static let version: UInt32 = 1
    static let blockBytes = 4_096
    static let groupHeaderBytes = 64
    static let fileMagic: UInt32 = 0x464a_4648
    static let groupMagic: UInt32 = 0x474a_4648

    /// The first file of every epoch, which holds no group.
    static let sealSequence: UInt64 = 1

    static func fenceName(epoch: UInt64) -> String { hexadecimal(epoch) + ".fence" }

    /// The epoch in a fence's name, or nil when it is not a fence.
    static func parse(fenceName: String) -> UInt64? {
        guard fenceName.utf8.count == 22, fenceName.hasSuffix(".fence") else { return nil }
        return UInt64(fenceName.dropLast(6), radix: 16)
    }

    static func fileName(epoch: UInt64, sequence: UInt64) -> String {
        "\(hexadecimal(epoch))-\(hexadecimal(sequence)).wal"
    }

    /// The epoch and sequence in a file's name, or nil when it is not a journal file.
    static func parse(fileName: String) -> (epoch: UInt64, sequence: UInt64)? {
        guard fileName.utf8.count == 37, fileName.hasSuffix(".wal") else { return nil }
        let parts = fileName.dropLast(4).split(separator: "-")
        guard parts.count == 2, let epoch = UInt64(parts[0], radix: 16),
            let sequence = UInt64(parts[1], radix: 16)
        else { return nil }
        return (epoch, sequence)
    }

    static func roundedUp(_ byteCount: Int) -> Int {
        (byteCount + blockBytes - 1) / blockBytes * blockBytes
    }
}

/// What a journal file says of itself.
struct JournalFileHeader: Equatable {
    var epoch: UInt64
    var sequence: UInt64
    var firstLSN: UInt64
    var chain: UInt32
    var storeID: String
    /// Zero in a file without groups.
    var mark: UInt32 = 0

    func encoded() -> [UInt8] {
        var block = [UInt8](repeating: 0, count: JournalFormat.blockBytes)
        block.store(JournalFormat.fileMagic, at: 0)
        block.store(JournalFormat.version, at: 4)
        block.store(epoch, at: 8)
        block.store(sequence, at: 16)
        block.store(firstLSN, at: 24)
        block.store(chain, at: 32)
        for (index, byte) in storeID.utf8.prefix(36).enumerated() { block[36 + index] = byte }
        block.store(block.withUnsafeBytes { crc32c(.init(rebasing: $0[..<72])) }, at: 72)
        if mark != 0 {
            block.store(mark, at: 76)
            block.store(block.withUnsafeBytes { crc32c(.init(rebasing: $0[..<80])) }, at: 80)
        }
        return block
    }

    /// The version in a file header of a newer program, or nil when it is not one.
    static func newerVersion(_ bytes: [UInt8]) -> UInt32? {
        guard bytes.count >= 8, bytes.load(UInt32.self, at: 0) == JournalFormat.fileMagic else {
            return nil
        }
        let version = bytes.load(UInt32.self, at: 4)
        return version > JournalFormat.version ? version : nil
    }

    /// Nil when the bytes are not a file header.
    init?(_ bytes: [UInt8]) {
        guard bytes.count >= JournalFormat.blockBytes,
            bytes.load(UInt32.self, at: 0) == JournalFormat.fileMagic,
            bytes.load(UInt32.self, at: 4) == JournalFormat.version,
            bytes.load(UInt32.self, at: 72)
                == bytes.withUnsafeBytes({ crc32c(.init(rebasing: $0[..<72])) })
        else { return nil }
        epoch = bytes.load(UInt64.self, at: 8)
        sequence = bytes.load(UInt64.self, at: 16)
        firstLSN = bytes.load(UInt64.self, at: 24)
        chain = bytes.load(UInt32.self, at: 32)
        storeID = String(decoding: bytes[36..<72], as: UTF8.self)
        mark = bytes.load(UInt32.self, at: 76)
        let crc = bytes.load(UInt32.self, at: 80)
        if mark != 0 || crc != 0 {
            guard crc == bytes.withUnsafeBytes({ crc32c(.init(rebasing: $0[..<80])) }) else {
                return nil
            }
        }
    }

    init(
        epoch: UInt64,
        sequence: UInt64,
        firstLSN: UInt64,
        chain: UInt32,
        storeID: String,
        mark: UInt32 = 0
    ) {
        self.epoch = epoch
        self.sequence = sequence
        self.firstLSN = firstLSN
        self.chain = chain
        self.storeID = storeID
        self.mark = mark
    }
}

/// What a group says of itself.
struct JournalGroupHeader: Equatable {
    var epoch: UInt64
    var sequence: UInt64
    var firstLSN: UInt64
    var durableLSN: UInt64
    var payloadBytes: Int
    var recordCount: Int
    var payloadCRC: UInt32
    var chain: UInt32
    var mark: UInt32

    /// Writes the header into the first 64 bytes of `group` and returns its CRC, the next group's
    /// chain.
    func store(into group: inout [UInt8]) -> UInt32 {
        group.store(JournalFormat.groupMagic, at: 0)
        group.store(JournalFormat.version, at: 4)
        group.store(epoch, at: 8)
        group.store(firstLSN, at: 16)
        group.store(durableLSN, at: 24)
        group.store(UInt32(payloadBytes), at: 32)
        group.store(UInt32(recordCount), at: 36)
        group.store(payloadCRC, at: 40)
        group.store(chain, at: 44)
        group.store(sequence, at: 48)
        group.store(mark, at: 56)
        let crc = group.withUnsafeBytes { crc32c(.init(rebasing: $0[..<60])) }
        group.store(crc, at: 60)
        return crc
    }

    /// Reads the header at `offset`; nil when there is none with a right CRC.
    static func read(_ bytes: [UInt8], at offset: Int) -> (header: JournalGroupHeader, crc: UInt32)?
    {
        guard bytes.count - offset >= JournalFormat.groupHeaderBytes,
            bytes.load(UInt32.self, at: offset) == JournalFormat.groupMagic,
            bytes.load(UInt32.self, at: offset + 4) == JournalFormat.version
        else { return nil }
        let crc = bytes.withUnsafeBytes { crc32c(.init(rebasing: $0[offset..<(offset + 60)])) }
        guard crc == bytes.load(UInt32.self, at: offset + 60) else { return nil }
        let header = JournalGroupHeader(
            epoch: bytes.load(UInt64.self, at: offset + 8),
            sequence: bytes.load(UInt64.self, at: offset + 48),
            firstLSN: bytes.load(UInt64.self, at: offset + 16),
            durableLSN: bytes.load(UInt64.self, at: offset + 24),
            payloadBytes: Int(bytes.load(UInt32.self, at: offset + 32)),
            recordCount: Int(bytes.load(UInt32.self, at: offset + 36)),
            payloadCRC: bytes.load(UInt32.self, at: offset + 40),
            chain: bytes.load(UInt32.self, at: offset + 44),
            mark: bytes.load(UInt32.self, at: offset + 56)
        )
        return (header, crc)
    }

    /// Reads the header at `offset`; nil when there is none of a group of `file`.
    static func read(
        _ bytes: [UInt8],
        at offset: Int,
        in file: JournalFileHeader
    ) -> (header: JournalGroupHeader, crc: UInt32)? {
        guard let found = read(bytes, at: offset), found.header.epoch == file.epoch,
            found.header.sequence == file.sequence, found.header.mark == file.mark
        else { return nil }
        return found
    }
}

extension [UInt8] {
    /// Overwrites the bytes at `offset` with `value`, little-endian.
    mutating func store<Value: FixedWidthInteger>(_ value: Value, at offset: Int) {
        withUnsafeMutableBytes {
            $0.storeBytes(of: value.littleEndian, toByteOffset: offset, as: Value.self)
        }
    }

    /// The little-endian value at `offset`, which the caller has checked to be inside.
    func load<Value: FixedWidthInteger>(_ type: Value.Type, at offset: Int) -> Value {
        Value(littleEndian: withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: type) })
    }
}
