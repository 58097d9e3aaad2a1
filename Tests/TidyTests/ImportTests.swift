import Foundation
import Testing

/// The architecture as the manifest declares it is the architecture of the code.
struct ImportTests {
    /// Modules that any target may import without saying so in the manifest.
    private static let toolchain: Set<String> = [
        "CDispatch", "Dispatch", "Foundation", "FoundationEssentials", "Glibc", "Musl",
        "Synchronization", "Testing",
    ]

    @Test func everyTargetImportsWhatItsManifestRowLists() throws {
        let targets = try Repository.declaredTargets()
        #expect(targets.count > 10)
        for (target, dependencies) in targets {
            for file in try Repository.swiftFiles(of: target) {
                for module in try Repository.imports(in: file)
                where !Self.toolchain.contains(module) && module != target {
                    #expect(
                        dependencies.contains(module),
                        "\(file.lastPathComponent) of \(target) imports \(module), which the manifest does not list"
                    )
                }
            }
        }
    }

    @Test func everyDependencyIsImportedSomewhere() throws {
        for (target, dependencies) in try Repository.declaredTargets() {
            let imported = Set(
                try Repository.swiftFiles(of: target).flatMap { try Repository.imports(in: $0) }
            )
            if imported.isEmpty { continue }
            #expect(
                dependencies.subtracting(imported).isEmpty,
                "\(target) lists \(dependencies.subtracting(imported)) and does not import it"
            )
        }
    }

    /// What each engine target may know at most.
    private static let levels: [(target: String, allowed: Set<String>)] = [
        ("Failpoints", []), ("Parquet", ["CKernels", "CZstd"]), ("OTLP", []),
        ("Storage", ["CKernels", "Failpoints", "Parquet", "Crypto"]),
        ("TagCache", ["CLMDB", "Failpoints"]),
        ("RedisBus", ["CHiredis", "COpenSSL", "Failpoints", "TagCache"]),
        ("Simulation", ["Failpoints", "Parquet", "Storage"]),
        ("Telemetry", ["OTLP", "Parquet", "Storage", "Logging"]),
    ]

    /// Upper levels know lower ones, never the other way, and siblings do not know each other.
    @Test(arguments: levels)
    func theEngineKnowsOnlyItsLevel(target: String, allowed: Set<String>) throws {
        let declared = try Repository.declaredTargets()[target]
        #expect(try #require(declared).subtracting(allowed).isEmpty)
    }
}

/// The checkout these tests were built from.
enum Repository {
    static let root = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    /// What Package.swift lists for each target: other targets and products by module name.
    static func declaredTargets() throws -> [String: Set<String>] {
        let manifest = try String(
            contentsOf: root.appending(path: "Package.swift"),
            encoding: .utf8
        )
        var targets: [String: Set<String>] = [:]
        let pattern = /\.(?:target|executableTarget|testTarget)\(/
        for match in manifest.matches(of: pattern) {
            let body = balanced(manifest[match.range.upperBound...])
            guard let name = body.firstMatch(of: /name: "(\w+)"/)?.1 else { continue }
            var dependencies: Set<String> = []
            if let list = body.firstMatch(of: /dependencies: \[/) {
                var text = balanced(body[list.range.upperBound...], open: "[", close: "]")
                for product in text.matches(of: /\.product\(name: "(\w+)", package: "[^"]+"\)/) {
                    dependencies.insert(String(product.1))
                }
                text = text.replacing(/\.product\(name: "\w+", package: "[^"]+"\)/, with: "")
                for plain in text.matches(of: /"(\w+)"/) { dependencies.insert(String(plain.1)) }
            }
            targets[String(name)] = dependencies
        }
        return targets
    }

    /// The text up to the bracket that closes what was opened before it.
    private static func balanced(
        _ text: Substring,
        open: Character = "(",
        close: Character = ")"
    ) -> String {
        var depth = 1
        var result = ""
        for character in text {
            if character == open { depth += 1 }
            if character == close { depth -= 1 }
            if depth == 0 { break }
            result.append(character)
        }
        return result
    }

    static func swiftFiles(of target: String) throws -> [URL] {
        let folder = target.hasSuffix("Tests") ? "Tests" : "Sources"
        return try files(below: root.appending(path: "\(folder)/\(target)"), suffix: ".swift")
    }

    static func files(below folder: URL, suffix: String) throws -> [URL] {
        guard
            let walker = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)
        else {
            return []
        }
        return walker.compactMap { $0 as? URL }.filter { $0.path.hasSuffix(suffix) }
            .sorted { $0.path < $1.path }
    }

    /// The modules that a file imports.
    static func imports(in file: URL) throws -> Set<String> {
        let text = try String(contentsOf: file, encoding: .utf8)
        let pattern =
            /^(?:@testable )?(?:public |package |internal |private |fileprivate )?import (?:struct |class |enum |func |protocol )?(\w+)/
            .anchorsMatchLineEndings()
        return Set(text.matches(of: pattern).map { String($0.1) })
    }
}
