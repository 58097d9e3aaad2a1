import Dispatch
import Synchronization

/// Work spread over the processors.
enum Parallel {
    /// The results of `body` for 0 to `count` - 1, in order.
    ///
    /// - Throws: the first error, by position.
    static func map<Result: Sendable, Failure: Error>(
        _ count: Int,
        _ body: @Sendable (Int) throws(Failure) -> Result
    ) throws(Failure) -> [Result] {
        typealias Outcome = Swift.Result<Result, Failure>
        let outcomes = Mutex([Outcome?](repeating: nil, count: count))
        DispatchQueue.concurrentPerform(iterations: count) { index in
            let outcome: Outcome
            do throws(Failure) {
                outcome = .success(try body(index))
            } catch {
                outcome = .failure(error)
            }
            outcomes.withLock { $0[index] = outcome }
        }
        var results: [Result] = []
        results.reserveCapacity(count)
        for case let outcome? in outcomes.withLock({ $0 }) { results.append(try outcome.get()) }
        return results
    }
}
