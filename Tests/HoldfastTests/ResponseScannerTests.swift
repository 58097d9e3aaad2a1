import Testing

@testable import holdfast

/// Checks of what the load generator reads of answers.
struct ResponseScannerTests {
    private static let answers: [(String, ResponseScanner.Response)] = [
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
            .init(status: 200, retryAfter: nil, keepsAlive: true, hasBody: false)
        ),
        (
            "HTTP/1.1 429 Too Many Requests\r\ncontent-length: 3\r\nRetry-After: 2\r\n\r\nabc",
            .init(status: 429, retryAfter: 2, keepsAlive: true, hasBody: true)
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n5;x=y\r\nhello\r\n0\r\n\r\n",
            .init(status: 200, retryAfter: nil, keepsAlive: false, hasBody: true)
        ),
        (
            "HTTP/1.1 204 No Content\r\n\r\n",
            .init(status: 204, retryAfter: nil, keepsAlive: true, hasBody: false)
        ),
    ]

    @Test(arguments: 0..<4) func answersAreFoundHoweverTheyArrive(index: Int) throws {
        let (text, expected) = Self.answers[index]
        let bytes = Array(text.utf8)
        for size in [1, 2, 7, bytes.count] {
            var scanner = ResponseScanner()
            // Twice, as on a connection that is kept.
            for _ in 0..<2 {
                var found: ResponseScanner.Response?
                for start in stride(from: 0, to: bytes.count, by: size) {
                    #expect(found == nil)
                    found = try scanner.append(bytes[start..<min(start + size, bytes.count)])
                }
                #expect(found == expected)
            }
        }
    }

    @Test(arguments: [
        "SMTP 220\r\n\r\n", "HTTP/1.1 abc\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ])
    func nonsenseIsRefused(text: String) {
        #expect(throws: ResponseScanner.Malformed.self) {
            var scanner = ResponseScanner()
            _ = try scanner.append(text.utf8)
        }
    }

    @Test func partialSuccessesAreRead() {
        #expect(PartialSuccess(response: []) == nil)
        let body: [UInt8] = [0x0a, 6, 0x08, 7, 0x12, 2, 0x68, 0x69]
        #expect(PartialSuccess(response: body)?.rejected == 7)
        #expect(PartialSuccess(response: body)?.message == "hi")
        #expect(PartialSuccess(response: Array("{}".utf8)) == nil)
        #expect(PartialSuccess(response: [0x0a, 9, 0x08]) == nil)
    }
}
