/// Undoes the escapes of a JSON string.
enum JSONEscapes {
    /// Appends what the inside of a string literal stands for.
    ///
    /// Half a surrogate pair is malformed.
    static func append(
        _ bytes: Bytes,
        _ range: Range<Int>,
        to out: inout [UInt8]
    ) throws(OTLPError) {
        var position = range.lowerBound
        while position < range.upperBound {
            var run = position
            while run < range.upperBound, bytes[run] != UInt8(ascii: "\\") { run += 1 }
            JSONText.append(bytes, position..<run, to: &out)
            position = run
            guard position < range.upperBound else { break }
            guard range.upperBound - position >= 2 else {
                throw .malformed("truncated escape", at: position)
            }
            let letter = bytes[position + 1]
            position += 2
            switch letter {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): out.append(letter)
            case UInt8(ascii: "b"): out.append(0x08)
            case UInt8(ascii: "f"): out.append(0x0c)
            case UInt8(ascii: "n"): out.append(0x0a)
            case UInt8(ascii: "r"): out.append(0x0d)
            case UInt8(ascii: "t"): out.append(0x09)
            case UInt8(ascii: "u"):
                let scalar = try scalar(bytes, &position, before: range.upperBound)
                out.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
            default: throw .malformed("unknown escape", at: position - 1)
            }
        }
    }

    /// The scalar of a `\u` whose digits are next, the second half of a pair included.
    private static func scalar(
        _ bytes: Bytes,
        _ position: inout Int,
        before end: Int
    ) throws(OTLPError) -> Unicode.Scalar {
        let start = position
        var value = try codeUnit(bytes, &position, before: end)
        if value >> 10 == 0xd800 >> 10 {
            guard end - position >= 6, bytes[position] == UInt8(ascii: "\\"),
                bytes[position + 1] == UInt8(ascii: "u")
            else { throw .malformed("half a surrogate pair", at: start) }
            position += 2
            let second = try codeUnit(bytes, &position, before: end)
            guard second >> 10 == 0xdc00 >> 10 else {
                throw .malformed("half a surrogate pair", at: start)
            }
            value = 0x10000 + (value & 0x3ff) << 10 + (second & 0x3ff)
        }
        guard let scalar = Unicode.Scalar(value) else {
            throw .malformed("half a surrogate pair", at: start)
        }
        return scalar
    }

    private static func codeUnit(
        _ bytes: Bytes,
        _ position: inout Int,
        before end: Int
    ) throws(OTLPError) -> UInt32 {
        guard end - position >= 4 else { throw .malformed("truncated escape", at: position) }
        var value: UInt32 = 0
        for _ in 0..<4 {
            let byte = bytes[position]
            let digit = byte &- UInt8(ascii: "0")
            let letter = (byte | 0x20) &- UInt8(ascii: "a")
            guard digit < 10 || letter < 6 else {
                throw .malformed("escape without four hexadecimal digits", at: position)
            }
            value = value << 4 | UInt32(digit < 10 ? digit : letter + 10)
            position += 1
        }
        return value
    }

    /// Appends the bytes of standard or URL-safe base64, padded or not.
    static func appendBase64(
        _ bytes: Bytes,
        _ range: Range<Int>,
        to out: inout [UInt8]
    ) throws(OTLPError) {
        var end = range.upperBound
        while end > range.lowerBound, range.upperBound - end < 2,
            bytes[end - 1] == UInt8(ascii: "=")
        {
            end -= 1
        }
        var group: UInt32 = 0
        var bits = 0
        for position in range.lowerBound..<end {
            guard let digit = base64Value(bytes[position]) else {
                throw .malformed("not base64", at: position)
            }
            group = group << 6 | digit
            bits += 6
            if bits >= 8 {
                bits -= 8
                out.append(UInt8(truncatingIfNeeded: group >> UInt32(bits)))
            }
        }
        guard bits < 6 else { throw .malformed("truncated base64", at: end) }
    }

    private static func base64Value(_ byte: UInt8) -> UInt32? {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(byte - UInt8(ascii: "A"))
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(byte - UInt8(ascii: "a")) + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte - UInt8(ascii: "0")) + 52
        case UInt8(ascii: "+"), UInt8(ascii: "-"): 62
        case UInt8(ascii: "/"), UInt8(ascii: "_"): 63
        default: nil
        }
    }
}
