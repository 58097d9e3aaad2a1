// What a place costs: the same loop with and without two places in it, in turns, in one run.
//
// Run it with `swift run -c release --package-path Benchmarks FailpointBenchmark`. Without the trait it
// ends with code 1 if the loop with places is more than 5 % slower in the median round.

import Failpoints

enum Step: String, Failpoint {
    case before = "benchmark.before"
    case after = "benchmark.after"
}

@main
struct FailpointBenchmark {
    @inline(never)
    static func plain(_ count: Int, _ start: UInt64) -> UInt64 {
        var value = start
        for index in 0..<count {
            value ^= value &<< 13
            value ^= value &>> 7
            value ^= value &<< 17 &+ UInt64(truncatingIfNeeded: index)
        }
        return value
    }

    @inline(never)
    static func withPlaces(
        _ count: Int,
        _ start: UInt64,
        _ registry: FailpointRegistry
    ) throws(InjectedFault) -> UInt64 {
        var value = start
        for index in 0..<count {
            try registry.hit(Step.before)
            value ^= value &<< 13
            value ^= value &>> 7
            if registry.evaluate(Step.after) != nil { return 0 }
            value ^= value &<< 17 &+ UInt64(truncatingIfNeeded: index)
        }
        return value
    }

    static func main() throws {
        let count = FailpointRegistry.isCompiledIn ? 200_000 : 50_000_000
        let registry = FailpointRegistry(seed: 1)
        let clock = ContinuousClock()
        var ratios: [Double] = []
        var nanoseconds: [Double] = []
        for round in 1...21 {
            let start = UInt64(round)
            var values: (plain: UInt64, placed: UInt64) = (0, 0)
            let without = clock.measure { values.plain = plain(count, start) }
            let with = try clock.measure {
                values.placed = try withPlaces(count, start, registry)
            }
            precondition(values.plain == values.placed, "both loops compute the same")
            ratios.append(with / without)
            nanoseconds.append((with - without) / .nanoseconds(1) / Double(2 * count))
        }
        let ratio = ratios.sorted()[10]
        print("trait \(FailpointRegistry.isCompiledIn ? "on" : "off"), 21 rounds of \(count)")
        print("ratio with places : without, median \(ratio), all \(ratios.sorted())")
        print("one place, median \(nanoseconds.sorted()[10]) ns")
        guard FailpointRegistry.isCompiledIn || ratio < 1.05 else { throw TooSlow() }
    }
}

struct TooSlow: Error {}
