/// One number of this process, as `GET /metrics` shows it.
package struct MetricSample: Sendable, Hashable {
    /// What a number means over time.
    package enum Kind: String, Sendable {
        /// Only grows, until the process restarts.
        case counter
        /// Goes up and down.
        case gauge
        /// A part of a histogram: its name ends in `_bucket`, `_sum` or `_count`.
        case histogram
    }

    /// A name and its value.
    package struct Label: Sendable, Hashable {
        /// Matches `[a-zA-Z_][a-zA-Z0-9_]*`.
        package var name: String
        /// Any text.
        package var value: String

        /// A label.
        package init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    /// Matches `[a-zA-Z_:][a-zA-Z0-9_:]*`.
    package var name: String
    /// What is counted or measured, in one line.
    package var help: String
    /// What the number means over time.
    package var kind: Kind
    /// Tells apart samples of one name.
    package var labels: [Label]
    /// The number.
    package var value: Double

    /// A sample.
    package init(
        _ name: String,
        help: String,
        kind: Kind,
        labels: [Label] = [],
        value: Double
    ) {
        self.name = name
        self.help = help
        self.kind = kind
        self.labels = labels
        self.value = value
    }

    /// The name that help and type belong to.
    var family: String {
        guard kind == .histogram else { return name }
        for suffix in ["_bucket", "_sum", "_count"] where name.hasSuffix(suffix) {
            return String(name.dropLast(suffix.count))
        }
        return name
    }
}
