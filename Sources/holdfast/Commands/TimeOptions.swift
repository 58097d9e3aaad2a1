import ArgumentParser

/// Which time a command looks at, counted back from now.
struct TimeOptions: ParsableArguments {
    @Option(help: "How far to look back.")
    var since = DurationArgument(minutes: 60)

    @Option(help: "How long ago to stop looking (default: now).")
    var until: DurationArgument?

    func validate() throws {
        guard let until, until.nanoseconds > since.nanoseconds else { return }
        throw ValidationError(
            "--until (\(TimeText.duration(until.nanoseconds)) ago) is before --since "
                + "(\(TimeText.duration(since.nanoseconds)) ago); give a longer --since."
        )
    }

    /// How much time it is, in nanoseconds.
    var length: Int64 { since.nanoseconds - (until?.nanoseconds ?? 0) }

    /// The same in words: `in the last 1h`, `between 2h and 1h ago`.
    var text: String {
        let since = TimeText.duration(since.nanoseconds)
        guard let until else { return "in the last \(since)" }
        return "between \(since) and \(TimeText.duration(until.nanoseconds)) ago"
    }

    /// When it starts, in Unix nanoseconds.
    func start(now: Int64) -> Int64 { now - since.nanoseconds }

    /// When it ends, in Unix nanoseconds; nil without --until: clocks that are ahead are heard too.
    func end(now: Int64) -> Int64? { until.map { now - $0.nanoseconds } }
}
