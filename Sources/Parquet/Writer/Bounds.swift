// Bounds of the values of a page or a chunk, and how they become statistics.
//
// Text is cut to `Limits.boundByteCount` bytes; a cut upper bound is raised so that it stays one. Numbers with a
// NaN among them have no bounds, because readers differ in what such bounds say; a lower bound of zero is
// written as -0.0 and an upper one as +0.0, which are equal to SQL and not to everyone.

/// The smallest and largest of some values.
enum Bounds: Equatable {
    /// There were no values.
    case none
    /// There were values, but nothing can be said about them.
    case unknown(nanCount: Int)
    case int(Int64, Int64)
    case double(Double, Double)
    case bytes(ByteBounds)

    /// The bounds of both.
    func union(_ other: Bounds) -> Bounds {
        switch (self, other) {
        case (.none, _): other
        case (_, .none): self
        case (.unknown(let left), .unknown(let right)): .unknown(nanCount: left + right)
        case (.unknown, _): self
        case (_, .unknown): other
        case (.int(let low, let high), .int(let otherLow, let otherHigh)):
            .int(min(low, otherLow), max(high, otherHigh))
        case (.double(let low, let high), .double(let otherLow, let otherHigh)):
            .double(min(low, otherLow), max(high, otherHigh))
        case (.bytes(let left), .bytes(let right)): .bytes(left.union(right))
        default: preconditionFailure("bounds of one type")
        }
    }

    /// The bounds as they are stored for values of type `type`; nil when there are none.
    func stored(_ type: LeafType) -> (min: [UInt8], max: [UInt8])? {
        func bytes(_ value: some FixedWidthInteger) -> [UInt8] {
            withUnsafeBytes(of: value.littleEndian) { Array($0) }
        }
        switch self {
        case .none, .unknown: return nil
        case .bytes(let bounds): return (bounds.min, bounds.max)
        case .int(let low, let high):
            switch type {
            case .bool: return ([UInt8(low & 1)], [UInt8(high & 1)])
            case .int32, .uint32:
                return (
                    bytes(UInt32(truncatingIfNeeded: low)), bytes(UInt32(truncatingIfNeeded: high))
                )
            default: return (bytes(low), bytes(high))
            }
        case .double(let low, let high):
            let low = low == 0 ? -0.0 : low
            let high = high == 0 ? 0.0 : high
            guard type == .float else { return (bytes(low.bitPattern), bytes(high.bitPattern)) }
            return (bytes(Float(low).bitPattern), bytes(Float(high).bitPattern))
        }
    }

    /// The bounds as statistics.
    func statistics(_ type: LeafType, nullCount: Int) -> RawStatistics {
        var statistics = RawStatistics(nullCount: nullCount)
        if let stored = stored(type) { (statistics.min, statistics.max) = stored }
        if case .bytes(let bounds) = self {
            statistics.isMinExact = bounds.isMinExact
            statistics.isMaxExact = bounds.isMaxExact
        }
        if type == .float || type == .double {
            statistics.nanCount = 0
            if case .unknown(let nanCount) = self { statistics.nanCount = nanCount }
        }
        return statistics
    }
}

/// Bounds of byte strings, perhaps cut.
struct ByteBounds: Equatable {
    var min: [UInt8]
    var max: [UInt8]
    var isMinExact = true
    var isMaxExact = true

    init(exactly min: [UInt8], _ max: [UInt8]) {
        self.min = min
        self.max = max
    }

    /// Nil when the larger text can be neither cut nor kept.
    init?(_ low: UnsafeRawBufferPointer, _ high: UnsafeRawBufferPointer) {
        min = Array(low.prefix(Self.cut(low)))
        isMinExact = min.count == low.count
        if high.count <= Limits.boundByteCount {
            max = Array(high)
        } else if let raised = Self.raised(high) {
            max = raised
            isMaxExact = false
        } else if high.count <= Limits.uncutBoundByteCount {
            max = Array(high)
        } else {
            return nil
        }
    }

    func union(_ other: ByteBounds) -> ByteBounds {
        var result = self
        if other.min.lexicographicallyPrecedes(min) {
            (result.min, result.isMinExact) = (other.min, other.isMinExact)
        } else if other.min == min {
            result.isMinExact = isMinExact && other.isMinExact
        }
        if max.lexicographicallyPrecedes(other.max) {
            (result.max, result.isMaxExact) = (other.max, other.isMaxExact)
        } else if other.max == max {
            result.isMaxExact = isMaxExact && other.isMaxExact
        }
        return result
    }

    /// How many bytes of a text to keep: whole characters when it is UTF-8.
    private static func cut(_ text: UnsafeRawBufferPointer) -> Int {
        guard text.count > Limits.boundByteCount else { return text.count }
        var end = Limits.boundByteCount
        while end > Limits.boundByteCount - 4, text[end] & 0xc0 == 0x80 { end -= 1 }
        return text[end] & 0xc0 == 0x80 ? Limits.boundByteCount : end
    }

    /// A text above all that start like `text`, still UTF-8 if it was: the last character that can be
    /// raised without becoming longer is, and what follows it goes.
    private static func raised(_ text: UnsafeRawBufferPointer) -> [UInt8]? {
        var bound = Array(text.prefix(cut(text)))
        while let last = bound.last {
            if last < 0x7f || (last >= 0x80 && last < 0xbf) {
                bound[bound.count - 1] = last + 1
                return bound
            }
            // A continuation byte at its end: the whole character goes.
            bound.removeLast()
            if last >= 0x80 {
                while let byte = bound.last, byte & 0xc0 == 0x80 { bound.removeLast() }
                if let byte = bound.last, byte >= 0xc0 { bound.removeLast() }
            }
        }
        return nil
    }
}

