import Testing

@testable import Parquet

struct ChecksumTests {
    @Test func crcOfTheUsualCheckStringIsTheUsualOne() {
        let text = Array("123456789".utf8)
        #expect(text.withUnsafeBytes { CRC32.checksum($0) } == 0xcbf4_3926)
        #expect([UInt8]().withUnsafeBytes { CRC32.checksum($0) } == 0)
    }

    @Test(arguments: 0..<40)
    func crcOfPartsIsTheCRCOfTheWhole(_ split: Int) {
        let bytes = (0..<40).map { UInt8(truncatingIfNeeded: $0 * 37) }
        let whole = bytes.withUnsafeBytes { CRC32.checksum($0) }
        let first = bytes[..<split].withUnsafeBytes { CRC32.checksum($0) }
        #expect(bytes[split...].withUnsafeBytes { CRC32.checksum($0, continuing: first) } == whole)
    }

    @Test func crcOfManyBytesAtATimeIsTheOneOverTables() {
        let bytes = (0..<1_000).map { UInt8(truncatingIfNeeded: $0 &* 167 &+ $0 / 7) }
        bytes.withUnsafeBytes { bytes in
            for start in 0..<20 {
                for end in (start..<start + 300).map({ $0 }) + [bytes.count] {
                    let part = UnsafeRawBufferPointer(rebasing: bytes[start..<end])
                    let previous = UInt32(truncatingIfNeeded: start &* 0x1234_5677)
                    #expect(
                        CRC32.checksum(part, continuing: previous)
                            == ~CRC32.through(part, from: ~previous)
                    )
                }
            }
        }
    }

    @Test(
        arguments: [
            ("", 0xef46_db37_51d8_e999), ("a", 0xd24e_c4f1_a98c_6e5b),
            ("abc", 0x44bc_2cf5_ad77_0999),
            ("Nobody inspects the spammish repetition", 0xfbce_a83c_8a37_8bf1),
        ] as [(String, UInt64)]
    )
    func xxHashOfKnownTextsIsKnown(_ text: String, _ hash: UInt64) {
        #expect(Array(text.utf8).withUnsafeBytes { XXHash64.hash($0) } == hash)
    }
}
