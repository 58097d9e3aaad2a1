import NIOCore
import NIOEmbedded
import NIOHPACK
import NIOHTTP2
import Testing

@testable import Server

/// The gate on its own, with messages cut into frames in every way.
struct GRPCMessageGateTests {
    private typealias Payload = HTTP2Frame.FramePayload

    /// The gate, and what went through it.
    private struct Fixture {
        let channel = EmbeddedChannel()
        let admission = Admission(maxRequests: 10, maxBytes: 10_000)

        /// Whether the headers were let through.
        let isLetIn: Bool

        init(encoding: String?, tokens: TokenBook? = nil, authorization: String? = nil) throws {
            let gate = GRPCMessageGate(
                maxMessageBytes: 1000,
                admission: admission,
                tokens: tokens
            ) { _, _ in }
            try channel.pipeline.syncOperations.addHandler(gate)
            var headers: HPACKHeaders = [":path": "/service/Export"]
            if let encoding { headers.add(name: "grpc-encoding", value: encoding) }
            if let authorization { headers.add(name: "authorization", value: authorization) }
            try channel.writeInbound(Payload.headers(.init(headers: headers)))
            isLetIn = try channel.readInbound(as: Payload.self) != nil
        }

        /// Sends bytes in frames of `count` bytes each.
        func send(_ bytes: [UInt8], frame count: Int) throws {
            for start in stride(from: 0, to: bytes.count, by: count) {
                let end = min(start + count, bytes.count)
                let data = Payload.Data(
                    data: .byteBuffer(ByteBuffer(bytes: bytes[start..<end])),
                    endStream: end == bytes.count
                )
                try channel.writeInbound(Payload.data(data))
            }
        }

        /// All bytes that were let through.
        func passed() throws -> [UInt8] {
            var bytes: [UInt8] = []
            while let payload = try channel.readInbound(as: Payload.self) {
                guard case .data(let data) = payload, case .byteBuffer(let buffer) = data.data
                else { continue }
                bytes += Array(buffer.readableBytesView)
            }
            return bytes
        }

        /// The status of the answer that the gate gave itself.
        func answer() throws -> String? {
            while let payload = try channel.readOutbound(as: Payload.self) {
                guard case .headers(let headers) = payload, headers.endStream else { continue }
                return headers.headers.first(name: "grpc-status")
            }
            return nil
        }
    }

    private static func message(_ payload: [UInt8], flag: UInt8 = 0) -> [UInt8] {
        var buffer = ByteBuffer()
        buffer.writeInteger(flag)
        buffer.writeInteger(UInt32(payload.count))
        buffer.writeBytes(payload)
        return Array(buffer.readableBytesView)
    }

    @Test(arguments: [1, 2, 4, 5, 6, 7, 300, 5000])
    func passesPlainMessagesUnchanged(_ frame: Int) throws {
        let fixture = try Fixture(encoding: nil)
        let bytes =
            Self.message([UInt8](repeating: 1, count: 1000)) + Self.message([])
            + Self.message([2, 3])
        try fixture.send(bytes, frame: frame)
        #expect(try fixture.passed() == bytes)
        #expect(try fixture.answer() == nil)
    }

