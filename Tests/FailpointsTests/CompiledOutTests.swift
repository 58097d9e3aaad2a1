import Failpoints
import Testing

/// Without the trait: places cost nothing, and a test that arms one cannot pass by accident.
@Suite(.disabled(if: FailpointRegistry.isCompiledIn))
struct CompiledOutTests {
    @Test func placesDoNothingAndCountNothing() throws {
        let registry = FailpointRegistry(seed: 1, bound: .zero)
        registry.know(Place.self)
        try registry.hit(Place.write)
        #expect(registry.evaluate(Place.write) == nil)
        #expect(registry.hitCount(Place.write) == 0)
        #expect(try registry.finish().points.isEmpty)
        try FailpointRegistry.installProcessScope { _ in Issue.record("nothing to prepare") }
    }

    @Test func aPlaceIsNotEvenEvaluated() throws {
        func unwanted() -> Place {
            Issue.record("the argument was evaluated")
            return .write
        }
        try FailpointRegistry().hit(unwanted())
        #expect(FailpointRegistry().evaluate(unwanted()) == nil)
    }

    @Test func theRegistryTakesNoSpace() {
        #expect(MemoryLayout<FailpointRegistry>.size == 0)
    }

    @Test func armingIsRefused() async {
        let registry = FailpointRegistry()
        let compiledOut = FailpointError.compiledOut
        #expect(throws: compiledOut) { try registry.arm(Place.write, .always(.error)) }
        #expect(throws: compiledOut) { try registry.arm(configuration: "journal.write=error") }
        #expect(throws: compiledOut) {
            try registry.withFailpoint(Place.write, .always(.error)) { Issue.record("it ran") }
        }
        await #expect(throws: compiledOut) {
            try await registry.withFailpoint(Place.write, .always(.error)) { await Task.yield() }
        }
        await #expect(throws: compiledOut) {
            try await registry.waitUntilParked(at: Place.write)
        }
        await #expect(throws: compiledOut) {
            try await forEachHit(of: Place.self) { _ in
            } check: { _, _ in
            }
        }
    }

    @Test func scopesAndThreadsRunTheirBody() async throws {
        let registry = FailpointRegistry()
        #expect(try registry.withTaskScope { 1 } == 1)
        let value = try await registry.withTaskScope { await runOnThread { 2 } }
        #expect(value == 2)
    }
}
