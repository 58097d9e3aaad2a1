// Writing JSON text into byte arrays: strings (escaped, invalid UTF-8 repaired), numbers, base64.

enum JSONText {
    // MARK: - Strings

    /// Appends `bytes[range]` as a JSON string.
    ///
    /// What is not UTF-8 becomes U+FFFD, one for each maximal part of a sequence, as the Unicode
    /// standard recommends.
    static func appendQuoted(_ bytes: Bytes, _ range: Range<Int>, to out: inout [UInt8]) {
        out.append(UInt8(ascii: "\""))
        appendEscaped(bytes, range, to: &out)
        out.append(UInt8(ascii: "\""))
    }

    /// Appends a key of a key-value list: one that begins with "$" gets another in front, so that it
    /// is never taken for a marker.
    static func appendKey(_ bytes: Bytes, _ range: Range<Int>, to out: inout [UInt8]) {
        out.append(UInt8(ascii: "\""))
        if !range.isEmpty, bytes[range.lowerBound] == UInt8(ascii: "$") {
            out.append(UInt8(ascii: "$"))
        }
        appendEscaped(bytes, range, to: &out)
        out.append(UInt8(ascii: "\""))
        out.append(UInt8(ascii: ":"))
    }

    /// Appends a whole array as a JSON string.
    static func appendQuoted(_ text: [UInt8], to out: inout [UInt8]) {
        appendQuoted(text.span, 0..<text.count, to: &out)
    }

    /// Appends a whole array as a key.
    static func appendKey(_ text: [UInt8], to out: inout [UInt8]) {
        appendKey(text.span, 0..<text.count, to: &out)
    }

    private static func appendEscaped(_ bytes: Bytes, _ range: Range<Int>, to out: inout [UInt8]) {
        let end = range.upperBound
        var position = range.lowerBound
        while position < end {
            let run = plainRun(bytes, position..<end)
            append(bytes, position..<run, to: &out)
            position = run
            guard position < end else { break }
            let byte = bytes[position]
            if byte < 0x80 {
                appendEscape(of: byte, to: &out)
                position += 1
            } else {
                let sequence = UTF8Sequence(bytes, position..<end)
                if sequence.isValid {
                    append(bytes, position..<(position + sequence.count), to: &out)
                } else {
                    out.append(contentsOf: [0xef, 0xbf, 0xbd])
                }
                position += sequence.count
            }
        }
    }

    private static func appendEscape(of byte: UInt8, to out: inout [UInt8]) {
        out.append(UInt8(ascii: "\\"))
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): out.append(byte)
        case 0x08: out.append(UInt8(ascii: "b"))
        case 0x09: out.append(UInt8(ascii: "t"))
        case 0x0a: out.append(UInt8(ascii: "n"))
        case 0x0c: out.append(UInt8(ascii: "f"))
        case 0x0d: out.append(UInt8(ascii: "r"))
        default:
            out.append(contentsOf: [UInt8(ascii: "u"), UInt8(ascii: "0"), UInt8(ascii: "0")])
            out.append(hexDigit(byte >> 4))
            out.append(hexDigit(byte & 15))
        }
    }

    /// Where the printable ASCII without `"` and `\` that starts the range ends.
    private static func plainRun(_ bytes: Bytes, _ range: Range<Int>) -> Int {
        var position = range.lowerBound
        while position < range.upperBound {
            let byte = bytes[position]
            guard byte >= 0x20, byte < 0x80, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\")
            else { break }
            position += 1
        }
        return position
    }

    /// Appends `bytes[range]` as they are.
    static func append(_ bytes: Bytes, _ range: Range<Int>, to out: inout [UInt8]) {
        guard !range.isEmpty else { return }
        unsafe bytes.extracting(range).withUnsafeBufferPointer { out.append(contentsOf: $0) }
    }

    static func append(_ text: StaticString, to out: inout [UInt8]) {
        text.withUTF8Buffer { unsafe out.append(contentsOf: $0) }
    }

    // MARK: - Numbers

    static func append(_ value: Int64, to out: inout [UInt8]) {
        if value < 0 { out.append(UInt8(ascii: "-")) }
        append(value.magnitude, to: &out)
    }

    static func append(_ value: UInt64, to out: inout [UInt8]) {
        let start = out.count
        var rest = value
        repeat {
            let (quotient, digit) = rest.quotientAndRemainder(dividingBy: 10)
            out.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: digit))
            rest = quotient
        } while rest > 0
        out[start...].reverse()
    }

    /// The shortest text that reads back as the same finite double; it has a point or an exponent.
    static func appendFinite(_ value: Double, to out: inout [UInt8]) {
        out.append(contentsOf: value.description.utf8)
    }

    /// What JSON has no number for, or nil for a finite value.
    static func name(ofNonFinite value: Double) -> StaticString? {
        if value.isNaN { return "NaN" }
        guard value.isInfinite else { return nil }
        return value < 0 ? "-Infinity" : "Infinity"
    }

    // MARK: - Bytes

    static func hexDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + (value - 10)
    }

    /// The 16 lower-case digits of a word.
    static func appendHex(_ word: UInt64, to out: inout [UInt8]) {
        for shift in stride(from: 60, through: 0, by: -4) {
            out.append(hexDigit(UInt8(truncatingIfNeeded: word >> UInt64(shift)) & 15))
        }
    }

    /// Standard base64 with padding.
    static func appendBase64(_ bytes: Bytes, _ range: Range<Int>, to out: inout [UInt8]) {
        var position = range.lowerBound
        while position < range.upperBound {
            let count = min(3, range.upperBound - position)
            var group: UInt32 = 0
            for index in 0..<3 {
                group = group << 8 | (index < count ? UInt32(bytes[position + index]) : 0)
            }
            for index in 0..<4 {
                out.append(index <= count ? base64Digit(group >> UInt32(18 - 6 * index)) : 0x3d)
            }
            position += count
        }
    }

    private static func base64Digit(_ bits: UInt32) -> UInt8 {
        let value = UInt8(truncatingIfNeeded: bits & 63)
        return switch value {
        case 0..<26: UInt8(ascii: "A") + value
        case 26..<52: UInt8(ascii: "a") + (value - 26)
        case 52..<62: UInt8(ascii: "0") + (value - 52)
        case 62: UInt8(ascii: "+")
        default: UInt8(ascii: "/")
        }
    }
}

/// The UTF-8 sequence that starts a range whose first byte is not ASCII: a whole scalar, or the part
/// of one that a single U+FFFD stands for.
struct UTF8Sequence {
    private(set) var isValid = false
    private(set) var count = 1

    init(_ bytes: Bytes, _ range: Range<Int>) {
        let lead = bytes[range.lowerBound]
        let length: Int
        var low: UInt8 = 0x80
        var high: UInt8 = 0xbf
        switch lead {
        case 0xc2...0xdf: length = 2
        case 0xe0: (length, low) = (3, 0xa0)
        case 0xed: (length, high) = (3, 0x9f)
        case 0xe1...0xef: length = 3
        case 0xf0: (length, low) = (4, 0x90)
        case 0xf1...0xf3: length = 4
        case 0xf4: (length, high) = (4, 0x8f)
        default: return
        }
        while count < length {
            let position = range.lowerBound + count
            guard position < range.upperBound, bytes[position] >= low, bytes[position] <= high
            else { return }
            (low, high) = (0x80, 0xbf)
            count += 1
        }
        isValid = true
    }
}
