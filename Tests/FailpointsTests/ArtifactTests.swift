import Failpoints
import Foundation
import Testing

/// Builds a small optimised program in both flavours and looks for the names of its places.
///
/// The module is compiled by the compiler directly, as the package manager does in release: whole
/// module, optimised, and with the compile condition that the trait of the package sets.
@Suite(.timeLimit(.minutes(5)))
struct ArtifactTests {
    private static let names = ["artifact.before.the.write", "artifact.before.the.sync"]

    /// What the reader of programs says, which is code of the library's own.
    private static let messages = ["the name of a rendezvous"]

    /// An optimised program need not hold these even with the trait on.
    private static let cases = ["beforeTheArtifactIsWritten", "beforeTheArtifactIsSynced"]

    private static let program = """
        import Failpoints
        enum Artifact: String, Failpoint {
            case beforeTheArtifactIsWritten = "artifact.before.the.write"
            case beforeTheArtifactIsSynced = "artifact.before.the.sync"
        }
        @main struct Main {
            @inline(never)
            static func reach(_ place: Artifact, _ registry: FailpointRegistry) throws {
                try registry.hit(place)
            }
            static func main() throws {
                try FailpointRegistry.installProcessScope { $0.know(Artifact.self) }
                let registry = FailpointRegistry()
                try registry.hit(Artifact.beforeTheArtifactIsWritten)
                try reach(.beforeTheArtifactIsSynced, registry)
                if registry.evaluate(Artifact.beforeTheArtifactIsSynced) != nil { print("fault") }
                print("done")
            }
        }
        """

    @Test func namesAreInTheProgramIfTheTraitIsOn() async throws {
        let program = try await runOnThread { try Self.build(flags: ["-DFailpoints"]) }
        for name in Self.names + Self.messages {
            #expect(program.bytes.range(of: Data(name.utf8)) != nil, "\(name) is not there")
        }
        #expect(program.unarmed.output == "done\n")
        #expect(program.armed.status == 134)
    }

    @Test func noNameIsInTheProgramIfTheTraitIsOff() async throws {
        let program = try await runOnThread { try Self.build(flags: []) }
        for name in Self.names + Self.messages + Self.cases {
            #expect(program.bytes.range(of: Data(name.utf8)) == nil, "\(name) is there")
        }
        #expect(program.unarmed.output == "done\n")
        #expect(program.armed.output == "done\n")
    }

    private struct Run {
        let status: Int32
        let output: String
    }

    private struct Built {
        let bytes: Data
        let unarmed: Run
        let armed: Run
    }

    private struct CompilerError: Error {
        let output: String
    }

    /// Builds the program and runs it twice; blocks for seconds.
    private static func build(flags: [String]) throws -> Built {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "failpoints-artifact-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let sources = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../Sources/Failpoints").standardizedFileURL
        let library = try FileManager.default.contentsOfDirectory(atPath: sources.path)
            .filter { $0.hasSuffix(".swift") }.map { sources.appending(path: $0).path }
        let main = folder.appending(path: "Main.swift")
        try Self.program.write(to: main, atomically: true, encoding: .utf8)
        let object = folder.appending(path: "Failpoints.o").path
        let file = folder.appending(path: "program")
        let common = [
            "swiftc", "-O", "-wmo", "-parse-as-library", "-swift-version", "6",
            "-enable-upcoming-feature", "NonisolatedNonsendingByDefault",
            "-enable-upcoming-feature", "InternalImportsByDefault",
        ]
        try compile(
            common + flags + ["-emit-module", "-module-name", "Failpoints", "-package-name", "p"]
                + ["-emit-module-path", folder.appending(path: "Failpoints.swiftmodule").path]
                + ["-c", "-o", object] + library
        )
        try compile(common + ["-I", folder.path, main.path, object, "-o", file.path])
        return Built(
            bytes: try Data(contentsOf: file),
            unarmed: try run(file, configuration: ""),
            armed: try run(file, configuration: "artifact.before.the.sync=abort")
        )
    }

    private static func compile(_ arguments: [String]) throws {
        let result = try run(URL(filePath: "/usr/bin/env"), arguments, configuration: "")
        guard result.status == 0 else { throw CompilerError(output: result.output) }
    }

    private static func run(
        _ file: URL,
        _ arguments: [String] = [],
        configuration: String
    ) throws -> Run {
        let process = Process()
        process.executableURL = file
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment
            .merging(["HOLDFAST_FAILPOINTS": configuration]) { $1 }
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let output = try pipe.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return Run(
            status: process.terminationStatus,
            output: String(decoding: output, as: UTF8.self)
        )
    }
}
