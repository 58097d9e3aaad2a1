/// How far a campaign is: a bar that is drawn anew where people watch, a line now and then elsewhere.
///
/// It goes by the time where that is limited, else by the parts that are done.
struct ProgressBar: Sendable {
    /// How many parts there are.
    let parts: Int
    var deadline: ContinuousClock.Instant?
    private let start = ContinuousClock.now

    /// Draws the bar.
    ///
    /// - Parameters:
    ///   - done: how many parts are done.
    ///   - text: what is said beside the bar, or on a line of its own.
    ///   - isMilestone: whether it is worth a line where nobody watches.
    func show(_ done: Int, _ text: String, isMilestone: Bool) {
        guard Terminal.isErrorInteractive else {
            if isMilestone { Terminal.complain(text) }
            return
        }
        let (passed, all) =
            deadline.map { (milliseconds(to: .now), milliseconds(to: $0)) } ?? (done, parts)
        let line = Terminal.bar(passed, of: all) + " " + text
        Terminal.status(Table.cut(line, to: Terminal.width - 1))
    }

    /// Leaves the bar as it is and begins a line.
    static func end() {
        if Terminal.isErrorInteractive { Terminal.complain("") }
    }

    private func milliseconds(to time: ContinuousClock.Instant) -> Int {
        Int(start.duration(to: time) / .milliseconds(1))
    }
}
