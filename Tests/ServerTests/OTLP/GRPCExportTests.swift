import GRPCCore
import OTLP
import Telemetry
import Testing

@testable import Server

/// OTLP/gRPC through the client of grpc-swift, over a live socket.
@Suite(.timeLimit(.minutes(1)))
struct GRPCExportTests {
    @Test(arguments: Signal.allCases)
    func storesEverySignal(_ signal: Signal) async throws {
        let ingest = FakeIngest()
        try await withServer(ingest) { server, addresses in
            let answer = try await GRPCProbe(addresses.grpc).export(signal, [1, 2, 3])
            #expect(answer.isEmpty)
            #expect(server.metrics.requests(signal, .grpc, .stored) == 1)
        }
        let request = try #require(ingest.requests.first)
        #expect(request.signal == signal)
        #expect(request.encoding == .protobuf)
        #expect(request.space == "default")
        #expect(request.body == [1, 2, 3])
    }

    @Test func storesAnEmptyRequest() async throws {
        let ingest = FakeIngest()
        try await withServer(ingest) { _, addresses in
            let answer = try await GRPCProbe(addresses.grpc).export()
            #expect(answer.isEmpty)
        }
        #expect(ingest.requests.map(\.body) == [[]])
    }

    @Test(arguments: [false, true])
    func takesLargeMessages(_ isCompressed: Bool) async throws {
        let message = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 7) }
        let ingest = FakeIngest()
        try await withServer(ingest) { _, addresses in
            _ = try await GRPCProbe(addresses.grpc)
                .export(.logs, message, isCompressed: isCompressed)
        }
        #expect(ingest.requests.map(\.body) == [message])
    }

    @Test func sendsTheSpaceAlong() async throws {
        let ingest = FakeIngest()
        try await withServer(ingest) { _, addresses in
            _ = try await GRPCProbe(addresses.grpc)
                .export(metadata: ["X-Holdfast-Space": "team-a"])
        }
        #expect(ingest.requests.first?.space == "team-a")
    }

    @Test func tellsPartialSuccess() async throws {
        let ingest = FakeIngest { _ in IngestReceipt(rejectedRecords: 3, message: "bad ids") }
        try await withServer(ingest) { server, addresses in
            let answer = try await GRPCProbe(addresses.grpc).export(.metrics, [1])
            #expect(answer == [0x0a, 11, 0x08, 3, 0x12, 7] + Array("bad ids".utf8))
            #expect(server.metrics.requests(.metrics, .grpc, .partial) == 1)
        }
    }

    // MARK: - Refusals

    struct Mapping: Sendable, CustomTestStringConvertible {
        var failure: IngestFailure.Code
        var code: RPCError.Code
        var outcome: DoorOutcome

        var testDescription: String { "\(failure)" }
    }

    static let mappings = [
        Mapping(failure: .malformed, code: .invalidArgument, outcome: .malformed),
        Mapping(failure: .unknownSpace, code: .notFound, outcome: .unknownSpace),
        Mapping(failure: .tooLarge, code: .resourceExhausted, outcome: .tooLarge),
        Mapping(failure: .overloaded, code: .unavailable, outcome: .overloaded),
        Mapping(failure: .diskFull, code: .unavailable, outcome: .diskFull),
        Mapping(failure: .unavailable, code: .unavailable, outcome: .unavailable),
    ]

    @Test(arguments: mappings)
    func tellsTheClientWhatToDo(_ mapping: Mapping) async throws {
        let failure = IngestFailure(mapping.failure, "no", remedy: "Wait.", retryAfter: 7)
        try await withServer(FakeIngest(failing: failure)) { server, addresses in
            let refusal = try await GRPCProbe(addresses.grpc).refusal(.traces, [1])
            #expect(refusal.error.code == mapping.code)
            #expect(refusal.error.message == "no. Wait.")
            let text = Array("no. Wait.".utf8)
            let head = [0x08, UInt8(mapping.code.rawValue), 0x12, UInt8(text.count)] + text
            #expect(refusal.details == head + Self.detail(mapping.code))
            #expect(server.metrics.requests(.traces, .grpc, mapping.outcome) == 1)
        }
    }

    /// The only detail of a google.rpc.Status, as its field 3.
    private static func detail(_ code: RPCError.Code) -> [UInt8] {
        let name: String
        let value: [UInt8]
        switch code {
        case .unavailable:
            // retry_delay { seconds: 7 }
            (name, value) = ("RetryInfo", [0x0a, 2, 0x08, 7])
        case .invalidArgument:
            // field_violations { description: "no" }
            (name, value) = ("BadRequest", [0x0a, 4, 0x12, 2] + Array("no".utf8))
        default: return []
        }
        let type = Array("type.googleapis.com/google.rpc.\(name)".utf8)
        let any = [0x0a, UInt8(type.count)] + type + [0x12, UInt8(value.count)] + value
        return [0x1a, UInt8(any.count)] + any
    }

    @Test(arguments: [false, true])
    func refusesMessagesOverTheLimit(_ isCompressed: Bool) async throws {
        let ingest = FakeIngest()
        let configure: (inout ServerConfiguration) -> Void = { $0.maxRequestBytes = 100_000 }
        try await withServer(ingest, configure: configure) { server, addresses in
            let probe = GRPCProbe(addresses.grpc)
            let atLimit = [UInt8](repeating: 9, count: 100_000)
            _ = try await probe.export(.traces, atLimit, isCompressed: isCompressed)
            for count in [100_001, 5_000_000] {
                let refusal = try await probe.refusal(
                    .traces,
                    [UInt8](repeating: 9, count: count),
                    isCompressed: isCompressed
                )
                #expect(refusal.error.code == .resourceExhausted)
                #expect(refusal.error.message.contains("larger than 100000 bytes"))
                #expect(!String(decoding: refusal.details, as: UTF8.self).contains("RetryInfo"))
            }
            #expect(server.metrics.requests(.traces, .grpc, .tooLarge) == 2)
        }
        #expect(ingest.requests.count == 1)
    }

    @Test func refusesOtherMethods() async throws {
        let method = MethodDescriptor(
            fullyQualifiedService: "opentelemetry.proto.collector.trace.v1.TraceService",
            method: "Import"
        )
        try await withServer { _, addresses in
            let refusal = try await GRPCProbe(addresses.grpc, method: method).refusal()
            #expect(refusal.error.code == .unimplemented)
        }
    }

    @Test func refusesMoreRequestsThanAllowed() async throws {
        let entered = Gate()
        let release = Gate()
        let ingest = FakeIngest { _ in
            entered.open()
            await release.wait()
            return IngestReceipt()
        }
        let configure: (inout ServerConfiguration) -> Void = { $0.maxConcurrentRequests = 1 }
        try await withServer(ingest, configure: configure) { _, addresses in
            let probe = GRPCProbe(addresses.grpc)
            async let first = probe.export(.traces, [1])
            await entered.wait()
            let second = try await probe.refusal(.traces, [2])
            #expect(second.error.code == .unavailable)
            #expect(String(decoding: second.details, as: UTF8.self).contains("RetryInfo"))
            release.open()
            #expect(try await first == [])
        }
    }

    @Test func givesBackWhatRequestsTook() async throws {
        let configure: (inout ServerConfiguration) -> Void = { configuration in
            configuration.maxRequestBytes = 1000
            configuration.maxBytesInFlight = 3000
        }
        try await withServer(configure: configure) { _, addresses in
            let probe = GRPCProbe(addresses.grpc)
            let message = [UInt8](repeating: 9, count: 1000)
            for _ in 0..<5 {
                _ = try await probe.export(.traces, message)
                _ = try await probe.export(.traces, message, isCompressed: true)
                _ = try await probe.refusal(.traces, message + [9])
            }
        }
    }
}
