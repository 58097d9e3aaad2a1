import GRPCCore
import OTLP
import Telemetry

/// Passes messages through as the bytes they are.
struct RawMessage: MessageSerializer, MessageDeserializer {
    func serialize<Bytes: GRPCContiguousBytes>(_ message: [UInt8]) -> Bytes { Bytes(message) }

    func deserialize<Bytes: GRPCContiguousBytes>(_ bytes: Bytes) -> [UInt8] {
        bytes.withUnsafeBytes { [UInt8]($0) }
    }
}

/// The door of OTLP/gRPC: the `Export` method of the services for traces, logs and metrics.
///
/// Sizes, the bytes in flight and gzip are the affair of `GRPCMessageGate`, which sees every stream
/// first. It asks for the token, too, before a body may take room; that it is asked for again here
/// keeps a call that came another way from being let in.
struct OTLPServices: RegistrableRPCService {
    let ingest: any TelemetryIngest
    let admission: Admission
    let metrics: DoorMetrics
    let tokens: TokenBook?
    let defaultSpace: String
    let maxRequestBytes: Int

    /// The method that takes the requests of a signal.
    static func method(_ signal: Signal) -> MethodDescriptor {
        let service =
            switch signal {
            case .traces: "trace.v1.Trace"
            case .logs: "logs.v1.Logs"
            case .metrics: "metrics.v1.Metrics"
            }
        return MethodDescriptor(
            fullyQualifiedService: "opentelemetry.proto.collector.\(service)Service",
            method: "Export",
            type: .unary
        )
    }

    func registerMethods<Transport: ServerTransport>(with router: inout RPCRouter<Transport>) {
        for signal in Signal.allCases {
            router.registerHandler(
                forMethod: Self.method(signal),
                deserializer: RawMessage(),
                serializer: RawMessage()
            ) { request, _ in
                StreamingServerResponse(single: try await export(signal, request))
            }
        }
    }

    private func export(
        _ signal: Signal,
        _ request: StreamingServerRequest<[UInt8]>
    ) async throws -> ServerResponse<[UInt8]> {
        let started = ContinuousClock.now
        var bodyBytes = 0
        let outcome: DoorOutcome
        let response: ServerResponse<[UInt8]>
        do {
            try authenticate(request.metadata)
            let message = try await ServerRequest(stream: request).message
            bodyBytes = message.count
            let receipt = try await store(signal, message, request.metadata)
            outcome = receipt.outcome
            response = ServerResponse(message: ExportAnswer.body(receipt, signal, .protobuf))
        } catch let error as APIError {
            outcome = error.outcome
            response = ServerResponse(accepted: .failure(error.rpcError))
        }
        metrics.record(
            DoorMetrics.Exchange(
                signal: signal,
                transport: .grpc,
                outcome: outcome,
                wireBytes: bodyBytes,
                bodyBytes: bodyBytes,
                duration: started.duration(to: .now)
            )
        )
        return response
    }

    private func authenticate(_ metadata: Metadata) throws(APIError) {
        guard let tokens else { return }
        let authorization = metadata[stringValues: "authorization"].first { _ in true }
        guard tokens.principal(authorization: authorization) != nil else {
            throw .unauthenticated
        }
    }

    private func store(
        _ signal: Signal,
        _ message: [UInt8],
        _ metadata: Metadata
    ) async throws(APIError) -> IngestReceipt {
        try admission.enter()
        defer { admission.leave() }
        let request = IngestRequest(
            space: metadata[stringValues: "x-holdfast-space"].first { _ in true } ?? defaultSpace,
            signal: signal,
            encoding: .protobuf,
            body: message
        )
        do throws(IngestFailure) {
            return try await ingest.ingest(request)
        } catch {
            throw APIError(error, limit: maxRequestBytes)
        }
    }
}