/// Finds bounds.
enum BoundsScan {
    static func int(_ values: UnsafePointer<Int64>, _ range: Range<Int>) -> Bounds {
        guard !range.isEmpty else { return .none }
        var low = Int64.max
        var high = Int64.min
        for index in range {
            low = min(low, values[index])
            high = max(high, values[index])
        }
        return .int(low, high)
    }

    static func double(_ values: UnsafePointer<Int64>, _ range: Range<Int>) -> Bounds {
        guard !range.isEmpty else { return .none }
        var low = Double.infinity
        var high = -Double.infinity
        var nanCount = 0
        for index in range {
            let value = Double(bitPattern: UInt64(bitPattern: values[index]))
            if value < low { low = value }
            if value > high { high = value }
            nanCount &+= value != value ? 1 : 0
        }
        return nanCount > 0 ? .unknown(nanCount: nanCount) : .double(low, high)
    }

    static func text(
        _ entries: TextEntries,
        _ codes: UnsafePointer<UInt32>,
        _ range: Range<Int>
    ) -> Bounds {
        guard !range.isEmpty else { return .none }
        let shared = entries.sharedCount(codes, range)
        var low = codes[range.lowerBound]
        var high = low
        var lowPrefix = entries.prefix(low, after: shared)
        var highPrefix = lowPrefix
        for index in range {
            let code = codes[index]
            let prefix = entries.prefix(code, after: shared)
            if prefix > lowPrefix, prefix < highPrefix { continue }
            if code == low || code == high { continue }
            if prefix < lowPrefix || (prefix == lowPrefix && entries.isLess(code, low)) {
                (low, lowPrefix) = (code, prefix)
            } else if prefix > highPrefix || (prefix == highPrefix && entries.isLess(high, code)) {
                (high, highPrefix) = (code, prefix)
            }
        }
        return bounds(entries, low, high)
    }

    private static func bounds(_ entries: TextEntries, _ low: UInt32, _ high: UInt32) -> Bounds {
        ByteBounds(entries.text(low), entries.text(high)).map(Bounds.bytes) ?? .unknown(nanCount: 0)
    }

    /// Like `text`, for codes into a chunk's own dictionary.
    static func text(
        _ dictionary: ChunkDictionary,
        _ codes: UnsafePointer<UInt32>,
        _ range: Range<Int>
    ) -> Bounds {
        guard !range.isEmpty else { return .none }
        if dictionary.count * 4 <= range.count { return few(dictionary, codes, range) }
        var low = codes[range.lowerBound]
        var high = low
        for index in range { dictionary.extend(&low, &high, codes[index]) }
        return bounds(
            dictionary.entries,
            dictionary.distinct[Int(low)],
            dictionary.distinct[Int(high)]
        )
    }

    /// Marks the codes that occur, and compares each once.
    private static func few(
        _ dictionary: ChunkDictionary,
        _ codes: UnsafePointer<UInt32>,
        _ range: Range<Int>
    ) -> Bounds {
        var low = codes[range.lowerBound]
        var high = low
        withUnsafeTemporaryAllocation(of: Bool.self, capacity: dictionary.count) { isUsed in
            isUsed.initialize(repeating: false)
            for index in range { isUsed[Int(codes[index])] = true }
            for code in 0..<dictionary.count where isUsed[code] {
                dictionary.extend(&low, &high, UInt32(code))
            }
        }
        return bounds(
            dictionary.entries,
            dictionary.distinct[Int(low)],
            dictionary.distinct[Int(high)]
        )
    }

    static func identifiers(
        _ words: UnsafePointer<UInt64>,
        _ wordsPerValue: Int,
        _ range: Range<Int>
    ) -> Bounds {
        guard !range.isEmpty else { return .none }
        func isLess(_ left: Int, _ right: Int) -> Bool {
            let (first, second) = (words[left * wordsPerValue], words[right * wordsPerValue])
            if first != second || wordsPerValue == 1 { return first < second }
            return words[left * 2 + 1] < words[right * 2 + 1]
        }
        func text(_ index: Int) -> [UInt8] {
            HexText.text((0..<wordsPerValue).map { words[index * wordsPerValue + $0] })
        }
        var low = range.lowerBound
        var high = low
        for index in range {
            if isLess(index, low) { low = index }
            if isLess(high, index) { high = index }
        }
        return .bytes(ByteBounds(exactly: text(low), text(high)))
    }
}

/// The distinct texts of a chunk: number `i` is entry `distinct[i]`, and starts, after what all have in common,
/// with `prefixes[i]`.
struct ChunkDictionary {
    let entries: TextEntries
    let distinct: UnsafePointer<UInt32>
    let prefixes: UnsafePointer<UInt64>
    let count: Int

    /// Makes `code` one of the bounds if it is beyond them.
    @inline(__always)
    fileprivate func extend(_ low: inout UInt32, _ high: inout UInt32, _ code: UInt32) {
        let prefix = prefixes[Int(code)]
        let lowPrefix = prefixes[Int(low)]
        let highPrefix = prefixes[Int(high)]
        if prefix > lowPrefix, prefix < highPrefix { return }
        if code == low || code == high { return }
        if prefix < lowPrefix || (prefix == lowPrefix && isLess(code, low)) { low = code }
        if prefix > highPrefix || (prefix == highPrefix && isLess(high, code)) { high = code }
    }

    private func isLess(_ left: UInt32, _ right: UInt32) -> Bool {
        entries.isLess(distinct[Int(left)], distinct[Int(right)])
    }
}
