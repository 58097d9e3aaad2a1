import HTTPTypes
import Hummingbird

/// The web page, its assets, and the description of the API.
struct WebRoutes: RouteGroup {
    /// Paths that hold no telemetry: a browser needs them before a person can enter a token.
    static let openPaths: Set<String> = Set(WebAsset.all.map(\.path))

    /// Adds the routes; called once, before the server listens.
    func add(to router: Router<HoldfastRequestContext>) {
        for asset in WebAsset.all {
            router.get(RouterPath(asset.path)) { request, _ in Self.answer(asset, to: request) }
        }
    }

    private static func answer(_ asset: WebAsset, to request: Request) -> Response {
        if EntityTag.matches(asset.entityTag, request.headers[values: .ifNoneMatch]) {
            var response = Response(status: .notModified)
            response.headers[.vary] = "Accept-Encoding"
            addHeaders(of: asset, to: &response)
            return response
        }
        var response = Response(
            packing: asset.bytes,
            contentType: asset.type.rawValue,
            acceptEncoding: request.headers[.acceptEncoding]
        )
        addHeaders(of: asset, to: &response)
        return response
    }

    private static func addHeaders(of asset: WebAsset, to response: inout Response) {
        response.headers[.eTag] = asset.entityTag
        response.headers[.cacheControl] = "no-cache"
        response.headers[.xContentTypeOptions] = "nosniff"
        for (name, value) in protections { response.headers[name] = value }
    }

    /// What keeps a browser from running, loading or showing anything that is not ours.
    ///
    /// With trusted types required and none allowed, not even a mistake in the script can turn
    /// telemetry into markup.
    private static let protections: [(name: HTTPField.Name, value: String)] = [
        (
            "Content-Security-Policy",
            [
                "default-src 'self'", "object-src 'none'", "base-uri 'none'",
                "form-action 'none'", "frame-ancestors 'none'",
                "require-trusted-types-for 'script'", "trusted-types 'none'",
            ].joined(separator: "; ")
        ),
        ("Referrer-Policy", "no-referrer"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
    ].compactMap { name, value in HTTPField.Name(name).map { ($0, value) } }
}
