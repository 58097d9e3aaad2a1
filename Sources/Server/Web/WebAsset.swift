import Crypto

/// A file of the web page, compiled into the binary.
struct WebAsset: Sendable {
    /// What a file is.
    enum Kind: String {
        case page = "text/html; charset=utf-8"
        case style = "text/css; charset=utf-8"
        case script = "text/javascript; charset=utf-8"
        case image = "image/svg+xml"
        case description = "application/json"
    }

    /// Where it is served.
    let path: String
    let type: Kind
    let bytes: [UInt8]
    /// Weak, since a packed answer carries it too.
    let entityTag: String

    init(_ path: String, _ type: Kind, _ text: String) {
        self.path = path
        self.type = type
        bytes = Array("\(text)\n".utf8)
        let digest = SHA256.hash(data: bytes).prefix(12).map { byte in
            String(UInt16(byte) + 256, radix: 16).dropFirst()
        }
        entityTag = "W/\"\(digest.joined())\""
    }

    /// Every file, in no particular order.
    static let all: [WebAsset] = [
        WebAsset("/", .page, WebPage.html),
        WebAsset("/favicon.svg", .image, WebPage.icon),
        WebAsset("/openapi.json", .description, OpenAPIDocument.json),
        WebAsset("/assets/app.css", .style, WebStyle.all),
        WebAsset("/assets/app.js", .script, WebScript.app),
        WebAsset("/assets/api.js", .script, WebScript.api),
        WebAsset("/assets/chart.js", .script, WebScript.chart),
        WebAsset("/assets/dom.js", .script, WebScript.dom),
        WebAsset("/assets/format.js", .script, WebScript.format),
        WebAsset("/assets/logs.js", .script, WebScript.logs),
        WebAsset("/assets/metrics.js", .script, WebScript.metrics),
        WebAsset("/assets/node.js", .script, WebScript.node),
        WebAsset("/assets/otlp.js", .script, WebScript.otlp),
        WebAsset("/assets/route.js", .script, WebScript.route),
        WebAsset("/assets/services.js", .script, WebScript.services),
        WebAsset("/assets/span.js", .script, WebScript.span),
        WebAsset("/assets/trace.js", .script, WebScript.trace),
        WebAsset("/assets/traces.js", .script, WebScript.traces),
    ]
}
