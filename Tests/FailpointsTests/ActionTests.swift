import Failpoints
import Synchronization
import Testing

/// What each action does at `hit` and at `evaluate`, and which step of a chain acts.
@Suite(.needsFailpoints)
struct ActionTests {
    @Test(arguments: [
        ("error", Injection.error("")), ("error(contention)", .error("contention")),
        ("errno(ENOSPC)", .errno(28)), ("short(7)", .short(7)), ("crash", .crash),
    ])
    func anInjectionIsReturnedOrThrown(text: String, injection: Injection) throws {
        let registry = FailpointRegistry()
        try registry.arm(Place.write, try FailpointProgram(text))
        #expect(registry.evaluate(Place.write) == injection)
        let second = FailpointHit(point: "journal.write", number: 2)
        #expect(throws: InjectedFault(hit: second, injection: injection)) {
            try registry.hit(Place.write)
        }
        try registry.finish()
    }

    @Test func offDoesNothingAndNeedNotFire() throws {
        let registry = FailpointRegistry()
        try registry.arm(Place.write, .always(.off))
        #expect(try registry.finish().points.map(\.hits) == [0])
        try registry.hit(Place.write)
        #expect(try registry.finish().points.map { [$0.hits, $0.fired] } == [[1, 0]])
    }

    @Test func countDoesNothingButHasToFire() throws {
        let registry = FailpointRegistry()
        try registry.arm(Place.write, .always(.count))
        #expect(throws: FailpointError.self) { try registry.finish() }
        try registry.hit(Place.write)
        #expect(try registry.finish().points.map { [$0.hits, $0.fired] } == [[1, 1]])
    }

    @Test func corruptFlipsExactlySoManyBitsTheSameWayForTheSameSeed() throws {
        func damage(seed: UInt64) throws -> [UInt8] {
            let registry = FailpointRegistry(seed: seed)
            try registry.arm(Place.write, .always(.corrupt(bits: 3)))
            var bytes = [UInt8](repeating: 0, count: 64)
            registry.evaluate(Place.write)?.flip(&bytes)
            return bytes
        }
        let bytes = try damage(seed: 1)
        #expect(bytes.reduce(0) { $0 + $1.nonzeroBitCount } == 3)
        #expect(try damage(seed: 1) == bytes)
        #expect(try damage(seed: 2) != bytes)
    }

    @Test func corruptFlipsEveryBitOfAShortTextAndNoneOfAnEmptyOne() {
        let injection = Injection.corrupt(bits: 100, seed: 5)
        var one: [UInt8] = [0b1010_0000]
        injection.flip(&one)
        #expect(one == [0b0101_1111])
        var none: [UInt8] = []
        injection.flip(&none)
        Injection.short(1).flip(&one)
        #expect(none.isEmpty && one == [0b0101_1111])
    }

    @Test func delayWaitsOnTheGivenClock() throws {
        let clock = CountingClock()
        let registry = FailpointRegistry(clock: clock)
        try registry.arm(Place.write, try FailpointProgram("1*delay(1s)->2*delay(5us)"))
        for _ in 1...4 { try registry.hit(Place.write) }
        #expect(clock.waited == [.seconds(1), .microseconds(5), .microseconds(5)])
    }

    @Test func delayWaitsOnTheSystemClockUnlessGivenAnother() throws {
        let registry = FailpointRegistry()
        try registry.arm(Place.write, .always(.delay(.milliseconds(3))))
        let start = ContinuousClock.now
        try registry.hit(Place.write)
        #expect(ContinuousClock.now - start >= .milliseconds(3))
    }

    @Test func aCallbackSeesTheArrivalAndChoosesTheInjection() throws {
        let seen = Mutex<[FailpointHit]>([])
        let registry = FailpointRegistry()
        registry.define(callback: "second") { hit in
            seen.withLock { $0.append(hit) }
            return hit.number == 2 ? .errno(5) : nil
        }
        try registry.arm(Place.sync, .always(.callback("second")))
        #expect(injections(registry, .sync, count: 3) == [nil, .errno(5), nil])
        #expect(
            seen.withLock { $0.map(\.description) }
                == ["journal.sync#1", "journal.sync#2", "journal.sync#3"]
        )
    }

    @Test func aCallbackMayUseItsRegistry() throws {
        let registry = FailpointRegistry()
        registry.define(callback: "arm") { _ in
            do throws(FailpointError) {
                try registry.arm(Place.sync, .always(.error))
                return nil
            } catch {
                return .error("\(error)")
            }
        }
        try registry.arm(Place.write, .always(.callback("arm")))
        try registry.hit(Place.write)
        #expect(registry.evaluate(Place.sync) == .error(""))
    }

    @Test func afterACrashEveryPlaceFailsUntilRestart() throws {
        let registry = FailpointRegistry()
        try registry.arm(Place.sync, .nth(2, .crash))
        #expect(injections(registry, .sync, count: 2) == [nil, .crash])
        #expect(registry.evaluate(Place.write) == .crash)
        let crash = SimulatedCrash.self
        #expect(throws: crash) { try registry.checkPower() }
        #expect(registry.crash?.hit == FailpointHit(point: "journal.sync", number: 2))
        registry.restart()
        try registry.checkPower()
        #expect(registry.evaluate(Place.write) == nil)
        #expect(registry.firedCount(Place.sync) == 1)
    }

    @Test func stepsFireInOrderAndAsOftenAsTheySay() throws {
        let registry = FailpointRegistry()
        try registry.arm(
            Place.write,
            try FailpointProgram("3*off->1*return(EIO)->2*error->off")
        )
        #expect(
            injections(registry, .write, count: 8)
                == [nil, nil, nil, .errno(5), .error(""), .error(""), nil, nil]
        )
        #expect(registry.hitCount(Place.write) == 8)
        #expect(registry.firedCount(Place.write) == 3)
    }

    @Test func aUsedUpChainDoesNothing() throws {
        let registry = FailpointRegistry()
        try registry.arm(Place.write, .nth(1, .error))
        #expect(injections(registry, .write, count: 3) == [.error(""), nil, nil])
    }

    @Test func drawsDependOnTheSeedAndTheArrivalAlone() throws {
        func draws(seed: UInt64, between: Int) throws -> [Bool] {
            let registry = FailpointRegistry(seed: seed)
            try registry.arm(configuration: "journal.write=25%error;journal.sync=50%error")
            return (0..<4_000).map { _ in
                _ = injections(registry, .sync, count: between)
                return registry.evaluate(Place.write) != nil
            }
        }
        let first = try draws(seed: 7, between: 0)
        #expect(try draws(seed: 7, between: 2) == first)
        #expect(try draws(seed: 8, between: 0) != first)
        #expect(900...1_100 ~= first.count { $0 })
    }

    @Test func anArrivalThatLosesItsDrawGoesToTheNextStep() throws {
        let registry = FailpointRegistry(seed: 3)
        try registry.arm(Place.write, try FailpointProgram("50%2*error->errno(EIO)"))
        let all = injections(registry, .write, count: 100)
        #expect(all.count { $0 == .error("") } == 2)
        #expect(all.count { $0 == .errno(5) } == 98)
        #expect(all.prefix(20).contains(.error("")))
    }

    @Test func aChanceOfAHundredPercentAlwaysFires() throws {
        let registry = FailpointRegistry()
        try registry.arm(Place.write, try FailpointProgram("100%error"))
        #expect(injections(registry, .write, count: 50).allSatisfy { $0 != nil })
    }
}
