import Storage
import Synchronization

/// Why a query was not answered.
///
/// A query is answered whole or not at all.
public struct QueryFailure: Error, Sendable, CustomStringConvertible {
    /// What the caller does next.
    public enum Code: String, Sendable {
        /// Fix the request.
        case badRequest
        /// Fix the request: no such space.
        case unknownSpace
        /// Fix the request: nothing has that id.
        case notFound
        /// Nothing changed: the dead letter cannot be applied as it is.
        case refused
        /// Retry: the store is recovering.
        case unavailable
        /// Restore: a segment that should be there is damaged or missing.
        case damaged
    }

    /// What the caller does next.
    public let code: Code
    /// What happened, for people.
    public let message: String
    /// What a person does about it.
    public let remedy: String

    /// A failure that calls for `code`.
    public init(_ code: Code, _ message: String, remedy: String) {
        self.code = code
        self.message = message
        self.remedy = remedy
    }

    /// The failure of reading a segment.
    public init(_ error: any Error) {
        if let failure = error as? QueryFailure {
            self = failure
        } else if let error = error as? StorageError {
            self.init(
                error.code == .restore ? .damaged : .unavailable,
                error.message,
                remedy: error.remedy
            )
        } else {
            self.init(
                .damaged,
                "a segment could not be read: \(error)",
                remedy: "run `holdfast verify` and restore the named file from a backup"
            )
        }
    }

    /// Message, code and remedy on one line.
    public var description: String { "\(message) (\(code.rawValue)): \(remedy)" }
}

extension TelemetryNode {
    /// The engine, unless the store is recovering or closed.
    func openEngine() throws(QueryFailure) -> StorageEngine {
        switch state.withLock({ $0.phase }) {
        case .open(let engine): return engine
        case .recovering(let why):
            throw QueryFailure(.unavailable, "the store is recovering: \(why)", remedy: "ask again")
        case .closed: throw QueryFailure(.unavailable, "the node is stopping", remedy: "ask again")
        }
    }

    /// What a query of `space` reads from start to end.
    func snapshot(_ space: String) throws(QueryFailure) -> Snapshot {
        let engine = try openEngine()
        guard let snapshot = engine.snapshot(space: space) else {
            throw QueryFailure(
                .unknownSpace,
                "there is no space called \(space)",
                remedy: "list them with `holdfast spaces list`"
            )
        }
        return snapshot
    }
}
