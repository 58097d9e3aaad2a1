import Foundation
import Testing

/// Rules of the house that a machine can hold.
struct SourceTests {
    /// What engine code must not call, and what it uses instead.
    @Test(arguments: [
        ("Date()", "Environment.clock"), ("clock_gettime(", "Environment.clock"),
        ("SystemRandomNumberGenerator", "Environment.random"), ("UUID()", "Environment.random"),
        ("Task {", "a thin shell outside the engine"),
        ("Task.detached", "a thin shell outside the engine"),
        ("try!", "a typed error"),
        ("fatalError(", "a typed error, or precondition for a broken invariant"),
    ])
    func theEngineTakesTimeChanceAndThreadsFromOutside(call: String, substitute: String) throws {
        for target in ["Failpoints", "Parquet", "OTLP", "Storage"] {
            for file in try Repository.swiftFiles(of: target)
            where file.lastPathComponent != "Environment.swift" {
                let text = try String(contentsOf: file, encoding: .utf8)
                #expect(
                    !text.contains(call),
                    "\(file.lastPathComponent) calls \(call); use \(substitute)"
                )
            }
        }
    }

    @Test func noFileIsTooLongToReadInOneSitting() throws {
        for folder in ["Sources", "Tests"] {
            for file in try Repository.files(
                below: Repository.root.appending(path: folder),
                suffix: ".swift"
            ) {
                let lines = try String(contentsOf: file, encoding: .utf8).split(
                    separator: "\n",
                    omittingEmptySubsequences: false
                ).count
                #expect(lines <= 800, "\(file.lastPathComponent) has \(lines) lines")
            }
        }
    }

    @Test func noTestSleeps() throws {
        let sleeps = ["Task" + ".sleep", "usleep" + "(", "Thread" + ".sleep", "nanosleep" + "("]
        for file in try Repository.files(
            below: Repository.root.appending(path: "Tests"),
            suffix: ".swift"
        ) {
            let text = try String(contentsOf: file, encoding: .utf8)
            for sleep in sleeps {
                #expect(
                    !text.contains(sleep),
                    "\(file.lastPathComponent) sleeps; wait for an event"
                )
            }
        }
    }

    @Test func everyDecisionRecordIsListed() throws {
        let folder = Repository.root.appending(path: "docs/decisions")
        let index = try String(contentsOf: folder.appending(path: "README.md"), encoding: .utf8)
        for file in try Repository.files(below: folder, suffix: ".md")
        where file.lastPathComponent != "README.md" {
            #expect(
                index.contains(file.lastPathComponent),
                "\(file.lastPathComponent) is not in the index"
            )
        }
    }
}
