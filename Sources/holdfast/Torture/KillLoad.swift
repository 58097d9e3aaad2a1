import Foundation
import OTLP
import Synchronization

/// The clients of one round: several that send as fast as they are answered, and one that replays and discards dead
/// letters.
final class KillLoad: Sendable {
    /// How hard they work.
    struct Shape: Sendable {
        var connections = 4
        /// Batches of one round at most, so that reading them back does not take longer than sending them.
        var batchesMax = 400
        /// How many of a thousand batches are poisoned.
        var poisonedPerMille = 5
        /// Between two batches of a connection.
        var pause = Duration.zero
        /// Between two replays or discards of dead letters; they exclude flushes and collections, which have to come
        /// about, too.
        var letterPause = Duration.milliseconds(40)
    }

    let store: KillStore
    let round: Int
    private let shape: Shape
    private let seed: UInt64
    private let client: APIClient
    private let state: Mutex<State>

    private struct State {
        var isOver = false
        var left: Int
        var problems: [String] = []
    }

    private static let hour: UInt64 = 3_600_000_000_000

    init(store: KillStore, round: Int, seed: UInt64, client: APIClient, shape: Shape) {
        self.store = store
        self.round = round
        self.seed = seed
        self.shape = shape
        self.client = client
        state = Mutex(State(left: shape.batchesMax))
    }

    /// What clients were told that they must not be told, a sentence each.
    var problems: [String] { state.withLock { $0.problems } }

    /// Lets every client end after the answer it waits for.
    func stop() { state.withLock { $0.isOver = true } }

    /// Whether every batch was taken by a client.
    var isSpent: Bool { state.withLock { $0.left <= 0 } }

    private var isOver: Bool { state.withLock { $0.isOver } }

    /// Sends until `stop`, the end of the server, or the last batch.
    func run() async {
        guard await makeSecondSpace() else { return }
        await withTaskGroup(of: Void.self) { group in
            for connection in 0..<shape.connections {
                group.addTask { await self.send(connection) }
            }
            group.addTask { await self.tendLetters() }
        }
    }

    private func send(_ connection: Int) async {
        var random = SeededGenerator(
            seed: seed &+ UInt64(round) &* 1_000_003 &+ UInt64(connection) &* 7_919
        )
        while !isOver, takeTurn() {
            let batch = attempt(&random)
            let request = KillRequest(batch: batch, store: store.tag, time: time(batch, &random))
            guard await post(batch, request.body(&random)) else { return }
            if shape.pause > .zero { try? await Task.sleep(for: shape.pause) }
        }
    }

    /// Makes the second space, unless it is there; false when this round is over before it is.
    private func makeSecondSpace() async -> Bool {
        while !isOver {
            let answer: APIClient.Answer
            do {
                answer = try await client.send(.post, "/api/spaces/" + KillRequest.secondSpace)
            } catch {
                return false
            }
            // Refused as a name that is taken.
            if answer.status == 200 || answer.status == 400 { return true }
            try? await Task.sleep(for: .milliseconds(5))
        }
        return false
    }

    private func takeTurn() -> Bool {
        state.withLock { state in
            state.left -= 1
            return state.left >= 0
        }
    }

    private func attempt(_ random: inout SeededGenerator) -> KillLedger.Batch {
        if random.below(1_000) < shape.poisonedPerMille {
            return store.ledger.attempt(round: round, signal: .logs, records: 1, isPoisoned: true)
        }
        // Most batches are small; some span more than one page.
        let records = 1 + random.below(random.chance(0.05) ? 150 : 16)
        return store.ledger.attempt(
            round: round,
            signal: random.pick(Signal.allCases),
            records: records
        )
    }

    /// An hour that still fills, the one before it, or one that is long over: the merges of each differ.
    private func time(_ batch: KillLedger.Batch, _ random: inout SeededGenerator) -> UInt64 {
        store.began - random.pick([0, 0, 1, 5]) * Self.hour + UInt64(batch.number) * 1_000
    }

    /// Sends one batch; false when this client can go no further.
    private func post(_ batch: KillLedger.Batch, _ body: [UInt8]) async -> Bool {
        let answer: APIClient.Answer
        var client = client
        client.space = KillRequest.space(ofBatch: batch.number)
        do {
            answer = try await client.send(
                .post,
                "/v1/\(batch.signal.rawValue)",
                contentType: "application/x-protobuf",
                body: body,
                timeoutSeconds: 30
            )
        } catch {
            return false
        }
        switch answer.status {
        case 200 where answer.body.isEmpty: store.ledger.answer(batch.number, .stored)
        case 429, 503:
            store.ledger.answer(batch.number, .refused)
            if answer.retryAfter == nil {
                complain("\(batch.description): \(answer.status) without Retry-After")
            }
            try? await Task.sleep(for: .milliseconds(5))
        default:
            let text = String(decoding: answer.body.prefix(200), as: UTF8.self)
            complain("\(batch.description): \(answer.status) \(text)")
            return false
        }
        return true
    }

    private func complain(_ problem: String) { state.withLock { $0.problems.append(problem) } }

    // MARK: - Dead letters

    /// Letters that are not discarded, so that a later load finds some to replay.
    private static let lettersKept = 6

    /// Replays and discards letters in turn.
    private func tendLetters() async {
        var random = SeededGenerator(seed: seed &+ UInt64(round) &* 15_485_863)
        let readback = KillReadback(client: client)
        var turn = random.below(2)
        while !isOver {
            // No answer is no end: a loaded machine may be late.
            guard let letters = try? await readback.letters(), !letters.isEmpty else {
                try? await Task.sleep(for: .milliseconds(20))
                continue
            }
            let letter = random.pick(letters)
            turn += 1
            if turn % 3 == 0, letters.count > Self.lettersKept {
                guard let batch = try? await readback.batch(ofLetter: letter) else { continue }
                store.ledger.discard(batch)
                _ = try? await client.send(.delete, "/api/dead-letters/\(letter)")
            } else {
                _ = try? await client.send(.post, "/api/dead-letters/\(letter)/replay")
            }
            try? await Task.sleep(for: shape.letterPause)
        }
    }
}
