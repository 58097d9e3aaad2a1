import Failpoints
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// What ends a process, and the scope that a process takes from its environment.
@Suite(.needsFailpoints)
struct ProcessTests {
    @Test func abortEndsTheProcessWithoutRunningExitHandlers() async {
        let result = await #expect(
            processExitsWith: .exitCode(134),
            observing: [\.standardErrorContent]
        ) {
            atexit { _ = write(2, "handler", 7) }
            let registry = FailpointRegistry()
            try registry.arm(Place.write, .always(.abort))
            try registry.hit(Place.write)
        }
        let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(!text.contains("handler"))
    }

    @Test func killDiesAsKillDashNineDoes() async {
        await #expect(processExitsWith: .signal(SIGKILL)) {
            let registry = FailpointRegistry()
            try registry.arm(Place.write, .always(.kill))
            try registry.hit(Place.write)
        }
    }

    @Test func theProcessScopeIsArmedFromTheEnvironment() async {
        await #expect(processExitsWith: .exitCode(134)) {
            setenv("HOLDFAST_FAILPOINTS", "journal.write=2*off->abort", 1)
            try FailpointRegistry.installProcessScope { $0.know(Place.self) }
            try FailpointRegistry().hit(Place.write)
            try FailpointRegistry().hit(Place.write)
            try FailpointRegistry().hit(Place.write)
            exit(0)
        }
    }

    @Test func theTaskScopeAnswersBeforeTheProcessScope() async {
        await #expect(processExitsWith: .exitCode(42)) {
            setenv("OTHER_VARIABLE", "journal.write=abort", 1)
            try FailpointRegistry.installProcessScope(from: "OTHER_VARIABLE")
            let scope = FailpointRegistry()
            try scope.withTaskScope {
                try scope.arm(Place.write, .always(.count))
                try FailpointRegistry().hit(Place.write)
            }
            exit(42)
        }
    }

    @Test func anUnsetVariableInstallsNothing() async {
        await #expect(processExitsWith: .exitCode(42)) {
            unsetenv("HOLDFAST_FAILPOINTS")
            try FailpointRegistry.installProcessScope()
            try FailpointRegistry().hit(Place.write)
            exit(42)
        }
    }

    @Test func aMistakeInTheVariableIsAnErrorAtTheStart() async {
        await #expect(processExitsWith: .exitCode(42)) {
            setenv("HOLDFAST_FAILPOINTS", "journal.wriet=abort", 1)
            do throws(FailpointError) {
                try FailpointRegistry.installProcessScope { $0.know(Place.self) }
            } catch {
                exit(error == .unknownPoint("journal.wriet") ? 42 : 1)
            }
        }
    }

    @Test func aSeedThatIsNoNumberIsAnErrorAtTheStart() async {
        await #expect(processExitsWith: .exitCode(42)) {
            setenv("HOLDFAST_FAILPOINTS", "journal.write=50%error", 1)
            setenv("HOLDFAST_FAILPOINTS_SEED", "0x4d", 1)
            do throws(FailpointError) {
                try FailpointRegistry.installProcessScope { $0.know(Place.self) }
            } catch {
                guard case .syntax(_, let reason) = error else { exit(1) }
                exit(reason.contains("_SEED=0x4d") ? 42 : 2)
            }
        }
    }

    /// Which bits are flipped is drawn, too.
    @Test func theSeedOfFlippedBitsIsPrinted() async {
        let result = await #expect(
            processExitsWith: .exitCode(42),
            observing: [\.standardErrorContent]
        ) {
            setenv("HOLDFAST_FAILPOINTS", "journal.write=corrupt(3)", 1)
            setenv("HOLDFAST_FAILPOINTS_SEED", "78", 1)
            try FailpointRegistry.installProcessScope()
            exit(42)
        }
        let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(text.contains("HOLDFAST_FAILPOINTS_SEED=78"))
    }

    @Test func theSeedOfTheVariableIsUsedAndPrinted() async {
        let result = await #expect(
            processExitsWith: .exitCode(42),
            observing: [\.standardErrorContent]
        ) {
            setenv("HOLDFAST_FAILPOINTS", "journal.write=50%error", 1)
            setenv("HOLDFAST_FAILPOINTS_SEED", "77", 1)
            try FailpointRegistry.installProcessScope()
            let twin = FailpointRegistry(seed: 77)
            try twin.arm(Place.write, try FailpointProgram("50%error"))
            let drawn = injections(FailpointRegistry(), .write, count: 64)
            unsetenv("HOLDFAST_FAILPOINTS")
            exit(drawn == injections(twin, .write, count: 64) ? 42 : 1)
        }
        let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(text.contains("HOLDFAST_FAILPOINTS_SEED=77"))
    }

    /// What was armed for a block is disarmed by the time its error leaves the scope.
    @Test func theSeedIsPrintedWhenABlockThrowsThatArmedWhatDrawsLots() async {
        let result = await #expect(
            processExitsWith: .exitCode(42),
            observing: [\.standardErrorContent]
        ) {
            let registry = FailpointRegistry(seed: 77)
            let program = try FailpointProgram("50%error")
            do {
                try registry.withTaskScope {
                    try registry.withFailpoint(Place.write, program) { throw CancellationError() }
                }
            } catch {
                exit(error is CancellationError ? 42 : 1)
            }
        }
        let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(text.contains("seed 77"))
    }

    @Test func noSeedIsPrintedWhereNothingDrawsLots() async {
        let result = await #expect(
            processExitsWith: .exitCode(42),
            observing: [\.standardErrorContent]
        ) {
            let registry = FailpointRegistry(seed: 77)
            do {
                try registry.withTaskScope {
                    try registry.withFailpoint(Place.write, .always(.count)) {
                        throw CancellationError()
                    }
                }
            } catch {
                exit(error is CancellationError ? 42 : 1)
            }
        }
        let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(!text.contains("seed 77"))
    }
}
