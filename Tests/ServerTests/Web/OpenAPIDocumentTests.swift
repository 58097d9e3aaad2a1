import Foundation
import Testing

@testable import Server

@Suite("The description of the API")
struct OpenAPIDocumentTests {
    private func document() throws -> [String: Any] {
        let parsed = try JSONSerialization.jsonObject(with: Data(OpenAPIDocument.json.utf8))
        return try #require(parsed as? [String: Any])
    }

    @Test("it is JSON of version 3.1")
    func isJSON() throws {
        #expect(try document()["openapi"] as? String == "3.1.0")
    }

    @Test(
        "the routes are there",
        arguments: [
            "/v1/traces", "/v1/logs", "/v1/metrics", "/api/services", "/api/operations",
            "/api/services/{service}/operations", "/api/traces", "/api/traces/{id}",
            "/api/dependencies", "/api/v3/services", "/api/v3/operations", "/api/v3/traces",
            "/api/v3/traces/{id}", "/api/v3/trace-summaries", "/api/logs", "/api/metrics/names",
            "/api/metrics/series", "/api/metrics/range", "/api/spaces", "/api/spaces/{name}",
            "/api/status", "/api/files", "/api/dead-letters", "/api/dead-letters/{id}",
            "/api/dead-letters/{id}/replay", "/livez", "/readyz", "/metrics", "/openapi.json",
        ]
    )
    func hasRoute(path: String) throws {
        let paths = try #require(try document()["paths"] as? [String: Any])
        #expect(paths[path] != nil)
    }

    @Test("no operation has the name of another")
    func operationsHaveNames() throws {
        let paths = try #require(try document()["paths"] as? [String: [String: Any]])
        let names = paths.values.flatMap { $0.values.compactMap { $0 as? [String: Any] } }
            .map { $0["operationId"] as? String ?? "" }
        #expect(names.allSatisfy { !$0.isEmpty })
        #expect(Set(names).count == names.count)
    }

    @Test("every reference leads to something, and every component is referred to")
    func referencesAreWhole() throws {
        let document = try document()
        let components = try #require(document["components"] as? [String: [String: Any]])
        let known = components.filter { $0.key != "securitySchemes" }
            .flatMap { kind, members in members.keys.map { "#/components/\(kind)/\($0)" } }
        var used: Set<String> = []
        func visit(_ value: Any) {
            if let object = value as? [String: Any] {
                if let reference = object["$ref"] as? String { used.insert(reference) }
                object.values.forEach(visit)
            } else if let list = value as? [Any] {
                list.forEach(visit)
            }
        }
        visit(document)
        #expect(used == Set(known))
    }

    @Test(
        "openapi-spec-validator finds nothing",
        .enabled(if: ProcessInfo.processInfo.environment["HOLDFAST_PYTHON"] != nil)
    )
    func isValid() throws {
        let python = try #require(ProcessInfo.processInfo.environment["HOLDFAST_PYTHON"])
        let file = FileManager.default.temporaryDirectory
            .appendingPathComponent("holdfast-openapi-\(UUID().uuidString).json")
        try Data(OpenAPIDocument.json.utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [python, "-m", "openapi_spec_validator", file.path]
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
    }
}
