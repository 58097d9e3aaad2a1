import OTLP
import Testing

@testable import holdfast

/// The judgement of the kill campaigns can fail, each way.
struct KillLedgerTests {
    private static let three = [0: 1, 1: 1, 2: 1]

    struct Case: Sendable {
        let answer: KillLedger.Answer
        let found: [Int: Int]
        let problem: String?
    }

    @Test(arguments: [
        Case(answer: .stored, found: three, problem: nil),
        Case(answer: .stored, found: [:], problem: "is lost"),
        Case(answer: .stored, found: [0: 1, 2: 1], problem: "in part"),
        Case(answer: .stored, found: [0: 1, 1: 2, 2: 1], problem: "more than once"),
        Case(answer: .stored, found: [0: 1, 1: 1, 2: 1, 3: 1], problem: "never sent"),
        Case(answer: .none, found: [:], problem: nil),
        Case(answer: .none, found: three, problem: nil),
        Case(answer: .none, found: [1: 1], problem: "in part"),
        Case(answer: .refused, found: [:], problem: nil),
        Case(answer: .refused, found: three, problem: "was told that it is not"),
    ])
    func whatIsFoundIsComparedWithWhatWasSaid(example: Case) throws {
        let ledger = KillLedger()
        let batch = ledger.attempt(round: 4, signal: .traces, records: 3)
        ledger.answer(batch.number, example.answer)
        let found = example.found.isEmpty ? [:] : [batch.number: example.found]
        let verdict = ledger.judge(round: 4, signal: .traces, found: found)
        #expect(verdict.problems.isEmpty == (example.problem == nil))
        if let problem = example.problem {
            #expect(try #require(verdict.problems.first).contains(problem))
        }
        let counted = verdict.lost + verdict.doubled + verdict.halved + verdict.foreign
        #expect(counted == (example.problem == nil ? 0 : 1))
    }

    @Test func whatWasSentInAnotherRoundIsForeign() {
        let ledger = KillLedger()
        let batch = ledger.attempt(round: 1, signal: .logs, records: 1)
        #expect(
            ledger.judge(round: 2, signal: .logs, found: [batch.number: [0: 1]]).foreign == 1
        )
        #expect(ledger.judge(round: 1, signal: .metrics, found: [77: [0: 1]]).foreign == 1)
    }

    @Test func aPoisonedBatchIsStoredOrALetter() {
        let ledger = KillLedger()
        let batch = ledger.attempt(round: 0, signal: .logs, records: 1, isPoisoned: true).number
        ledger.answer(batch, .stored)
        #expect(ledger.judge(poisoned: [:], letters: [batch]).problems.isEmpty)
        #expect(ledger.judge(poisoned: [batch: [0: 1]], letters: []).problems.isEmpty)
        #expect(ledger.judge(poisoned: [batch: [0: 1]], letters: [batch]).doubled == 1)
        #expect(ledger.judge(poisoned: [:], letters: []).lost == 1)
        #expect(ledger.judge(poisoned: [:], letters: [batch, 12]).foreign == 1)
        #expect(ledger.judge(round: 0, signal: .logs, found: [:]).problems.isEmpty)
        ledger.discard(batch)
        #expect(ledger.judge(poisoned: [:], letters: []).problems.isEmpty)
    }

    @Test func onlyWhatMayBeOnItsWayIsLookedAtAgain() {
        let ledger = KillLedger()
        let batch = ledger.attempt(round: 0, signal: .logs, records: 1, isPoisoned: true).number
        ledger.answer(batch, .stored)
        #expect(ledger.judge(poisoned: [batch: [0: 1]], letters: [batch]).mayPass)
        #expect(ledger.judge(poisoned: [:], letters: []).mayPass)
        #expect(!ledger.judge(poisoned: [:], letters: [batch, 12]).mayPass)
        #expect(!ledger.judge(poisoned: [batch: [1: 1]], letters: []).mayPass)
        ledger.answer(batch, .refused)
        #expect(!ledger.judge(poisoned: [:], letters: [batch]).mayPass)
    }

    @Test func everyRecordIsFoundUnderItsBatch() throws {
        for number in [0, 1, 2, 3, 41] {
            let indices = (0..<9).map { KillRequest.trace(ofRecord: $0, batch: number) }
            #expect(Set(indices).count == 1 + number % KillRequest.tracesPerBatch)
            for index in indices {
                let low = UInt64(number * KillRequest.tracesPerBatch + index)
                #expect(KillRequest.batch(of: TraceID(high: 9, low: low)) == number)
            }
        }
    }

    @Test(arguments: ["compactionFanIn=3", "tickMilliseconds=25"])
    func aBoundIsReadAndWritten(text: String) throws {
        #expect(try #require(NodeLimit(argument: text)).description == text)
    }

    @Test(arguments: ["", "compactionFanIn", "compactionFanIn=", "fan=3", "compactionFanIn=-1"])
    func whatIsNoBoundIsRefused(text: String) {
        #expect(NodeLimit(argument: text) == nil)
    }
}
