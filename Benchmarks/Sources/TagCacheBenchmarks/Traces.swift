import Glibc

/// A small generator with a seed.
struct Generator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }

    mutating func unit() -> Double { Double(next() >> 11) / Double(1 << 53) }
}

/// Draws ranks with probability proportional to `rank^-exponent`.
struct Zipf {
    private let cumulative: [Double]

    init(count: Int, exponent: Double) {
        var sum = 0.0
        cumulative = (1...count).map { rank in
            sum += exp2(-exponent * log2(Double(rank)))
            return sum
        }
    }

    func draw(_ generator: inout Generator) -> Int {
        let target = generator.unit() * cumulative[cumulative.count - 1]
        var low = 0
        var high = cumulative.count - 1
        while low < high {
            let middle = (low + high) / 2
            if cumulative[middle] < target { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

/// The request sequences on which hit ratios are measured, for a cache of 10,000 entries.
enum Trace: CaseIterable {
    case zipf, scans, loop, movingHotSet

    /// The ratio to reach, in percent.
    var bar: Double {
        switch self {
        case .zipf: 48
        case .scans: 47
        case .loop: 58
        case .movingHotSet: 80
        }
    }

    func requests(seed: UInt64) -> [UInt64] {
        var generator = Generator(seed: seed)
        switch self {
        case .zipf:
            let zipf = Zipf(count: 1_000_000, exponent: 0.9)
            return (0..<1_200_000).map { _ in UInt64(zipf.draw(&generator)) }
        case .scans:
            // Every 50,000 requests a scan reads 20,000 keys that nobody asks for again.
            let zipf = Zipf(count: 100_000, exponent: 0.9)
            var requests: [UInt64] = []
            var scanned: UInt64 = 1 << 40
            for _ in 0..<18 {
                for _ in 0..<50_000 { requests.append(UInt64(zipf.draw(&generator))) }
                for _ in 0..<20_000 {
                    requests.append(scanned)
                    scanned += 1
                }
            }
            return requests
        case .loop: return (0..<1_200_000).map { UInt64($0 % 15_000) }
        case .movingHotSet:
            // Nine of ten requests go to 5,000 keys, which change every 100,000 requests.
            return (0..<1_200_000).map { position in
                generator.below(10) == 0
                    ? UInt64(1 << 41 | generator.below(1_000_000))
                    : UInt64((position / 100_000) * 5_000 + generator.below(5_000))
            }
        }
    }
}

/// Plain LRU, for comparison.
struct PlainLRU {
    private var places: [UInt64: Int] = [:]
    private var keys: [UInt64] = []
    private var newer: [Int] = []
    private var older: [Int] = []
    private var newest = -1
    private var oldest = -1
    private let capacity: Int

    init(capacity: Int) { self.capacity = capacity }

    /// Asks for a key and stores it if it is not there; whether it was.
    mutating func request(_ key: UInt64) -> Bool {
        if let place = places[key] {
            unlink(place)
            link(place)
            return true
        }
        var place = keys.count
        if place == capacity {
            place = oldest
            unlink(place)
            places[keys[place]] = nil
            keys[place] = key
        } else {
            keys.append(key)
            newer.append(-1)
            older.append(-1)
        }
        places[key] = place
        link(place)
        return false
    }

    private mutating func unlink(_ place: Int) {
        if newer[place] == -1 { newest = older[place] } else { older[newer[place]] = older[place] }
        if older[place] == -1 { oldest = newer[place] } else { newer[older[place]] = newer[place] }
    }

    private mutating func link(_ place: Int) {
        older[place] = newest
        newer[place] = -1
        if newest == -1 { oldest = place } else { newer[newest] = place }
        newest = place
    }
}
