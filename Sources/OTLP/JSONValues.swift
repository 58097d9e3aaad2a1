// AnyValue and KeyValue in OTLP/JSON: the counterpart of ProtobufValues.swift, with the same results.

extension JSONReader {
    // MARK: - Attributes

    /// An array of KeyValue objects.
    mutating func attributes(
        _ bytes: Bytes,
        into columns: inout AttributeColumns
    ) throws(OTLPError) {
        var isFirst = try openArray(bytes)
        while try nextElement(&isFirst, bytes) {
            try budget.countElement(at: cursor.position)
            var key = TextRef.empty
            var kind = ValueKind.empty
            var payload: UInt64 = 0
            var isFirstField = try openObject(bytes)
            while let field = try nextField(&isFirstField, bytes) {
                switch field {
                case .key: key = try text(bytes)
                case .value: (kind, payload) = try value(bytes)
                case .keyStrindex: try ignoreStringIndex(bytes)
                default: try skip(bytes)
                }
            }
            columns.append(key: key, kind: kind, payload: payload)
        }
    }

    /// An AnyValue object as a column holds it.
    mutating func value(
        _ bytes: Bytes
    ) throws(OTLPError) -> (kind: ValueKind, payload: UInt64) {
        var kind = ValueKind.empty
        var payload: UInt64 = 0
        var isFirst = try openObject(bytes)
        while let field = try nextField(&isFirst, bytes) {
            switch field {
            case .stringValue: (kind, payload) = (.string, try text(bytes).rawValue)
            case .boolValue: (kind, payload) = (.bool, try cursor.bool(bytes) ? 1 : 0)
            case .intValue: (kind, payload) = (.int, UInt64(bitPattern: try int64(bytes)))
            case .doubleValue: (kind, payload) = (.double, try double(bytes))
            case .bytesValue:
                let start = scratch.count
                try base64ToTemporary(bytes)
                try budget.checkScratch(scratch, adding: temporary.count, at: cursor.position)
                scratch.append(contentsOf: temporary)
                (kind, payload) = (.bytes, scratchReference(from: start))
            case .arrayValue:
                let start = scratch.count
                try renderArray(bytes, depth: 1)
                (kind, payload) = (.json, scratchReference(from: start))
            case .kvlistValue:
                let start = scratch.count
                try renderPairs(bytes, depth: 1)
                (kind, payload) = (.json, scratchReference(from: start))
            case .stringValueStrindex:
                try ignoreStringIndex(bytes)
                (kind, payload) = (.empty, 0)
            default: try skip(bytes)
            }
        }
        return (kind, payload)
    }

    /// Steps over a reference into a table of strings, which only profiles have.
    private mutating func ignoreStringIndex(_ bytes: Bytes) throws(OTLPError) {
        try skip(bytes)
        ignoredStringIndexes += 1
    }

    private func scratchReference(from start: Int) -> UInt64 {
        TextRef(inScratch: true, offset: start, count: scratch.count - start).rawValue
    }

    // MARK: - Rendering

    /// Appends the JSON text of an AnyValue object to the scratch; `depth` lists are open around it.
    private mutating func renderValue(_ bytes: Bytes, depth: Int) throws(OTLPError) {
        let start = scratch.count
        var isFirst = try openObject(bytes)
        while let field = try nextField(&isFirst, bytes) {
            // The last member of a oneof wins.
            switch field {
            case .stringValue:
                scratch.truncate(to: start)
                try renderString(try cursor.string(bytes), bytes)
            case .boolValue:
                scratch.truncate(to: start)
                let bits: UInt64 = try cursor.bool(bytes) ? 1 : 0
                ValueJSON.append(scalar: .bool, bits, to: &scratch)
            case .intValue:
                scratch.truncate(to: start)
                let bits = UInt64(bitPattern: try int64(bytes))
                ValueJSON.append(scalar: .int, bits, to: &scratch)
            case .doubleValue:
                scratch.truncate(to: start)
                let bits = try double(bytes)
                ValueJSON.append(scalar: .double, bits, to: &scratch)
            case .bytesValue:
                scratch.truncate(to: start)
                try base64ToTemporary(bytes)
                let count = temporary.count
                try budget.checkScratch(scratch, adding: count / 3 * 4, at: cursor.position)
                ValueJSON.append(base64Of: temporary, to: &scratch)
            case .arrayValue:
                scratch.truncate(to: start)
                try renderArray(bytes, depth: depth + 1)
            case .kvlistValue:
                scratch.truncate(to: start)
                try renderPairs(bytes, depth: depth + 1)
            case .stringValueStrindex:
                scratch.truncate(to: start)
                try ignoreStringIndex(bytes)
            default: try skip(bytes)
            }
        }
        if scratch.count == start { ValueJSON.append(scalar: .empty, 0, to: &scratch) }
        try budget.checkScratch(scratch, adding: 0, at: cursor.position)
    }

