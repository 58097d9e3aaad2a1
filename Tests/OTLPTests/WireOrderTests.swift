import OTLP
import Testing

/// Protobuf allows fields in any order and singular messages in pieces.
struct WireOrderTests {
    private let pair = { (key: String, value: String) in
        Wire.field(1, Wire.field(1, key), Wire.field(2, Wire.field(1, value)))
    }

    @Test func aResourceAndItsSchemaMayFollowItsSpans() throws {
        let spans = Wire.field(2, Wire.field(2, Wire.traceID, Wire.spanID))
        let body = Wire.field(
            1,
            Wire.field(3, "schema"),
            spans,
            Wire.field(1, pair("service.name", "late"), Wire.field(2, varint: 3))
        )
        let group = try #require(OTLPReader.spans(from: OTLPDecoder.spans(protobuf: body)).first)
        #expect(group.resource.attributes == [KeyValue("service.name", "late")])
        #expect(group.resource.droppedAttributes == 3)
        #expect(group.schemaURL == "schema")
        #expect(group.scopes.first?.spans.count == 1)
    }

    @Test func aScopeMayFollowItsSpans() throws {
        let body = Wire.field(
            1,
            Wire.field(
                2,
                Wire.field(3, "schema"),
                Wire.field(2, Wire.traceID, Wire.spanID),
                Wire.field(1, Wire.field(1, "late"))
            )
        )
        let groups = try OTLPReader.spans(from: OTLPDecoder.spans(protobuf: body))
        let scope = try #require(groups.first?.scopes.first)
        #expect(scope.scope.name == "late")
        #expect(scope.schemaURL == "schema")
    }

    @Test func twoResourcesMerge() throws {
        let body = Wire.field(
            1,
            Wire.field(1, pair("a", "1"), Wire.field(2, varint: 3)),
            Wire.field(2, Wire.field(2, Wire.traceID, Wire.spanID)),
            Wire.field(1, pair("b", "2"), Wire.field(2, varint: 4))
        )
        let columns = try OTLPDecoder.spans(protobuf: body)
        #expect(columns.origins.resourceCount == 1)
        let resource = OTLPReader.spans(from: columns).first?.resource
        #expect(resource?.attributes == [KeyValue("a", "1"), KeyValue("b", "2")])
        #expect(resource?.droppedAttributes == 4)
    }

    @Test func twoStatusesMerge() throws {
        let body = Wire.span(
            Wire.field(15, Wire.field(2, "message")),
            Wire.field(15, Wire.field(3, varint: 2))
        )
        let columns = try OTLPDecoder.spans(protobuf: body)
        #expect(columns.statusCodes == [2])
        #expect(Array(columns.text[columns.statusMessages[0]]) == Array("message".utf8))
    }

    @Test func theLastScalarWins() throws {
        let body = Wire.span(
            Wire.field(5, "first"),
            Wire.field(2, [0]),
            Wire.field(5, "second"),
            Wire.spanID
        )
        let columns = try OTLPDecoder.spans(protobuf: body)
        #expect(Array(columns.text[columns.names[0]]) == Array("second".utf8))
    }

    private func value(of attribute: [UInt8]) throws -> AnyValue? {
        let columns = try OTLPDecoder.spans(protobuf: Wire.span(attribute))
        #expect(columns.violation() == nil)
        return OTLPReader.spans(from: columns).first?.scopes.first?.spans.first?.attributes.first?
            .value
    }

    private let array = { (items: [String]) in
        Wire.field(5, items.flatMap { Wire.field(1, Wire.field(1, $0)) })
    }

    @Test func anArrayInTwoPiecesOfOneValueMerges() throws {
        #expect(try value(of: Wire.attribute(array(["a"]) + array(["b"]))) == ["a", "b"])
    }

    @Test func anArrayInTwoValuesOfOneAttributeMerges() throws {
        let attribute = Wire.field(
            9,
            Wire.field(2, array(["a"])),
            Wire.field(1, "k"),
            Wire.field(2, array(["b"]), array(["c"]))
        )
        #expect(try value(of: attribute) == ["a", "b", "c"])
    }

    @Test func anotherMemberOfTheOneofEndsAMerge() throws {
        let pieces = array(["a"]) + Wire.field(3, varint: 7) + array(["b"])
        #expect(try value(of: Wire.attribute(pieces)) == ["b"])
        #expect(try value(of: Wire.attribute(array(["a"]) + Wire.field(3, varint: 7))) == 7)
    }

