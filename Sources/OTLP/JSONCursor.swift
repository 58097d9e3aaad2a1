// JSON syntax, read in place: the same scheme as `WireCursor`. Invariant: 0 <= position <= end, and
// end == bytes.count; each unchecked read follows a comparison against `end`.

/// The inside of a string literal.
struct JSONString {
    var range: Range<Int>
    var hasEscapes: Bool
}

/// A position in JSON text.
struct JSONCursor {
    private(set) var position = 0
    let end: Int

    init(_ bytes: Bytes) { end = bytes.count }

    // MARK: - Structure

    /// The next byte that is not white space, not consumed; 0 at the end.
    @inline(__always)
    mutating func peek(_ bytes: Bytes) -> UInt8 {
        while position < end {
            let byte = unsafe bytes[unchecked: position]
            if byte > 0x20 { return byte }
            guard byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 else { return byte }
            position &+= 1
        }
        return 0
    }

    /// Consumes a byte that `peek` has just seen.
    @inline(__always)
    private mutating func consume() { position &+= 1 }

    @inline(__always)
    mutating func expect(_ scalar: Unicode.Scalar, _ bytes: Bytes) throws(OTLPError) {
        guard peek(bytes) == UInt8(ascii: scalar), position < end else {
            throw .malformed("unexpected JSON", at: position)
        }
        consume()
    }

    /// Whether another member or element follows; consumes the comma before it or the bracket after
    /// the last one.
    @inline(__always)
    mutating func next(
        before bracket: Unicode.Scalar,
        _ isFirst: inout Bool,
        _ bytes: Bytes
    ) throws(OTLPError) -> Bool {
        let byte = peek(bytes)
        if byte == UInt8(ascii: bracket) {
            consume()
            return false
        }
        if isFirst {
            isFirst = false
        } else {
            guard byte == UInt8(ascii: ",") else {
                throw .malformed("expected a comma or the end", at: position)
            }
            consume()
        }
        return true
    }

    /// Consumes `null` if it is next.
    @inline(__always)
    mutating func null(_ bytes: Bytes) throws(OTLPError) -> Bool {
        guard peek(bytes) == UInt8(ascii: "n") else { return false }
        try literal("null", bytes)
        return true
    }

    /// A truth value.
    mutating func bool(_ bytes: Bytes) throws(OTLPError) -> Bool {
        if peek(bytes) == UInt8(ascii: "t") {
            try literal("true", bytes)
            return true
        }
        try literal("false", bytes)
        return false
    }

    private mutating func literal(_ text: StaticString, _ bytes: Bytes) throws(OTLPError) {
        let count = text.utf8CodeUnitCount
        guard end - position >= count else { throw .malformed("truncated JSON", at: position) }
        for offset in 0..<count where unsafe bytes[position + offset] != text.utf8Start[offset] {
            throw .malformed("unexpected JSON", at: position)
        }
        position += count
    }

    // MARK: - Strings

    /// The string that is next.
    @inline(__always)
    mutating func string(_ bytes: Bytes) throws(OTLPError) -> JSONString {
        try expect("\"", bytes)
        let start = position
        let stop = specialByte(bytes)
        if stop < end, unsafe bytes[unchecked: stop] == UInt8(ascii: "\"") {
            position = stop &+ 1
            return JSONString(range: start..<stop, hasEscapes: false)
        }
        return try escapedString(bytes, from: start)
    }

    @inline(never)
    private mutating func escapedString(
        _ bytes: Bytes,
        from start: Int
    ) throws(OTLPError) -> JSONString {
        while true {
            position = specialByte(bytes)
            guard position < end else { throw .malformed("truncated string", at: position) }
            switch bytes[position] {
            case UInt8(ascii: "\""):
                position += 1
                return JSONString(range: start..<(position - 1), hasEscapes: true)
            case UInt8(ascii: "\\"):
                guard end - position >= 2 else {
                    throw .malformed("truncated string", at: position)
                }
                position += 2
            default: throw .malformed("control character in a string", at: position)
            }
        }
    }

