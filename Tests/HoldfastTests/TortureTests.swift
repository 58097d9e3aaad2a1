import ArgumentParser
import Foundation
import Testing

@testable import holdfast

/// What a campaign is told, and what it makes of a failure.
struct TortureTests {
    @Test(arguments: [
        ["--kill", "--steps", "5"], ["--stride", "1"], ["--case", "kill@3, then kill"],
        ["--exhaustive", "--seed", "1"], ["--exhaustive", "--steps", "5"],
        ["--exhaustive", "--once"], ["--exhaustive", "--runs", "5"],
        ["--exhaustive", "--stride", "0"], ["--exhaustive", "--case", "kill"],
        ["--exhaustive", "--case", "kill@3, then kill", "--stride", "1"],
        ["--exhaustive", "--case", "kill@3, then kill", "--kill"],
    ])
    func optionsThatWouldBeIgnoredAreUsageErrors(arguments: [String]) {
        do {
            _ = try Holdfast.parseAsRoot(["torture"] + arguments)
            Issue.record("\(arguments) were taken")
        } catch {
            #expect(Holdfast.exitCode(for: error) == .validationFailure)
        }
    }

    private static let kinds = [
        "inputOutput", "noSpace", "tooManyFiles", "interrupted", "shortWrite", "shortRead",
        "doneButFailed", "kill", "powerLossLosing", "powerLossKeeping", "powerLossTearing",
    ]

    @Test(arguments: kinds, ["kill", "killAndEvict", "powerLossLosing", "powerLossTearing"])
    func aCaseIsReadAndWritten(kind: String, aftermath: String) throws {
        for fault in ["\(kind)@12", "\(kind)@1x*", "\(kind)@7x3", "\(kind)@2 sync in journalx*"] {
            for second in ["", ", then \(kind)@3", ", then \(kind)@40 writex*"] {
                let text = "\(fault), then \(aftermath)\(second)"
                #expect(try #require(FaultCaseArgument(argument: text)).description == text)
            }
        }
    }

    @Test(arguments: [
        "", "kill@3", "kill@0, then kill", "kill@3, then sleep", "hiccup@3, then kill",
        "kill@3, then kill, then ", "kill@3, then kill, then kill", "kill@3 yawn, then kill",
        "kill@3, then kill, then kill@1, then kill", "noSpace@1x0, then kill", "kill, then kill",
    ])
    func whatIsNoCaseIsRefused(text: String) {
        #expect(FaultCaseArgument(argument: text) == nil)
    }

    @Test(arguments: ["inputOutput@12x*, then kill", "kill@40, then kill, then noSpace@3x*"])
    func oneCaseIsPlayed(text: String) throws {
        let argument = try #require(FaultCaseArgument(argument: text))
        try ExhaustiveCampaign.replay(argument.faultCase)
    }

    @Test(arguments: [
        "inputOutput@1000000, then kill", "kill@40, then kill, then noSpace@1000000",
    ])
    func aCaseThatDoesNotComeAboutIsAFailure(text: String) throws {
        let argument = try #require(FaultCaseArgument(argument: text))
        let failure = #expect(throws: CommandFailure.self) {
            try ExhaustiveCampaign.replay(argument.faultCase)
        }
        #expect(failure?.message.contains("not met") == true)
    }

    @Test func whateverGoesWrongWithAStoreNamesIt() async throws {
        let parent = FileManager.default.temporaryDirectory
            .appending(path: "holdfast-torture-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: parent) }
        let store = try KillStore(parent: parent, name: "store", tag: 1)
        do {
            try await KillReferee().guarding(store) { throw CommandFailure("it said nothing") }
            Issue.record("it went well")
        } catch let broken as KillReferee.Broken {
            #expect(broken.problems == ["it said nothing"])
            #expect(broken.store.directory == store.directory)
        }
    }

    @Test func aServerThatCannotBeMadeBreaksNoPromise() async throws {
        let parent = FileManager.default.temporaryDirectory
            .appending(path: "holdfast-torture-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: parent) }
        let store = try KillStore(parent: parent, name: "store", tag: 1)
        // Its log cannot be opened.
        try FileManager.default.createDirectory(
            atPath: store.log,
            withIntermediateDirectories: false
        )
        let failure = await #expect(throws: ServerProcess.NotStarted.self) {
            try await KillReferee().guarding(store) { _ = try store.start([]) }
        }
        #expect(failure?.description.hasPrefix(store.log) == true)
    }
}