    @Test(arguments: [1, 2, 4, 5, 6, 7, 300, 5000])
    func inflatesCompressedMessages(_ frame: Int) throws {
        let fixture = try Fixture(encoding: "gzip")
        let payload = (0..<900).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let packed = try #require(Gzip.deflated(payload))
        try fixture.send(
            Self.message(packed, flag: 1) + Self.message([4]) + Self.message(packed, flag: 1),
            frame: frame
        )
        #expect(
            try fixture.passed()
                == Self.message(payload) + Self.message([4]) + Self.message(payload)
        )
        #expect(try fixture.answer() == nil)
    }

    @Test(arguments: [1, 5, 700, 5000])
    func answersWhatIsTooLarge(_ frame: Int) throws {
        let large = [UInt8](repeating: 1, count: 1001)
        let packed = try #require(Gzip.deflated(large))
        for bytes in [Self.message(large), Self.message(packed, flag: 1)] {
            let fixture = try Fixture(encoding: "gzip")
            try? fixture.send(bytes, frame: frame)
            #expect(try fixture.answer() == "8")
            _ = try fixture.channel.finish(acceptAlreadyClosed: true)
            #expect(fixture.admission.inFlight.bytes == 0)
        }
    }

    @Test func answersDamagedMessages() throws {
        let packed = try #require(Gzip.deflated([UInt8](0...255)))
        let truncated = Array(packed.dropLast(3))
        for payload in [truncated, packed + [1, 2, 3], [], [9, 9, 9, 9]] {
            let fixture = try Fixture(encoding: "gzip")
            try? fixture.send(Self.message(payload, flag: 1), frame: 5000)
            #expect(try fixture.answer() == "3")
        }
    }

    @Test func answersCompressionThatNobodyNamed() throws {
        let packed = try #require(Gzip.deflated([1]))
        let fixture = try Fixture(encoding: nil)
        try? fixture.send(Self.message(packed, flag: 1), frame: 5000)
        #expect(try fixture.answer() == "3")
    }

    @Test func answersWhenThereIsNoRoom() throws {
        let fixture = try Fixture(encoding: nil)
        try fixture.admission.reserve(9500)
        try? fixture.send(Self.message([UInt8](repeating: 1, count: 900)), frame: 5000)
        #expect(try fixture.answer() == "14")
        _ = try fixture.channel.finish(acceptAlreadyClosed: true)
        #expect(fixture.admission.inFlight.bytes == 9500)
    }

    @Test(arguments: [nil, "Bearer nonsense", "Bearer s3cre", "s3cret"])
    func takesNothingOfAStreamWithoutAToken(_ authorization: String?) throws {
        let tokens = try TokenBook(text: "s3cret", path: "tokens")
        let fixture = try Fixture(encoding: nil, tokens: tokens, authorization: authorization)
        #expect(!fixture.isLetIn)
        try? fixture.send(Self.message([UInt8](repeating: 1, count: 1000)), frame: 100)
        #expect(fixture.admission.inFlight.bytes == 0)
        #expect(try fixture.answer() == "16")
    }

    @Test func asksForTheTokenOnce() throws {
        let tokens = try TokenBook(text: "s3cret", path: "tokens")
        let fixture = try Fixture(
            encoding: nil,
            tokens: tokens,
            authorization: "Bearer s3cret"
        )
        #expect(fixture.isLetIn)
        let bytes = Self.message([UInt8](repeating: 1, count: 900))
        try fixture.send(bytes, frame: 100)
        #expect(try fixture.passed() == bytes)
        #expect(fixture.admission.inFlight.bytes == bytes.count)
        // Headers that end a stream carry no token.
        let trailers = Payload.Headers(headers: ["x-end": "1"], endStream: true)
        try fixture.channel.writeInbound(Payload.headers(trailers))
        #expect(try fixture.channel.readInbound(as: Payload.self) != nil)
        #expect(try fixture.answer() == nil)
    }

    /// Resets cost the connection when there are many; see the gate.
    @Test func resetsARefusedStreamOnlyWhenItGoesOn() throws {
        let tokens = try TokenBook(text: "s3cret", path: "tokens")
        let fixture = try Fixture(encoding: nil, tokens: tokens)
        #expect(try fixture.answer() == "16")
        let frame = Payload.data(
            .init(data: .byteBuffer(ByteBuffer(repeating: 1, count: 100_000)), endStream: false)
        )
        for _ in 0..<10 { try fixture.channel.writeInbound(frame) }
        #expect(try fixture.channel.readOutbound(as: Payload.self) == nil)
        _ = try? fixture.channel.writeInbound(frame)
        guard case .rstStream? = try fixture.channel.readOutbound(as: Payload.self) else {
            Issue.record("a client that goes on is not stopped")
            return
        }
    }

    @Test func dropsWhatFollowsAnAnswer() throws {
        let fixture = try Fixture(encoding: nil)
        let trailers = Payload.Headers(headers: ["grpc-status": "16"], endStream: true)
        try fixture.channel.writeOutbound(Payload.headers(trailers))
        try fixture.send(Self.message([UInt8](repeating: 1, count: 2000)), frame: 100)
        #expect(try fixture.passed().isEmpty)
        #expect(fixture.admission.inFlight.bytes == 0)
    }
}
