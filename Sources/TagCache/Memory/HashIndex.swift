// An index from hashes to small numbers, kept beside the table that has the keys.
//
// Open addressing with linear probing over a power of two of buckets, at most three quarters
// full. A bucket is 0 when empty, else the low half of the hash above the number plus one. The
// home of a hash is its low bits, so a bucket says by itself where it belongs and removal can
// close gaps without looking at keys.

/// Finds candidates for a hash; the caller compares keys.
@usableFromInline
struct HashIndex: ~Copyable, @unchecked Sendable {
    // Guard: `buckets` belongs to this value alone; it has `mask + 1` elements.
    @usableFromInline private(set) var buckets: UnsafeMutablePointer<UInt64>
    @usableFromInline private(set) var mask: Int
    private(set) var count = 0

    init() {
        mask = 15
        buckets = Self.emptyBuckets(16)
    }

    @inlinable deinit { buckets.deallocate() }

    private static func emptyBuckets(_ count: Int) -> UnsafeMutablePointer<UInt64> {
        let buckets = UnsafeMutablePointer<UInt64>.allocate(capacity: count)
        buckets.initialize(repeating: 0, count: count)
        return buckets
    }

    /// Where to begin looking for `hash`.
    @inlinable @inline(__always)
    func start(_ hash: UInt64) -> Int { Int(truncatingIfNeeded: hash) & mask }

    /// The next number filed under `hash`; nil when there is none.
    ///
    /// `probe` moves on.
    @inlinable @inline(__always)
    func next(_ probe: inout Int, _ hash: UInt64) -> Int? {
        while true {
            let bucket = buckets[probe]
            if bucket == 0 { return nil }
            probe = (probe &+ 1) & mask
            if UInt32(truncatingIfNeeded: bucket &>> 32) == UInt32(truncatingIfNeeded: hash) {
                return Int(UInt32(truncatingIfNeeded: bucket)) &- 1
            }
        }
    }

    /// Files `number` under `hash`.
    mutating func insert(_ hash: UInt64, _ number: Int) {
        if (count + 1) * 4 > (mask + 1) * 3 { grow() }
        place(hash << 32 | UInt64(UInt32(number) + 1))
        count += 1
    }

    private func place(_ bucket: UInt64) {
        var position = Int(bucket >> 32) & mask
        while buckets[position] != 0 { position = (position &+ 1) & mask }
        buckets[position] = bucket
    }

    private mutating func grow() {
        let (old, oldCount) = (buckets, mask + 1)
        buckets = Self.emptyBuckets(oldCount * 2)
        mask = oldCount * 2 - 1
        for position in 0..<oldCount where old[position] != 0 { place(old[position]) }
        old.deallocate()
    }

    /// Takes `number` out; it must be filed under `hash`.
    mutating func remove(_ hash: UInt64, _ number: Int) {
        let wanted = hash << 32 | UInt64(UInt32(number) + 1)
        var hole = start(hash)
        while buckets[hole] != wanted {
            precondition(buckets[hole] != 0, "the number is not filed under this hash")
            hole = (hole &+ 1) & mask
        }
        count -= 1
        var position = hole
        while true {
            position = (position &+ 1) & mask
            let bucket = buckets[position]
            if bucket == 0 { break }
            let home = Int(bucket >> 32) & mask
            // The bucket may fill the hole unless its home lies behind the hole.
            if ((position &- home) & mask) >= ((position &- hole) & mask) {
                buckets[hole] = bucket
                hole = position
            }
        }
        buckets[hole] = 0
    }
}
