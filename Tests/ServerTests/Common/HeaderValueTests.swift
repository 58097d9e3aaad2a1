import Telemetry
import Testing

@testable import Server

/// Reading headers, and writing what goes into them.
struct HeaderValueTests {
    @Test(arguments: [
        (nil, false), ("", false), ("gzip", true), ("GZIP", true), ("deflate, gzip", true),
        ("gzip;q=0", false), ("gzip; q=0.000", false), ("gzip;q=0.5", true), ("*", true),
        ("*;q=0", false), ("*, gzip;q=0", false), ("gzip;q=0, *", false), ("br", false),
        ("identity", false), ("gzipx", false), (",,;", false),
    ])
    func readsAcceptEncoding(_ value: String?, _ isAccepted: Bool) {
        #expect(HeaderValue.acceptsGzip(value) == isAccepted)
    }

    @Test(arguments: [
        ("application/json", WireEncoding.json), (" application/json ;charset=utf-8", .json),
        ("APPLICATION/X-PROTOBUF", .protobuf), ("application/x-protobuf;", .protobuf),
        ("application/protobuf", nil), ("", nil), (";application/json", nil),
    ])
    func readsContentType(_ value: String, _ encoding: WireEncoding?) {
        #expect(WireEncoding(contentType: value) == encoding)
    }

    @Test(
        arguments: [
            ([], ""), ([0], "AA"), ([0, 1], "AAE"), ([0, 1, 2], "AAEC"),
            ([255, 255, 255, 255], "/////w"),
            (Array("hello world".utf8), "aGVsbG8gd29ybGQ"),
        ] as [([UInt8], String)]
    )
    func writesBase64(_ bytes: [UInt8], _ text: String) {
        #expect(GRPCHeaderText.base64(bytes) == text)
    }

    @Test func percentEncodesWhatHeadersCannotHold() {
        #expect(GRPCHeaderText.percentEncoded("100% é\n") == "100%25 %C3%A9%0A")
    }

    @Test(arguments: [(3, "aé"), (2, "a"), (1, "a"), (0, ""), (4, "aéb"), (9, "aéb")])
    func cutsBetweenCharacters(_ limit: Int, _ text: String) {
        #expect(APIError.shortened("aéb", to: limit) == text)
    }

    @Test func writesJSON() {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("text", "a\"\\\n\r\t\u{1}é")
            writer.member("number", -5)
            writer.member("flag", true)
            writer.key("list")
            writer.array { writer in
                writer.double(0.5)
                writer.double(.nan)
                writer.double(.infinity)
                writer.double(-.infinity)
                writer.null()
                writer.object { _ in }
                writer.array { _ in }
                writer.string("")
            }
            writer.member("last", false)
        }
        #expect(
            String(decoding: writer.bytes, as: UTF8.self) == #"""
                {"text":"a\"\\\n\r\t\u0001é","number":-5,"flag":true,"list":[0.5,"NaN","Infinity","-Infinity",null,{},[],""],"last":false}
                """#
        )
    }
}
