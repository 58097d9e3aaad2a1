// How large the window of the eviction policy is: tried out in miniature.
//
// For each share that the window may have there is a shadow: a table like the real ones, but
// without values, for a fixed sample of the keys and with a capacity reduced alike. All shadows see
// the same requests, so that their hit ratios differ by the window alone, whatever the load does;
// the cache uses the share of the best. Ratios fade with the shadow's capacity, so that a change of
// load is followed soon.
import Synchronization

/// Decides the window's share for all tables of a cache.
final class WindowTuner: Sendable {
    /// Shares that are tried.
    static let shares = [0.01, 0.2, 0.6]
    static let firstShare = shares[0]
    /// Sampled requests that a table keeps before it hands them over.
    static let batchSize = 32
    /// What entries are assumed to weigh before there are any, in a cache with a weigher.
    static let entryWeightAssumed = 1024
    /// A share has to be better by so much, in hits per request, to be taken up.
    private static let advantageMin = 0.005
    private static let shadowCapacityWanted = 384
    private static let shadowCapacityMin = 32

    private final class Shadow: @unchecked Sendable {
        // Guard: the tuner's lock.
        var table: ShardCore
        var hits = 0.0
        var requests = 0.0

        init(weightLimit: Int, tags: TagIndex) {
            table = ShardCore(weightLimit: weightLimit, seed: 1, now: 0, tags: tags, tuner: nil)
        }

        var ratio: Double { requests == 0 ? 0 : hits / requests }
    }

    private struct State: Sendable {
        let shadows: [Shadow]
        var chosen = 0
    }

    private let state: Mutex<State>
    private let shift: Int
    private let tableCount: Int

    /// Hashes whose bits under this mask are zero belong to the sample.
    let sampleMask: UInt64

    /// A tuner for a cache of about `entries` entries in `tableCount` tables.
    init(entries: Int, tableCount: Int) {
        var shift = 3
        while shift < 24, entries >> (shift + 1) >= Self.shadowCapacityWanted { shift += 1 }
        self.shift = shift
        self.tableCount = tableCount
        // Neither the bits that choose the table nor those that choose a bucket.
        sampleMask = (UInt64(1) << UInt64(shift) &- 1) << 34
        let index = TagIndex()
        state = Mutex(
            State(
                shadows: Self.shares.map { _ in
                    Shadow(weightLimit: max(Self.shadowCapacityMin, entries >> shift), tags: index)
                }
            )
        )
    }

    /// The window's part of a table's limit, at least 1.
    static func windowLimit(of weightLimit: Int, _ share: Double) -> Int {
        max(1, Int(Double(weightLimit) * share))
    }

    /// Takes sampled requests of a table that has `entries` entries; the share to use from now on.
    func observe(_ hashes: [UInt64], entries: Int) -> Double {
        state.withLock { state in
            let capacity = max(Self.shadowCapacityMin, (entries * tableCount) >> shift)
            for (number, shadow) in state.shadows.enumerated() {
                let share = Self.shares[number]
                shadow.table.weightLimit = capacity
                shadow.table.windowLimit = Self.windowLimit(of: capacity, share)
                for hash in hashes where shadow.table.request(hash) {
                    shadow.hits += 1
                }
                let fading = 1 - Double(hashes.count) / Double(capacity * 8)
                shadow.hits *= max(fading, 0.5)
                shadow.requests += Double(hashes.count)
                shadow.requests *= max(fading, 0.5)
            }
            for (number, shadow) in state.shadows.enumerated()
            where shadow.ratio > state.shadows[state.chosen].ratio + Self.advantageMin {
                state.chosen = number
            }
            return Self.shares[state.chosen]
        }
    }
}

extension ShardCore {
    /// Asks a shadow for a key, and adds it if it is not there; whether it was.
    mutating func request(_ hash: UInt64) -> Bool {
        var probe = index.start(hash)
        while let slot = index.next(&probe, hash) {
            guard slots[slot].hash == hash else { continue }
            use(slot)
            return true
        }
        let written = insert(hash, 1, 0, TagList(first: 0), Lifetime(), 0)
        while let victim = nextVictim(keeping: written) { remove(victim, .capacity) }
        return false
    }
}
