import Telemetry

// Reading the values of request headers; all of it is untrusted.

extension WireEncoding {
    /// The encoding that a Content-Type names, whatever its case and parameters.
    init?(contentType: String?) {
        guard let contentType else { return nil }
        switch HeaderValue.mediaType(contentType) {
        case "application/x-protobuf": self = .protobuf
        case "application/json": self = .json
        default: return nil
        }
    }

    /// The Content-Type of answers in this encoding.
    var contentType: String {
        switch self {
        case .protobuf: "application/x-protobuf"
        case .json: "application/json"
        }
    }
}

/// How a body is packed.
enum ContentEncoding {
    case identity, gzip

    /// The packing that a Content-Encoding names, or nil if it is not served.
    init?(_ value: String?) {
        switch value.map(HeaderValue.mediaType) ?? "" {
        case "", "identity", "none": self = .identity
        case "gzip", "x-gzip": self = .gzip
        default: return nil
        }
    }
}

enum HeaderValue {
    /// The value before its parameters, in lower case.
    static func mediaType(_ value: String) -> String {
        let end = value.utf8.firstIndex(of: UInt8(ascii: ";")) ?? value.endIndex
        return trimmed(value[..<end]).lowercased()
    }

    /// Whether an Accept-Encoding allows gzip: named, or covered by "*", and not with quality 0.
    static func acceptsGzip(_ value: String?) -> Bool {
        guard let value else { return false }
        var isWildcardAccepted = false
        for element in value.split(separator: ",") {
            let parts = element.split(separator: ";").map { trimmed($0).lowercased() }
            guard let coding = parts.first else { continue }
            let isAccepted = !parts.dropFirst().contains { isZeroQuality($0) }
            if coding == "gzip" || coding == "x-gzip" { return isAccepted }
            if coding == "*" { isWildcardAccepted = isAccepted }
        }
        return isWildcardAccepted
    }

    /// The token of "Bearer token", or nil.
    static func bearerToken(_ value: String?) -> Substring? {
        guard let value, let space = value.utf8.firstIndex(of: UInt8(ascii: " ")) else {
            return nil
        }
        guard value[..<space].lowercased() == "bearer" else { return nil }
        let token = trimmed(value[space...])
        return token.isEmpty ? nil : token
    }

    /// Text without the blanks around it.
    static func trimmed(_ text: Substring) -> Substring {
        let isBlank: (Character) -> Bool = { $0 == " " || $0 == "\t" }
        guard let first = text.firstIndex(where: { !isBlank($0) }),
            let last = text.lastIndex(where: { !isBlank($0) })
        else { return "" }
        return text[first...last]
    }

    /// Whether a parameter is "q=0", "q=0.0" and so on.
    private static func isZeroQuality(_ parameter: String) -> Bool {
        guard parameter.hasPrefix("q=") else { return false }
        return Double(parameter.dropFirst(2)) == 0
    }
}
