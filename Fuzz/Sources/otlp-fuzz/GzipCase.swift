/// A gzip body, and what must come of it.
struct GzipCase {
    /// How an inflater dealt with a body.
    enum Outcome {
        case inflated([UInt8])
        case refused
        /// What is wrong.
        case failed(String)
    }

    /// A body has room for more than its limit.
    private struct Excess: Error {
        let count: Int
        let capacity: Int
    }

    let body: [UInt8]
    /// What it holds; nil when it was damaged, and nobody knows.
    let contents: [UInt8]?
    /// Bytes that it may inflate to.
    let limit: Int
    /// Bytes that arrive at once.
    let part: Int

    /// Allocations are rounded up by less than a page.
    private static let slack = 4096

    /// Inflates the body twice, as it arrives and at once, and compares.
    func outcome() -> Outcome {
        let arriving = Result { try inflated(part: part) }
        let whole = Result { try inflated(part: .max) }
        switch (arriving, whole) {
        case (.success(let bytes), .success(let other)):
            if bytes != other { return .failed("inflated to other bytes in parts of \(part)") }
            if let contents, contents != bytes { return .failed("inflated to other bytes") }
            return .inflated(bytes)
        case (.failure(let error), .failure(let other)):
            guard let error = error as? GzipError, other is GzipError else {
                return .failed("\(error), \(other)")
            }
            guard let contents else { return .refused }
            if contents.count <= limit { return .failed("refused as \(error)") }
            return error == .tooLarge ? .refused : .failed("too large, but refused as \(error)")
        case (.success, .failure(let error)), (.failure(let error), .success):
            return .failed("refused or not depending on its parts of \(part): \(error)")
        }
    }

    private func inflated(part: Int) throws -> [UInt8] {
        var inflater = try GzipInflater(limit: limit)
        var start = 0
        while start < body.count {
            let end = part < body.count - start ? start + part : body.count
            let failure = body[start..<end].withUnsafeBytes { bytes -> (any Error)? in
                do {
                    try inflater.push(bytes)
                    return nil
                } catch {
                    return error
                }
            }
            let (count, capacity) = (inflater.output.count, inflater.output.capacity)
            guard count <= limit, capacity <= limit + Self.slack else {
                throw Excess(count: count, capacity: capacity)
            }
            if let failure { throw failure }
            start = end
        }
        return try inflater.finish()
    }
}
