import OTLP
import Synchronization

/// What the clients of one store sent and were told, and the judgement over what is found later.
///
/// The promise: acknowledged ≤ found ≤ sent, each record at most once, and no batch in part.
final class KillLedger: Sendable {
    /// What a client was told about a batch.
    enum Answer: String {
        /// It is there, whole and once, or not at all.
        case none = "no answer"
        /// It is there, whole and once.
        case stored = "acknowledged"
        /// It is not there.
        case refused
    }

    /// One request.
    struct Batch {
        let number: Int
        let round: Int
        let signal: Signal
        /// Spans, log records or points.
        let records: Int
        /// Whether its one record is too large for a segment: it becomes a dead letter.
        let isPoisoned: Bool
        var answer = Answer.none
        /// Whether somebody asked for its dead letter to be thrown away.
        var isDiscarded = false

        var description: String {
            "batch \(number) of round \(round) (\(records) of \(signal.rawValue), \(answer.rawValue))"
        }
    }

    /// By batch, how often each of its records was found.
    typealias Found = [Int: [Int: Int]]

    private let state = Mutex<[Batch]>([])

    var batches: [Batch] { state.withLock { $0 } }

    /// Says that a batch is about to be sent, before a byte of it is.
    func attempt(round: Int, signal: Signal, records: Int, isPoisoned: Bool = false) -> Batch {
        state.withLock { batches in
            let batch = Batch(
                number: batches.count,
                round: round,
                signal: signal,
                records: records,
                isPoisoned: isPoisoned
            )
            batches.append(batch)
            return batch
        }
    }

    /// Notes what a client was told.
    func answer(_ number: Int, _ answer: Answer) {
        state.withLock { batches in
            if batches.indices.contains(number) { batches[number].answer = answer }
        }
    }

    /// Notes that somebody is about to discard the letter of a batch.
    func discard(_ number: Int) {
        state.withLock { batches in
            if batches.indices.contains(number) { batches[number].isDiscarded = true }
        }
    }

    func count(_ answer: Answer) -> Int {
        state.withLock { batches in batches.count { $0.answer == answer } }
    }

    /// Judges what was found of one signal of one round, poisoned batches aside.
    func judge(round: Int, signal: Signal, found: Found) -> KillVerdict {
        var verdict = KillVerdict()
        let wanted = batches.filter {
            $0.round == round && $0.signal == signal && !$0.isPoisoned
        }
        let known = Set(wanted.map(\.number))
        for number in found.keys.sorted() where !known.contains(number) {
            verdict.foreign += 1
            verdict.problems.append(
                "\(signal.rawValue) of batch \(number) were never sent in round \(round)"
            )
        }
        for batch in wanted { verdict.add(batch, found[batch.number] ?? [:]) }
        return verdict
    }

    /// Judges the poisoned batches of all rounds: each that was acknowledged is in the store or a dead
    /// letter, until somebody discards it.
    func judge(poisoned found: Found, letters: [Int]) -> KillVerdict {
        var verdict = KillVerdict()
        let counts = Dictionary(grouping: letters) { $0 }.mapValues(\.count)
        let wanted = batches.filter(\.isPoisoned)
        let known = Set(wanted.map(\.number))
        for number in Set(found.keys).union(counts.keys).sorted() where !known.contains(number) {
            verdict.foreign += 1
            verdict.problems.append("poisoned batch \(number) was never sent")
        }
        for batch in wanted {
            var records = found[batch.number] ?? [:]
            if let letters = counts[batch.number] { records[0, default: 0] += letters }
            if records.isEmpty, batch.isDiscarded { continue }
            verdict.add(batch, records)
        }
        return verdict
    }
}

/// What is wrong with a store, in batches, and in words.
struct KillVerdict {
    var lost = 0
    var doubled = 0
    var halved = 0
    /// Never sent, or refused and there all the same.
    var foreign = 0
    /// There without an answer, which is allowed.
    var kept = 0
    var problems: [String] = []

    /// Whether rows that are moved while somebody looks may be all that is wrong: nothing is there in part, and
    /// nothing that should not be.
    var mayPass: Bool { halved == 0 && foreign == 0 }

    static func += (left: inout KillVerdict, right: KillVerdict) {
        left.lost += right.lost
        left.doubled += right.doubled
        left.halved += right.halved
        left.foreign += right.foreign
        left.kept += right.kept
        left.problems += right.problems
    }

    /// Judges one batch by how often each of its records was found.
    mutating func add(_ batch: KillLedger.Batch, _ found: [Int: Int]) {
        let name = batch.description
        guard !found.isEmpty else {
            guard batch.answer == .stored else { return }
            lost += 1
            problems.append("\(name) is lost")
            return
        }
        let unknown = found.keys.filter { !(0..<batch.records).contains($0) }
        if !unknown.isEmpty {
            foreign += 1
            problems.append("\(name) holds records that were never sent: \(unknown.sorted())")
        }
        let twice = found.filter { $0.value > 1 }.keys
        if !twice.isEmpty {
            doubled += 1
            problems.append("\(name) holds records more than once: \(twice.sorted().prefix(20))")
        }
        let missing = batch.records - (found.count - unknown.count)
        if missing > 0 {
            halved += 1
            problems.append("\(name) is there in part: \(missing) records are missing")
        }
        switch batch.answer {
        case .stored: break
        case .none: kept += 1
        case .refused:
            foreign += 1
            problems.append("\(name) is there although the client was told that it is not")
        }
    }
}
