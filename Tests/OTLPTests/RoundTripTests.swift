import OTLP
import Testing

/// The encoder and the decoder agree about every field of every message.
struct RoundTripTests {
    @Test func everyFieldOfTracesSurvivesProtobuf() throws {
        let body = OTLPEncoder.protobuf(traces: Fixtures.traces)
        let columns = try OTLPDecoder.spans(protobuf: body)
        #expect(columns.violation() == nil)
        #expect(columns.rejections.count == 0)
        #expect(OTLPReader.spans(from: columns) == Fixtures.traces)
    }

    @Test func everyFieldOfTracesSurvivesJSON() throws {
        let columns = try OTLPDecoder.spans(json: OTLPEncoder.json(traces: Fixtures.traces))
        #expect(columns.violation() == nil)
        #expect(OTLPReader.spans(from: columns) == Fixtures.traces)
    }

    @Test func everyFieldOfLogsSurvivesProtobuf() throws {
        let columns = try OTLPDecoder.logs(protobuf: OTLPEncoder.protobuf(logs: Fixtures.logs))
        #expect(columns.violation() == nil)
        #expect(OTLPReader.logs(from: columns) == Fixtures.logs)
    }

    @Test func everyFieldOfLogsSurvivesJSON() throws {
        let columns = try OTLPDecoder.logs(json: OTLPEncoder.json(logs: Fixtures.logs))
        #expect(columns.violation() == nil)
        #expect(OTLPReader.logs(from: columns) == Fixtures.logs)
    }

    @Test func everyFieldOfMetricsSurvivesProtobuf() throws {
        let body = OTLPEncoder.protobuf(metrics: Fixtures.metrics)
        let columns = try OTLPDecoder.metrics(protobuf: body)
        #expect(columns.violation() == nil)
        #expect(columns.rejections.count == 0)
        #expect(OTLPReader.metrics(from: columns) == Fixtures.metrics)
    }

    @Test func everyFieldOfMetricsSurvivesJSON() throws {
        let columns = try OTLPDecoder.metrics(json: OTLPEncoder.json(metrics: Fixtures.metrics))
        #expect(columns.violation() == nil)
        #expect(OTLPReader.metrics(from: columns) == Fixtures.metrics)
    }

    @Test(arguments: Format.all)
    func anEmptyRequestIsASuccess(format: Format) throws {
        #expect(try format.violation(of: format.isJSON ? Array("{}".utf8) : []) == nil)
    }

    @Test func columnsHoldWhatWasSent() throws {
        let columns = try OTLPDecoder.spans(
            protobuf: OTLPEncoder.protobuf(traces: [
                ResourceSpans(scopes: [ScopeSpans(spans: [Fixtures.span])])
            ])
        )
        #expect(columns.traceIDs == [0x0102_0304_0506_0708, 0xf0e0_d0c0_b0a0_9080])
        #expect(columns.spanIDs == [0xa1a2_a3a4_a5a6_a7a8])
        #expect(columns.parentSpanIDs == [1])
        #expect(columns.flags == [0x8000_0301])
        #expect(columns.kinds == [3])
        #expect(columns.startTimes == [1_764_000_000_000_000_001])
        #expect(columns.endTimes == [.max])
        #expect(columns.statusCodes == [2])
        #expect(Array(columns.text[columns.names[0]]) == Array("GET /cart".utf8))
        #expect(!columns.names[0].isInScratch)
        #expect(columns.eventStarts == [0, 2])
        #expect(columns.linkStarts == [0, 1])
        #expect(columns.attributes.count == Fixtures.values.count)
    }

    @Test func absentSumsAreNotZero() throws {
        let metrics = [
            ResourceMetrics(scopes: [
                ScopeMetrics(metrics: [
                    Metric(
                        name: "h",
                        data: .histogram(
                            [HistogramPoint(sum: 0), HistogramPoint()],
                            temporality: 1
                        )
                    )
                ])
            ])
        ]
        let columns = try OTLPDecoder.metrics(protobuf: OTLPEncoder.protobuf(metrics: metrics))
        #expect(columns.sums == [0, MetricColumns.none])
        #expect(columns.minima == [MetricColumns.none, MetricColumns.none])
    }

    @Test func aSumThatLooksAbsentIsAnOrdinaryNaN() throws {
        let point = HistogramPoint(sum: Double(bitPattern: MetricColumns.none))
        let metrics = [
            ResourceMetrics(scopes: [
                ScopeMetrics(metrics: [Metric(name: "h", data: .histogram([point], temporality: 1))]
                )
            ])
        ]
        let columns = try OTLPDecoder.metrics(protobuf: OTLPEncoder.protobuf(metrics: metrics))
        #expect(columns.sums == [Double.nan.bitPattern])
    }
}
