import Simulation
import Testing

/// Calls of the script fail in every way: some of each kind; `holdfast torture --exhaustive` fails every one.
struct FaultLoopTests {
    private static let stride = 211

    @Test(arguments: FaultKind.allCases)
    func noFaultAtAnyCallBreaksAPromise(kind: FaultKind) throws {
        for repeats in FaultLoop.repeats(of: kind) {
            for (index, aftermath) in FaultLoop.aftermaths(of: kind).enumerated() {
                let tally = try FaultLoop.run(
                    kind,
                    repeats: repeats,
                    aftermath,
                    first: 1 + index * 17 + (repeats == 1 ? 0 : 9),
                    stride: Self.stride
                )
                #expect(tally.cases > 1, "the script makes no call that \(kind) applies to")
            }
        }
    }

    @Test(arguments: FaultKind.allCases)
    func noFaultInRecoveryBreaksAPromise(second: FaultKind) throws {
        for (index, crash) in [FaultKind.kill, .powerLossLosing, .powerLossTearing].enumerated() {
            for call in [21 + index, 170 + index] {
                let tally = try FaultLoop.run(
                    Fault(crash, at: call),
                    then: second,
                    first: 1 + index * 5,
                    stride: 29
                )
                #expect(tally.recoveries > 0)
            }
        }
    }

    @Test func aFaultLoopRunTwiceIsTheSame() throws {
        let faultCase = FaultCase(Fault(.powerLossTearing, at: 77), .kill)
        #expect(try faultCase.run().trace == faultCase.run().trace)
    }
}
