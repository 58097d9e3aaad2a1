// One directory of the simulated disk.
//
// Names are durable apart from the files they stand for: a name that was made, moved or removed survives power loss
// for certain only after its directory was synced. Of the changes to one name since then, any prefix may
// survive; changes to different names survive in any order. A rename that survives does so in both of its places.

/// What a name stands for.
enum SimulatedNode: Equatable {
    /// The number of a file.
    case file(Int)
    case directory
}

/// The names in one directory.
struct SimulatedDirectory {
    struct Change {
        var name: String
        /// Nil when the name was removed.
        var node: SimulatedNode?
        /// Changes of one transaction survive together.
        var transaction: Int
    }

    private(set) var cached: [String: SimulatedNode] = [:]
    private(set) var durable: [String: SimulatedNode] = [:]
    private(set) var pending: [Change] = []

    mutating func set(_ name: String, _ node: SimulatedNode?, transaction: Int) {
        cached[name] = node
        pending.append(Change(name: name, node: node, transaction: transaction))
    }

    /// Makes every change durable; returns the transactions they belong to.
    mutating func sync() -> Set<Int> {
        for change in pending { durable[change.name] = change.node }
        defer { pending.removeAll(keepingCapacity: true) }
        return Set(pending.map(\.transaction))
    }

    /// Makes the changes of some transactions durable, which another directory's sync has settled.
    mutating func settle(_ transactions: Set<Int>) {
        pending.removeAll { change in
            guard transactions.contains(change.transaction) else { return false }
            durable[change.name] = change.node
            return true
        }
    }

    /// What is left after power was lost; `survives` answers alike for one transaction.
    mutating func losePower(survives: (Int) -> Bool) {
        var stopped: Set<String> = []
        for change in pending where !stopped.contains(change.name) {
            if survives(change.transaction) {
                durable[change.name] = change.node
            } else {
                stopped.insert(change.name)
            }
        }
        pending.removeAll(keepingCapacity: true)
        cached = durable
    }
}
