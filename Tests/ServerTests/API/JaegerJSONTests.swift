import OTLP
import Testing

@testable import Server
@testable import Telemetry

@Suite("What Jaeger's clients are answered")
struct JaegerJSONTests {
    private static func trace(_ spans: [Span]) -> FoundTrace {
        let origin = Origin(
            serviceName: "shop",
            resource: Resource(),
            resourceSchemaURL: "",
            scope: Scope(),
            scopeSchemaURL: ""
        )
        return FoundTrace(
            id: TraceID(high: 0, low: 1),
            spans: spans.map { FoundSpan(span: $0, origin: origin) }
        )
    }

    private static func span(
        _ id: UInt64,
        parent: UInt64 = 0,
        kind: Int32 = 0,
        times: ClosedRange<UInt64> = 0...0,
        attributes: [KeyValue] = []
    ) -> Span {
        Span(
            traceID: TraceID(high: 0, low: 1),
            spanID: SpanID(id),
            parentSpanID: SpanID(parent),
            name: "op",
            kind: kind,
            startTime: times.lowerBound,
            endTime: times.upperBound,
            attributes: attributes
        )
    }

    private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    // MARK: - The first API

    static let integers: [(Int64, String)] = [
        (0, "0"), (-1, "-1"),
        (9_007_199_254_740_991, "9007199254740991"),
        (-9_007_199_254_740_991, "-9007199254740991"),
        (9_007_199_254_740_992, "\"9007199254740992\""),
        (-9_007_199_254_740_992, "\"-9007199254740992\""),
        (.max, "\"9223372036854775807\""), (.min, "\"-9223372036854775808\""),
    ]

    @Test("an integer that browsers would round is text", arguments: integers)
    func writesIntegers(_ number: Int64, _ json: String) {
        let span = Self.span(1, attributes: [KeyValue("n", .int(number))])
        let trace = Self.text(JaegerJSON.trace(Self.trace([span])))
        #expect(trace.contains(#"{"key":"n","type":"int64","value":\#(json)}"#))
    }

    @Test(
        "a number that JSON has not is text",
        arguments: [
            (.nan, #""NaN""#), (.infinity, #""+Inf""#), (-.infinity, #""-Inf""#), (0.5, "0.5"),
            (-0.0, "-0.0"),
        ] as [(Double, String)]
    )
    func writesDoubles(_ number: Double, _ json: String) {
        let span = Self.span(1, attributes: [KeyValue("n", .double(number))])
        let trace = Self.text(JaegerJSON.trace(Self.trace([span])))
        #expect(trace.contains(#"{"key":"n","type":"float64","value":\#(json)}"#))
    }

    @Test("a span has the kind that it says", arguments: zip(1...5 as ClosedRange<Int32>, kinds))
    func tellsKinds(_ kind: Int32, _ name: String) {
        let trace = Self.text(JaegerJSON.trace(Self.trace([Self.span(1, kind: kind)])))
        #expect(trace.contains(#"{"key":"span.kind","type":"string","value":"\#(name)"}"#))
    }

    static let kinds = ["internal", "server", "client", "producer", "consumer"]

    @Test("a span without a kind that is known has none", arguments: [0, 6, -1, .min] as [Int32])
    func tellsNoKind(_ kind: Int32) {
        let trace = Self.text(JaegerJSON.trace(Self.trace([Self.span(1, kind: kind)])))
        #expect(!trace.contains("span.kind"))
    }

    // MARK: - Version 3

    @Test("a summary has the names of Jaeger, too, and counts orphans")
    func summarizes() {
        let spans = [
            Self.span(1, times: 5...9), Self.span(2, parent: 1, times: 6...7),
            Self.span(3, parent: 8, times: 7...(1 << 63)), Self.span(4, parent: 4, times: 8...8),
        ]
        #expect(
            Self.text(JaegerJSON.summaries([Self.trace(spans)])) == """
                {"summaries":[{"traceId":"00000000000000000000000000000001",\
                "rootServiceName":"shop","rootOperationName":"op",\
                "minTimeUnixNano":"5","maxTimeUnixNano":"9223372036854775808",\
                "minStartTimeUnixNano":"5","maxEndTimeUnixNano":"9223372036854775808",\
                "spanCount":4,"errorSpanCount":0,"orphanSpanCount":1,\
                "services":[{"name":"shop","spanCount":4,"errorSpanCount":0}]}]}
                """
        )
    }

    @Test("a summary leaves out what is zero and Jaeger's alone")
    func summarizesWithoutZeros() {
        #expect(
            Self.text(JaegerJSON.summaries([Self.trace([Self.span(1)])])) == """
                {"summaries":[{"traceId":"00000000000000000000000000000001",\
                "rootServiceName":"shop","rootOperationName":"op",\
                "minTimeUnixNano":"0","maxTimeUnixNano":"0","spanCount":1,"errorSpanCount":0,\
                "services":[{"name":"shop","spanCount":1,"errorSpanCount":0}]}]}
                """
        )
    }

    @Test(
        "operations that do not say their kind are internal",
        arguments: [nil, "internal", "unspecified", "server", "nonsense"]
    )
    func listsOperations(_ kind: String?) {
        let operations = [("a", "server"), ("a", "unspecified"), ("b", "internal")].map {
            Operation(service: "shop", name: $0.0, kind: $0.1)
        }
        let more = [Operation(service: "shop", name: "b", kind: "unspecified")]
        let internals = #"{"name":"a","spanKind":"internal"},{"name":"b","spanKind":"internal"}"#
        let server = #"{"name":"a","spanKind":"server"}"#
        let shown =
            switch kind {
            case nil:
                #"{"name":"a","spanKind":"internal"},"# + server
                    + #",{"name":"b","spanKind":"internal"}"#
            case "internal"?, "unspecified"?: internals
            case "server"?: server
            default: ""
            }
        #expect(
            Self.text(JaegerJSON.operations(operations + more, kind: kind))
                == #"{"operations":[\#(shown)]}"#
        )
        // The first API says the same in its envelope.
        let list = Self.text(JaegerJSON.operationList(operations + more, kind: kind))
        #expect(list.hasPrefix(#"{"data":[\#(shown)],"total":"#))
    }
}
