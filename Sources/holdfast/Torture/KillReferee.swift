import Foundation
import Storage
import Telemetry

/// Starts the servers of a campaign, has the stores examined, and keeps the score.
final class KillReferee {
    /// A promise was broken; the store is kept.
    struct Broken: Error {
        let problems: [String]
        let store: KillStore
    }

    var tally = KillTally()

    private static let flushSecondsMax = 30.0

    /// Does a part of a campaign; whatever goes wrong with a server is a broken promise of `store`, which is kept.
    ///
    /// - Throws: `Broken`, and `ServerProcess.NotStarted` if there is no server that could have broken one.
    func guarding<Value>(
        _ store: KillStore,
        _ work: () async throws -> Value
    ) async throws -> Value {
        do {
            return try await work()
        } catch let broken as Broken {
            throw broken
        } catch let error as ServerProcess.NotStarted {
            throw error
        } catch let error as Unreachable {
            throw Broken(problems: ["no answer: \(error.cause)"], store: store)
        } catch {
            throw Broken(problems: ["\(error)"], store: store)
        }
    }

    /// Starts a server that must come up.
    func start(_ store: KillStore, _ limits: [NodeLimit]) throws -> ServerProcess {
        let began = ContinuousClock.now
        let server = try store.start(limits)
        do {
            try server.waitUntilReady()
        } catch let error as ServerProcess.NotReady {
            throw Broken(problems: ["the store does not open: \(error.exit)"], store: store)
        }
        let duration = began.duration(to: .now)
        tally.started(in: duration)
        store.schedule.note("ready after \(Int(duration / .milliseconds(1))) ms")
        return server
    }

    /// Compares `rounds` in detail, and all rounds by their rows, with the ledger.
    func examine(
        _ check: inout KillCheck,
        rounds: some Sequence<Int>,
        _ server: ServerProcess
    ) async throws {
        let readback = KillReadback(server)
        var verdict = KillVerdict()
        do {
            for round in rounds { verdict += try await check.check(round: round, readback) }
            verdict += try await check.checkAll(readback)
            if try await readback.figures().journal.truncatedTails > 0 { tally.tornTails += 1 }
        } catch {
            verdict.problems.append("the store cannot be read back: \(error)")
        }
        let ledger = check.store.ledger
        check.store.schedule.note(
            "read back: \(ledger.count(.stored)) of \(ledger.batches.count) batches acknowledged"
        )
        try judge(verdict, check.store)
    }

    /// Reads every round back once all is in segments, and verifies the store offline.
    func finish(_ check: inout KillCheck, rounds: Range<Int>) async throws {
        let store = check.store
        let server = try start(store, KillLimits.flushing)
        let readback = KillReadback(server)
        let deadline = ContinuousClock.now + .seconds(Self.flushSecondsMax)
        while try await readback.figures().memtableBytes > 0, .now < deadline {
            try await Task.sleep(for: .milliseconds(10))
        }
        try await examine(&check, rounds: rounds, server)
        try judge(try await check.checkTraces(readback), store)
        let exit = server.terminate()
        guard exit == .code(0) else {
            throw Broken(problems: ["SIGTERM ended the server with \(exit)"], store: store)
        }
        let report = try OfflineStore(dataDirectory: store.data).verify { _ in }
        guard report.problems.isEmpty else {
            throw Broken(problems: report.problems.map { "verify: \($0)" }, store: store)
        }
        tally.verified += 1
        tally.close(store.ledger)
        store.remove()
    }

    private func judge(_ verdict: KillVerdict, _ store: KillStore) throws {
        tally.verdict += verdict
        if !verdict.problems.isEmpty { throw Broken(problems: verdict.problems, store: store) }
    }
}
