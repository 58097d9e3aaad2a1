import Testing

/// The census finds what is there, however it is written, and nothing that is not.
struct FailpointCensusTests {
    private static let catalog = """
        /// The places of a journal.
        enum Step: String, Failpoint {
            /// Nothing.
            case writePre = "journal.write.pre"
            /// The group is written,
            /// not synced.
            ///
            /// Refused, and
            /// absent.
            case syncPre = "journal.sync.pre"
            // case dropped = "journal.dropped"
            case bare = "journal.bare"
        }
        """

    private static func census(source: String, test: String) -> FailpointCensus {
        FailpointCensus(
            of: FailpointCensus.cases(in: catalog),
            catalog: "Step",
            sources: [.init(path: "Sources/Storage/Journal.swift", text: source)],
            tests: [.init(path: "Tests/StorageTests/JournalTests.swift", text: test)]
        )
    }

    @Test func casesComeWithTheirNameAndTheirWindow() {
        #expect(
            FailpointCensus.cases(in: Self.catalog) == [
                .init(name: "writePre", rawValue: "journal.write.pre", window: "Nothing."),
                .init(
                    name: "syncPre",
                    rawValue: "journal.sync.pre",
                    window: "The group is written, not synced.",
                    outcome: "Refused, and absent."
                ),
                .init(name: "bare", rawValue: "journal.bare", window: ""),
            ]
        )
    }

    @Test(arguments: [
        "try points.hit(Step.writePre)", "try reach(.writePre)",
        "if points.evaluate(\n    Step\n        .writePre\n) != nil {}",
        "try reach( /* here */ .writePre)", "let text = \"// \"; try reach(.writePre)",
        "let text = \"\\\"\"; try reach(.writePre)", "let mark = /\"/\ntry reach(.writePre)",
        "let text = \"\\(f(\"x\"))\"; try reach(.writePre)",
    ])
    func aCallSiteIsFound(source: String) {
        let census = Self.census(source: source, test: "")
        #expect(census.withoutCallSite == ["journal.sync.pre", "journal.bare"])
    }

    @Test(arguments: [
        "// try reach(.writePre)", "/* try reach(.writePre) */", "let s = \"reach(.writePre)\"",
        "try reach(.writePreface)", "try reach(Other.writePre)", "let point = Step.writePre",
        "let s = \"\"\"\n    try reach(.writePre)\n    \"\"\"", "try unreach(.writePre)",
        "try reach(label, .writePre)",
    ])
    func whatIsNoCallSiteIsNotFound(source: String) {
        let census = Self.census(source: source, test: "")
        #expect(census.withoutCallSite.contains("journal.write.pre"))
    }

    @Test(arguments: [
        "try points.arm(Step.writePre, .always(.kill))", "withFailpoint(.writePre) {} as Step",
        "let variable = \"journal.write.pre=kill\"", "let two = \"a=off;journal.write.pre=kill\"",
    ])
    func aTestIsFound(test: String) {
        let census = Self.census(source: "", test: test)
        #expect(census.withoutTest == ["journal.sync.pre", "journal.bare"])
    }

    @Test(arguments: ["forEachHit(of: Step.self) {}", "for point in Step.allCases {}"])
    func aSweepTestsEveryCase(test: String) {
        #expect(Self.census(source: "", test: test).withoutTest.isEmpty)
    }

    @Test(arguments: [
        "// .writePre", "let text = \"journal.write.prefix\"",
        "let text = \"old.journal.write.pre\"", "redis.arm(.writePre)",
        "let writePre = 1", "forEachHit(of: OtherStep.self) {}", "let step: Step.Type",
    ])
    func whatIsNoTestIsNotFound(test: String) {
        #expect(Self.census(source: "", test: test).withoutTest.count == 3)
    }

    @Test func aNameThatTwoCasesShareIsReported() {
        let census = FailpointCensus(
            of: FailpointCensus.cases(in: "case a = \"x\"\ncase b = \"x\"\ncase c = \"y\""),
            catalog: "Step",
            sources: [],
            tests: []
        )
        #expect(census.repeatedNames == ["x"])
    }

    @Test func theTableHasOneRowPerCase() {
        let census = Self.census(
            source: "\ntry reach(.writePre)\ntry reach(.writePre)\ntry reach(.bare)",
            test: "arm(.syncPre) as Step"
        )
        #expect(census.rows[0].callSites.map { $0.suffix(2) } == [":2", ":3"])
        #expect(
            census.markdown() == """
                | name | what is durable | what is required | module | test |
                |---|---|---|---|---|
                | `journal.write.pre` | Nothing. |  | `Journal.swift` | **none** |
                | `journal.sync.pre` | The group is written, not synced. | Refused, and absent. \
                | **none** | `JournalTests.swift` |
                | `journal.bare` |  |  | `Journal.swift` | **none** |

                """
        )
    }
}
