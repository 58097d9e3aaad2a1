// How often a key was asked for recently, in four bits, without storing keys.
//
// A count-min sketch: a key has one block of eight words and in it four counters of four bits, one
// in each pair of words. Its estimate is the smallest of the four. When as many counts were
// added as `sampleSize`, all counters are halved, so that the past fades.

/// Estimates recent popularity.
struct FrequencySketch: Sendable {
    private var words: [UInt64]
    private var blockMask: UInt64
    private var additions = 0
    /// Entries for which the sketch is wide enough.
    private(set) var capacity: Int

    private static let halves: UInt64 = 0x7777_7777_7777_7777
    private static let wordsPerBlock = 8
    private static let capacityMin = 64
    /// The largest count.
    static let countMax = 15

    init() {
        capacity = Self.capacityMin
        words = Array(repeating: 0, count: capacity)
        blockMask = UInt64(capacity / Self.wordsPerBlock - 1)
    }

    private var sampleSize: Int { capacity * 10 }

    /// Widens the sketch; what is known stays known.
    mutating func ensure(capacity wanted: Int) {
        while capacity < wanted {
            // A block's key goes to the old block or to its copy: both hold its counters.
            words += words
            capacity *= 2
            blockMask = blockMask << 1 | 1
        }
    }

    @inline(__always)
    private static func spread(_ hash: UInt64) -> UInt64 {
        let mixed = (hash ^ (hash >> 32)) &* 0x9E37_79B9_7F4A_7C15
        return mixed ^ (mixed >> 29)
    }

    /// The block's first word and, in bytes of a word, where the four counters are.
    @inline(__always)
    private func place(_ hash: UInt64) -> (base: Int, choice: UInt64) {
        let block = Int(truncatingIfNeeded: hash & blockMask) &* Self.wordsPerBlock
        return (block, Self.spread(hash) >> 32)
    }

    /// Counts one request for `hash`.
    mutating func increment(_ hash: UInt64) {
        let (base, choice) = place(hash)
        let added = words.withUnsafeMutableBufferPointer { words in
            var bits = choice
            var added = false
            for pair in 0..<4 {
                let word = base &+ pair &* 2 &+ Int(bits & 1)
                let shift = (bits >> 1 & 15) << 2
                if (words[word] &>> shift) & 15 < 15 {
                    words[word] &+= 1 &<< shift
                    added = true
                }
                bits >>= 8
            }
            return added
        }
        if added {
            additions &+= 1
            if additions >= sampleSize { halve() }
        }
    }

    /// How often `hash` was counted lately, 0...15.
    func estimate(_ hash: UInt64) -> Int {
        let (base, choice) = place(hash)
        var bits = choice
        var least: UInt64 = 15
        for pair in 0..<4 {
            let word = base &+ pair &* 2 &+ Int(bits & 1)
            let shift = (bits >> 1 & 15) << 2
            least = min(least, (words[word] >> shift) & 15)
            bits >>= 8
        }
        return Int(least)
    }

    private mutating func halve() {
        for index in words.indices { words[index] = (words[index] >> 1) & Self.halves }
        additions /= 2
    }
}
