import Foundation
import NIOCore
import NIOHPACK
import Testing

@testable import holdfast

/// Checks of what the load generator makes of answers over gRPC.
struct GRPCAnswerTests {
    private static func verdict(
        _ headers: [(String, String)],
        _ message: [UInt8] = [],
        _ trailers: [(String, String)] = []
    ) -> IngestAnswer {
        var answer = GRPCAnswer()
        answer.take(HPACKHeaders(headers))
        // Frames may cut a message anywhere.
        for byte in message { answer.take(ByteBuffer(bytes: [byte])) }
        answer.take(HPACKHeaders(trailers))
        return answer.verdict
    }

    @Test(
        arguments: [
            ([0, 0, 0, 0, 0], false), ([0, 0, 0, 0, 2, 0x0a, 0], true),
            ([1, 0, 0, 1, 0] + [UInt8](repeating: 7, count: 256), true), ([], false),
        ] as [([UInt8], Bool)]
    )
    func successesWithAMessageSayMore(_ message: [UInt8], _ hasBody: Bool) {
        let headers = [(":status", "200"), ("content-type", "application/grpc")]
        let answer = Self.verdict(headers, message, [("grpc-status", "0")])
        #expect(answer == .acknowledged(hasBody: hasBody))
    }

    @Test(arguments: ["4", "10", "11", "14", "15"])
    func whatPassesIsSentAgain(_ status: String) {
        let answer = Self.verdict([(":status", "200"), ("grpc-status", status)])
        #expect(answer == .refused(retryAfter: nil))
    }

    @Test(
        arguments: [
            ("1", "CANCELLED"), ("3", "INVALID_ARGUMENT"), ("8", "RESOURCE_EXHAUSTED"),
            ("16", "UNAUTHENTICATED"), ("99", "99"), ("-1", "-1"),
        ] as [(String, String)]
    )
    func whatStaysIsNot(_ status: String, _ name: String) {
        let answer = Self.verdict([
            (":status", "200"), ("grpc-status", status), ("grpc-message", "no, 100%25 %C3%BC"),
        ])
        #expect(answer == .rejected(status: name, message: "no, 100% ü"))
    }

    @Test(
        arguments: [
            ("503", .refused(retryAfter: nil)),
            ("404", .rejected(status: "HTTP 404", message: "the answer has no grpc-status")),
        ] as [(String, IngestAnswer)]
    )
    func answersInHTTPAloneAreJudgedByTheirStatus(_ status: String, _ answer: IngestAnswer) {
        #expect(Self.verdict([(":status", status)]) == answer)
    }

    // MARK: - RetryInfo

    private static func field(_ number: UInt8, _ bytes: [UInt8]) -> [UInt8] {
        [number << 3 | 2, UInt8(bytes.count)] + bytes
    }

    /// A google.rpc.Status with a code, a message and a detail of another kind beside this one.
    private static func status(_ type: String, _ value: [UInt8]) -> [UInt8] {
        let other = field(1, Array("type.googleapis.com/google.rpc.BadRequest".utf8)) + field(2, [])
        let detail = field(1, Array("type.googleapis.com/\(type)".utf8)) + field(2, value)
        let fields: [[UInt8]] = [
            [0x08, 8], field(2, Array("later".utf8)), field(3, other), field(3, detail),
        ]
        return Array(fields.joined())
    }

    /// 2 s and 500,000,000 ns.
    private static let delay = field(1, [0x08, 2, 0x10, 0x80, 0xca, 0xb5, 0xee, 0x01])

    @Test(arguments: ["8", "14"], [true, false])
    func theServerSaysWhenToSendAgain(_ status: String, _ isPadded: Bool) {
        let details = Data(Self.status("google.rpc.RetryInfo", Self.delay)).base64EncodedString()
        let text = isPadded ? details : details.filter { $0 != "=" }
        let answer = Self.verdict([
            (":status", "200"), ("grpc-status", status), ("grpc-status-details-bin", text),
        ])
        #expect(answer == .refused(retryAfter: 2.5))
    }

    @Test func retryInfoIsFoundAmongDetails() {
        #expect(RetryDelay(status: Self.status("google.rpc.RetryInfo", []))?.seconds == 0)
        #expect(RetryDelay(status: Self.status("google.rpc.Help", Self.delay)) == nil)
        #expect(RetryDelay(status: []) == nil)
    }

    @Test func nonsenseIsReadToItsEnd() {
        let whole = Self.status("google.rpc.RetryInfo", Self.delay)
        for count in 0..<whole.count { #expect(RetryDelay(status: Array(whole[..<count])) == nil) }
        #expect(Array(MessageFields([0xff, 0xff])).isEmpty)
        let numbers = MessageFields([0x09, 1, 2, 3, 4, 5, 6, 7, 8, 0x15, 1, 2, 3, 4, 0x18, 5])
        #expect(numbers.map(\.number) == [1, 2, 3])
    }
}
