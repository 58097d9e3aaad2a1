// Typed values out of JSON text, by the rules of OTLP/JSON.

/// Reads members, strings, numbers and ids, and owns the scratch that unescaped strings go to.
struct JSONReader {
    var cursor: JSONCursor
    var scratch: [UInt8] = []
    var budget: ElementBudget
    /// Reused for one string at a time.
    var temporary: [UInt8] = []
    /// References into a table of strings that were stepped over.
    var ignoredStringIndexes = 0
    private let fields = JSONFieldTable.shared

    init(_ bytes: Bytes, limits: DecodeLimits) {
        cursor = JSONCursor(bytes)
        budget = ElementBudget(limits: limits)
    }

    // MARK: - Structure

    @inline(__always)
    mutating func openObject(_ bytes: Bytes) throws(OTLPError) -> Bool {
        try cursor.expect("{", bytes)
        return true
    }

    @inline(__always)
    mutating func openArray(_ bytes: Bytes) throws(OTLPError) -> Bool {
        try cursor.expect("[", bytes)
        return true
    }

    /// The next member that is not null, or nil after the closing brace.
    @inline(__always)
    mutating func nextField(
        _ isFirst: inout Bool,
        _ bytes: Bytes
    ) throws(OTLPError) -> JSONField? {
        while try cursor.next(before: "}", &isFirst, bytes) {
            let name = try cursor.string(bytes)
            try cursor.expect(":", bytes)
            if try cursor.null(bytes) { continue }
            if name.hasEscapes { return try escapedField(name, bytes) }
            return fields.field(bytes, name.range)
        }
        return nil
    }

    @inline(never)
    private mutating func escapedField(
        _ name: JSONString,
        _ bytes: Bytes
    ) throws(OTLPError) -> JSONField {
        try unescapeToTemporary(name, bytes)
        return fields.field(temporary.span, 0..<temporary.count)
    }

    /// Whether another element follows.
    @inline(__always)
    mutating func nextElement(_ isFirst: inout Bool, _ bytes: Bytes) throws(OTLPError) -> Bool {
        try cursor.next(before: "]", &isFirst, bytes)
    }

    /// Requires that nothing but white space is left.
    mutating func finish(_ bytes: Bytes) throws(OTLPError) {
        _ = cursor.peek(bytes)
        guard cursor.position == cursor.end else {
            throw .malformed("something follows the JSON object", at: cursor.position)
        }
    }

    /// Steps over any value.
    @inline(never)
    mutating func skip(_ bytes: Bytes) throws(OTLPError) {
        // Open brackets: whether each is an object, and whether its first item is still to come.
        var open: [(isObject: Bool, isFirst: Bool)] = []
        repeat {
            if let (isObject, wasFirst) = open.last {
                var isFirst = wasFirst
                let bracket: Unicode.Scalar = isObject ? "}" : "]"
                guard try cursor.next(before: bracket, &isFirst, bytes) else {
                    open.removeLast()
                    continue
                }
                open[open.count - 1].isFirst = false
                if isObject {
                    _ = try skipString(bytes)
                    try cursor.expect(":", bytes)
                }
            }
            switch cursor.peek(bytes) {
            case UInt8(ascii: "{"):
                try cursor.expect("{", bytes)
                open.append((isObject: true, isFirst: true))
            case UInt8(ascii: "["):
                try cursor.expect("[", bytes)
                open.append((isObject: false, isFirst: true))
            case UInt8(ascii: "\""): try skipString(bytes)
            case UInt8(ascii: "t"), UInt8(ascii: "f"): _ = try cursor.bool(bytes)
            case UInt8(ascii: "n"): _ = try cursor.null(bytes)
            default: _ = try cursor.number(bytes)
            }
            guard open.count <= budget.limits.syntaxDepth else {
                throw .tooDeep(at: cursor.position)
            }
        } while !open.isEmpty
    }

    private mutating func skipString(_ bytes: Bytes) throws(OTLPError) {
        let string = try cursor.string(bytes)
        if string.hasEscapes { try unescapeToTemporary(string, bytes) }
    }

    // MARK: - Strings

    /// A string as a reference: into the body if nothing in it is escaped.
    @inline(__always)
    mutating func text(_ bytes: Bytes) throws(OTLPError) -> TextRef {
        let string = try cursor.string(bytes)
        if string.hasEscapes { return try unescapedText(string, bytes) }
        let range = string.range
        return TextRef(inScratch: false, offset: range.lowerBound, count: range.count)
    }

    @inline(never)
    private mutating func unescapedText(
        _ string: JSONString,
        _ bytes: Bytes
    ) throws(OTLPError) -> TextRef {
        try budget.checkScratch(scratch, adding: string.range.count, at: string.range.lowerBound)
        let start = scratch.count
        try JSONEscapes.append(bytes, string.range, to: &scratch)
        return TextRef(inScratch: true, offset: start, count: scratch.count - start)
    }

    mutating func unescapeToTemporary(
        _ string: JSONString,
        _ bytes: Bytes
    ) throws(OTLPError) {
        temporary.removeAll(keepingCapacity: true)
        try JSONEscapes.append(bytes, string.range, to: &temporary)
    }

    // MARK: - Ids

    mutating func traceID(_ bytes: Bytes) throws(OTLPError) -> RecordID {
        try identifier(bytes, digits: 32)
    }

