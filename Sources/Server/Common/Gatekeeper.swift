import HTTPTypes

/// Who may pass the HTTP door, and where to.
struct Gatekeeper: Sendable {
    let tokens: TokenBook?
    /// Whether pages of other sites are kept from changing anything.
    let checksOrigin: Bool
    let defaultSpace: String

    private static let spaceHeader = HTTPField.Name("X-Holdfast-Space")

    /// Lets a request pass, or not.
    ///
    /// - Parameters:
    ///   - request: its head.
    ///   - isOpen: whether what it asks for may be had without a token.
    /// - Returns: the name of the token that let it in, if one was needed.
    /// - Throws: why it may not.
    func admit(_ request: HTTPRequest, isOpen: Bool = false) throws(APIError) -> String? {
        let name = isOpen ? nil : try authenticate(request)
        try checkOrigin(request)
        return name
    }

    /// The space that a request is about.
    func space(of request: HTTPRequest) -> String {
        Self.spaceHeader.flatMap { request.headerFields[$0] } ?? defaultSpace
    }

    private func authenticate(_ request: HTTPRequest) throws(APIError) -> String? {
        guard let tokens else { return nil }
        let authorization = request.headerFields[.authorization]
        guard let name = tokens.principal(authorization: authorization) else {
            throw .unauthenticated
        }
        return name
    }

    private func checkOrigin(_ request: HTTPRequest) throws(APIError) {
        guard checksOrigin, request.method != .get, request.method != .head else { return }
        guard OriginCheck.allows(request.headerFields[.origin]) else { throw .forbiddenOrigin }
    }
}
