import HTTPTypes
import Hummingbird
import Logging
import NIOHTTP1
import Telemetry

/// What every HTTP request passes before its route, and every error on its way back.
struct DoorMiddleware: RouterMiddleware {
    typealias Context = HoldfastRequestContext

    let tokens: TokenBook?
    /// Whether pages of other sites are kept from changing anything.
    let checksOrigin: Bool
    let defaultSpace: String
    let metrics: DoorMetrics

    /// What is answered without a token: nothing of it is telemetry.
    private static let openPaths = WebRoutes.openPaths.union(["/livez", "/readyz"])
    private static let spaceHeader = HTTPField.Name("X-Holdfast-Space")

    func handle(
        _ request: Request,
        context: HoldfastRequestContext,
        next: @concurrent (Request, HoldfastRequestContext) async throws -> Response
    ) async throws -> Response {
        do {
            var context = context
            context.principal = try authenticate(request)
            try checkOrigin(request)
            context.space = Self.spaceHeader.flatMap { request.headers[$0] } ?? defaultSpace
            return try await next(request, context)
        } catch let error as HTTPParserError {
            // Hummingbird answers these itself, and closes the connection.
            throw error
        } catch let error as APIError {
            return response(to: request, error)
        } catch let error as HTTPError {
            return response(to: request, Self.apiError(error, path: request.uri.path))
        } catch  where OTLPRoutes.signal(ofPath: request.uri.path) != nil {
            // The connection broke while the body arrived: there is nobody to be answered.
            throw error
        } catch {
            context.logger.error(
                "A route failed",
                metadata: ["path": "\(request.uri.path)", "error": "\(error)"]
            )
            return response(to: request, .internal)
        }
    }

    // MARK: - Who may pass

    private func authenticate(_ request: Request) throws(APIError) -> String? {
        guard let tokens, !Self.openPaths.contains(request.uri.path) else { return nil }
        let authorization = request.headers[.authorization]
        guard let name = tokens.principal(authorization: authorization) else {
            throw .unauthenticated
        }
        return name
    }

    private func checkOrigin(_ request: Request) throws(APIError) {
        guard checksOrigin, request.method != .get, request.method != .head else { return }
        guard OriginCheck.allows(request.headers[.origin]) else { throw .forbiddenOrigin }
    }

    // MARK: - Errors

    /// The shape that the clients of a route expect.
    private func response(to request: Request, _ error: APIError) -> Response {
        var response: Response
        if let signal = OTLPRoutes.signal(ofPath: request.uri.path) {
            let encoding = WireEncoding(contentType: request.headers[.contentType])
            response = error.statusResponse(encoding ?? .json)
            // The route, which counts its requests, was not reached.
            metrics.record(
                DoorMetrics.Exchange(
                    signal: signal,
                    transport: .http,
                    outcome: error.outcome,
                    wireBytes: 0,
                    bodyBytes: 0,
                    duration: .zero
                )
            )
        } else {
            response = error.response()
        }
        // Whoever asked with HEAD takes the next byte for the next response.
        if request.method == .head { response = response.createHeadResponse() }
        return response
    }

    /// What Hummingbird itself throws, in our words.
    private static func apiError(_ error: HTTPError, path: String) -> APIError {
        switch error.status {
        case .notFound where error.body == nil: .noRoute(path)
        default:
            APIError(
                error.status,
                code: error.status.code < 500 ? "malformed" : "internal",
                error.body ?? error.status.reasonPhrase,
                remedy: "Correct the request and send it again.",
                headers: error.headers
            )
        }
    }
}

extension Router where Context == HoldfastRequestContext {
    /// Adds an answer for the methods that a path is not served with; called after all routes.
    func refuseOtherMethods() {
        var methods: [String: (path: RouterPath, methods: Set<HTTPRequest.Method>)] = [:]
        for route in routes {
            methods["\(route.path)", default: (route.path, [])].methods.insert(route.method)
        }
        let common: [HTTPRequest.Method] = [.get, .head, .post, .put, .patch, .delete, .options]
        for (path, routed) in methods.values {
            // Hummingbird answers HEAD wherever GET is answered.
            let served = routed.contains(.get) ? routed.union([.head]) : routed
            let allowed = served.map(\.rawValue)
            for method in common where !served.contains(method) {
                on(path, method: method) { _, _ -> Response in
                    throw APIError.methodNotAllowed(method.rawValue, allowed: allowed)
                }
            }
        }
    }
}
