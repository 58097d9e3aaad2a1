import Dispatch
import Synchronization

/// Work of one query spread over the processors.
enum Parallel {
    /// The results of `body` for 0 to `count` - 1, in order.
    ///
    /// - Throws: the first error, by position.
    static func map<Result: Sendable>(
        _ count: Int,
        _ body: @Sendable (Int) throws -> Result
    ) throws -> [Result] {
        if count <= 1 { return try (0..<count).map(body) }
        let results = Mutex([Swift.Result<Result, any Error>?](repeating: nil, count: count))
        DispatchQueue.concurrentPerform(iterations: count) { index in
            let result = Swift.Result { try body(index) }
            results.withLock { $0[index] = result }
        }
        return try results.withLock { results in
            try results.compactMap { try $0?.get() }
        }
    }
}
