// What both decoders share: a record's scalar fields while it is being read, the rules that make it
// acceptable, and the way its children are taken back when it is not.

/// A trace or span id as it came.
struct RecordID {
    enum State: UInt8 {
        case absent
        case present
        case wrongLength
        case notHex
    }

    var high: UInt64 = 0
    var low: UInt64 = 0
    var state = State.absent

    @inline(__always) var isZero: Bool { high | low == 0 }
    /// Present and not zero.
    @inline(__always) var isValid: Bool { state == .present && !isZero }
    /// Acceptable where "none" is: absent, all zero, or an id.
    @inline(__always) var isValidOrNone: Bool { state == .present || state == .absent }
}

extension Rejections {
    /// Reasons kept for people.
    static let maxReasons = 8

    @inline(never)
    mutating func reject(_ reason: StaticString) {
        count += 1
        let text = "\(reason)"
        if reasons.count < Self.maxReasons, !reasons.contains(text) { reasons.append(text) }
    }
}

extension RecordID {
    /// Why this cannot be the trace id of a record that must have one.
    func traceIDFault() -> StaticString {
        switch state {
        case .notHex: "trace id is not hexadecimal"
        case .present: "trace id is all zero"
        case .absent, .wrongLength: "trace id is not 16 bytes long"
        }
    }

    /// Why this cannot be the span id of a record that must have one.
    func spanIDFault() -> StaticString {
        switch state {
        case .notHex: "span id is not hexadecimal"
        case .present: "span id is all zero"
        case .absent, .wrongLength: "span id is not 8 bytes long"
        }
    }
}

extension AttributeColumns {
    @inline(__always)
    mutating func append(key: TextRef, kind: ValueKind, payload: UInt64) {
        keys.append(key)
        kinds.append(kind)
        payloads.append(payload)
    }

    mutating func truncate(to count: Int) {
        keys.truncate(to: count)
        kinds.truncate(to: count)
        payloads.truncate(to: count)
    }

    mutating func reserve(_ count: Int) {
        keys.reserveCapacity(count)
        kinds.reserveCapacity(count)
        payloads.reserveCapacity(count)
    }

    /// The row count, as a `...Starts` column holds it.
    @inline(__always) var mark: UInt32 { UInt32(truncatingIfNeeded: keys.count) }
}

extension Array {
    mutating func truncate(to count: Int) {
        if self.count > count { removeLast(self.count - count) }
    }
}

extension OriginColumns {
    /// Opens a resource row; its fields are filled in as they come.
    mutating func beginResource() -> UInt32 {
        resourceDroppedAttributes.append(0)
        resourceSchemaURLs.append(.empty)
        resourceAttributeStarts.append(resourceAttributes.mark)
        return UInt32(truncatingIfNeeded: resourceSchemaURLs.count - 1)
    }

    mutating func endResource(_ row: UInt32) {
        resourceAttributeStarts[Int(row) + 1] = resourceAttributes.mark
    }

    /// Opens a scope row; its fields are filled in as they come.
    mutating func beginScope() -> UInt32 {
        scopeNames.append(.empty)
        scopeVersions.append(.empty)
        scopeDroppedAttributes.append(0)
        scopeSchemaURLs.append(.empty)
        scopeAttributeStarts.append(scopeAttributes.mark)
        return UInt32(truncatingIfNeeded: scopeSchemaURLs.count - 1)
    }

    mutating func endScope(_ row: UInt32) {
        scopeAttributeStarts[Int(row) + 1] = scopeAttributes.mark
    }
}
