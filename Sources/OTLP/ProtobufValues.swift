// AnyValue and KeyValue. Scalars become a kind and a payload, strings refer to the body, and arrays
// and key-value lists are rendered as JSON text into the scratch as they are read.
//
// Protobuf lets a singular field occur again: the last scalar wins, messages merge, and merging is
// the same as decoding the bytes of both occurrences one after the other. Nobody sends that, so the
// normal path only notices it (`ValueScan.isSplit`) and a second path, which knows lists of windows
// instead of one, reads the value again.

/// The one value an `AnyValue` holds: its case, and its bits or the window of its bytes.
struct ValueScan {
    enum Case: UInt8 {
        case empty, string, bool, int, double, array, kvlist, bytes
    }

    var kind = Case.empty
    /// Bool, int and double: the bits.
    ///
    /// String and bytes: a `TextRef`.
    var bits: UInt64 = 0
    /// Arrays and key-value lists: where they lie.
    var window = 0..<0
    /// A message of the same case came more than once; this is only the last.
    var isSplit = false
}

/// Where a value can be read again: the `AnyValue` itself, or all its occurrences in a message.
struct ValueSource {
    var window: Range<Int>
    /// Of the field that holds the value; 0 if `window` is the `AnyValue`.
    var tag: UInt32
}

/// Reads values, and owns the scratch they are rendered into.
struct ProtobufValues {
    var scratch: [UInt8] = []
    var budget: ElementBudget
    /// References into a table of strings that were stepped over.
    var ignoredStringIndexes = 0

    init(limits: DecodeLimits) { budget = ElementBudget(limits: limits) }

    // MARK: - Attributes

    /// Reads the KeyValue message that is next in `parent`.
    @inline(__always)
    mutating func attribute(
        _ bytes: Bytes,
        _ parent: inout WireCursor,
        into columns: inout AttributeColumns
    ) throws(OTLPError) {
        var cursor = try parent.message(bytes)
        let whole = cursor.window
        try budget.countElement(at: cursor.position)
        var key = TextRef.empty
        var scan = ValueScan()
        while !cursor.isAtEnd {
            let tag = try cursor.tag(bytes)
            switch KeyValueField(rawValue: tag) {
            case .key: key = try cursor.text(bytes)
            case .value: try self.scan(bytes, &cursor, into: &scan)
            case .keyIndex: try ignoreStringIndex(bytes, &cursor)
            case nil: try cursor.skip(tag, unknownTo: KeyValueField.self, bytes)
            }
        }
        let source = ValueSource(window: whole, tag: KeyValueField.value.rawValue)
        let kind = try settle(bytes, &scan, from: source)
        columns.append(key: key, kind: kind, payload: scan.bits)
    }

    /// The column kind of a scanned value; `scan.bits` becomes the payload.
    @inline(__always)
    mutating func settle(
        _ bytes: Bytes,
        _ scan: inout ValueScan,
        from source: ValueSource
    ) throws(OTLPError) -> ValueKind {
        switch scan.kind {
        case .string: return .string
        case .int: return .int
        case .bool: return .bool
        case .double: return .double
        case .bytes: return .bytes
        case .empty: return .empty
        case .array, .kvlist:
            let start = scratch.count
            try render(bytes, scan, from: source, depth: 0)
            scan.bits =
                TextRef(inScratch: true, offset: start, count: scratch.count - start).rawValue
            return .json
        }
    }

    // MARK: - Scanning

    /// Reads the AnyValue that is next in `parent`.
    ///
    /// A scan that holds a value already is merged with.
    @inline(__always)
    mutating func scan(
        _ bytes: Bytes,
        _ parent: inout WireCursor,
        into scan: inout ValueScan
    ) throws(OTLPError) {
        var cursor = try parent.message(bytes)
        while !cursor.isAtEnd {
            let tag = try cursor.tag(bytes)
            switch AnyValueField(rawValue: tag) {
            case .string:
                scan.kind = .string
                scan.bits = try cursor.text(bytes).rawValue
            case .bool:
                scan.kind = .bool
                scan.bits = try cursor.varint(bytes) == 0 ? 0 : 1
            case .int:
                scan.kind = .int
                scan.bits = try cursor.varint(bytes)
            case .double:
                scan.kind = .double
                scan.bits = try cursor.fixed64(bytes)
            case .array:
                scan.isSplit = scan.kind == .array
                scan.kind = .array
                scan.window = try cursor.message(bytes).window
            case .kvlist:
                scan.isSplit = scan.kind == .kvlist
                scan.kind = .kvlist
                scan.window = try cursor.message(bytes).window
            case .bytes:
                scan.kind = .bytes
                scan.bits = try cursor.text(bytes).rawValue
            case .stringIndex:
                scan.kind = .empty
                try ignoreStringIndex(bytes, &cursor)
            case nil: try cursor.skip(tag, unknownTo: AnyValueField.self, bytes)
            }
        }
    }

    /// Steps over a reference into a table of strings, which only profiles have.
    @inline(never)
    private mutating func ignoreStringIndex(
        _ bytes: Bytes,
        _ cursor: inout WireCursor
    ) throws(OTLPError) {
        _ = try cursor.varint(bytes)
        ignoredStringIndexes += 1
    }

    // MARK: - Rendering

