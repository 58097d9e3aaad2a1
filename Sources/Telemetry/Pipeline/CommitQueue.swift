import Dispatch
import OTLP
import Storage
import Synchronization

/// Requests that wait for the journal.
///
/// One thread takes everything that waits, puts it behind one barrier, and lets all of it go.
final class CommitQueue: Sendable {
    /// A request that waits.
    struct Entry: Sendable {
        let batch: PendingBatch
        let signal: Signal
        let records: Int
        /// What an observer is told; nil when there is none.
        let touched: TouchedTelemetry?
        /// Called once, on the queue's own thread or on that of `submit`.
        let completion: @Sendable (Result<Void, StorageError>) -> Void
    }

    private struct State {
        var entries: [Entry] = []
        var bytes = 0
        var isRunning = false
        var isClosed = false
    }

    private let state = Mutex(State())
    private let thread = DispatchQueue(label: "holdfast.commit", qos: .userInitiated)
    private let groupBytesMax: Int
    private let append: @Sendable ([Entry]) -> Result<Void, StorageError>

    /// An empty queue.
    ///
    /// - Parameters:
    ///   - groupBytesMax: payload bytes behind one barrier; a larger batch goes alone.
    ///   - append: makes the batches durable and visible; called on the queue's own thread.
    init(
        groupBytesMax: Int,
        append: @escaping @Sendable ([Entry]) -> Result<Void, StorageError>
    ) {
        self.groupBytesMax = groupBytesMax
        self.append = append
    }

    /// Bytes of requests that wait.
    var byteCount: Int { state.withLock { $0.bytes } }

    /// Lets an entry wait for the journal; it is completed when its batch is durable and visible, or
    /// refused.
    func submit(_ entry: Entry) {
        let (start, closed) = state.withLock { state -> (Bool, Bool) in
            guard !state.isClosed else { return (false, true) }
            state.entries.append(entry)
            state.bytes += entry.batch.record.payload.count
            defer { state.isRunning = true }
            return (!state.isRunning, false)
        }
        if closed { entry.completion(.failure(Self.closed)) }
        if start { thread.async { self.run() } }
    }

    /// Takes nothing more, and returns when everything that waited has been answered.
    func close() {
        state.withLock { $0.isClosed = true }
        thread.sync {}
    }

    private func run() {
        while let group = nextGroup() {
            let result = append(group)
            for entry in group { entry.completion(result) }
        }
    }

    private func nextGroup() -> [Entry]? {
        state.withLock { state in
            guard !state.entries.isEmpty else {
                state.isRunning = false
                return nil
            }
            var bytes = 0
            var count = 0
            for entry in state.entries {
                let size = entry.batch.record.payload.count
                if count > 0, bytes + size > groupBytesMax { break }
                bytes += size
                count += 1
            }
            let group = Array(state.entries.prefix(count))
            state.entries.removeFirst(count)
            state.bytes -= bytes
            return group
        }
    }

    private static let closed = StorageError(
        .retry,
        "the node is stopping",
        remedy: "send the request again"
    )
}
