#if Failpoints
import Testing

@testable import Failpoints

/// The state machine alone: who is woken and how, without a thread or a clock.
struct RegistryStateTests {
    @Test func oneThreadThatGivesUpFailsAllOfItsRendezvousAndNobodyElse() {
        var state = RegistryState(seed: 1)
        let one = state.meet(at: "a", name: "gate", parties: 3)
        let two = state.meet(at: "b", name: "gate", parties: 3)
        let other = state.meet(at: "a", name: "door", parties: 2)
        let paused = state.pause(at: "a")
        state.giveUp(one)
        #expect([one, two, other, paused].map { $0.wait(for: .zero) } == [.fail, .fail, nil, nil])
        #expect(state.meet(at: "c", name: "gate", parties: 3).wait(for: .zero) == .fail)
        #expect(state.report().timedOut == ["a", "b", "c"])
        #expect(state.report().parked == ["a", "a"])
    }

    @Test func aReleaseThatComesJustBeforeTheBoundWins() {
        var state = RegistryState(seed: 1)
        let parker = state.pause(at: "a")
        #expect(state.release("a") == 1)
        state.giveUp(parker)
        #expect(parker.wait(for: .zero) == .proceed)
        #expect(state.report().timedOut.isEmpty)
    }

    @Test func theLastPartyNeverWaits() {
        var state = RegistryState(seed: 1)
        let one = state.meet(at: "a", name: "gate", parties: 2)
        #expect(one.wait(for: .zero) == nil)
        let two = state.meet(at: "a", name: "gate", parties: 2)
        #expect([one, two].map { $0.wait(for: .zero) } == [.proceed, .proceed])
    }

    /// Nobody who looks between the two can miss that somebody waits.
    @Test func anArrivalIsParkedFromTheMomentItFires() throws {
        var state = RegistryState(seed: 1)
        state.arm("a", try FailpointProgram("1*pause->rendezvous(gate,2)"))
        for number in 1...2 {
            guard case .armed(_, _, let place?) = state.reach("a", answering: true) else {
                Issue.record("nothing is armed")
                return
            }
            #expect(state.report().parked.count == number)
            #expect(place.wait(for: .zero) == nil)
        }
    }

    @Test func onlyTheFirstSignalCounts() {
        let parker = Parker()
        parker.signal(.crash)
        parker.signal(.proceed)
        #expect(parker.wait(for: .seconds(1)) == .crash)
    }

    @Test func whoWatchesIsToldOnceEnoughThreadsAreParked() {
        var state = RegistryState(seed: 1)
        let watcher = state.watch("a", count: 2)
        _ = state.pause(at: "a")
        _ = state.pause(at: "b")
        #expect(watcher.wait(for: .zero) == nil)
        _ = state.pause(at: "a")
        #expect(watcher.wait(for: .zero) == .proceed)
        #expect(state.watch("a", count: 1).wait(for: .zero) == .proceed)
    }
}
#endif
