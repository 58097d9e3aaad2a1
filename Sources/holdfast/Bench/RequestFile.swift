import Foundation
import OTLP

/// A file of export requests: repeated (length as little-endian u32, body).
///
/// The file is mapped, not read, so that one larger than memory can be sent.
struct RequestFile {
    /// Where the body of one request lies.
    struct Entry {
        let offset: Int
        let length: Int
    }

    let entries: [Entry]
    private let bytes: Data

    private static let bodyBytesMax = 1 << 30

    init(path: String, limit: Int?) throws {
        guard let bytes = try? Data(contentsOf: URL(fileURLWithPath: path), options: .alwaysMapped)
        else {
            throw CommandFailure("\(path) cannot be read")
        }
        var entries: [Entry] = []
        var offset = 0
        while offset < bytes.count, entries.count < limit ?? .max {
            guard offset + 4 <= bytes.count else { throw Self.torn(path, at: offset) }
            let length = (0..<4).reduce(0) { $0 | Int(bytes[offset + $1]) << (8 * $1) }
            guard length <= Self.bodyBytesMax, offset + 4 + length <= bytes.count else {
                throw Self.torn(path, at: offset)
            }
            entries.append(Entry(offset: offset + 4, length: length))
            offset += 4 + length
        }
        guard !entries.isEmpty else { throw CommandFailure("\(path) holds no requests") }
        self.entries = entries
        self.bytes = bytes
    }

    /// The body of one request.
    func body(_ entry: Entry) -> Data { bytes[entry.offset..<entry.offset + entry.length] }

    /// Bytes of all bodies.
    var byteCount: Int { entries.reduce(0) { $0 + $1.length } }

    /// How many records each request holds, found by a walk over the lengths of the protobuf.
    func recordCounts(_ signal: Signal) throws -> [Int] {
        try bytes.withUnsafeBytes { buffer in
            try entries.enumerated().map { index, entry in
                let body = buffer[entry.offset..<entry.offset + entry.length]
                guard let count = RecordWalk.count(body, signal) else {
                    throw CommandFailure(
                        "request \(index) is not protobuf",
                        remedy: "For gzipped bodies give --gzip and --records-per-request."
                    )
                }
                return count
            }
        }
    }

    /// How many samples the metrics of all requests are in Prometheus, where a histogram is a series per bucket and two
    /// more, and a summary one per quantile and two more.
    func sampleCount() throws -> Int {
        try entries.reduce(0) { total, entry in
            let metrics = try OTLPDecoder.metrics(protobuf: [UInt8](body(entry)))
            let structured = metrics.metric.count { metric in
                ![.gauge, .sum].contains(metrics.types[Int(metric)])
            }
            return total + metrics.count + structured + metrics.bucketCounts.count
                + metrics.positive.counts.count + metrics.negative.counts.count
                + metrics.quantiles.count
        }
    }

    private static func torn(_ path: String, at offset: Int) -> CommandFailure {
        CommandFailure("\(path) is torn at byte \(offset)", remedy: "Generate it again.")
    }
}

/// Counts the records of a request without decoding them.
enum RecordWalk {
    /// Spans, log records or data points; nil when `body` is not well-formed.
    static func count(_ body: Slice<UnsafeRawBufferPointer>, _ signal: Signal) -> Int? {
        // Resource groups (1), scope groups (2), then records (2), or metrics (2) with data (5, 7,
        // 9, 10, 11) whose points are field 1.
        switch signal {
        case .traces, .logs: return count(body, [[1], [2], [2]])
        case .metrics: return count(body, [[1], [2], [2], [5, 7, 9, 10, 11], [1]])
        }
    }

    private static func count(
        _ body: Slice<UnsafeRawBufferPointer>,
        _ path: ArraySlice<Set<UInt64>>
    ) -> Int? {
        var total = 0
        var position = body.startIndex
        while position < body.endIndex {
            guard let key = varint(body, &position) else { return nil }
            switch key & 7 {
            case 0: guard varint(body, &position) != nil else { return nil }
            case 1: position += 8
            case 5: position += 4
            case 2:
                guard let length = varint(body, &position),
                    length <= UInt64(body.endIndex - position),
                    let wanted = path.first
                else { return nil }
                let end = position + Int(length)
                if wanted.contains(key >> 3) {
                    let deeper = path.dropFirst()
                    if deeper.isEmpty {
                        total += 1
                    } else {
                        guard let count = count(body[position..<end], deeper) else { return nil }
                        total += count
                    }
                }
                position = end
            default: return nil
            }
            guard position <= body.endIndex else { return nil }
        }
        return total
    }

    private static func varint(
        _ body: Slice<UnsafeRawBufferPointer>,
        _ position: inout Int
    ) -> UInt64? {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while position < body.endIndex, shift < 64 {
            let byte = body[position]
            position += 1
            value |= UInt64(byte & 0x7f) << shift
            if byte < 0x80 { return value }
            shift += 7
        }
        return nil
    }
}

/// Writes a file of export requests.
struct RequestFileWriter {
    private let handle: FileHandle
    private var pending: [UInt8] = []
    private(set) var requests = 0
    private(set) var bytes = 0

    private static let pendingBytesMax = 4 << 20

    init(path: String) throws {
        guard FileManager.default.createFile(atPath: path, contents: nil),
            let handle = FileHandle(forWritingAtPath: path)
        else {
            throw CommandFailure("\(path) cannot be written")
        }
        self.handle = handle
    }

    /// Adds one request.
    mutating func append(_ body: [UInt8]) throws {
        for shift in [0, 8, 16, 24] {
            pending.append(UInt8(truncatingIfNeeded: body.count >> shift))
        }
        pending += body
        requests += 1
        bytes += body.count
        if pending.count >= Self.pendingBytesMax { try flush() }
    }

    /// Writes what is left.
    mutating func finish() throws {
        try flush()
        try handle.close()
    }

    private mutating func flush() throws {
        try handle.write(contentsOf: Data(pending))
        pending.removeAll(keepingCapacity: true)
    }
}