    /// Where the next quote, backslash or control character is; `end` if there is none.
    @inline(__always)
    private func specialByte(_ bytes: Bytes) -> Int {
        var position = position
        let low: UInt64 = 0x0101_0101_0101_0101
        let high: UInt64 = 0x8080_8080_8080_8080
        while end &- position >= 8 {
            let word = UInt64(
                littleEndian: unsafe bytes.bytes.unsafeLoadUnaligned(
                    fromUncheckedByteOffset: position,
                    as: UInt64.self
                )
            )
            let quote = word ^ (low &* 0x22)
            let backslash = word ^ (low &* 0x5c)
            let hits =
                (((quote &- low) & ~quote) | ((backslash &- low) & ~backslash)
                    | ((word &- low &* 0x20) & ~word)) & high
            if hits != 0 { return position &+ hits.trailingZeroBitCount / 8 }
            position &+= 8
        }
        while position < end {
            let byte = unsafe bytes[unchecked: position]
            if byte < 0x20 || byte == 0x22 || byte == 0x5c { return position }
            position &+= 1
        }
        return end
    }

    // MARK: - Numbers

    /// The number that is next, checked against the grammar.
    mutating func number(_ bytes: Bytes) throws(OTLPError) -> JSONNumber {
        _ = peek(bytes)
        var number = JSONNumber(start: position)
        if position < end, bytes[position] == UInt8(ascii: "-") {
            number.isNegative = true
            position += 1
        }
        let integerStart = position
        try digits(bytes, into: &number)
        if bytes[integerStart] == UInt8(ascii: "0"), position > integerStart + 1 {
            throw .malformed("number with a leading zero", at: integerStart)
        }
        if position < end, bytes[position] == UInt8(ascii: ".") {
            position += 1
            number.isInteger = false
            let fractionStart = position
            try digits(bytes, into: &number)
            number.exponent = -(position - fractionStart)
        }
        if position < end, bytes[position] | 0x20 == UInt8(ascii: "e") {
            position += 1
            number.isInteger = false
            number.hasExponent = true
            if position < end,
                bytes[position] == UInt8(ascii: "+") || bytes[position] == UInt8(ascii: "-")
            {
                position += 1
            }
            var ignored = JSONNumber(start: position)
            try digits(bytes, into: &ignored)
        }
        number.end = position
        return number
    }

    /// One or more digits.
    private mutating func digits(
        _ bytes: Bytes,
        into number: inout JSONNumber
    ) throws(OTLPError) {
        let start = position
        while position < end {
            let digit = bytes[position] &- UInt8(ascii: "0")
            guard digit < 10 else { break }
            number.append(digit)
            position += 1
        }
        guard position > start else { throw .malformed("expected a number", at: position) }
    }
}

/// A number as it is written.
struct JSONNumber {
    var start: Int
    var end = 0
    var isNegative = false
    /// Neither fraction nor exponent.
    var isInteger = true
    var hasExponent = false
    /// Minus the number of fraction digits.
    var exponent = 0
    /// All digits before the exponent as one integer, unless `isHuge`.
    private(set) var digits: UInt64 = 0
    /// The digits do not fit 64 bits.
    private(set) var isHuge = false

    init(start: Int) { self.start = start }

    mutating func append(_ digit: UInt8) {
        let (product, productOverflow) = digits.multipliedReportingOverflow(by: 10)
        let (sum, sumOverflow) = product.addingReportingOverflow(UInt64(digit))
        if productOverflow || sumOverflow { isHuge = true }
        digits = sum
    }

    /// The double nearest to the number; infinite if it is out of range.
    func double(_ bytes: Bytes) -> Double {
        // Both operands are exact, so the one rounding is the right one.
        if !isHuge, !hasExponent, digits < 1 << 53, exponent >= -22 {
            let value = Double(digits) / Self.powersOfTen[-exponent]
            return isNegative ? -value : value
        }
        var text: [UInt8] = []
        JSONText.append(bytes, start..<end, to: &text)
        return Double(String(decoding: text, as: UTF8.self)) ?? .infinity
    }

    private static let powersOfTen: [Double] = [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
        1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
    ]
}
