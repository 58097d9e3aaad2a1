/// Writes messages in protobuf.
struct ProtobufSink: MessageSink {
    private(set) var output: [UInt8] = []

    mutating func string(
        _ field: some WireField,
        _ name: StaticString,
        _ value: String,
        isChosen: Bool
    ) {
        guard isChosen || !value.isEmpty else { return }
        put(field)
        put(UInt64(value.utf8.count))
        output.append(contentsOf: value.utf8)
    }

    mutating func bytes(_ field: some WireField, _ name: StaticString, _ value: [UInt8]) {
        put(field)
        put(UInt64(value.count))
        output.append(contentsOf: value)
    }

    mutating func bool(
        _ field: some WireField,
        _ name: StaticString,
        _ value: Bool,
        isChosen: Bool
    ) {
        put(field, varint: value ? 1 : 0, isChosen: isChosen)
    }

    mutating func int(
        _ field: some WireField,
        _ name: StaticString,
        _ value: Int64,
        isChosen: Bool
    ) {
        put(field, varint: UInt64(bitPattern: value), isChosen: isChosen)
    }

    mutating func fixedInt(_ field: some WireField, _ name: StaticString, _ value: Int64) {
        put(field)
        put(word: UInt64(bitPattern: value))
    }

    mutating func word(_ field: some WireField, _ name: StaticString, _ value: UInt64) {
        guard value != 0 else { return }
        put(field)
        put(word: value)
    }

    mutating func double(
        _ field: some WireField,
        _ name: StaticString,
        _ value: Double,
        isChosen: Bool
    ) {
        guard isChosen || value.bitPattern != 0 else { return }
        put(field)
        put(word: value.bitPattern)
    }

    mutating func count(_ field: some WireField, _ name: StaticString, _ value: UInt32) {
        put(field, varint: UInt64(value))
    }

    mutating func flags(_ field: some WireField, _ name: StaticString, _ value: UInt32) {
        guard value != 0 else { return }
        put(field)
        for shift in stride(from: UInt32(0), to: 32, by: 8) {
            output.append(UInt8(truncatingIfNeeded: value >> shift))
        }
    }

    mutating func code(_ field: some WireField, _ name: StaticString, _ value: Int32) {
        put(field, varint: UInt64(bitPattern: Int64(value)))
    }

    mutating func scale(_ field: some WireField, _ name: StaticString, _ value: Int32) {
        put(field, varint: UInt64(UInt32(bitPattern: (value << 1) ^ (value >> 31))))
    }

    mutating func traceID(_ field: some WireField, _ name: StaticString, _ value: TraceID) {
        guard !value.isNone else { return }
        put(field)
        put(16)
        put(word: value.high.byteSwapped)
        put(word: value.low.byteSwapped)
    }

    mutating func spanID(_ field: some WireField, _ name: StaticString, _ value: SpanID) {
        guard !value.isNone else { return }
        put(field)
        put(8)
        put(word: value.rawValue.byteSwapped)
    }

    mutating func words(_ field: some WireField, _ name: StaticString, _ values: [UInt64]) {
        guard !values.isEmpty else { return }
        put(field)
        put(UInt64(values.count * 8))
        for value in values { put(word: value) }
    }

    mutating func varints(_ field: some WireField, _ name: StaticString, _ values: [UInt64]) {
        guard !values.isEmpty else { return }
        message(field, name) { sink in
            for value in values { sink.put(value) }
        }
    }

    mutating func doubles(_ field: some WireField, _ name: StaticString, _ values: [Double]) {
        words(field, name, values.map(\.bitPattern))
    }

    mutating func message(
        _ field: some WireField,
        _ name: StaticString,
        _ body: (inout ProtobufSink) -> Void
    ) {
        put(field)
        // The length is not known yet: leave one byte for it, and make room if it takes more.
        let start = output.count
        output.append(0)
        body(&self)
        var length = output.count - start - 1
        var prefix: [UInt8] = []
        while length > 0x7f {
            prefix.append(UInt8(truncatingIfNeeded: length) | 0x80)
            length >>= 7
        }
        output[start] = UInt8(truncatingIfNeeded: length)
        if !prefix.isEmpty { output.insert(contentsOf: prefix, at: start) }
    }

    mutating func messages<Element>(
        _ field: some WireField,
        _ name: StaticString,
        _ elements: [Element],
        _ body: (Element, inout ProtobufSink) -> Void
    ) {
        for element in elements {
            message(field, name) { sink in body(element, &sink) }
        }
    }

    // MARK: - Wire format

    private mutating func put(_ field: some WireField) { put(UInt64(field.rawValue)) }

    private mutating func put(_ field: some WireField, varint value: UInt64, isChosen: Bool = false)
    {
        guard isChosen || value != 0 else { return }
        put(field)
        put(value)
    }

    private mutating func put(_ value: UInt64) {
        var rest = value
        while rest > 0x7f {
            output.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        output.append(UInt8(truncatingIfNeeded: rest))
    }

    private mutating func put(word: UInt64) {
        for shift in stride(from: UInt64(0), to: 64, by: 8) {
            output.append(UInt8(truncatingIfNeeded: word >> shift))
        }
    }
}
