/// The member names of OTLP/JSON messages, as they are on the wire.
enum JSONField: String, CaseIterable {
    case resourceSpans, resourceLogs, resourceMetrics
    case resource, scopeSpans, scopeLogs, scopeMetrics, schemaUrl
    case scope, spans, logRecords, metrics
    case name, version, attributes, droppedAttributesCount
    case key, value, values, keyStrindex, stringValueStrindex
    case stringValue, boolValue, intValue, doubleValue, arrayValue, kvlistValue, bytesValue
    case traceId, spanId, traceState, parentSpanId, flags, kind, startTimeUnixNano, endTimeUnixNano
    case events, droppedEventsCount, links, droppedLinksCount, status, code, message
    case timeUnixNano, observedTimeUnixNano, severityNumber, severityText, body, eventName
    case description, unit, metadata, gauge, sum, histogram, exponentialHistogram, summary
    case dataPoints, aggregationTemporality, isMonotonic, asInt, asDouble, exemplars
    case count, bucketCounts, explicitBounds, min, max, scale, zeroCount, zeroThreshold
    case positive, negative, offset, quantileValues, quantile, filteredAttributes
    /// Any other member.
    case unknown = ""
}

/// Finds the field of a name: one hash and one comparison.
struct JSONFieldTable {
    static let shared = JSONFieldTable()

    /// Per slot 0 or the position of a field in `fields`, plus one.
    ///
    /// A power of two, mostly empty.
    private var slots = [UInt8](repeating: 0, count: 512)
    private let fields = JSONField.allCases
    /// All names back to back; that of field i is `starts[i]..<starts[i + 1]`.
    private var names: [UInt8] = []
    private var starts: [Int] = [0]

    private init() {
        for (index, field) in fields.enumerated() {
            let name = Array(field.rawValue.utf8)
            names.append(contentsOf: name)
            starts.append(names.count)
            if name.isEmpty { continue }
            var slot = Self.slot(of: name)
            while slots[slot] != 0 { slot = (slot + 1) & 511 }
            slots[slot] = UInt8(truncatingIfNeeded: index + 1)
        }
    }

    func field(_ bytes: Bytes, _ range: Range<Int>) -> JSONField {
        guard !range.isEmpty else { return .unknown }
        var slot = Self.hash(bytes, range)
        while slots[slot] != 0 {
            let index = Int(slots[slot]) - 1
            if matches(index, bytes, range) { return fields[index] }
            slot = (slot + 1) & 511
        }
        return .unknown
    }

    private func matches(_ index: Int, _ bytes: Bytes, _ range: Range<Int>) -> Bool {
        let start = starts[index]
        guard starts[index + 1] - start == range.count else { return false }
        for offset in 0..<range.count
        where names[start + offset] != bytes[range.lowerBound + offset] {
            return false
        }
        return true
    }

    private static func slot(of name: [UInt8]) -> Int { hash(name.span, 0..<name.count) }

    /// Length, ends and middle tell the names apart well enough.
    private static func hash(_ bytes: Bytes, _ range: Range<Int>) -> Int {
        let first = UInt32(bytes[range.lowerBound])
        let last = UInt32(bytes[range.upperBound - 1])
        let middle = UInt32(bytes[range.lowerBound + range.count / 2])
        let length = UInt32(truncatingIfNeeded: range.count)
        let mixed = (first &+ last << 8 &+ middle << 16 &+ length << 24) &* 0x9e37_79b1
        return Int(mixed >> 23)
    }
}
