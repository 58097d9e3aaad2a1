import HTTPTypes
import Hummingbird
import HummingbirdTesting
import NIOCore
import Testing

@testable import Server

@Suite("The web page")
struct WebRoutesTests {
    private func get(
        _ path: String,
        method: HTTPRequest.Method = .get,
        headers: HTTPFields = [:]
    ) async throws -> TestResponse {
        let router = Router(
            context: HoldfastRequestContext.self,
            options: .autoGenerateHeadEndpoints
        )
        WebRoutes().add(to: router)
        return try await Application(responder: router.buildResponder()).test(.router) { client in
            try await client.executeRequest(uri: path, method: method, headers: headers, body: nil)
        }
    }

    private func header(_ name: String, of response: TestResponse) throws -> String? {
        response.headers[try #require(HTTPField.Name(name))]
    }

    @Test(
        "every file has its type and what protects the browser",
        arguments: WebAsset.all.map(\.path)
    )
    func everyFileIsServed(path: String) async throws {
        let asset = try #require(WebAsset.all.first { $0.path == path })
        let response = try await get(asset.path)
        #expect(response.status == .ok)
        #expect(response.headers[.contentType] == asset.type.rawValue)
        #expect(response.headers[.cacheControl] == "no-cache")
        #expect(response.headers[.eTag] == asset.entityTag)
        #expect(response.headers[.xContentTypeOptions] == "nosniff")
        #expect(try header("Referrer-Policy", of: response) == "no-referrer")
        let policy = try #require(try header("Content-Security-Policy", of: response))
        #expect(policy.hasPrefix("default-src 'self';"))
        #expect(policy.contains("require-trusted-types-for 'script'"))
        #expect(!policy.contains("unsafe"))
        #expect(Array(response.body.readableBytesView) == asset.bytes)
    }

    @Test("a known file is not sent again")
    func knownFileIsNotModified() async throws {
        let asset = try #require(WebAsset.all.first { $0.path == "/assets/app.js" })
        let response = try await get(asset.path, headers: [.ifNoneMatch: asset.entityTag])
        #expect(response.status == .notModified)
        #expect(response.body.readableBytes == 0)
        #expect(response.headers[.eTag] == asset.entityTag)
        let other = try await get(asset.path, headers: [.ifNoneMatch: "\"other\""])
        #expect(other.status == .ok)
    }

    @Test(
        "entity tags are compared weakly",
        arguments: [
            (["W/\"a\""], true), (["\"a\""], true), (["\"b\", W/\"a\""], true), (["*"], true),
            (["\"b\"", "\"a\""], true), (["\"b\""], false), ([], false), (["a"], false),
        ]
    )
    func tagsAreComparedWeakly(conditions: [String], isKnown: Bool) {
        #expect(EntityTag.matches("W/\"a\"", conditions) == isKnown)
    }

    @Test("large files are packed for whoever accepts that")
    func largeFilesArePacked() async throws {
        let plain = try await get("/assets/app.css")
        let packed = try await get("/assets/app.css", headers: [.acceptEncoding: "gzip"])
        #expect(packed.headers[.contentEncoding] == "gzip")
        #expect(packed.headers[.vary] == "Accept-Encoding")
        #expect(packed.body.readableBytes < plain.body.readableBytes / 2)
    }

    @Test("HEAD is answered")
    func headIsAnswered() async throws {
        let response = try await get("/", method: .head)
        #expect(response.status == .ok)
    }

    @Test("everything that a file asks for is served")
    func everyReferenceIsServed() {
        let pattern = /(?:href|src)="(\/[^"]*)"|from '\.(\/[a-z]+\.js)'/
        for asset in WebAsset.all where asset.type == .page || asset.type == .script {
            let text = String(decoding: asset.bytes, as: UTF8.self)
            for match in text.matches(of: pattern) {
                let path = match.1.map(String.init) ?? "/assets\(match.2 ?? "")"
                #expect(WebRoutes.openPaths.contains(path), "\(asset.path) asks for \(path)")
            }
        }
    }

    @Test("nothing makes markup out of text, or comes from elsewhere")
    func scriptMakesNoMarkup() {
        let banned = [
            "innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "DOMParser", "eval(",
            "new Function", "srcdoc", "javascript:", "https://",
        ]
        for asset in WebAsset.all where asset.type == .script || asset.type == .page {
            let text = String(decoding: asset.bytes, as: UTF8.self)
            for word in banned { #expect(!text.contains(word), "\(asset.path) has \(word)") }
        }
    }
}