    private mutating func renderArray(_ bytes: Bytes, depth: Int) throws(OTLPError) {
        guard depth <= budget.limits.valueDepth else { throw .tooDeep(at: cursor.position) }
        scratch.append(UInt8(ascii: "["))
        var needsComma = false
        var isFirst = try openObject(bytes)
        while let field = try nextField(&isFirst, bytes) {
            guard field == .values else {
                try skip(bytes)
                continue
            }
            var isFirstElement = try openArray(bytes)
            while try nextElement(&isFirstElement, bytes) {
                if needsComma { scratch.append(UInt8(ascii: ",")) }
                needsComma = true
                try renderValue(bytes, depth: depth)
            }
        }
        scratch.append(UInt8(ascii: "]"))
    }

    private mutating func renderPairs(_ bytes: Bytes, depth: Int) throws(OTLPError) {
        guard depth <= budget.limits.valueDepth else { throw .tooDeep(at: cursor.position) }
        scratch.append(UInt8(ascii: "{"))
        var needsComma = false
        var isFirst = try openObject(bytes)
        while let field = try nextField(&isFirst, bytes) {
            guard field == .values else {
                try skip(bytes)
                continue
            }
            var isFirstElement = try openArray(bytes)
            while try nextElement(&isFirstElement, bytes) {
                if needsComma { scratch.append(UInt8(ascii: ",")) }
                needsComma = true
                try renderPair(bytes, depth: depth)
            }
        }
        scratch.append(UInt8(ascii: "}"))
    }

    /// The text has the key first, the object need not: a key that comes after its value is put in
    /// front of it at the end.
    private mutating func renderPair(_ bytes: Bytes, depth: Int) throws(OTLPError) {
        let start = scratch.count
        var keyEnd = start
        var key = JSONString(range: 0..<0, hasEscapes: false)
        var isKeyWritten = false
        var hasValue = false
        var isFirst = try openObject(bytes)
        while let field = try nextField(&isFirst, bytes) {
            switch field {
            case .key:
                key = try cursor.string(bytes)
                isKeyWritten = false
            case .value:
                scratch.truncate(to: start)
                try renderKey(key, bytes)
                keyEnd = scratch.count
                isKeyWritten = true
                hasValue = true
                try renderValue(bytes, depth: depth)
            case .keyStrindex: try ignoreStringIndex(bytes)
            default: try skip(bytes)
            }
        }
        if !hasValue {
            try renderKey(key, bytes)
            ValueJSON.append(scalar: .empty, 0, to: &scratch)
        } else if !isKeyWritten {
            let end = scratch.count
            try renderKey(key, bytes)
            let text = Array(scratch[end...])
            scratch.truncate(to: end)
            scratch.replaceSubrange(start..<keyEnd, with: text)
        }
    }

    private mutating func renderKey(_ key: JSONString, _ bytes: Bytes) throws(OTLPError) {
        try budget.checkScratch(scratch, adding: bytes, key.range)
        guard key.hasEscapes else {
            JSONText.appendKey(bytes, key.range, to: &scratch)
            return
        }
        try unescapeToTemporary(key, bytes)
        JSONText.appendKey(temporary, to: &scratch)
    }

    private mutating func renderString(_ string: JSONString, _ bytes: Bytes) throws(OTLPError) {
        try budget.checkScratch(scratch, adding: bytes, string.range)
        guard string.hasEscapes else {
            JSONText.appendQuoted(bytes, string.range, to: &scratch)
            return
        }
        try unescapeToTemporary(string, bytes)
        JSONText.appendQuoted(temporary, to: &scratch)
    }

    private mutating func base64ToTemporary(_ bytes: Bytes) throws(OTLPError) {
        let string = try cursor.string(bytes)
        var digits: [UInt8] = []
        if string.hasEscapes {
            try unescapeToTemporary(string, bytes)
            digits = temporary
        }
        temporary.removeAll(keepingCapacity: true)
        if string.hasEscapes {
            try JSONEscapes.appendBase64(digits.span, 0..<digits.count, to: &temporary)
        } else {
            try JSONEscapes.appendBase64(bytes, string.range, to: &temporary)
        }
    }
}
