package import HTTPTypes
package import Hummingbird

/// Why a request is refused: what every route throws.
///
/// Routes of people and agents answer it as `{"error":{"code","message","remedy"}}`; the OTLP
/// routes answer the same error as `google.rpc.Status`.
package struct APIError: Error, Sendable, Hashable {
    /// The status of the HTTP response.
    package var status: HTTPResponse.Status
    /// What programs look at, such as "unknown_space".
    package var code: String
    /// What is wrong, for people.
    package var message: String
    /// What to do about it, for people.
    package var remedy: String
    /// Seconds to wait before the request is sent again; nil if that would not help.
    package var retryAfter: Int?
    /// Further headers of the response.
    package var headers: HTTPFields

    /// An error.
    package init(
        _ status: HTTPResponse.Status,
        code: String,
        _ message: String,
        remedy: String,
        retryAfter: Int? = nil,
        headers: HTTPFields = [:]
    ) {
        self.status = status
        self.code = code
        self.message = message
        self.remedy = remedy
        self.retryAfter = retryAfter
        self.headers = headers
    }

    /// The headers of a response, but for those of its body.
    var responseHeaders: HTTPFields {
        var fields = headers
        if let retryAfter { fields[.retryAfter] = "\(retryAfter)" }
        return fields
    }

    /// Which clients an error is for: what those of Jaeger look for is added to our own members.
    package enum Audience: Sendable {
        case everybody
        /// Clients of Jaeger's first API.
        case jaeger
        /// Clients of its version 3.
        case jaegerVersion3
    }

    /// The response in the shape of the APIs.
    ///
    /// - Parameter audience: whose members to add.
    /// - Returns: status, headers and the JSON.
    package func response(for audience: Audience = .everybody) -> Response {
        var writer = JSONWriter()
        writer.object { writer in
            writer.key("error")
            writer.object { writer in
                writer.member("code", code)
                writer.member("message", message)
                writer.member("remedy", remedy)
                if audience == .jaegerVersion3 {
                    writer.member("grpcCode", rpcCodeNumber)
                    writer.member("httpCode", status.code)
                }
            }
            if audience == .jaeger {
                writer.key("data")
                writer.null()
                for count in ["total", "limit", "offset"] { writer.member(count, 0) }
                writer.key("errors")
                writer.array { writer in
                    writer.object { writer in
                        writer.member("code", status.code)
                        writer.member("msg", message)
                    }
                }
            }
        }
        var fields = responseHeaders
        fields[.contentType] = "application/json"
        return Response(
            status: status,
            headers: fields,
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: writer.bytes))
        )
    }
}

extension APIError: HTTPResponseError {
    /// What Hummingbird makes of the error when a route throws it.
    package func response(
        from request: Request,
        context: some RequestContext
    ) throws -> Response {
        response()
    }
}

// MARK: - What every route may answer

extension APIError {
    /// The request is wrong and will always be.
    package static func badRequest(_ message: String, remedy: String) -> APIError {
        APIError(.badRequest, code: "malformed", message, remedy: remedy)
    }

    /// There is nothing of that name.
    package static func notFound(_ message: String, remedy: String) -> APIError {
        APIError(.notFound, code: "not_found", message, remedy: remedy)
    }

    static func noRoute(_ path: String) -> APIError {
        notFound(
            "there is nothing at \(path)",
            remedy: "GET /openapi.json lists what this server answers."
        )
    }

    static func methodNotAllowed(_ method: String, allowed: [String]) -> APIError {
        let list = allowed.sorted().joined(separator: ", ")
        return APIError(
            .methodNotAllowed,
            code: "method_not_allowed",
            "\(method) is not possible here",
            remedy: "Use \(list).",
            headers: [.allow: list]
        )
    }

    static let unauthenticated = APIError(
        .unauthorized,
        code: "unauthenticated",
        "the request carries no token that this server accepts",
        remedy: "Send the header \"Authorization: Bearer TOKEN\" with a token of the token file.",
        headers: [.wwwAuthenticate: "Bearer"]
    )

    static let forbiddenOrigin = APIError(
        .forbidden,
        code: "forbidden_origin",
        "a web page of another site may not change anything here",
        remedy: "Call from a page that this machine serves, or without a browser."
    )

    static func tooLarge(limit: Int) -> APIError {
        APIError(
            .contentTooLarge,
            code: "too_large",
            "the body is larger than \(limit) bytes, as sent or once inflated",
            remedy: "Send smaller batches, or raise --max-request-mib, up to 64."
        )
    }

    static let overloaded = APIError(
        .tooManyRequests,
        code: "overloaded",
        "the server is handling as many requests as it is allowed to",
        remedy: "Send the request again after the time in Retry-After.",
        retryAfter: 1
    )

    /// Something broke that the caller can do nothing about.
    package static let `internal` = APIError(
        .internalServerError,
        code: "internal",
        "the server failed to answer this request",
        remedy: "Look into the log of the server; please report what it says."
    )
}
