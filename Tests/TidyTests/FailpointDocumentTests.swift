import Foundation
import Testing

/// The catalogs of failpoints, what reaches them, and the page that lists them.
struct FailpointDocumentTests {
    private struct Catalog {
        let module: String
        let name: String

        var path: String { "Sources/\(module)/\(name).swift" }

        /// Every case with its call sites in the module and its tests anywhere.
        func census() throws -> FailpointCensus {
            let text = try String(
                contentsOf: Repository.root.appending(path: path),
                encoding: .utf8
            )
            // The page names where a place is by file; a file name says the module's part.
            let sources = try Repository.swiftFiles(of: module).map {
                FailpointCensus.File(
                    path: "\(module)/\($0.deletingLastPathComponent().lastPathComponent)",
                    text: try String(contentsOf: $0, encoding: .utf8)
                )
            }
            let tests = try Repository.files(
                below: Repository.root.appending(path: "Tests"),
                suffix: ".swift"
            ).filter {
                // What tests the census has names of its own to count.
                $0.deletingLastPathComponent().lastPathComponent != "TidyTests"
            }.map {
                FailpointCensus.File(
                    path: $0.lastPathComponent,
                    text: try String(contentsOf: $0, encoding: .utf8)
                )
            }
            return FailpointCensus(
                of: FailpointCensus.cases(in: text),
                catalog: name,
                sources: sources,
                tests: tests
            )
        }
    }

    private static let catalogs = [
        Catalog(module: "Storage", name: "StorageFailpoint"),
        Catalog(module: "TagCache", name: "TagCacheFailpoint"),
        Catalog(module: "RedisBus", name: "RedisBusFailpoint"),
    ]

    @Test func everyFailpointHasACallSiteATestAndItsWords() throws {
        for catalog in Self.catalogs {
            let census = try catalog.census()
            #expect(census.rows.count > 5)
            #expect(census.withoutCallSite.isEmpty)
            #expect(census.withoutTest.isEmpty)
            #expect(census.repeatedNames.isEmpty)
            for row in census.rows {
                #expect(!row.point.window.isEmpty, "\(row.point.rawValue) says not what is durable")
                #expect(!row.point.outcome.isEmpty, "\(row.point.rawValue) says not what follows")
            }
        }
    }

    /// A catalog that is not listed above would be tested by nobody.
    @Test func everyCatalogIsListed() throws {
        let folder = Repository.root.appending(path: "Sources")
        for file in try Repository.files(below: folder, suffix: "Failpoint.swift")
        where file.lastPathComponent != "Failpoint.swift" {
            #expect(Self.catalogs.contains { file.path.hasSuffix($0.path) }, "\(file.path)")
        }
    }

    /// What is compiled without the trait must not name a place, nor the variable that arms one.
    @Test func noNameStandsOutsideTheTrait() throws {
        let names = try Self.catalogs.flatMap { try $0.census().rows.map(\.point.rawValue) }
        let folder = Repository.root.appending(path: "Sources")
        for file in try Repository.files(below: folder, suffix: ".swift")
        where !Self.catalogs.contains(where: { file.path.hasSuffix($0.path) })
            && !file.path.contains("/Sources/Failpoints/")
        {
            var depth = 0
            var isInText = false
            let text = try String(contentsOf: file, encoding: .utf8)
            for line in text.split(separator: "\n").map({ $0.drop { $0 == " " } })
            where !line.hasPrefix("//") {
                if line.hasPrefix("#if") { depth += line == "#if Failpoints" || depth > 0 ? 1 : 0 }
                if line.hasPrefix("#endif") { depth -= depth > 0 ? 1 : 0 }
                let pieces = line.split(separator: "\"", omittingEmptySubsequences: false)
                let strings = pieces.indices.filter { isInText || $0 % 2 == 1 }.map { pieces[$0] }
                if line.contains("\"\"\"") { isInText.toggle() }
                guard depth == 0 else { continue }
                let named = (names + ["HOLDFAST_FAILPOINTS"])
                    .first { name in strings.contains { $0.contains(name) } }
                #expect(named == nil, "\(file.lastPathComponent): \(line)")
            }
        }
    }

    @Test func thePageOfFailpointsIsTheCatalog() throws {
        var text = Self.introduction
        for catalog in Self.catalogs {
            text += "\n## \(catalog.module)\n\n" + (try catalog.census().markdown())
        }
        try GeneratedPage.check("docs/failpoints.md", is: text)
    }

    private static let introduction = """
        # Failpoints

        Every window in which something could be lost has a name. The table is made from the catalogs in the sources:
        `make docs` writes it anew, and a test compares.

        A failpoint is compiled in by the package trait `Failpoints` (`swift build --traits Failpoints`); without it
        neither the call nor the name is in the program. `make build` looks for the names in what it has built.

        `HOLDFAST_FAILPOINTS='journal.sync.post=2*off->kill'` arms one in a process of `holdfast`, which takes the names
        of Storage and refuses any other: its server keeps answers in memory and has no bus, and would never arrive at
        the rest. A program that uses TagCache or RedisBus as a library makes their names known itself:
        `FailpointRegistry.installProcessScope(from: "MY_FAILPOINTS") { $0.knowTagCache(); $0.knowRedisBus() }`.

        `FailpointTests.swift` makes the step fail, kills the process and takes the power away at the first, the last
        and other arrivals at each place of a script that reaches all of them, opens the store, and compares everything
        in it with what the clients were told. The places of the cache have tests of their own, which also make each
        fail at each arrival; those of the bus fail at the first.

        """
}

/// A page that a test makes.
enum GeneratedPage {
    /// Compares the page at `path` with what it should be; writes it instead when `HOLDFAST_WRITE_DOCS` is set.
    static func check(_ path: String, is text: String) throws {
        let file = Repository.root.appending(path: path)
        guard ProcessInfo.processInfo.environment["HOLDFAST_WRITE_DOCS"] == nil else {
            return try text.write(to: file, atomically: true, encoding: .utf8)
        }
        let found = try? String(contentsOf: file, encoding: .utf8)
        #expect(found == text, "\(path) is out of date: run `make docs`")
    }
}
