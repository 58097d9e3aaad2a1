import NIOCore
import NIOPosix
import NIOSSL

@testable import Server

/// A client for HTTP/1.1 that sends exactly what it is told, over a connection of its own.
struct HTTPProbe {
    var address: HostPort
    var tls: NIOSSLContext?

    struct Answer: Sendable {
        var status = 0
        /// Names in lower case.
        var headers: [String: String] = [:]
        var body: [UInt8] = []

        var text: String { String(decoding: body, as: UTF8.self) }
    }

    init(_ address: HostPort, tls: NIOSSLContext? = nil) {
        self.address = address
        self.tls = tls
    }

    func post(
        _ path: String,
        _ contentType: String? = "application/x-protobuf",
        headers: [(String, String)] = [],
        body: [UInt8] = []
    ) async throws -> Answer {
        let type = contentType.map { [("Content-Type", $0)] } ?? []
        return try await send("POST", path, headers: type + headers, body: body)
    }

    func get(_ path: String, headers: [(String, String)] = []) async throws -> Answer {
        try await send("GET", path, headers: headers)
    }

    /// Sends a request with a Content-Length.
    func send(
        _ method: String,
        _ path: String,
        headers: [(String, String)] = [],
        body: [UInt8] = []
    ) async throws -> Answer {
        let length = [("Content-Length", "\(body.count)")]
        return try await exchange(Self.head(method, path, headers + length) + body)
    }

    /// Sends a request whose body comes in chunks, as of unknown length.
    func postChunked(
        _ path: String,
        headers: [(String, String)] = [],
        chunks: [[UInt8]]
    ) async throws -> Answer {
        let all =
            [
                ("Content-Type", "application/x-protobuf"), ("Transfer-Encoding", "chunked"),
            ] + headers
        var bytes = Self.head("POST", path, all)
        for chunk in chunks {
            bytes += Array("\(String(chunk.count, radix: 16))\r\n".utf8) + chunk + [13, 10]
        }
        return try await exchange(bytes + Array("0\r\n\r\n".utf8))
    }

    /// The head of a request after which the server closes the connection, unless it `staysOpen`.
    static func head(
        _ method: String,
        _ path: String,
        _ headers: [(String, String)],
        staysOpen: Bool = false
    ) -> [UInt8] {
        var text = "\(method) \(path) HTTP/1.1\r\nHost: test\r\n"
        if !staysOpen { text += "Connection: close\r\n" }
        for (name, value) in headers { text += "\(name): \(value)\r\n" }
        return Array((text + "\r\n").utf8)
    }

    /// Sends bytes, then half closes the connection if told to, reads until the server closes, and
    /// takes that for a response.
    func exchange(_ bytes: [UInt8], endsSending: Bool = false) async throws -> Answer {
        try Self.answer(try await transfer(bytes, endsSending: endsSending))
    }

    /// The same, but several responses: the status of each.
    func statuses(_ bytes: [UInt8], endsSending: Bool = false) async throws -> [Int] {
        let received = try await transfer(bytes, endsSending: endsSending)
        let text = String(decoding: received, as: UTF8.self)
        return text.split(separator: "HTTP/1.1 ").compactMap { Int($0.prefix(3)) }
    }

    private func transfer(_ bytes: [UInt8], endsSending: Bool) async throws -> [UInt8] {
        let tls = tls
        let channel = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .connect(host: address.host, port: address.port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let tls {
                        try channel.pipeline.syncOperations.addHandler(
                            NIOSSLClientHandler(context: tls, serverHostname: "localhost")
                        )
                    }
                    return try NIOAsyncChannel<ByteBuffer, ByteBuffer>(
                        wrappingChannelSynchronously: channel,
                        configuration: .init(isOutboundHalfClosureEnabled: true)
                    )
                }
            }
        return try await channel.executeThenClose { inbound, outbound in
            // A server that has refused early may close before everything is sent.
            try? await outbound.write(ByteBuffer(bytes: bytes))
            if endsSending { outbound.finish() }
            var received: [UInt8] = []
            for try await part in inbound { received += Array(part.readableBytesView) }
            return received
        }
    }

    struct Malformed: Error {
        var bytes: [UInt8]
    }

    private static func answer(_ bytes: [UInt8]) throws -> Answer {
        let separator: [UInt8] = [13, 10, 13, 10]
        let end = bytes.indices.first { bytes[$0...].starts(with: separator) }
        guard let end else { throw Malformed(bytes: bytes) }
        let lines = String(decoding: bytes[..<end], as: UTF8.self).split(separator: "\r\n")
        let words = lines.first?.split(separator: " ") ?? []
        guard words.count > 1, let status = Int(words[1]) else { throw Malformed(bytes: bytes) }
        var answer = Answer(status: status)
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            let value = line[line.index(after: colon)...].drop { $0 == " " }
            answer.headers[line[..<colon].lowercased()] = String(value)
        }
        answer.body = Array(bytes[(end + 4)...])
        return answer
    }
}
