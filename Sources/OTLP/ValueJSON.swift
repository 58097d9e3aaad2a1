/// The JSON text that arrays, key-value lists and whole attribute sets are kept as. People can read
/// it and nothing is lost:
///
/// - integers have no fraction, doubles always have a point or an exponent;
/// - NaN and the infinities are `{"$double":"NaN"}`, `{"$double":"Infinity"}`,
///   `{"$double":"-Infinity"}`;
/// - bytes are `{"$bytes":"<base64>"}`, a value without a value is `null`;
/// - a key-value list is an object in the order it came, repeated keys included; a key that begins
///   with "$" has one more "$" in front.
///
/// Text that is not UTF-8 is repaired with U+FFFD.
public enum ValueJSON {
    /// Appends the rows `range` of an attribute set as one JSON object.
    public static func appendObject(
        of columns: AttributeColumns,
        range: Range<Int>,
        text: RequestText,
        into out: inout [UInt8]
    ) {
        out.append(UInt8(ascii: "{"))
        for row in range {
            if row > range.lowerBound { out.append(UInt8(ascii: ",")) }
            let key = columns.keys[row]
            let bytes = key.isInScratch ? text.scratch.span : text.body.span
            JSONText.appendKey(bytes, key.range, to: &out)
            append(kind: columns.kinds[row], payload: columns.payloads[row], text: text, into: &out)
        }
        out.append(UInt8(ascii: "}"))
    }

    /// Appends one value of a kind-and-payload column, such as a log body.
    public static func append(
        kind: ValueKind,
        payload: UInt64,
        text: RequestText,
        into out: inout [UInt8]
    ) {
        switch kind {
        case .empty: append(scalar: .empty, payload, to: &out)
        case .bool: append(scalar: .bool, payload, to: &out)
        case .int: append(scalar: .int, payload, to: &out)
        case .double: append(scalar: .double, payload, to: &out)
        case .string, .bytes, .json:
            let ref = TextRef(rawValue: payload)
            let bytes = ref.isInScratch ? text.scratch.span : text.body.span
            switch kind {
            case .string: JSONText.appendQuoted(bytes, ref.range, to: &out)
            case .bytes: append(base64Of: bytes, ref.range, to: &out)
            default: JSONText.append(bytes, ref.range, to: &out)
            }
        }
    }

    /// Appends a value of the object model.
    public static func append(_ value: AnyValue, into out: inout [UInt8]) {
        switch value {
        case .empty: append(scalar: .empty, 0, to: &out)
        case .bool(let flag): append(scalar: .bool, flag ? 1 : 0, to: &out)
        case .int(let number): append(scalar: .int, UInt64(bitPattern: number), to: &out)
        case .double(let number): append(scalar: .double, number.bitPattern, to: &out)
        case .string(let string):
            JSONText.appendQuoted(Array(string.utf8), to: &out)
        case .bytes(let bytes): append(base64Of: bytes, to: &out)
        case .array(let values):
            out.append(UInt8(ascii: "["))
            for (index, element) in values.enumerated() {
                if index > 0 { out.append(UInt8(ascii: ",")) }
                append(element, into: &out)
            }
            out.append(UInt8(ascii: "]"))
        case .kvlist(let pairs):
            out.append(UInt8(ascii: "{"))
            for (index, pair) in pairs.enumerated() {
                if index > 0 { out.append(UInt8(ascii: ",")) }
                JSONText.appendKey(Array(pair.key.utf8), to: &out)
                append(pair.value, into: &out)
            }
            out.append(UInt8(ascii: "}"))
        }
    }

    // MARK: - Pieces the decoders share

    /// Appends a value whose bits say everything.
    static func append(scalar kind: ValueScan.Case, _ bits: UInt64, to out: inout [UInt8]) {
        switch kind {
        case .bool: JSONText.append(bits == 0 ? "false" : "true", to: &out)
        case .int: JSONText.append(Int64(bitPattern: bits), to: &out)
        case .double:
            let value = Double(bitPattern: bits)
            if let name = JSONText.name(ofNonFinite: value) {
                JSONText.append("{\"$double\":\"", to: &out)
                JSONText.append(name, to: &out)
                JSONText.append("\"}", to: &out)
            } else {
                JSONText.appendFinite(value, to: &out)
            }
        case .empty, .string, .bytes, .array, .kvlist: JSONText.append("null", to: &out)
        }
    }

    /// Appends the marker object of a whole array.
    static func append(base64Of data: [UInt8], to out: inout [UInt8]) {
        append(base64Of: data.span, 0..<data.count, to: &out)
    }

    /// Appends the marker object of raw bytes.
    static func append(base64Of bytes: Bytes, _ range: Range<Int>, to out: inout [UInt8]) {
        JSONText.append("{\"$bytes\":\"", to: &out)
        JSONText.appendBase64(bytes, range, to: &out)
        JSONText.append("\"}", to: &out)
    }
}
