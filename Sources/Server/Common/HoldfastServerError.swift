/// Why a server could not start, or cannot go on; says what a person does about it.
package struct HoldfastServerError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What kind of trouble it is.
    package enum Code: String, Sendable {
        /// A value of the configuration is wrong.
        case configuration
        /// A file named by the configuration cannot be used.
        case file
        /// An address cannot be listened on.
        case listen
    }

    /// What kind of trouble it is.
    package var code: Code
    /// What is wrong, naming the flag, file or address.
    package var message: String
    /// What to do about it.
    package var remedy: String

    /// An error.
    package init(_ code: Code, _ message: String, remedy: String) {
        self.code = code
        self.message = message
        self.remedy = remedy
    }

    /// Message and remedy, on a line each.
    package var description: String { "\(message)\n  \(remedy)" }
}