    mutating func spanID(_ bytes: Bytes) throws(OTLPError) -> RecordID {
        try identifier(bytes, digits: 16)
    }

    private mutating func identifier(
        _ bytes: Bytes,
        digits: Int
    ) throws(OTLPError) -> RecordID {
        let string = try cursor.string(bytes)
        guard string.hasEscapes else { return RecordID(hex: bytes, string.range, digits: digits) }
        try unescapeToTemporary(string, bytes)
        return RecordID(hex: temporary.span, 0..<temporary.count, digits: digits)
    }

    // MARK: - Numbers

    /// fixed64 and uint64: a number, or a string of decimal digits.
    mutating func uint64(_ bytes: Bytes) throws(OTLPError) -> UInt64 {
        let (magnitude, isNegative) = try integer(bytes)
        guard !isNegative || magnitude == 0 else {
            throw .malformed("negative number in an unsigned field", at: cursor.position)
        }
        return magnitude
    }

    /// int64 and sfixed64: a number, or a string of decimal digits.
    mutating func int64(_ bytes: Bytes) throws(OTLPError) -> Int64 {
        let (magnitude, isNegative) = try integer(bytes)
        if isNegative, magnitude <= Int64.min.magnitude {
            return Int64(truncatingIfNeeded: 0 &- magnitude)
        }
        guard !isNegative, let value = Int64(exactly: magnitude) else {
            throw .malformed("number does not fit 64 bits", at: cursor.position)
        }
        return value
    }

    mutating func uint32(_ bytes: Bytes) throws(OTLPError) -> UInt32 {
        guard let value = UInt32(exactly: try uint64(bytes)) else {
            throw .malformed("number does not fit 32 bits", at: cursor.position)
        }
        return value
    }

    mutating func int32(_ bytes: Bytes) throws(OTLPError) -> Int32 {
        guard let value = Int32(exactly: try int64(bytes)) else {
            throw .malformed("number does not fit 32 bits", at: cursor.position)
        }
        return value
    }

    /// An enumeration: only a number.
    mutating func enumeration(_ bytes: Bytes) throws(OTLPError) -> Int32 {
        guard cursor.peek(bytes) != UInt8(ascii: "\"") else {
            throw .malformed("an enumeration is not a number", at: cursor.position)
        }
        return try int32(bytes)
    }

    /// The bits of a double: a number, or a string with a number, NaN or an infinity.
    mutating func double(_ bytes: Bytes) throws(OTLPError) -> UInt64 {
        let start = cursor.position
        guard cursor.peek(bytes) == UInt8(ascii: "\"") else {
            let value = try cursor.number(bytes).double(bytes)
            guard value.isFinite else { throw .malformed("number out of range", at: start) }
            return value.bitPattern
        }
        try unescapeToTemporary(try cursor.string(bytes), bytes)
        switch String(decoding: temporary, as: UTF8.self) {
        case "NaN": return Double.nan.bitPattern
        case "Infinity": return Double.infinity.bitPattern
        case "-Infinity": return (-Double.infinity).bitPattern
        default:
            var inner = JSONCursor(temporary.span)
            let value = try inner.number(temporary.span).double(temporary.span)
            guard value.isFinite, inner.position == inner.end else {
                throw .malformed("not a number", at: start)
            }
            return value.bitPattern
        }
    }

    private mutating func integer(
        _ bytes: Bytes
    ) throws(OTLPError) -> (magnitude: UInt64, isNegative: Bool) {
        let start = cursor.position
        let number: JSONNumber
        if cursor.peek(bytes) == UInt8(ascii: "\"") {
            let string = try cursor.string(bytes)
            try unescapeToTemporary(string, bytes)
            var inner = JSONCursor(temporary.span)
            number = try inner.number(temporary.span)
            guard inner.position == inner.end, number.isInteger, number.start == 0 else {
                throw .malformed("not a decimal integer", at: start)
            }
        } else {
            number = try cursor.number(bytes)
            if !number.isInteger { return try integral(number, bytes) }
        }
        guard !number.isHuge else { throw .malformed("number does not fit 64 bits", at: start) }
        return (number.digits, number.isNegative)
    }

    /// A number with a fraction or an exponent that is an integer all the same, such as 1e3.
    private func integral(
        _ number: JSONNumber,
        _ bytes: Bytes
    ) throws(OTLPError) -> (magnitude: UInt64, isNegative: Bool) {
        let value = number.double(bytes)
        guard let magnitude = UInt64(exactly: value.magnitude) else {
            throw .malformed("not an integer", at: number.start)
        }
        return (magnitude, number.isNegative)
    }
}

extension RecordID {
    /// The id in hexadecimal digits of either case.
    init(hex bytes: Bytes, _ range: Range<Int>, digits: Int) {
        guard range.count == digits else {
            state = range.isEmpty ? .absent : .wrongLength
            return
        }
        for position in range {
            let byte = bytes[position]
            let letter = (byte | 0x20) &- UInt8(ascii: "a")
            let digit = byte &- UInt8(ascii: "0")
            guard digit < 10 || letter < 6 else {
                self = RecordID(state: .notHex)
                return
            }
            high = high << 4 | low >> 60
            low = low << 4 | UInt64(digit < 10 ? digit : letter + 10)
        }
        if digits == 16 { high = 0 }
        state = .present
    }
}
