import Foundation
import Testing

/// Every named place of the cache and of its bus is reached by the code and by a test.
struct CacheCensusTests {
    @Test(arguments: [
        ("TagCache", "TagCacheFailpoint"), ("RedisBus", "RedisBusFailpoint"),
    ])
    func everyPlaceIsReachedAndTested(target: String, catalog: String) throws {
        func files(_ target: String) throws -> [FailpointCensus.File] {
            try Repository.swiftFiles(of: target).map { file in
                .init(
                    path: file.lastPathComponent,
                    text: try String(contentsOf: file, encoding: .utf8)
                )
            }
        }
        let sources = try files(target)
        let declaration = try #require(sources.first { $0.path == "\(catalog).swift" })
        let cases = FailpointCensus.cases(in: declaration.text)
        #expect(cases.count > 3 && cases.allSatisfy { !$0.window.isEmpty })
        let census = FailpointCensus(
            of: cases,
            catalog: catalog,
            sources: sources,
            tests: try files("\(target)Tests")
        )
        #expect(census.withoutCallSite.isEmpty)
        #expect(census.withoutTest.isEmpty)
        #expect(census.repeatedNames.isEmpty)
    }
}
