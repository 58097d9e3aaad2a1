/// Writes messages by the rules of OTLP/JSON: 64-bit integers are strings, ids are hexadecimal,
/// enumerations are numbers.
struct JSONSink: MessageSink {
    private(set) var output: [UInt8] = []
    private var needsComma = false

    /// Writes the outermost object.
    mutating func object(_ body: (inout JSONSink) -> Void) {
        open("{")
        body(&self)
        close("}")
    }

    mutating func string(
        _ field: some WireField,
        _ name: StaticString,
        _ value: String,
        isChosen: Bool
    ) {
        guard isChosen || !value.isEmpty else { return }
        member(name)
        JSONText.appendQuoted(Array(value.utf8), to: &output)
    }

    mutating func bytes(_ field: some WireField, _ name: StaticString, _ value: [UInt8]) {
        member(name)
        quote { sink in JSONText.appendBase64(value.span, 0..<value.count, to: &sink.output) }
    }

    mutating func bool(
        _ field: some WireField,
        _ name: StaticString,
        _ value: Bool,
        isChosen: Bool
    ) {
        guard isChosen || value else { return }
        member(name)
        JSONText.append(value ? "true" : "false", to: &output)
    }

    mutating func int(
        _ field: some WireField,
        _ name: StaticString,
        _ value: Int64,
        isChosen: Bool
    ) {
        guard isChosen || value != 0 else { return }
        member(name)
        quote { sink in JSONText.append(value, to: &sink.output) }
    }

    mutating func fixedInt(_ field: some WireField, _ name: StaticString, _ value: Int64) {
        int(field, name, value, isChosen: true)
    }

    mutating func word(_ field: some WireField, _ name: StaticString, _ value: UInt64) {
        guard value != 0 else { return }
        member(name)
        quote { sink in JSONText.append(value, to: &sink.output) }
    }

    mutating func double(
        _ field: some WireField,
        _ name: StaticString,
        _ value: Double,
        isChosen: Bool
    ) {
        guard isChosen || value.bitPattern != 0 else { return }
        member(name)
        put(value)
    }

    mutating func count(_ field: some WireField, _ name: StaticString, _ value: UInt32) {
        guard value != 0 else { return }
        member(name)
        JSONText.append(UInt64(value), to: &output)
    }

    mutating func flags(_ field: some WireField, _ name: StaticString, _ value: UInt32) {
        count(field, name, value)
    }

    mutating func code(_ field: some WireField, _ name: StaticString, _ value: Int32) {
        guard value != 0 else { return }
        member(name)
        JSONText.append(Int64(value), to: &output)
    }

    mutating func scale(_ field: some WireField, _ name: StaticString, _ value: Int32) {
        code(field, name, value)
    }

    mutating func traceID(_ field: some WireField, _ name: StaticString, _ value: TraceID) {
        guard !value.isNone else { return }
        member(name)
        quote { sink in
            JSONText.appendHex(value.high, to: &sink.output)
            JSONText.appendHex(value.low, to: &sink.output)
        }
    }

    mutating func spanID(_ field: some WireField, _ name: StaticString, _ value: SpanID) {
        guard !value.isNone else { return }
        member(name)
        quote { sink in JSONText.appendHex(value.rawValue, to: &sink.output) }
    }

    mutating func words(_ field: some WireField, _ name: StaticString, _ values: [UInt64]) {
        list(name, values) { value, sink in
            sink.quote { sink in JSONText.append(value, to: &sink.output) }
        }
    }

    mutating func varints(_ field: some WireField, _ name: StaticString, _ values: [UInt64]) {
        words(field, name, values)
    }

    mutating func doubles(_ field: some WireField, _ name: StaticString, _ values: [Double]) {
        list(name, values) { value, sink in sink.put(value) }
    }

    mutating func message(
        _ field: some WireField,
        _ name: StaticString,
        _ body: (inout JSONSink) -> Void
    ) {
        member(name)
        object(body)
    }

    mutating func messages<Element>(
        _ field: some WireField,
        _ name: StaticString,
        _ elements: [Element],
        _ body: (Element, inout JSONSink) -> Void
    ) {
        list(name, elements) { element, sink in
            sink.object { sink in body(element, &sink) }
        }
    }

    // MARK: - Syntax

    private mutating func member(_ name: StaticString) {
        if needsComma { output.append(UInt8(ascii: ",")) }
        needsComma = true
        quote { sink in JSONText.append(name, to: &sink.output) }
        output.append(UInt8(ascii: ":"))
    }

    private mutating func list<Element>(
        _ name: StaticString,
        _ elements: [Element],
        _ body: (Element, inout JSONSink) -> Void
    ) {
        guard !elements.isEmpty else { return }
        member(name)
        open("[")
        for element in elements {
            if needsComma { output.append(UInt8(ascii: ",")) }
            body(element, &self)
            needsComma = true
        }
        close("]")
    }

    private mutating func open(_ bracket: Unicode.Scalar) {
        output.append(UInt8(ascii: bracket))
        needsComma = false
    }

    private mutating func close(_ bracket: Unicode.Scalar) {
        output.append(UInt8(ascii: bracket))
        needsComma = true
    }

    private mutating func quote(_ body: (inout JSONSink) -> Void) {
        output.append(UInt8(ascii: "\""))
        body(&self)
        output.append(UInt8(ascii: "\""))
    }

    private mutating func put(_ value: Double) {
        if let name = JSONText.name(ofNonFinite: value) {
            quote { sink in JSONText.append(name, to: &sink.output) }
        } else {
            JSONText.appendFinite(value, to: &output)
        }
    }
}
