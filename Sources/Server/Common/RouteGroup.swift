package import Hummingbird

/// A part of the server that answers some HTTP routes.
package protocol RouteGroup: Sendable {
    /// Adds the routes; called once, before the server listens.
    func add(to router: Router<HoldfastRequestContext>)
}

/// What is known about a request before its route is asked.
package struct HoldfastRequestContext: RequestContext {
    /// What Hummingbird keeps.
    package var coreContext: CoreRequestContextStorage
    /// The space the request is about: its header `X-Holdfast-Space`, or the default.
    package var space = ""
    /// The name of the token that let the request in, if tokens are asked for.
    package var principal: String?

    /// The context of a request that has just arrived.
    package init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
    }
}
