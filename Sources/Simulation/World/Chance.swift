import Storage
import Synchronization

// Time and chance of a simulated world: functions of its seed and of nothing else.

/// A stream of numbers that one seed names (SplitMix64).
package struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var state: UInt64

    package init(seed: UInt64) { state = seed }

    /// A stream of its own for one part of a world, so that parts do not disturb one another.
    package init(seed: UInt64, stream: UInt64) {
        var root = SeededGenerator(seed: seed ^ (stream &* 0xd6e8_feb8_6659_fd93))
        state = root.next()
    }

    package mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    /// A number from 0 up to, not including, `bound`, which is above 0.
    package mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }

    /// True once in `count` times.
    package mutating func oneIn(_ count: Int) -> Bool { below(count) == 0 }
}

/// A clock that moves a little with every look and otherwise when it is told to.
package final class SimulatedClock: WallClock {
    private let time: Mutex<UInt64>

    /// A clock that begins at `start`, Unix nanoseconds.
    package init(start: UInt64 = 1_800_000_000_000_000_000) { time = Mutex(start) }

    package func now() -> UInt64 {
        time.withLock { time in
            time += 1_000
            return time
        }
    }

    /// Moves the clock; a negative step is a correction backwards.
    package func advance(seconds: Int) {
        time.withLock { time in
            let step = UInt64(seconds.magnitude) * 1_000_000_000
            time = seconds < 0 ? time - min(step, time) : time + step
        }
    }
}

/// Identifiers that a seed decides.
package final class SimulatedRandom: RandomSource {
    private let generator: Mutex<SeededGenerator>

    package init(seed: UInt64) { generator = Mutex(SeededGenerator(seed: seed)) }

    package func next() -> UInt64 { generator.withLock { $0.next() } }
}
