import HTTPTypes
import Hummingbird

extension Response {
    /// A 200 whose body is packed if the request accepts that and it is worthwhile.
    init(packing bytes: [UInt8], contentType: String, acceptEncoding: String?) {
        var fields: HTTPFields = [.contentType: contentType]
        var body = bytes
        if bytes.count > Gzip.worthwhileCount {
            fields[.vary] = "Accept-Encoding"
            if HeaderValue.acceptsGzip(acceptEncoding), let packed = Gzip.deflated(bytes) {
                fields[.contentEncoding] = "gzip"
                body = packed
            }
        }
        self.init(
            status: .ok,
            headers: fields,
            body: body.isEmpty
                ? ResponseBody() : ResponseBody(byteBuffer: ByteBuffer(bytes: body))
        )
    }
}
