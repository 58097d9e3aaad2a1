// The text back to values.

extension ValueJSON {
    /// Parses one value.
    ///
    /// Text that the functions of this type wrote comes back as the value it was written from (a
    /// NaN loses its payload); other JSON is read by the same rules.
    ///
    /// - Throws: `OTLPError` if the text is not JSON or is nested more deeply than 96 levels.
    public static func parse(_ text: ArraySlice<UInt8>) throws(OTLPError) -> AnyValue {
        try parse(Array(text))
    }

    /// Parses one value, as `parse(_:)` of a slice does.
    public static func parse(_ text: [UInt8]) throws(OTLPError) -> AnyValue {
        var limits = DecodeLimits()
        limits.maxDepth = .max
        let bytes = text.span
        var reader = JSONReader(bytes, limits: limits)
        let value = try reader.parsedValue(bytes, depth: 0)
        try reader.finish(bytes)
        return value
    }

    /// Parses an object, such as `appendObject(of:range:text:into:)` writes, as key-value pairs.
    ///
    /// - Throws: `OTLPError` if the text is not a JSON object.
    public static func parseObject(_ text: [UInt8]) throws(OTLPError) -> [KeyValue] {
        let bytes = text.span
        var reader = try objectReader(bytes)
        let pairs = try reader.parsedPairs(bytes, depth: 1)
        try reader.finish(bytes)
        return pairs.map { pair in KeyValue(JSONReader.unmarked(pair.key), pair.value) }
    }

    /// The keys of an object, as `parseObject(_:)` gives them; its values are stepped over.
    ///
    /// - Throws: `OTLPError` if the text is not a JSON object.
    public static func keys(ofObject text: [UInt8]) throws(OTLPError) -> [String] {
        let bytes = text.span
        var reader = try objectReader(bytes)
        let keys = try reader.parsedKeys(bytes)
        try reader.finish(bytes)
        return keys
    }

    /// The text that stands for `key` in every object that has it, wherever that object is.
    public static func keyText(_ key: String) -> [UInt8] {
        var out: [UInt8] = []
        JSONText.appendKey(Array(key.utf8), to: &out)
        return out
    }

    private static func objectReader(_ bytes: Bytes) throws(OTLPError) -> JSONReader {
        var limits = DecodeLimits()
        limits.maxDepth = .max
        var reader = JSONReader(bytes, limits: limits)
        guard reader.cursor.peek(bytes) == UInt8(ascii: "{") else {
            throw .malformed("not an object", at: reader.cursor.position)
        }
        return reader
    }
}

extension JSONReader {
    fileprivate mutating func parsedValue(
        _ bytes: Bytes,
        depth: Int
    ) throws(OTLPError) -> AnyValue {
        guard depth <= budget.limits.valueDepth else { throw .tooDeep(at: cursor.position) }
        switch cursor.peek(bytes) {
        case UInt8(ascii: "{"):
            let pairs = try parsedPairs(bytes, depth: depth + 1)
            if pairs.count == 1, let marked = try marked(pairs[0]) { return marked }
            return .kvlist(
                pairs.map { pair in KeyValue(JSONReader.unmarked(pair.key), pair.value) }
            )
        case UInt8(ascii: "["):
            var values: [AnyValue] = []
            var isFirst = try openArray(bytes)
            while try nextElement(&isFirst, bytes) {
                values.append(try parsedValue(bytes, depth: depth + 1))
            }
            return .array(values)
        case UInt8(ascii: "\""): return .string(try parsedString(bytes))
        case UInt8(ascii: "t"), UInt8(ascii: "f"): return .bool(try cursor.bool(bytes))
        case UInt8(ascii: "n"):
            _ = try cursor.null(bytes)
            return .empty
        default:
            let number = try cursor.number(bytes)
            if number.isInteger, !number.isHuge {
                if number.isNegative, number.digits <= Int64.min.magnitude {
                    return .int(Int64(truncatingIfNeeded: 0 &- number.digits))
                }
                if !number.isNegative, let value = Int64(exactly: number.digits) {
                    return .int(value)
                }
            }
            return .double(number.double(bytes))
        }
    }

    /// The members of an object, keys as they are written.
    fileprivate mutating func parsedPairs(
        _ bytes: Bytes,
        depth: Int
    ) throws(OTLPError) -> [KeyValue] {
        var pairs: [KeyValue] = []
        var isFirst = try openObject(bytes)
        while try cursor.next(before: "}", &isFirst, bytes) {
            let key = try parsedString(bytes)
            try cursor.expect(":", bytes)
            pairs.append(KeyValue(key, try parsedValue(bytes, depth: depth)))
        }
        return pairs
    }

    /// The keys of an object, each without what keeps it from being a marker.
    fileprivate mutating func parsedKeys(_ bytes: Bytes) throws(OTLPError) -> [String] {
        var keys: [String] = []
        var isFirst = try openObject(bytes)
        while try cursor.next(before: "}", &isFirst, bytes) {
            keys.append(JSONReader.unmarked(try parsedString(bytes)))
            try cursor.expect(":", bytes)
            try skip(bytes)
        }
        return keys
    }

    private mutating func parsedString(_ bytes: Bytes) throws(OTLPError) -> String {
        try unescapeToTemporary(try cursor.string(bytes), bytes)
        return String(decoding: temporary, as: UTF8.self)
    }

    /// What a marker object stands for.
    private func marked(_ pair: KeyValue) throws(OTLPError) -> AnyValue? {
        guard case .string(let text) = pair.value else { return nil }
        switch (pair.key, text) {
        case ("$double", "NaN"): return .double(.nan)
        case ("$double", "Infinity"): return .double(.infinity)
        case ("$double", "-Infinity"): return .double(-.infinity)
        case ("$bytes", _):
            let digits = Array(text.utf8)
            var data: [UInt8] = []
            try JSONEscapes.appendBase64(digits.span, 0..<digits.count, to: &data)
            return .bytes(data)
        default: return nil
        }
    }

    /// A key without the "$" that keeps it from being a marker.
    fileprivate static func unmarked(_ key: String) -> String {
        key.hasPrefix("$") ? String(key.dropFirst()) : key
    }
}
