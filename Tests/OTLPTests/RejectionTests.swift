import OTLP
import Testing

/// Records that make no sense are refused one by one, whole, and counted.
struct RejectionTests {
    private static let rich =
        Wire.attribute(Wire.field(5, Wire.field(1, Wire.field(1, "x"))))
        + Wire.field(11, Wire.field(2, "event"), Wire.field(3, Wire.field(1, "k")))
        + Wire.field(13, Wire.traceID, Wire.spanID, Wire.field(4, Wire.field(1, "k")))
    private static let good = Wire.traceID + Wire.spanID + rich

    struct BadSpan: Sendable, CustomTestStringConvertible {
        var fields: [UInt8]
        var reason: String
        var testDescription: String { reason }

        init(_ reason: String, _ fields: [UInt8]...) {
            self.fields = fields.flatMap { $0 }
            self.reason = reason
        }
    }

    private static let zero16 = [UInt8](repeating: 0, count: 16)
    private static let zero8 = [UInt8](repeating: 0, count: 8)
    private static let ids = Wire.traceID + Wire.spanID
    private static let badSpans: [BadSpan] = [
        BadSpan("trace id is not 16 bytes long", Wire.spanID),
        BadSpan("trace id is not 16 bytes long", Wire.field(1, [1, 2, 3]), Wire.spanID),
        BadSpan("trace id is not 16 bytes long", Wire.field(1, [UInt8](1...17)), Wire.spanID),
        BadSpan("trace id is all zero", Wire.field(1, zero16), Wire.spanID),
        BadSpan("span id is not 8 bytes long", Wire.traceID),
        BadSpan("span id is not 8 bytes long", Wire.traceID, Wire.field(2, [UInt8](1...9))),
        BadSpan("span id is all zero", Wire.traceID, Wire.field(2, zero8)),
        BadSpan("parent span id is not 8 bytes long", ids, Wire.field(4, [1])),
        BadSpan("link trace id is not 16 bytes long", ids, Wire.field(13, Wire.field(1, [1]))),
        BadSpan(
            "link span id is not 8 bytes long",
            ids,
            Wire.field(13, Wire.traceID, Wire.field(2, [1]))
        ),
    ]

    @Test(arguments: badSpans)
    func aSpanWithBadIDsIsRefusedWhole(bad: BadSpan) throws {
        let columns = try OTLPDecoder.spans(
            protobuf: Wire.request(spans: Self.good, bad.fields + Self.rich, Self.good)
        )
        #expect(columns.violation() == nil)
        #expect(columns.rejections.count == 1)
        #expect(columns.rejections.reasons == [bad.reason])
        #expect(columns.count == 2)
        #expect(columns.attributes.count == 2)
        #expect(columns.eventTimes.count == 2)
        #expect(columns.eventAttributes.count == 2)
        #expect(columns.linkSpanIDs.count == 2)
        #expect(columns.linkAttributes.count == 2)
    }

    @Test func aLinkWithoutIDsIsKept() throws {
        let none = Wire.field(13, Wire.field(1, Self.zero16), Wire.field(2, Self.zero8))
        let columns = try OTLPDecoder.spans(
            protobuf: Wire.request(spans: Self.ids + none, Self.ids + Wire.field(13))
        )
        #expect(columns.violation() == nil)
        #expect(columns.count == 2 && columns.rejections.count == 0)
        #expect(columns.linkTraceIDs == [0, 0, 0, 0] && columns.linkSpanIDs == [0, 0])
    }

    @Test func anAllZeroParentIsNoParent() throws {
        let body = Wire.span(Wire.field(4, [UInt8](repeating: 0, count: 8)))
        let columns = try OTLPDecoder.spans(protobuf: body)
        #expect(columns.parentSpanIDs == [0])
    }

    @Test func theSameReasonIsKeptOnce() throws {
        let columns = try OTLPDecoder.spans(
            protobuf: Wire.request(spans: Wire.traceID, Wire.traceID, Wire.spanID)
        )
        #expect(columns.rejections.count == 3)
        #expect(columns.rejections.reasons.count == 2)
    }

