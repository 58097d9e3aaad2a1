import HTTPTypes
import Hummingbird

/// A response all of whose bytes are there.
struct WholeAnswer: Sendable {
    var status: HTTPResponse.Status
    var headers: HTTPFields
    var body: [UInt8]

    /// A response of these bytes.
    init(_ status: HTTPResponse.Status, _ headers: HTTPFields, body: [UInt8]) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// A 200 whose body is packed if the request accepts that and it is worthwhile.
    init(packing bytes: [UInt8], contentType: String, acceptEncoding: String?) {
        self.init(.ok, [.contentType: contentType], body: bytes)
        guard bytes.count > Gzip.worthwhileCount else { return }
        headers[.vary] = "Accept-Encoding"
        if HeaderValue.acceptsGzip(acceptEncoding), let packed = Gzip.deflated(bytes) {
            headers[.contentEncoding] = "gzip"
            body = packed
        }
    }
}

extension Response {
    /// The same for a route of Hummingbird.
    init(_ answer: WholeAnswer) {
        self.init(
            status: answer.status,
            headers: answer.headers,
            body: answer.body.isEmpty
                ? ResponseBody() : ResponseBody(byteBuffer: ByteBuffer(bytes: answer.body))
        )
    }

    /// A 200 whose body is packed if the request accepts that and it is worthwhile.
    init(packing bytes: [UInt8], contentType: String, acceptEncoding: String?) {
        self.init(
            WholeAnswer(packing: bytes, contentType: contentType, acceptEncoding: acceptEncoding)
        )
    }
}
