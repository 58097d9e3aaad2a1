/// Why a command failed, and what to do about it.
struct CommandFailure: Error, CustomStringConvertible {
    /// What went wrong.
    let message: String
    /// What to do about it.
    let remedy: String?

    init(_ message: String, remedy: String? = nil) {
        self.message = message
        self.remedy = remedy
    }

    var description: String {
        guard let remedy, !remedy.isEmpty else { return message }
        return "\(message)\n\(remedy)"
    }
}
