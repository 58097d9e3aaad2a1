import NIOCore
import Synchronization

/// Where a server listens, with the ports that were chosen.
package struct ServerAddresses: Sendable, Hashable {
    /// OTLP/HTTP, the APIs and the web pages.
    package var http: HostPort
    /// OTLP/gRPC.
    package var grpc: HostPort
}

extension HostPort {
    /// The bound address of a listening socket.
    init?(_ address: SocketAddress?) {
        guard let address, let host = address.ipAddress, let port = address.port else {
            return nil
        }
        self.init(host: host, port: port)
    }
}

/// Knows when both doors are open, and tells whoever waits for that.
final class ListeningBoard: Sendable {
    private typealias Waiter = CheckedContinuation<ServerAddresses, any Error>

    private enum Outcome {
        case open(ServerAddresses)
        case failed(any Error)
    }

    private struct State {
        var http: HostPort?
        var grpc: HostPort?
        var outcome: Outcome?
        var waiting: [Waiter] = []

        /// The outcome, and those to tell, if it has just been reached.
        mutating func settle(_ reached: Outcome?) -> [Waiter] {
            guard outcome == nil, let reached else { return [] }
            outcome = reached
            defer { waiting = [] }
            return waiting
        }

        var openOutcome: Outcome? {
            guard let http, let grpc else { return nil }
            return .open(ServerAddresses(http: http, grpc: grpc))
        }
    }

    private let state = Mutex(State())

    /// The HTTP door is open.
    func opened(http: HostPort) { update { $0.http = http } }

    /// The gRPC door is open.
    func opened(grpc: HostPort) { update { $0.grpc = grpc } }

    /// The server has ended; means nothing if both doors had been open.
    func ended(_ error: any Error) {
        let waiting = state.withLock { $0.settle(.failed(error)) }
        for continuation in waiting { continuation.resume(throwing: error) }
    }

    /// The addresses, once both doors are open.
    var addresses: ServerAddresses {
        get async throws {
            try await withCheckedThrowingContinuation { continuation in
                let outcome = state.withLock { state in
                    if state.outcome == nil { state.waiting.append(continuation) }
                    return state.outcome
                }
                switch outcome {
                case .open(let addresses): continuation.resume(returning: addresses)
                case .failed(let error): continuation.resume(throwing: error)
                case nil: break
                }
            }
        }
    }

    private func update(_ change: (inout State) -> Void) {
        let (waiting, outcome) = state.withLock { state in
            change(&state)
            let outcome = state.openOutcome
            return (state.settle(outcome), outcome)
        }
        guard case .open(let addresses) = outcome else { return }
        for continuation in waiting { continuation.resume(returning: addresses) }
    }
}
