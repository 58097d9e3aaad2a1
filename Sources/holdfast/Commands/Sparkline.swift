import Foundation

/// A series of numbers as a line of small bars.
enum Sparkline {
    private static let bars = Array("▁▂▃▄▅▆▇█")

    /// At most `width` bars; values that share one are averaged, gaps are blank.
    static func draw(_ values: [Double], width: Int) -> String {
        guard width > 0, !values.isEmpty else { return "" }
        let count = min(width, values.count)
        let means = (0..<count).map { index -> Double? in
            let range = index * values.count / count..<(index + 1) * values.count / count
            let known = values[range].filter(\.isFinite)
            return known.isEmpty ? nil : known.reduce(0) { $0 + $1 / Double(known.count) }
        }
        let known = means.compactMap { $0 }
        guard let least = known.min(), let greatest = known.max() else {
            return String(repeating: " ", count: count)
        }
        return String(
            means.map { mean in
                guard let mean else { return " " }
                // A flat line is drawn low, not at the top of its own range.
                guard greatest > least else { return bars[0] }
                let share = (mean / 2 - least / 2) / (greatest / 2 - least / 2)
                return bars[min(bars.count - 1, Int(share * Double(bars.count)))]
            }
        )
    }

    /// A number with about four digits.
    static func number(_ value: Double) -> String {
        guard value.isFinite else { return value.isNaN ? "NaN" : value < 0 ? "-Inf" : "+Inf" }
        let size = abs(value)
        if value == value.rounded(), size < 1e6 { return "\(Int(value))" }
        switch size {
        case ..<1e-3: return String(format: "%.3e", value)
        case ..<10: return String(format: "%.4f", value)
        case ..<1e6: return String(format: "%.1f", value)
        case ..<1e9: return String(format: "%.2fM", value / 1e6)
        case ..<1e12: return String(format: "%.2fG", value / 1e9)
        default: return String(format: "%.3e", value)
        }
    }
}
