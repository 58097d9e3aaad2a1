import Foundation
import Storage

/// Moments and lengths of time as people read them.
enum TimeText {
    /// Nanoseconds in at most seven columns: `870ns`, `12.3µs`, `4.56ms`, `1.20s`, `3m05s`, `2h07m`.
    static func duration(_ nanoseconds: Int64) -> String {
        let value = Double(nanoseconds)
        switch value {
        case ..<1e3: return "\(nanoseconds)ns"
        case ..<1e6: return scaled(value / 1e3) + "µs"
        case ..<1e9: return scaled(value / 1e6) + "ms"
        case ..<60e9: return scaled(value / 1e9) + "s"
        case ..<3_600e9:
            let seconds = nanoseconds / 1_000_000_000
            return seconds % 60 == 0
                ? "\(seconds / 60)m" : "\(seconds / 60)m\(padded(seconds % 60))s"
        default:
            let minutes = nanoseconds / 60_000_000_000
            return minutes % 60 == 0
                ? "\(minutes / 60)h" : "\(minutes / 60)h\(padded(minutes % 60))m"
        }
    }

    /// A moment in UTC: `2026-01-31 12:00:00.500`.
    static func moment(_ nanoseconds: Int64) -> String {
        let date = Date(timeIntervalSince1970: Double(nanoseconds / 1_000_000_000))
        let text = date.formatted(
            .iso8601.year().month().day().dateTimeSeparator(.space).time(
                includingFractionalSeconds: false
            )
        )
        let millis = nanoseconds / 1_000_000 % 1_000
        return "\(text).\(fixed(millis, digits: 3))"
    }

    /// Now, in Unix nanoseconds.
    static func now() -> Int64 {
        Int64(clamping: SystemClock().now())
    }

    /// A number with its thousands apart: `12,345`.
    static func count(_ value: Int) -> String {
        var digits = Array("\(value.magnitude)")
        var position = digits.count - 3
        while position > 0 {
            digits.insert(",", at: position)
            position -= 3
        }
        return (value < 0 ? "-" : "") + String(digits)
    }

    /// Bytes: `12.3 MB`.
    static func bytes(_ value: Int) -> String {
        let number = Double(value)
        switch number {
        case ..<1e3: return "\(value) B"
        case ..<1e6: return scaled(number / 1e3) + " kB"
        case ..<1e9: return scaled(number / 1e6) + " MB"
        default: return scaled(number / 1e9) + " GB"
        }
    }

    /// A number with `decimals` digits after the point.
    static func fixed(_ value: Double, decimals: Int) -> String {
        String(format: "%.\(decimals)f", value)
    }

    private static func scaled(_ value: Double) -> String {
        fixed(value, decimals: value < 9.995 ? 2 : value < 99.95 ? 1 : 0)
    }

    private static func padded(_ value: Int64) -> String { fixed(value, digits: 2) }

    private static func fixed(_ value: Int64, digits: Int) -> String {
        let text = "\(value)"
        return String(repeating: "0", count: max(0, digits - text.count)) + text
    }
}
