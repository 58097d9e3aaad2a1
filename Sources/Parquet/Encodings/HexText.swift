// Words as lower-case hexadecimal text, sixteen digits a word, without a table: the nibbles are spread over the
// bytes of two words and turned into digits in parallel.

/// Converts between words and hexadecimal text.
enum HexText {
    private static let ones: UInt64 = 0x0101_0101_0101_0101

    /// The sixteen digits of `word` as two words whose bytes in memory are the text.
    @inline(__always)
    static func encode(_ word: UInt64) -> (UInt64, UInt64) {
        (digits(word >> 32), digits(word & 0xffff_ffff))
    }

    @inline(__always)
    private static func digits(_ half: UInt64) -> UInt64 {
        var spread = (half | half &<< 16) & 0x0000_ffff_0000_ffff
        spread = (spread | spread &<< 8) & 0x00ff_00ff_00ff_00ff
        spread = (spread | spread &<< 4) & 0x0f0f_0f0f_0f0f_0f0f
        let isLetter = ((spread &+ 6 &* ones) &>> 4) & ones
        return (spread &+ 0x30 &* ones &+ isLetter &* 0x27).bigEndian
    }

    /// The word whose sixteen digits are at `text`, or nil when they are not all lower-case digits.
    @inline(__always)
    static func decode(_ text: UnsafeRawPointer) -> UInt64? {
        let high = text.loadUnaligned(as: UInt64.self)
        let low = text.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
        let word = nibbles(high) &<< 32 | nibbles(low)
        let (first, second) = encode(word)
        return first == high && second == low ? word : nil
    }

    @inline(__always)
    private static func nibbles(_ digits: UInt64) -> UInt64 {
        let text = digits.bigEndian
        var value = (text & (0x0f &* ones)) &+ 9 &* ((text &>> 6) & ones)
        value = (value | value &>> 4) & 0x00ff_00ff_00ff_00ff
        value = (value | value &>> 8) & 0x0000_ffff_0000_ffff
        return (value | value &>> 16) & 0xffff_ffff
    }

    /// The text of an identifier of `words.count` words.
    static func text(_ words: [UInt64]) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity(words.count * 16)
        for word in words {
            let (first, second) = encode(word)
            withUnsafeBytes(of: first) { text.append(contentsOf: $0) }
            withUnsafeBytes(of: second) { text.append(contentsOf: $0) }
        }
        return text
    }
}
