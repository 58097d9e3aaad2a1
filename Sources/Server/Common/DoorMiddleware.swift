import HTTPTypes
import Hummingbird
import Logging
import NIOHTTP1

/// What every request but exports passes before its route, and every error on its way back.
struct DoorMiddleware: RouterMiddleware {
    typealias Context = HoldfastRequestContext

    let gatekeeper: Gatekeeper
    /// Where the durations of queries are counted.
    var metrics: DoorMetrics?

    /// What is answered without a token: nothing of it is telemetry.
    private static let openPaths = WebRoutes.openPaths.union(["/livez", "/readyz"])

    func handle(
        _ request: Request,
        context: HoldfastRequestContext,
        next: @concurrent (Request, HoldfastRequestContext) async throws -> Response
    ) async throws -> Response {
        let started = ContinuousClock.now
        defer {
            if let route = context.endpointPath {
                metrics?.record(route: route, started.duration(to: .now))
            }
        }
        do {
            var context = context
            context.principal = try gatekeeper.admit(
                request.head,
                isOpen: Self.openPaths.contains(request.uri.path)
            )
            context.space = gatekeeper.space(of: request.head)
            return try await next(request, context)
        } catch let error as HTTPParserError {
            // Hummingbird answers these itself, and closes the connection.
            throw error
        } catch let error as APIError {
            return response(to: request, error)
        } catch let error as HTTPError {
            return response(to: request, Self.apiError(error, path: request.uri.path))
        } catch {
            context.logger.error(
                "A route failed",
                metadata: ["path": "\(request.uri.path)", "error": "\(error)"]
            )
            return response(to: request, .internal)
        }
    }

    // MARK: - Errors

    /// The routes of Jaeger's first API.
    private static let jaegerPaths = [
        "/api/services", "/api/operations", "/api/traces", "/api/dependencies",
    ]

    private func response(to request: Request, _ error: APIError) -> Response {
        if request.method == .post, ExportDoor.isOTLP(path: request.uri.path) {
            return Response(error.statusAnswer(to: request.head))
        }
        var response = error.response(for: Self.audience(ofPath: request.uri.path))
        // Whoever asked with HEAD takes the next byte for the next response.
        if request.method == .head { response = response.createHeadResponse() }
        return response
    }

    private static func audience(ofPath path: String) -> APIError.Audience {
        if path.hasPrefix("/api/v3/") { return .jaegerVersion3 }
        return jaegerPaths.contains { path.hasPrefix($0) } ? .jaeger : .everybody
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
