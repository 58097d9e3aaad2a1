import ArgumentParser
import Foundation
import Testing

@testable import holdfast

/// Checks of what the commands about dead letters take and print.
struct DeadLettersTests {
    private static let answer = #"""
        {"deadLetters":[{"id":"000000000000002a-0001","space":"default","signal":"logs","attempts":2,
        "error":"body of logs is too long","bytes":2100,"since":"1800000000000000000",
        "nextAttempt":"1800000240000000000"},{"id":"000000000000002b-0003","space":"team-a","signal":null,
        "attempts":8,"error":"no\u001b[31m","bytes":9,"since":"1800000000000000000","nextAttempt":null}]}
        """#

    @Test func lettersAreATable() throws {
        let answer = try JSONDecoder().decode(DeadLetters.Answer.self, from: Data(Self.answer.utf8))
        let lines = answer.table.lines()
        #expect(lines.count == 3)
        #expect(lines[0].hasPrefix("ID") && lines[0].hasSuffix("ERROR"))
        #expect(lines[1].hasPrefix("000000000000002a-0001  default"))
        #expect(lines[1].contains("2027-01-15 08:00:00.000") && lines[1].contains("08:04:00.000"))
        #expect(lines[1].hasSuffix("2100  body of logs is too long"))
        #expect(lines[2].contains("team-a") && !lines[2].contains("\u{1b}"))
    }

    @Test func statusSpeaksOfLettersOnlyWhenThereAreSome() {
        #expect(Status.Answer.DeadLetters(count: 0, bytes: 0, problems: []).lines.isEmpty)
        let lines = Status.Answer.DeadLetters(count: 3, bytes: 2_000, problems: ["torn"]).lines
        #expect(lines.count == 2)
        #expect(lines[0].contains("3") && lines[0].contains("dead-letters list"))
        #expect(lines[1] == "torn")
    }

    @Test(
        arguments: [("yes", true), ("Y", true), ("no", false), ("", false), (nil, false)]
            as [(String?, Bool)]
    )
    func onlyAYesIsAYes(answer: String?, isYes: Bool) {
        #expect(DeadLetters.Discard.isYes(answer) == isYes)
    }

    @Test func anIDAndAFlagAreTaken() throws {
        let command = try Holdfast.parseAsRoot([
            "dead-letters", "discard", "a-1", "--yes", "--json",
        ])
        let discard = try #require(command as? DeadLetters.Discard)
        #expect(discard.letter.path == "/api/dead-letters/a-1")
        #expect(discard.yes && discard.letter.output.json)
    }
}
