/// What a kill campaign did and found.
struct KillTally {
    var rounds = 0
    /// Those that are over, and the one that is not, whose first step may be the start of a new store.
    var roundsBegun = 1
    var kills = 0
    var killsInRecovery = 0
    var tornTails = 0
    var verified = 0
    var verdict = KillVerdict()
    private(set) var slowestStart = 0.0
    private var starts = 0
    private var startTime = 0.0
    /// Batches of the stores that are done with, and of the current one.
    private var closed = Counts()
    private var open = Counts()

    private struct Counts {
        var attempted = 0
        var acknowledged = 0
        var refused = 0
    }

    var attempted: Int { closed.attempted + open.attempted }
    var acknowledged: Int { closed.acknowledged + open.acknowledged }
    var refused: Int { closed.refused + open.refused }

    /// Milliseconds that a start takes on average.
    var typicalStart: Double { starts == 0 ? 50 : startTime / Double(starts) }

    mutating func started(in duration: Duration) {
        let milliseconds = duration / .milliseconds(1)
        starts += 1
        startTime += milliseconds
        slowestStart = max(slowestStart, milliseconds)
    }

    mutating func note(_ ledger: KillLedger) {
        open = Counts(
            attempted: ledger.batches.count,
            acknowledged: ledger.count(.stored),
            refused: ledger.count(.refused)
        )
    }

    mutating func close(_ ledger: KillLedger) {
        note(ledger)
        closed.attempted += open.attempted
        closed.acknowledged += open.acknowledged
        closed.refused += open.refused
        open = Counts()
    }

    /// Prints everything.
    func show() {
        var table = Table(.left("WHAT"), .right("COUNT"))
        let rows = [
            ("rounds", rounds), ("kills", kills), ("of them during recovery", killsInRecovery),
            ("recoveries", starts), ("batches attempted", attempted),
            ("batches acknowledged", acknowledged), ("batches refused", refused),
            ("torn journal tails cut", tornTails), ("stores verified clean", verified),
            ("lost", verdict.lost), ("doubled", verdict.doubled), ("half there", verdict.halved),
            ("never sent, or refused and there", verdict.foreign),
            ("milliseconds of the slowest restart", Int(slowestStart)),
        ]
        for (name, count) in rows { table.add(name, "\(count)") }
        table.show()
    }
}
