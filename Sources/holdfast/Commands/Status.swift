import ArgumentParser

/// Shows what a server has taken and what it holds.
struct Status: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show what a server has taken, space by space.",
        discussion: """
            Example:

              holdfast status --url http://127.0.0.1:4318
            """
    )

    /// `GET /api/status`; members that a server leaves out are not shown.
    struct Answer: Decodable {
        struct Space: Decodable {
            let space: String
            let version: Int
            let journaledLsn: Int
            let foldedLsn: Int
            let segments: Int
            let rows: [String: Int]
            let bytes: Int
            let memtableBytes: Int?
        }

        struct Acknowledged: Decodable {
            let batches: Int
            let spans: Int
            let logs: Int
            let points: Int
        }

        struct Journal: Decodable {
            let lastLsn: Int
            let bytes: Int
            let barriers: Int
            let recoveredBatches: Int
        }

        struct DeadLetters: Decodable {
            let count: Int
            let bytes: Int
            let problems: [String]

            /// What a person is told; nothing when all is well.
            var lines: [String] {
                let letters =
                    "dead letters: \(TimeText.count(count)), \(TimeText.bytes(bytes)): see "
                    + "`holdfast dead-letters list`"
                return (count > 0 ? [letters] : []) + problems.map(Terminal.clean)
            }
        }

        let storeId: String
        let epoch: Int
        let spaces: [Space]
        let acknowledged: Acknowledged
        let journal: Journal?
        let deadLetters: DeadLetters?
    }

    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let body = try await server.client().body(.get, "/api/status")
        guard !output.json else { return JSONOutput.show(body: body) }
        let answer = try APIClient.decode(Answer.self, body, "/api/status")
        print("store \(Terminal.clean(answer.storeId)), epoch \(answer.epoch)")
        let taken = answer.acknowledged
        print(
            "acknowledged since the start: \(TimeText.count(taken.batches)) batches with "
                + "\(TimeText.count(taken.spans)) spans, \(TimeText.count(taken.logs)) log records, "
                + "\(TimeText.count(taken.points)) points"
        )
        if let journal = answer.journal {
            print(
                "journal: \(TimeText.bytes(journal.bytes)) up to LSN \(journal.lastLsn), "
                    + "\(TimeText.count(journal.barriers)) barriers, "
                    + "\(TimeText.count(journal.recoveredBatches)) batches recovered at the start"
            )
        }
        for line in answer.deadLetters?.lines ?? [] { print(Terminal.styled(line, .red)) }
        print("")
        var table = Table(
            .left("SPACE"),
            .right("VERSION"),
            .right("SEGMENTS"),
            .right("BYTES"),
            .right("IN MEMORY"),
            .right("UNFOLDED"),
            .flexible("ROWS")
        )
        for space in answer.spaces {
            let rows = space.rows.sorted { $0.key < $1.key }.filter { $0.value > 0 }
                .map { "\($0.key) \(TimeText.count($0.value))" }
            table.add(
                space.space,
                "\(space.version)",
                "\(space.segments)",
                TimeText.bytes(space.bytes),
                TimeText.bytes(space.memtableBytes ?? 0),
                "\(max(0, space.journaledLsn - space.foldedLsn))",
                rows.joined(separator: ", ")
            )
        }
        table.show()
    }
}
