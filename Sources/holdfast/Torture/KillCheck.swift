import OTLP

/// Compares a store, through the server that recovered it, with what its clients were told.
///
/// What was found after a round stays so: from then on the rows that are stored, counted without leaving second ones
/// out as queries do, must be those that were found, after every recovery.
struct KillCheck {
    let store: KillStore
    /// Rows by table of each round that was checked.
    private var rows: [Int: [String: Int]] = [:]

    /// Long enough for the next flush, which decides about rows that a killed one had made letters of.
    private static let attemptsMax = 1_000

    init(store: KillStore) { self.store = store }

    /// Reads one round back.
    mutating func check(round: Int, _ readback: KillReadback) async throws -> KillVerdict {
        var verdict = KillVerdict()
        var counts: [String: Int] = [:]
        for signal in Signal.allCases {
            let found = try await readback.found(
                signal,
                service: KillRequest.service(round: round)
            )
            verdict += store.ledger.judge(round: round, signal: signal, found: found)
            Self.count(found, signal, into: &counts)
        }
        if let before = rows[round], before != counts, verdict.problems.isEmpty {
            verdict.halved += 1
            verdict.problems.append(
                "round \(round) had \(before) rows when it was checked first, and has \(counts)"
            )
        }
        rows[round] = counts
        return verdict
    }

    /// Compares the number of stored rows, and looks for every poisoned batch.
    ///
    /// Maintenance may move a poisoned row from memory into a letter while we look, so a problem has to
    /// last to be one.
    func checkAll(_ readback: KillReadback) async throws -> KillVerdict {
        for attempt in 1... {
            let verdict = try await checkOnce(readback)
            if verdict.problems.isEmpty || attempt == Self.attemptsMax { return verdict }
            try await Task.sleep(for: .milliseconds(10))
        }
        return KillVerdict()
    }

    private func checkOnce(_ readback: KillReadback) async throws -> KillVerdict {
        let poisoned = try await readback.found(.logs, service: KillRequest.poisonService)
        var letters: [Int] = []
        for letter in try await readback.letters() {
            if let batch = try await readback.batch(ofLetter: letter) { letters.append(batch) }
        }
        var verdict = store.ledger.judge(poisoned: poisoned, letters: letters)
        var expected: [String: Int] = [:]
        for counts in rows.values { expected.merge(counts, uniquingKeysWith: +) }
        Self.count(poisoned, .logs, into: &expected)
        let status = try await readback.figures()
        for table in ["spans", "logs", "metric_points", "metric_histograms"] {
            let (wanted, stored) = (expected[table] ?? 0, status.rows[table] ?? 0)
            if wanted != stored {
                if stored > wanted { verdict.doubled += 1 } else { verdict.lost += 1 }
                verdict.problems.append("\(table) holds \(stored) rows, not \(wanted)")
            }
        }
        return verdict
    }

    /// Whether every trace has its one row, once all spans are in segments.
    func checkTraces(_ readback: KillReadback) async throws -> KillVerdict {
        var verdict = KillVerdict()
        let wanted = rows.values.reduce(0) { $0 + ($1["traces"] ?? 0) }
        let stored = try await readback.figures().rows["traces"] ?? 0
        if stored != wanted {
            verdict.halved += 1
            verdict.problems.append("\(wanted) traces have \(stored) rows of their own")
        }
        return verdict
    }

    private static func count(
        _ found: KillLedger.Found,
        _ signal: Signal,
        into counts: inout [String: Int]
    ) {
        for (index, times) in found.values.joined() {
            let table =
                switch signal {
                case .traces: "spans"
                case .logs: "logs"
                case .metrics: index % 2 == 0 ? "metric_points" : "metric_histograms"
                }
            counts[table, default: 0] += times
        }
        guard signal == .traces else { return }
        for (batch, records) in found {
            let traces = records.keys.map { KillRequest.trace(ofRecord: $0, batch: batch) }
            counts["traces", default: 0] += Set(traces).count
        }
    }
}
