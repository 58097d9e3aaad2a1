/// What a registry saw: every place reached or armed, and what is wrong with the test.
public struct FailpointReport: Sendable, Equatable {
    /// What happened at one place.
    public struct Point: Sendable, Equatable {
        /// The name of the place.
        public let name: String
        /// How often it was reached.
        public let hits: Int
        /// How often an action fired there.
        public let fired: Int
    }

    /// The seed of every draw.
    public let seed: UInt64
    /// The places, sorted by name.
    public let points: [Point]
    /// The arrivals in order; the first `traceCountMax` of them.
    public let trace: [FailpointHit]
    /// How many arrivals `trace` leaves out.
    public let untracedCount: Int
    /// The steps that were armed and never fired, each as `point=step`, sorted.
    public let unfired: [String]
    /// The places where a thread was parked, sorted.
    public let parked: [String]
    /// The places where a thread waited in vain for its release or its rendezvous, sorted.
    public let timedOut: [String]

    /// How many arrivals a trace holds.
    public static let traceCountMax = 65_536

    /// Whether all that was armed has fired and nobody waits or has waited in vain.
    public var isComplete: Bool { unfired.isEmpty && parked.isEmpty && timedOut.isEmpty }
}

extension FailpointReport: CustomStringConvertible {
    /// One line for the seed, one per complaint, one per place.
    public var description: String {
        var lines = ["seed \(seed)"]
        lines += unfired.map { "never fired: \($0)" }
        lines += parked.map { "still parked: \($0)" }
        lines += timedOut.map { "waited in vain: \($0)" }
        lines += points.map { "\($0.name): \($0.hits) hits, \($0.fired) fired" }
        return lines.joined(separator: "\n")
    }
}
