import ArgumentParser

/// A length of time as people write it: `250ms`, `1.5s`, `10m`, `1h30m`; a bare number counts seconds.
struct DurationArgument: ExpressibleByArgument, Hashable, Sendable {
    /// How long it is.
    let nanoseconds: Int64

    private static let units: [(suffix: String, nanoseconds: Double)] = [
        ("ns", 1), ("us", 1e3), ("µs", 1e3), ("ms", 1e6), ("s", 1e9), ("m", 60e9), ("h", 3_600e9),
        ("d", 86_400e9),
    ]

    init?(argument: String) {
        guard !argument.isEmpty else { return nil }
        if let seconds = Double(argument) {
            self.init(nanoseconds: seconds * 1e9)
            return
        }
        var rest = argument[...]
        var total = 0.0
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
            let suffix = rest.dropFirst(digits.count).prefix { !$0.isNumber && $0 != "." }
            guard let number = Double(digits),
                let unit = Self.units.first(where: { $0.suffix == suffix })
            else { return nil }
            total += number * unit.nanoseconds
            rest = rest.dropFirst(digits.count + suffix.count)
        }
        self.init(nanoseconds: total)
    }

    /// So many minutes.
    init(minutes: Int64) { nanoseconds = minutes * 60_000_000_000 }

    private init?(nanoseconds: Double) {
        guard nanoseconds >= 0, nanoseconds < 9e18 else { return nil }
        self.nanoseconds = Int64(nanoseconds)
    }

    /// The same in seconds.
    var seconds: Double { Double(nanoseconds) / 1e9 }

    var defaultValueDescription: String { TimeText.duration(nanoseconds) }
}
