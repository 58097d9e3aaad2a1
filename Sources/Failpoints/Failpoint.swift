// Named places where a test can make the next step fail, wait, lie or die.
//
// A module declares its places as one `String` enum (its catalog); the owner of the work carries a
// `FailpointRegistry` and calls `registry.hit(Catalog.place)` between two durable steps. Without
// the package trait `Failpoints` the call compiles to nothing. The catalog has to be `internal`:
// then an optimised build without the trait drops the enum and its names with it, whereas the
// compiler keeps the conformance of a `package` or `public` enum even when nobody uses it.

/// A catalog of named places: an `internal` `String` enum with one case per place.
///
/// A name consists of ASCII letters, digits, `.`, `_` and `-`. The documentation comment of each
/// case says what is durable when the place is reached.
public protocol Failpoint: RawRepresentable<String>, CaseIterable, Sendable {}

/// One arrival at a place.
public struct FailpointHit: Sendable, Hashable, CustomStringConvertible {
    /// The name of the place.
    public let point: String
    /// The how-manieth arrival it is, from 1, in the registry that recorded it.
    public let number: Int

    /// The `number`-th arrival at `point`.
    public init(point: String, number: Int) {
        self.point = point
        self.number = number
    }

    /// The name and the number, as in `journal.sync.pre#3`.
    public var description: String { "\(point)#\(number)" }
}

/// What a place has to make happen.
public enum Injection: Sendable, Hashable {
    /// The step fails; the label chooses among the caller's errors and may be empty.
    case error(String)
    /// The system call fails with this number.
    case errno(CInt)
    /// The write ends after this many bytes.
    case short(Int)
    /// This many bits of the bytes are flipped; `flip(_:)` does it.
    case corrupt(bits: Int, seed: UInt64)
    /// Power is lost here; nothing after this point may become durable.
    case crash
    /// The pause or rendezvous of this name outlived its bound, or the registry was finished.
    case timedOut(String)

    /// Flips the bits that a `corrupt` injection names; every other injection leaves `bytes` be.
    ///
    /// - Parameter bytes: the bytes to damage; the same bytes are damaged the same way each time.
    /// - Complexity: O(bits).
    public func flip(_ bytes: inout [UInt8]) {
        guard case .corrupt(let bits, let seed) = self else { return }
        let total = bytes.count.multipliedReportingOverflow(by: 8)
        guard !total.overflow, total.partialValue > 0 else { return }
        var flipped: Set<Int> = []
        var draw = Draw(seed: seed)
        while flipped.count < min(bits, total.partialValue) {
            let bit = Int(draw.next() % UInt64(total.partialValue))
            guard flipped.insert(bit).inserted else { continue }
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
        }
    }
}

/// The error that `FailpointRegistry.hit(_:)` throws.
public struct InjectedFault: Error, Sendable, Hashable, CustomStringConvertible {
    /// The arrival that failed.
    public let hit: FailpointHit
    /// What was injected.
    public let injection: Injection

    /// The fault of one arrival.
    public init(hit: FailpointHit, injection: Injection) {
        self.hit = hit
        self.injection = injection
    }

    /// The name of the place.
    public var point: String { hit.point }

    /// What happened where.
    public var description: String { "injected \(injection) at \(hit)" }
}

/// Power was lost, in play: the process goes on, its world does not.
///
/// From the crash until `FailpointRegistry.restart()` every place of the registry fails. The
/// harness drops what was not synced and opens the store anew.
public struct SimulatedCrash: Error, Sendable, Hashable {
    /// The arrival at which power was lost.
    public let hit: FailpointHit
}

/// A mistake in how failpoints are used, found while arming them or at the end of a test.
public enum FailpointError: Error, Sendable, Equatable {
    /// The text is no program; `position` counts UTF-8 bytes from 0.
    case syntax(position: Int, reason: String)
    /// No catalog that the registry knows has this name.
    case unknownPoint(String)
    /// A program calls a function that was never defined.
    case unknownCallback(String)
    /// The package trait `Failpoints` is off, so nothing could ever fire.
    case compiledOut
    /// No thread, or too few, parked at this place within the bound.
    case notParked(String)
    /// One place was still reached after so many runs of a sweep.
    case sweepTooLong(point: String, runs: Int)
    /// An armed action never fired, or somebody was still parked, or waited in vain.
    case incomplete(FailpointReport)
}

/// A stream of numbers fixed by its seed (SplitMix64).
struct Draw {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
