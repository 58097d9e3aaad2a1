// Forgetting tags that nothing carries.

import Synchronization

extension TagIndex {
    /// Forgets tags that nothing carries; returns how many.
    ///
    /// O(tags).
    @discardableResult
    func sweep() -> Int {
        var total = 0
        while true {
            var removed = 0
            for number in 0..<TagCacheLimits.tagStripeCount {
                removed += stripes[number].withLock { sweep(&$0, number) }
            }
            total += removed
            // A parent may have lost its last child in a stripe that was already swept.
            if removed == 0 { return total }
        }
    }

    @discardableResult
    func sweep(_ state: inout Stripe, _ stripe: Int) -> Int {
        var removed = 0
        for local in state.names.indices where !state.names[local].isEmpty {
            let id = Self.firstTag + UInt32(local * TagCacheLimits.tagStripeCount + stripe)
            let node = nodes.node(id)
            // Only this stripe's lock lets a count rise from zero, and we hold it.
            guard node.pointee.references.load(ordering: .acquiring) == 0 else { continue }
            let hash = UInt64(bitPattern: Int64(state.names[local].hashValue))
            invalidating.withLock { _ in
                raiseFloor(to: node.pointee.version.load(ordering: .acquiring))
            }
            state.table.remove(hash, local)
            state.names[local] = ""
            state.free.append(UInt32(local))
            state.liveCount -= 1
            removed += 1
            release(node.pointee.parent.load(ordering: .relaxed))
        }
        return removed
    }
}
