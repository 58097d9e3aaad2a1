import OTLP

/// Compares a store, through the server that recovered it, with what its clients were told.
///
/// What was found after a round stays so: from then on the rows that are stored, counted without leaving second ones
/// out as queries do, must be those that were found, after every recovery.
struct KillCheck {
    let store: KillStore
    /// Rows by table of each round that was checked.
    private var rows: [Int: [String: Int]] = [:]

    /// Long enough for the next flush, which is due after a second, on a machine that has much else to do.
    private static let settlingSecondsMax = 30.0

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
    /// Each question that we ask is answered from a snapshot of its own. Between two of them a flush may take a
    /// poisoned row from memory into a letter, or a replay that is due a letter's row into a segment: it seems to
    /// be there twice, or nowhere. And what a flush had made letters of when it was killed is in memory, too,
    /// until the next one. So poisoned batches that seem lost or doubled, and with them the number of log
    /// records, are looked at again for a while. Any other problem is one at the first look.
    func checkAll(_ readback: KillReadback) async throws -> KillVerdict {
        let deadline = ContinuousClock.now + .seconds(Self.settlingSecondsMax)
        while true {
            let (lasting, passing) = try await look(readback)
            let isOver = passing.problems.isEmpty || ContinuousClock.now >= deadline
            if isOver || !lasting.problems.isEmpty {
                var verdict = lasting
                verdict += passing
                return verdict
            }
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    /// Looks once.
    ///
    /// - Returns: what is wrong for good, and what the next look may find in order.
    private func look(
        _ readback: KillReadback
    ) async throws -> (lasting: KillVerdict, passing: KillVerdict) {
        let poisoned = try await readback.found(.logs, service: KillRequest.poisonService)
        var letters: [Int] = []
        for letter in try await readback.letters() {
            if let batch = try await readback.batch(ofLetter: letter) { letters.append(batch) }
        }
        var lasting = KillVerdict()
        var passing = KillVerdict()
        let found = store.ledger.judge(poisoned: poisoned, letters: letters)
        if found.mayPass { passing += found } else { lasting += found }
        var expected: [String: Int] = [:]
        for counts in rows.values { expected.merge(counts, uniquingKeysWith: +) }
        Self.count(poisoned, .logs, into: &expected)
        let status = try await readback.figures()
        for table in ["spans", "logs", "metric_points", "metric_histograms"] {
            let (wanted, stored) = (expected[table] ?? 0, status.rows[table] ?? 0)
            guard wanted != stored else { continue }
            var verdict = KillVerdict()
            if stored > wanted { verdict.doubled += 1 } else { verdict.lost += 1 }
            verdict.problems.append("\(table) holds \(stored) rows, not \(wanted)")
            // Every poisoned row is a log record.
            if table == "logs" { passing += verdict } else { lasting += verdict }
        }
        return (lasting, passing)
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
