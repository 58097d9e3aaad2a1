import Synchronization

/// How much of all doors together is in flight, and the limits of that.
final class Admission: Sendable {
    private struct State {
        var requests = 0
        var bytes = 0
        /// Who waits for the last request to leave.
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let maxRequests: Int
    private let maxBytes: Int
    private let state = Mutex(State())

    init(maxRequests: Int, maxBytes: Int) {
        self.maxRequests = maxRequests
        self.maxBytes = maxBytes
    }

    /// Refuses a request early, before its body is received, if it could not be let in now.
    func check() throws(APIError) {
        guard state.withLock({ $0.requests < maxRequests }) else { throw .overloaded }
    }

    /// Lets a request in; whoever is let in leaves.
    func enter() throws(APIError) {
        let isAdmitted = state.withLock { state in
            guard state.requests < maxRequests else { return false }
            state.requests += 1
            return true
        }
        guard isAdmitted else { throw .overloaded }
    }

    /// Ends a request that was let in.
    func leave() {
        let waiting: [CheckedContinuation<Void, Never>] = state.withLock { state in
            state.requests -= 1
            guard state.requests == 0 else { return [] }
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    /// Returns once every request that was let in has left.
    func allLeft() async {
        await withCheckedContinuation { continuation in
            let isIdle = state.withLock { state in
                if state.requests > 0 { state.waiting.append(continuation) }
                return state.requests == 0
            }
            if isIdle { continuation.resume() }
        }
    }

    /// Takes bytes; whoever takes them releases them.
    func reserve(_ count: Int) throws(APIError) {
        let isAdmitted = state.withLock { state in
            guard count <= maxBytes - state.bytes else { return false }
            state.bytes += count
            return true
        }
        guard isAdmitted else { throw .overloaded }
    }

    /// Gives bytes back.
    func release(_ count: Int) { state.withLock { $0.bytes -= count } }

    /// Requests and bytes in flight.
    var inFlight: (requests: Int, bytes: Int) { state.withLock { ($0.requests, $0.bytes) } }
}
