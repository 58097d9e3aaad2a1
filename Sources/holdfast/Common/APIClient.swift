import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// Asks a server questions, in one space, and turns its refusals into failures that say what to do.
struct APIClient: Sendable {
    /// What is asked for.
    enum Method {
        case get
        case post
        case delete

        fileprivate var method: HTTPMethod {
            switch self {
            case .get: .GET
            case .post: .POST
            case .delete: .DELETE
            }
        }
    }

    /// An answer of any status.
    struct Answer: Sendable {
        let status: Int
        let retryAfter: Double?
        let body: Data
    }

    /// Scheme, host and port, without a slash at the end.
    let base: String
    var space: String
    let token: String?
    /// Whom to trust.
    var tls = TLSConfiguration.makeClientConfiguration()

    /// Fails at once when nothing listens, unlike the shared client of the library.
    private static let http: HTTPClient = {
        var configuration = HTTPClient.Configuration()
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.timeout.connect = .seconds(5)
        return HTTPClient(
            eventLoopGroup: MultiThreadedEventLoopGroup.singleton,
            configuration: configuration
        )
    }()

    private static let answerBytesMax = 1 << 30

    /// The answer to one request, whatever its status; `anew` keeps it from coming from a cache.
    func send(
        _ method: Method,
        _ path: String,
        _ query: [(String, String?)] = [],
        contentType: String? = nil,
        body: [UInt8]? = nil,
        anew: Bool = false,
        timeoutSeconds: Int64 = 60
    ) async throws -> Answer {
        var request = HTTPClientRequest(url: base + path + Self.queryText(query))
        request.method = method.method
        request.tlsConfiguration = tls
        request.headers.add(name: "x-holdfast-space", value: space)
        if let token { request.headers.add(name: "authorization", value: "Bearer \(token)") }
        if anew { request.headers.add(name: "cache-control", value: "no-store") }
        if let contentType { request.headers.add(name: "content-type", value: contentType) }
        if let body { request.body = .bytes(ByteBuffer(bytes: body)) }
        let response: HTTPClientResponse
        let bytes: ByteBuffer
        do {
            response = try await Self.http.execute(request, timeout: .seconds(timeoutSeconds))
            bytes = try await response.body.collect(upTo: Self.answerBytesMax)
        } catch {
            throw Unreachable(base: base, cause: error)
        }
        return Answer(
            status: Int(response.status.code),
            retryAfter: response.headers.first(name: "retry-after").flatMap(Double.init),
            body: Data(bytes.readableBytesView)
        )
    }

    /// The body of a successful answer.
    func body(
        _ method: Method = .get,
        _ path: String,
        _ query: [(String, String?)] = []
    ) async throws -> Data {
        let answer: Answer
        do {
            answer = try await send(method, path, query)
        } catch let error as Unreachable {
            throw error.failure
        }
        guard (200..<300).contains(answer.status) else { throw Self.refusal(answer, path) }
        return answer.body
    }

    /// A successful answer, read as `type`.
    func get<Value: Decodable>(
        _ type: Value.Type,
        _ path: String,
        _ query: [(String, String?)] = []
    ) async throws -> Value {
        try Self.decode(type, try await body(.get, path, query), path)
    }

    /// JSON of the server as a value.
    static func decode<Value: Decodable>(
        _ type: Value.Type,
        _ body: Data,
        _ path: String
    ) throws -> Value {
        do {
            return try JSONDecoder().decode(type, from: body)
        } catch {
            throw CommandFailure(
                "the answer of \(path) is not what this version expects",
                remedy: "Is it a Holdfast server of the same version? \(error)"
            )
        }
    }

    /// `?a=b&c=d`, or nothing; pairs without a value are left out.
    static func queryText(_ query: [(String, String?)]) -> String {
        let pairs = query.compactMap { name, value in value.map { "\(escape(name))=\(escape($0))" }
        }
        return pairs.isEmpty ? "" : "?" + pairs.joined(separator: "&")
    }

    /// Text as it may stand in a path segment or a query string.
    static func escape(_ text: String) -> String {
        text.addingPercentEncoding(withAllowedCharacters: unreserved) ?? text
    }

    private static let unreserved = CharacterSet(
        charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
    )

    private static func refusal(_ answer: Answer, _ path: String) -> CommandFailure {
        struct Refusal: Decodable {
            struct Content: Decodable {
                let message: String
                let remedy: String?
            }
            let error: Content
        }
        if let refusal = try? JSONDecoder().decode(Refusal.self, from: answer.body) {
            return CommandFailure(refusal.error.message, remedy: refusal.error.remedy)
        }
        return CommandFailure("the server answered \(path) with status \(answer.status)")
    }
}

/// No answer came.
struct Unreachable: Error {
    let base: String
    let cause: any Error

    /// The same for people.
    var failure: CommandFailure {
        if let error = cause as? HTTPClientError,
            error == .deadlineExceeded || error == .readTimeout
        {
            return CommandFailure("the server at \(base) did not answer in time")
        }
        if cause is NIOSSLError || cause is NIOSSLExtraError {
            return CommandFailure(
                "no trusted TLS connection to \(base): \(cause)",
                remedy: "Give its certificate, or its issuer's, with --tls-ca, or say http://."
            )
        }
        return CommandFailure(
            "no server answers at \(base)",
            remedy: "Start one with `holdfast serve`, or say where it is with --url."
        )
    }
}