    @Test func nestedValuesInPiecesMerge() throws {
        let inner = Wire.field(1, array(["a"]), array(["b"]))
        let pair = Wire.field(
            1,
            Wire.field(1, "k"),
            Wire.field(2, array(["c"])),
            Wire.field(2, array(["d"]))
        )
        #expect(
            try value(of: Wire.attribute(Wire.field(5, inner) + Wire.field(5, inner)))
                == [["a", "b"], ["a", "b"]]
        )
        #expect(
            try value(of: Wire.attribute(Wire.field(6, pair)))
                == .kvlist([KeyValue("k", ["c", "d"])])
        )
    }

    @Test func aLogBodyInPiecesMerges() throws {
        let record = Wire.field(5, array(["a"])) + Wire.field(5, array(["b"]))
        let columns = try OTLPDecoder.logs(protobuf: Wire.request(spans: record))
        let groups = OTLPReader.logs(from: columns)
        #expect(groups.first?.scopes.first?.records.first?.body == ["a", "b"])
    }

    @Test func profilesOnlyReferencesAreEmptyAndCounted() throws {
        let reference = Wire.field(8, varint: 5)
        #expect(try value(of: Wire.attribute(reference)) == .empty)
        let attribute = Wire.field(9, Wire.field(3, varint: 5), Wire.field(2, Wire.field(1, "v")))
        #expect(try value(of: attribute) == "v")
        let nested = Wire.attribute(Wire.field(5, Wire.field(1, reference)))
        #expect(try value(of: nested) == .array([.empty]))
        let spans = try OTLPDecoder.spans(protobuf: Wire.span(attribute, nested, attribute))
        #expect(spans.rejections.ignoredStringIndexes == 3)
        #expect(spans.rejections.count == 0 && spans.rejections.reasons.isEmpty)
        let body = Wire.request(spans: Wire.field(5, reference))
        #expect(try OTLPDecoder.logs(protobuf: body).rejections.ignoredStringIndexes == 1)
    }

    @Test func unknownFieldsAreSkipped() throws {
        let body = Wire.span(
            Wire.field(100, "unknown"),
            Wire.field(101, varint: 1 << 63),
            Wire.field(102, fixed64: 1),
            Wire.field(103, fixed32: 1),
            Wire.field(5, "known")
        )
        let columns = try OTLPDecoder.spans(protobuf: body)
        #expect(Array(columns.text[columns.names[0]]) == Array("known".utf8))
    }

    /// A histogram or exponential histogram request whose one point has these fields.
    private func points(_ number: Int, _ fields: [UInt8]) throws -> MetricColumns {
        let metric = Wire.field(1, "m") + Wire.field(number, Wire.field(1, fields))
        let columns = try OTLPDecoder.metrics(protobuf: Wire.request(spans: metric))
        #expect(columns.violation() == nil)
        return columns
    }

    @Test func repeatedScalarsMayBePackedOrNot() throws {
        let one = Double(1).bitPattern
        let packed = Wire.field(6, (0..<16).map { $0 % 8 == 0 ? 5 : 0 })
        let columns = try points(
            9,
            Wire.field(6, fixed64: 4) + packed + Wire.field(7, fixed64: one)
                + Wire.field(7, fixed64: one + 1)
        )
        #expect(columns.bucketCounts == [4, 5, 5])
        #expect(columns.bounds == [one, one + 1])

        let buckets = Wire.field(2, varint: 300) + Wire.field(2, Wire.varint(1) + Wire.varint(2))
        let exponential = try points(
            10,
            Wire.field(8, Wire.field(1, varint: 5), buckets) + Wire.field(8, buckets)
        )
        #expect(exponential.positive.counts == [300, 1, 2, 300, 1, 2])
        #expect(exponential.positive.offsets == [-3])
    }

    @Test func aSecondDataShapeReplacesTheFirst() throws {
        let point = Wire.field(1, Wire.field(3, fixed64: 9))
        let metric =
            Wire.field(7, point, Wire.field(2, varint: 2), Wire.field(3, varint: 1))
            + Wire.field(5, point, point) + Wire.field(1, "late name") + Wire.field(5, point)
        let columns = try OTLPDecoder.metrics(protobuf: Wire.request(spans: metric))
        #expect(columns.violation() == nil)
        #expect(columns.types == [.gauge])
        #expect(columns.temporalities == [0])
        #expect(columns.monotonic == [false])
        #expect(columns.count == 3)
    }
}
