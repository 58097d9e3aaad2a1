/// The one error of this module.
///
/// `code` says what the caller does next; `message` and `remedy` are for the person who reads the log
/// at night.
public struct StorageError: Error, Sendable, CustomStringConvertible {
    /// What the caller does next.
    public enum Code: String, Sendable {
        /// Nothing was stored; the same call may succeed later.
        case retry
        /// Nothing was stored; wait for room.
        case wait
        /// The request can never succeed as it is.
        case fixRequest
        /// This process may not write any more (fenced, poisoned log): reopen.
        case stop
        /// Stored bytes are damaged or missing: a person has to decide.
        case restore
    }

    /// What the caller does next.
    public let code: Code
    /// What happened, with the names and numbers of the case.
    public let message: String
    /// What a person does about it.
    public let remedy: String

    /// An error that calls for `code`.
    public init(_ code: Code, _ message: String, remedy: String) {
        self.code = code
        self.message = message
        self.remedy = remedy
    }

    /// Message, code and remedy on one line.
    public var description: String { "\(message) (\(code.rawValue)): \(remedy)" }
}
