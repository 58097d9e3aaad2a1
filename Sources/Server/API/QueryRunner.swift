import HTTPTypes
import Hummingbird
import Logging
import NIOPosix
import TagCache
import Telemetry

/// Runs queries, which read files, on threads of their own, so that none of the server's waits for a
/// disk; and answers from the cache what was asked before.
struct QueryRunner: Sendable {
    private let node: TelemetryNode
    private let cache: AnswerCache?
    private let threads: NIOThreadPool
    private let logger: Logger

    /// Starts `count` threads: as many queries run at once; others wait.
    init(node: TelemetryNode, cache: AnswerCache?, logger: Logger, threads count: Int = 4) {
        self.node = node
        self.cache = cache
        self.logger = logger
        threads = NIOThreadPool(numberOfThreads: count)
        threads.start()
    }

    /// What the cache has done, and holds; zeros without one.
    var cacheFigures: CacheFigures { CacheFigures(cache?.statistics) }

    /// The answer of `query` as JSON, as it is now.
    func json(
        _ request: Request,
        _ query: @escaping @Sendable (TelemetryNode) throws -> [UInt8]
    ) async throws(APIError) -> Response {
        do {
            let bytes = try await threads.runIfActive { try query(node) }
            return Response(
                packing: bytes,
                contentType: "application/json",
                acceptEncoding: request.headers[.acceptEncoding]
            )
        } catch {
            throw failure(request, error)
        }
    }

    /// The answer of `query` as JSON, which depends on what `tags` name.
    func json(
        _ request: Request,
        _ context: HoldfastRequestContext,
        dependsOn tags: [String],
        _ query: @escaping @Sendable (TelemetryNode) throws -> [UInt8]
    ) async throws(APIError) -> Response {
        try await json(request, context, dependsOn: tags) { node, _ in try query(node) }
    }

    /// The answer of `query` as JSON, which depends on what `tags` name and on what the query adds to
    /// them.
    func json(
        _ request: Request,
        _ context: HoldfastRequestContext,
        dependsOn tags: [String],
        _ query: @escaping @Sendable (TelemetryNode, inout [String]) throws -> [UInt8]
    ) async throws(APIError) -> Response {
        guard let cache, !Self.wantsNew(request) else {
            return try await json(request) { node in
                var found: [String] = []
                return try query(node, &found)
            }
        }
        let key = AnswerCache.Key(
            space: context.space,
            target: request.head.path ?? "",
            isPacked: HeaderValue.acceptsGzip(request.headers[.acceptEncoding])
        )
        do {
            let answer = try await cache.answer(key, tags: tags) {
                try await threads.runIfActive {
                    var found: [String] = []
                    let bytes = try query(node, &found)
                    return (Answer(bytes, isPacked: key.isPacked), found)
                }
            }
            return answer.response(to: request)
        } catch {
            throw failure(request, error)
        }
    }

    /// Why a query has no answer; what should not happen is told to the log.
    private func failure(_ request: Request, _ error: any Error) -> APIError {
        switch error {
        case let error as APIError: return error
        case let error as QueryFailure: return APIError(error)
        case TagCacheError.waitTimedOut:
            return APIError(
                .serviceUnavailable,
                code: "unavailable",
                "the answer took too long",
                remedy: "Ask for less at once, such as a shorter time.",
                retryAfter: 1
            )
        default:
            logger.error(
                "a query failed",
                metadata: ["path": "\(request.head.path ?? "")", "error": "\(error)"]
            )
            return .internal
        }
    }

    /// Whether the answer is not to come from the cache.
    private static func wantsNew(_ request: Request) -> Bool {
        let wishes = request.headers[.cacheControl]?.lowercased() ?? ""
        return wishes.contains("no-cache") || wishes.contains("no-store")
    }
}

extension Answer {
    /// The answer to a request; without its body if the sender has it.
    fileprivate func response(to request: Request) -> Response {
        let isKnown = EntityTag.matches(entityTag, request.headers[values: .ifNoneMatch])
        var response = isKnown ? Response(status: .notModified) : Response(self.response)
        response.headers[.eTag] = entityTag
        response.headers[.age] = "\(made.duration(to: .now).components.seconds)"
        // Whoever keeps it asks before showing it again: only the server knows what has changed.
        response.headers[.cacheControl] = "no-cache"
        response.headers[.vary] = "Accept-Encoding, X-Holdfast-Space"
        return response
    }
}

extension APIError {
    /// A query's failure as an answer.
    init(_ failure: QueryFailure) {
        switch failure.code {
        case .badRequest:
            self.init(.badRequest, code: "malformed", failure.message, remedy: failure.remedy)
        case .unknownSpace:
            self.init(.notFound, code: "unknown_space", failure.message, remedy: failure.remedy)
        case .notFound:
            self.init(.notFound, code: "not_found", failure.message, remedy: failure.remedy)
        case .refused:
            self.init(
                .unprocessableContent,
                code: "refused",
                failure.message,
                remedy: failure.remedy
            )
        case .unavailable:
            self.init(
                .serviceUnavailable,
                code: "unavailable",
                failure.message,
                remedy: failure.remedy,
                retryAfter: 1
            )
        case .damaged:
            self.init(
                .internalServerError,
                code: "damaged",
                failure.message,
                remedy: failure.remedy
            )
        }
    }
}
