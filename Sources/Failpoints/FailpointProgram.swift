// What an armed place does, as a value; `description` is its text and `init(_:)` reads it back.

/// What one step of a program does.
public enum FailpointAction: Sendable, Hashable {
    /// Nothing; it need not fire.
    case off
    /// Nothing, but it has to fire: the place must be reached.
    case count
    /// Injects a failure, with a label for callers that have several; it may be empty.
    case error(String)
    /// Injects the failure of a system call.
    case errno(CInt)
    /// Injects a write of at most this many bytes.
    case short(Int)
    /// Injects this many flipped bits, 1 or more.
    case corrupt(bits: Int)
    /// Injects the loss of power.
    case crash
    /// Blocks the thread for this long on the registry's clock.
    case delay(Duration)
    /// Blocks the thread until `release(_:)`; fails when the registry's bound passes first.
    case pause
    /// Blocks the thread until so many threads are at the rendezvous of this name.
    ///
    /// When the bound passes first all of them fail, and so does whoever comes later.
    case rendezvous(String, parties: Int)
    /// Calls the function that `define(callback:_:)` gave this name.
    case callback(String)
    /// Ends the process with code 134: nothing is flushed, no exit handler runs.
    case abort
    /// Kills the process as `kill -9` does.
    case kill

    /// Injects a failure without a label.
    public static var error: FailpointAction { .error("") }
}

/// A chain of steps; each arrival takes the first step that is not used up and wins its draw.
///
/// Text form: `[p%][n*]action[(argument)]` chained by `->`, as in `3*off->25%error`.
public struct FailpointProgram: Sendable, Hashable, CustomStringConvertible {
    /// One link of the chain.
    public struct Step: Sendable, Hashable {
        /// What it does.
        public let action: FailpointAction
        /// How often it fires at most; nil is for ever.
        public let count: Int?
        /// How probable it is, in millionths; nil is certain.
        public let chance: Int?

        /// A step; `count` must be positive and `chance` within 1...1 000 000.
        public init(_ action: FailpointAction, count: Int? = nil, chance: Int? = nil) {
            precondition(count ?? 1 > 0, "a step fires at least once")
            precondition(1...1_000_000 ~= chance ?? 1, "a chance is 1 to 1 000 000 millionths")
            self.action = action
            self.count = count
            self.chance = chance
        }
    }

    /// The links in order.
    public let steps: [Step]

    /// A program of these steps.
    public init(_ steps: [Step]) { self.steps = steps }

    /// Does `action` at every arrival.
    public static func always(_ action: FailpointAction) -> FailpointProgram {
        FailpointProgram([Step(action)])
    }

    /// Does `action` once, at the `number`-th arrival from now; 1 is the next.
    public static func nth(_ number: Int, _ action: FailpointAction) -> FailpointProgram {
        let wait = number > 1 ? [Step(.off, count: number - 1)] : []
        return FailpointProgram(wait + [Step(action, count: 1)])
    }

    /// Does `action` at the `number`-th arrival from now and at each one after it.
    public static func from(_ number: Int, _ action: FailpointAction) -> FailpointProgram {
        let wait = number > 1 ? [Step(.off, count: number - 1)] : []
        return FailpointProgram(wait + [Step(action)])
    }

    /// The text form; reading it gives an equal program if every name in it can be written.
    public var description: String { steps.map(\.description).joined(separator: "->") }
}

extension FailpointProgram.Step: CustomStringConvertible {
    /// The text form of one step.
    public var description: String {
        (chance.map(Self.percent) ?? "") + (count.map { "\($0)*" } ?? "") + action.description
    }

    private static func percent(_ millionths: Int) -> String {
        var fraction = String(String(10_000 + millionths % 10_000).dropFirst())
        while fraction.last == "0" { fraction.removeLast() }
        return "\(millionths / 10_000)" + (fraction.isEmpty ? "" : ".\(fraction)") + "%"
    }
}

extension FailpointAction: CustomStringConvertible {
    /// The text form.
    public var description: String {
        switch self {
        case .off: "off"
        case .count: "count"
        case .error(let label): label.isEmpty ? "error" : "error(\(label))"
        case .errno(let number): "errno(\(ErrorNumbers.name(number) ?? String(number)))"
        case .short(let bytes): "short(\(bytes))"
        case .corrupt(let bits): "corrupt(\(bits))"
        case .crash: "crash"
        case .delay(let time): "delay(\(time.failpointText))"
        case .pause: "pause"
        case .rendezvous(let name, let parties): "rendezvous(\(name),\(parties))"
        case .callback(let name): "callback(\(name))"
        case .abort: "abort"
        case .kill: "kill"
        }
    }
}

extension Duration {
    /// The longest unit that loses nothing; what is finer than a nanosecond is cut.
    fileprivate var failpointText: String {
        let (seconds, attoseconds) = components
        let nanoseconds = attoseconds / 1_000_000_000
        if nanoseconds == 0 { return "\(seconds)s" }
        let units: [(name: String, perSecond: Int64)] = [("ms", 1_000), ("us", 1_000_000)]
        for unit in units where nanoseconds % (1_000_000_000 / unit.perSecond) == 0 {
            let whole = seconds.multipliedReportingOverflow(by: unit.perSecond)
            let part = nanoseconds / (1_000_000_000 / unit.perSecond)
            let sum = whole.partialValue.addingReportingOverflow(part)
            if !whole.overflow, !sum.overflow { return "\(sum.partialValue)\(unit.name)" }
        }
        return "\(seconds &* 1_000_000_000 &+ nanoseconds)ns"
    }
}