    @Test func aLogWithAnIDOfTheWrongLengthIsRefused() throws {
        let attribute = Wire.field(6, Wire.field(1, "k"))
        let columns = try OTLPDecoder.logs(
            protobuf: Wire.request(
                spans: attribute + Wire.field(9, [1]),
                attribute + Wire.field(10, [1]),
                attribute + Wire.field(9, [UInt8](repeating: 0, count: 16)),
                attribute
            )
        )
        #expect(columns.violation() == nil)
        #expect(columns.rejections.count == 2)
        #expect(columns.count == 2)
        #expect(columns.attributes.count == 2)
        #expect(columns.traceIDs == [0, 0, 0, 0])
    }

    /// A metrics request of one metric of this shape with these points, and a good gauge.
    private func metrics(_ shape: Int, _ points: [UInt8]...) throws -> MetricColumns {
        let body = Wire.request(
            spans: Wire.field(shape, points.map { Wire.field(1, $0) }.flatMap { $0 }),
            Wire.field(1, "good") + Wire.field(5, Wire.field(1, Wire.field(3, fixed64: 1)))
        )
        let columns = try OTLPDecoder.metrics(protobuf: body)
        #expect(columns.violation() == nil)
        return columns
    }

    @Test func aHistogramWhoseBoundsDoNotFitIsRefused() throws {
        let attribute = Wire.field(9, Wire.field(1, "k"))
        let exemplar = Wire.field(8, Wire.field(7, Wire.field(1, "k")))
        let bucket = Wire.field(6, fixed64: 1)
        let bound = { (value: Double) in Wire.field(7, fixed64: value.bitPattern) }
        let columns = try metrics(
            9,
            attribute + exemplar + bucket + bucket,
            bound(1) + attribute,
            bucket + bucket + bucket + bound(2) + bound(1),
            bucket + bucket + bound(.nan),
            attribute + bucket + bucket + bound(1)
        )
        #expect(columns.rejections.count == 4)
        #expect(
            columns.rejections.reasons == [
                "histogram has not one bucket more than bounds",
                "histogram bounds do not increase",
            ]
        )
        #expect(columns.count == 2)
        #expect(columns.attributes.count == 1)
        #expect(columns.exemplarTimes.isEmpty)
    }

    @Test func aMetricWithoutDataIsRefused() throws {
        let body = Wire.request(
            spans: Wire.field(1, "empty") + Wire.field(12, Wire.field(1, "metadata")),
            Wire.field(1, "good") + Wire.field(5, Wire.field(1, Wire.field(3, fixed64: 1)))
        )
        let columns = try OTLPDecoder.metrics(protobuf: body)
        #expect(columns.violation() == nil)
        #expect(columns.rejections.count == 1)
        #expect(columns.metricCount == 1)
        #expect(columns.metadata.count == 0)
    }

    @Test func anExemplarWithABadIDRefusesItsPoint() throws {
        let columns = try metrics(5, Wire.field(5, Wire.field(4, [1])))
        #expect(columns.rejections.reasons == ["exemplar id is of the wrong length"])
        #expect(columns.count == 1)
    }

    @Test(
        arguments: [
            (#""traceId":"00""#, "trace id is not 16 bytes long"),
            (
                #""traceId":"0102030405060708090a0b0c0d0e0fzz""#,
                "trace id is not hexadecimal"
            ),
            (#""traceId":null"#, "trace id is not 16 bytes long"),
        ]
    )
    func aSpanInJSONWithBadIDsIsRefused(member: String, reason: String) throws {
        let body = """
            {"resourceSpans":[{"scopeSpans":[{"spans":[
            {"attributes":[{"key":"k","value":{"stringValue":"a\\n"}}],\(member),
            "spanId":"0000000000000001"}]}]}]}
            """
        let columns = try OTLPDecoder.spans(json: Array(body.utf8))
        #expect(columns.violation() == nil)
        #expect(columns.count == 0)
        #expect(columns.attributes.count == 0)
        #expect(columns.rejections.reasons == [reason])
    }
}
