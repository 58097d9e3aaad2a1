import Foundation
import OTLP

/// Random numbers that a seed decides (SplitMix64): the same seed gives the same shop everywhere.
struct SeededGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var word = state
        word = (word ^ (word >> 30)) &* 0xbf58_476d_1ce4_e5b9
        word = (word ^ (word >> 27)) &* 0x94d0_49bb_1331_11eb
        return word ^ (word >> 31)
    }

    /// 0 up to, but not, 1.
    mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }

    /// 0 up to, but not, `bound`, which is above 0.
    mutating func below(_ bound: Int) -> Int {
        Int(next().multipliedFullWidth(by: UInt64(bound)).high)
    }

    /// Whether something of this probability happens.
    mutating func chance(_ probability: Double) -> Bool { unit() < probability }

    /// One of `choices`, which are not none.
    mutating func pick<Element>(_ choices: [Element]) -> Element { choices[below(choices.count)] }

    /// Normally distributed around 0 with deviation 1.
    mutating func gaussian() -> Double {
        let radius = (-2 * log(1 - unit())).squareRoot()
        return radius * cos(2 * .pi * unit())
    }

    /// Milliseconds around `median`, skewed as work on computers is, with the odd straggler.
    mutating func milliseconds(_ median: Double) -> Double {
        median * exp(gaussian() * 0.55) * (chance(0.004) ? 8 : 1)
    }

    /// The time to the next of events that come `rate` times a second.
    mutating func gap(rate: Double) -> Double { -log(1 - unit()) / rate }

    mutating func traceID() -> TraceID { TraceID(high: next() | 1, low: next()) }

    mutating func spanID() -> SpanID { SpanID(next() | 1) }

    /// Lower-case hexadecimal digits.
    mutating func hex(_ count: Int) -> String {
        let digits = TraceID(high: next(), low: next()).description
        return String(digits.prefix(count))
    }

    /// A random UUID.
    mutating func uuid() -> String {
        let digits = Array(hex(32))
        let variant = ["8", "9", "a", "b"][below(4)]
        return String(digits[0..<8]) + "-" + String(digits[8..<12]) + "-4" + String(digits[13..<16])
            + "-"
            + variant + String(digits[17..<20]) + "-" + String(digits[20..<32])
    }

    /// An address inside the shop.
    mutating func address() -> String { "10.42.\(below(8)).\(below(254) + 1)" }
}
