import OTLP
import Synchronization
import Telemetry

/// A pipeline that answers what a test wants, and remembers what it was given.
final class FakeIngest: TelemetryIngest {
    typealias Answer = @Sendable (IngestRequest) async throws(IngestFailure) -> IngestReceipt

    private let answer: Answer
    private let state = Mutex<[IngestRequest]>([])

    init(_ answer: @escaping Answer = { _ in IngestReceipt() }) { self.answer = answer }

    /// A pipeline that refuses everything.
    convenience init(failing failure: IngestFailure) {
        self.init { _ throws(IngestFailure) in throw failure }
    }

    var requests: [IngestRequest] { state.withLock { $0 } }

    func ingest(
        _ request: IngestRequest,
        completion: @escaping @Sendable (Result<IngestReceipt, IngestFailure>) -> Void
    ) {
        state.withLock { $0.append(request) }
        Task { [answer] in
            do throws(IngestFailure) {
                completion(.success(try await answer(request)))
            } catch {
                completion(.failure(error))
            }
        }
    }
}

/// Something that tests wait for.
final class Gate: Sendable {
    private struct State {
        var isOpen = false
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    func open() {
        let waiting = state.withLock { state in
            state.isOpen = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    func wait() async {
        await withCheckedContinuation { continuation in
            let isOpen = state.withLock { state in
                if !state.isOpen { state.waiting.append(continuation) }
                return state.isOpen
            }
            if isOpen { continuation.resume() }
        }
    }
}
