/// Finds the end of an HTTP/1.1 response and what of it matters to a load generator.
///
/// It reads nothing but the status, three headers and how the body ends.
struct ResponseScanner {
    /// One whole response.
    struct Response: Equatable {
        let status: Int
        let retryAfter: Double?
        let keepsAlive: Bool
        /// Whether there is more than a head; OTLP answers a full success with an empty body.
        let hasBody: Bool
    }

    /// Bytes that are no HTTP/1.1 response.
    struct Malformed: Error {}

    private enum Body {
        case bytes(Int)
        case chunked
    }

    private static let bytesMax = 16 << 20

    private var received: [UInt8] = []

    /// Takes bytes as they come.
    ///
    /// - Returns: the response once it is complete.
    mutating func append(_ bytes: some Sequence<UInt8>) throws(Malformed) -> Response? {
        received.append(contentsOf: bytes)
        guard received.count <= Self.bytesMax else { throw Malformed() }
        guard let end = Self.end(of: "\r\n\r\n", in: received, from: 0) else { return nil }
        let lines = String(decoding: received[..<end], as: UTF8.self).split(separator: "\r\n")
        let words = lines.first?.split(separator: " ") ?? []
        guard words.count >= 2, words[0].hasPrefix("HTTP/1."), let status = Int(words[1]) else {
            throw Malformed()
        }
        var body = Body.bytes(0)
        var retryAfter: Double?
        var keepsAlive = true
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            let value = line[line.index(after: colon)...].drop { $0 == " " }
            switch line[..<colon].lowercased() {
            case "content-length":
                guard let count = Int(value), count >= 0 else { throw Malformed() }
                if case .bytes = body { body = .bytes(count) }
            case "transfer-encoding" where value.lowercased() == "chunked": body = .chunked
            case "retry-after": retryAfter = Double(value)
            case "connection" where value.lowercased() == "close": keepsAlive = false
            default: continue
            }
        }
        guard try isComplete(body, from: end) else { return nil }
        let hasBody = received.count > end
        received.removeAll(keepingCapacity: true)
        return Response(
            status: status,
            retryAfter: retryAfter,
            keepsAlive: keepsAlive,
            hasBody: hasBody
        )
    }

    private func isComplete(_ body: Body, from start: Int) throws(Malformed) -> Bool {
        switch body {
        case .bytes(let count): return received.count - start >= count
        case .chunked:
            var position = start
            while let lineEnd = Self.end(of: "\r\n", in: received, from: position) {
                let digits = received[position..<lineEnd - 2].prefix { $0 != UInt8(ascii: ";") }
                guard let size = Int(String(decoding: digits, as: UTF8.self), radix: 16), size >= 0,
                    size <= Self.bytesMax
                else { throw Malformed() }
                // Trailers are not expected: the last chunk is followed by an empty line.
                if size == 0 { return received.count >= lineEnd + 2 }
                position = lineEnd + size + 2
                guard position <= received.count else { return false }
            }
            return false
        }
    }

    private static func end(of mark: StaticString, in bytes: [UInt8], from start: Int) -> Int? {
        mark.withUTF8Buffer { mark in
            guard bytes.count - start >= mark.count else { return nil }
            return (start...bytes.count - mark.count).first { position in
                bytes[position] == mark[0]
                    && bytes[position..<position + mark.count].elementsEqual(mark)
            }.map { $0 + mark.count }
        }
    }
}
