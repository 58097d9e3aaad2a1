/// A moment in the order of a cluster: wall time as far as it is known, then a count, then the
/// node.
public struct HybridTimestamp: Sendable, Hashable, Comparable {
    /// Milliseconds since 1970.
    public let physical: UInt64
    /// Counts moments of one millisecond.
    public let logical: UInt16
    /// The node that made it.
    public let node: UInt64

    /// A moment by its parts.
    public init(physical: UInt64, logical: UInt16, node: UInt64) {
        self.physical = physical
        self.logical = logical
        self.node = node
    }

    /// Orders by time, then count, then node.
    public static func < (one: Self, other: Self) -> Bool {
        (one.physical, one.logical, one.node) < (other.physical, other.logical, other.node)
    }
}

/// Gives moments that are later than every moment given or received before, and that stay near wall
/// time whatever others send.
struct HybridLogicalClock: Sendable {
    let node: UInt64
    private var physical: UInt64 = 0
    private var logical: UInt16 = 0

    /// A received moment may be ahead of this node's wall time by so many milliseconds at most.
    static let aheadMax: UInt64 = 60_000

    init(node: UInt64) { self.node = node }

    /// The next moment, when the wall shows `wall` milliseconds.
    mutating func tick(wall: UInt64) -> HybridTimestamp {
        if wall > physical {
            physical = wall
            logical = 0
        } else {
            count()
        }
        return HybridTimestamp(physical: physical, logical: logical, node: node)
    }

    /// Takes note of another node's moment; false, and nothing changed, if it lies too far ahead.
    mutating func merge(_ other: HybridTimestamp, wall: UInt64) -> Bool {
        guard other.physical <= wall.addingClamped(Self.aheadMax) else { return false }
        let newest = max(wall, physical, other.physical)
        if newest == physical, newest == other.physical {
            logical = max(logical, other.logical)
            count()
        } else if newest == physical {
            count()
        } else if newest == other.physical {
            physical = newest
            logical = other.logical
            count()
        } else {
            physical = newest
            logical = 0
        }
        return true
    }

    /// The next count; when a millisecond has no more, the next millisecond begins.
    private mutating func count() {
        if logical < .max {
            logical += 1
        } else {
            physical = physical.addingClamped(1)
            logical = 0
        }
    }
}
