/// A place between two records in the order of answers.
///
/// That order is a matter of what the records say, not of where they are: the newest time first, and of one time by a
/// hash of all they hold. So it stays as it is when they are moved into segments, or segments are merged. Records with
/// the same hash are the same for whoever reads them; of those the cursor counts.
public struct LogCursor: Sendable, Equatable, CustomStringConvertible {
    /// How far the records of one time have been given.
    struct Reached: Sendable, Equatable {
        /// The hash of the last record; all with lower ones have been given.
        let hash: UInt64
        /// How many with that hash have been given.
        let given: Int
    }

    /// The time of the last record, Unix nanoseconds.
    let time: Int64
    /// Nil when all records of that time have been given.
    let reached: Reached?

    /// - Returns: nil when the text is not a cursor, or one of a program from before this order.
    public init?(_ text: String) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard let first = parts.first, let time = Int64(first) else { return nil }
        if parts.count == 2, parts[1] == Self.all {
            self.init(time: time, reached: nil)
        } else if parts.count == 3, let hash = UInt64(parts[1], radix: 16),
            let given = Int(parts[2]), given > 0
        {
            self.init(time: time, reached: Reached(hash: hash, given: given))
        } else {
            return nil
        }
        // Only what was written by `description`.
        guard description == text else { return nil }
    }

    init(time: Int64, reached: Reached?) {
        self.time = time
        self.reached = reached
    }

    private static let all = "all"

    /// The text that `init(_:)` reads: the time, then `all`, or the hash in hexadecimal and the count.
    public var description: String {
        guard let reached else { return "\(time).\(Self.all)" }
        return "\(time).\(String(reached.hash, radix: 16)).\(reached.given)"
    }
}
