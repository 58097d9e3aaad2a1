import OTLP
import Testing

/// The answers to export requests.
struct ResponseTests {
    private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    @Test(arguments: Signal.allCases)
    func fullSuccessLeavesPartialSuccessUnset(signal: Signal) {
        let response = ExportResponse(signal: signal)
        #expect(response.protobuf().isEmpty)
        #expect(text(response.json()) == "{}")
    }

    @Test(
        arguments: [
            (Signal.traces, "rejectedSpans"), (.logs, "rejectedLogRecords"),
            (.metrics, "rejectedDataPoints"),
        ]
    )
    func partialSuccessCountsRejections(signal: Signal, name: String) {
        let response = ExportResponse(rejected: 300, message: "why", signal: signal)
        #expect(
            response.protobuf()
                == Wire.field(1, Wire.field(1, varint: 300), Wire.field(2, "why"))
        )
        #expect(
            text(response.json())
                == #"{"partialSuccess":{"\#(name)":"300","errorMessage":"why"}}"#
        )
    }

    @Test func aWarningRejectsNothing() {
        let response = ExportResponse(message: "careful", signal: .logs)
        #expect(response.protobuf() == Wire.field(1, Wire.field(2, "careful")))
        #expect(text(response.json()) == #"{"partialSuccess":{"errorMessage":"careful"}}"#)
    }

    private let status = RPCStatus(
        code: 3,
        message: "bad",
        details: [
            .badRequest([RPCStatus.Violation(field: "f", description: "d")]),
            .retryInfo(delayMilliseconds: 1500),
        ]
    )

    @Test func aStatusHasDetailsInProtobuf() {
        let violation = Wire.field(1, Wire.field(1, "f"), Wire.field(2, "d"))
        let delay = Wire.field(1, Wire.field(1, varint: 1), Wire.field(2, varint: 500_000_000))
        let prefix = "type.googleapis.com/google.rpc."
        #expect(
            status.protobuf()
                == Wire.field(1, varint: 3) + Wire.field(2, "bad")
                + Wire.field(3, Wire.field(1, prefix + "BadRequest"), Wire.field(2, violation))
                + Wire.field(3, Wire.field(1, prefix + "RetryInfo"), Wire.field(2, delay))
        )
    }

    @Test func aStatusHasDetailsInJSON() {
        let prefix = "type.googleapis.com/google.rpc."
        let expected =
            #"{"code":3,"message":"bad","details":[{"@type":"\#(prefix)BadRequest","#
            + #""fieldViolations":[{"field":"f","description":"d"}]},"#
            + #"{"@type":"\#(prefix)RetryInfo","retryDelay":"1.500s"}]}"#
        #expect(text(status.json()) == expected)
    }

    @Test(arguments: [(Int64(0), "0s"), (2000, "2s"), (50, "0.050s"), (-1500, "-1.500s")])
    func delaysAreSeconds(milliseconds: Int64, expected: String) {
        let status = RPCStatus(
            code: 8,
            message: "",
            details: [.retryInfo(delayMilliseconds: milliseconds)]
        )
        #expect(text(status.json()).contains(#""retryDelay":"\#(expected)""#))
    }

    @Test func errorsSayWhereTheyAre() {
        let error = OTLPError(code: .malformed, message: "truncated varint", offset: 7)
        #expect("\(error)" == "malformed: truncated varint (at byte 7)")
    }
}
