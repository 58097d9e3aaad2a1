/// Where messages are written to, field by field: protobuf or JSON.
///
/// Fields at their default are left out, unless they are the chosen member of a oneof (`isChosen`).
protocol MessageSink {
    mutating func string(
        _ field: some WireField,
        _ name: StaticString,
        _ value: String,
        isChosen: Bool
    )
    mutating func bytes(_ field: some WireField, _ name: StaticString, _ value: [UInt8])
    mutating func bool(_ field: some WireField, _ name: StaticString, _ value: Bool, isChosen: Bool)
    /// int64.
    mutating func int(_ field: some WireField, _ name: StaticString, _ value: Int64, isChosen: Bool)
    /// sfixed64.
    mutating func fixedInt(_ field: some WireField, _ name: StaticString, _ value: Int64)
    /// fixed64.
    mutating func word(_ field: some WireField, _ name: StaticString, _ value: UInt64)
    mutating func double(
        _ field: some WireField,
        _ name: StaticString,
        _ value: Double,
        isChosen: Bool
    )
    /// uint32.
    mutating func count(_ field: some WireField, _ name: StaticString, _ value: UInt32)
    /// fixed32.
    mutating func flags(_ field: some WireField, _ name: StaticString, _ value: UInt32)
    /// int32 and enumerations.
    mutating func code(_ field: some WireField, _ name: StaticString, _ value: Int32)
    /// sint32.
    mutating func scale(_ field: some WireField, _ name: StaticString, _ value: Int32)
    mutating func traceID(_ field: some WireField, _ name: StaticString, _ value: TraceID)
    mutating func spanID(_ field: some WireField, _ name: StaticString, _ value: SpanID)
    /// repeated fixed64.
    mutating func words(_ field: some WireField, _ name: StaticString, _ values: [UInt64])
    /// repeated uint64.
    mutating func varints(_ field: some WireField, _ name: StaticString, _ values: [UInt64])
    mutating func doubles(_ field: some WireField, _ name: StaticString, _ values: [Double])
    mutating func message(
        _ field: some WireField,
        _ name: StaticString,
        _ body: (inout Self) -> Void
    )
    mutating func messages<Element>(
        _ field: some WireField,
        _ name: StaticString,
        _ elements: [Element],
        _ body: (Element, inout Self) -> Void
    )
}

extension MessageSink {
    mutating func string(_ field: some WireField, _ name: StaticString, _ value: String) {
        string(field, name, value, isChosen: false)
    }

    mutating func bool(_ field: some WireField, _ name: StaticString, _ value: Bool) {
        bool(field, name, value, isChosen: false)
    }

    mutating func double(_ field: some WireField, _ name: StaticString, _ value: Double) {
        double(field, name, value, isChosen: false)
    }

    mutating func double(_ field: some WireField, _ name: StaticString, optional value: Double?) {
        guard let value else { return }
        double(field, name, value, isChosen: true)
    }
}
