import GRPCCore
import GRPCNIOTransportHTTP2
import OTLP

@testable import Server

/// Calls Export over a connection of its own.
struct GRPCProbe {
    var address: HostPort
    var security: HTTP2ClientTransport.Posix.TransportSecurity = .plaintext

    /// Called instead of Export.
    var method: MethodDescriptor?

    init(_ address: HostPort, method: MethodDescriptor? = nil) {
        self.address = address
        self.method = method
    }

    /// The message of the response.
    ///
    /// - Throws: `RPCError`, as the server sent it.
    func export(
        _ signal: Signal = .traces,
        _ message: [UInt8] = [],
        metadata: Metadata = [:],
        isCompressed: Bool = false
    ) async throws -> [UInt8] {
        let transport = try HTTP2ClientTransport.Posix(
            target: .ipv4(address: address.host, port: address.port),
            transportSecurity: security,
            config: .defaults { config in
                config.compression.algorithm = isCompressed ? .gzip : .none
                config.compression.enabledAlgorithms = .all
                config.http2.authority = "localhost"
            }
        )
        return try await withGRPCClient(transport: transport) { client in
            try await client.unary(
                request: ClientRequest(message: message, metadata: metadata),
                descriptor: method ?? OTLPServices.method(signal),
                serializer: RawMessage(),
                deserializer: RawMessage(),
                options: .defaults
            ) { response in
                try response.message
            }
        }
    }

    /// The error of a call that must fail, and the bytes of its status details.
    func refusal(
        _ signal: Signal = .traces,
        _ message: [UInt8] = [],
        metadata: Metadata = [:],
        isCompressed: Bool = false
    ) async throws -> (error: RPCError, details: [UInt8]) {
        do {
            _ = try await export(
                signal,
                message,
                metadata: metadata,
                isCompressed: isCompressed
            )
        } catch let error as RPCError {
            let details = error.metadata[binaryValues: "grpc-status-details-bin"].first { _ in true
            }
            return (error, details ?? [])
        }
        throw NoRefusal()
    }

    struct NoRefusal: Error {}
}