    /// Appends the JSON text of a value to the scratch; `depth` lists are open around it.
    private mutating func render(
        _ bytes: Bytes,
        _ scan: ValueScan,
        from source: ValueSource,
        depth: Int
    ) throws(OTLPError) {
        switch scan.kind {
        case .array, .kvlist:
            guard depth < budget.limits.valueDepth else {
                throw .tooDeep(at: scan.window.lowerBound)
            }
            let isArray = scan.kind == .array
            scratch.append(UInt8(ascii: isArray ? "[" : "{"))
            var isFirst = true
            let windows = scan.isSplit ? try split(bytes, source, scan.kind) : []
            for window in windows.dropLast() {
                try renderItems(bytes, window, isArray, &isFirst, depth: depth + 1)
            }
            try renderItems(bytes, scan.window, isArray, &isFirst, depth: depth + 1)
            scratch.append(UInt8(ascii: isArray ? "]" : "}"))
        case .string:
            let range = TextRef(rawValue: scan.bits).range
            try budget.checkScratch(scratch, adding: bytes, range)
            JSONText.appendQuoted(bytes, range, to: &scratch)
        case .bytes:
            let range = TextRef(rawValue: scan.bits).range
            try budget.checkScratch(scratch, adding: range.count / 3 * 4, at: range.lowerBound)
            ValueJSON.append(base64Of: bytes, range, to: &scratch)
        case .empty, .bool, .int, .double:
            ValueJSON.append(scalar: scan.kind, scan.bits, to: &scratch)
        }
        try budget.checkScratch(scratch, adding: 0, at: source.window.lowerBound)
    }

    private mutating func renderItems(
        _ bytes: Bytes,
        _ window: Range<Int>,
        _ isArray: Bool,
        _ isFirst: inout Bool,
        depth: Int
    ) throws(OTLPError) {
        var cursor = WireCursor(bytes, window: window)
        while !cursor.isAtEnd {
            let tag = try cursor.tag(bytes)
            guard case .values = ListField(rawValue: tag) else {
                try cursor.skip(tag, unknownTo: ListField.self, bytes)
                continue
            }
            if !isFirst { scratch.append(UInt8(ascii: ",")) }
            isFirst = false
            if isArray {
                var probe = cursor
                let whole = try probe.message(bytes).window
                var scan = ValueScan()
                try self.scan(bytes, &cursor, into: &scan)
                try render(
                    bytes,
                    scan,
                    from: ValueSource(window: whole, tag: 0),
                    depth: depth
                )
            } else {
                try renderPair(bytes, try cursor.message(bytes), depth: depth)
            }
        }
    }

    private mutating func renderPair(
        _ bytes: Bytes,
        _ window: WireCursor,
        depth: Int
    ) throws(OTLPError) {
        var cursor = window
        var key = TextRef.empty
        var scan = ValueScan()
        while !cursor.isAtEnd {
            let tag = try cursor.tag(bytes)
            switch KeyValueField(rawValue: tag) {
            case .key: key = try cursor.text(bytes)
            case .value: try self.scan(bytes, &cursor, into: &scan)
            case .keyIndex: try ignoreStringIndex(bytes, &cursor)
            case nil: try cursor.skip(tag, unknownTo: KeyValueField.self, bytes)
            }
        }
        try budget.checkScratch(scratch, adding: bytes, key.range)
        JSONText.appendKey(bytes, key.range, to: &scratch)
        try render(
            bytes,
            scan,
            from: ValueSource(window: window.window, tag: KeyValueField.value.rawValue),
            depth: depth
        )
    }

    // MARK: - Values in pieces

    /// The windows that make up the array or key-value list of a value that came in pieces.
    @inline(never)
    private func split(
        _ bytes: Bytes,
        _ source: ValueSource,
        _ kind: ValueScan.Case
    ) throws(OTLPError) -> [Range<Int>] {
        var values = [source.window]
        if source.tag != 0 { values = try occurrences(bytes, of: source.tag, in: source.window) }
        var pieces: [Range<Int>] = []
        for value in values {
            var cursor = WireCursor(bytes, window: value)
            while !cursor.isAtEnd {
                let tag = try cursor.tag(bytes)
                switch AnyValueField(rawValue: tag) {
                case .array where kind == .array, .kvlist where kind == .kvlist:
                    pieces.append(try cursor.message(bytes).window)
                case nil:
                    try cursor.skip(tag, unknownTo: AnyValueField.self, bytes)
                default:
                    pieces = []
                    try cursor.step(over: tag, bytes)
                }
            }
        }
        return pieces
    }

    /// The windows of every occurrence of a length-delimited field.
    private func occurrences(
        _ bytes: Bytes,
        of field: UInt32,
        in window: Range<Int>
    ) throws(OTLPError) -> [Range<Int>] {
        var windows: [Range<Int>] = []
        var cursor = WireCursor(bytes, window: window)
        while !cursor.isAtEnd {
            let tag = try cursor.tag(bytes)
            if tag == field {
                windows.append(try cursor.message(bytes).window)
            } else {
                try cursor.step(over: tag, bytes)
            }
        }
        return windows
    }
}

extension TextRef {
    /// The byte range inside the body or the scratch.
    @inline(__always) var range: Range<Int> { offset..<(offset + count) }
}
