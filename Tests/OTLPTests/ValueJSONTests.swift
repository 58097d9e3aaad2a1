import OTLP
import Testing

/// The text of structured values.
struct ValueJSONTests {
    private func text(_ value: AnyValue) -> String {
        var out: [UInt8] = []
        ValueJSON.append(value, into: &out)
        return String(decoding: out, as: UTF8.self)
    }

    @Test(
        arguments: [
            (.empty, "null"), (true, "true"), (7, "7"), (.int(.min), "-9223372036854775808"),
            (3.0, "3.0"), (1e100, "1e+100"), (0.1, "0.1"), (.double(-0.0), "-0.0"),
            (.double(.nan), #"{"$double":"NaN"}"#),
            (.double(.infinity), #"{"$double":"Infinity"}"#),
            (.double(-.infinity), #"{"$double":"-Infinity"}"#),
            (.bytes([0, 1, 254, 255]), #"{"$bytes":"AAH+/w=="}"#), (.bytes([]), #"{"$bytes":""}"#),
            ("a\"\\\n\u{1}é", #""a\"\\\n\u0001é""#), ([1, "x", []], #"[1,"x",[]]"#),
            (
                .kvlist([KeyValue("$k", 1), KeyValue("k", 2), KeyValue("k", .kvlist([]))]),
                #"{"$$k":1,"k":2,"k":{}}"#
            ),
        ] as [(AnyValue, String)]
    )
    func valuesAreReadable(value: AnyValue, expected: String) throws {
        #expect(text(value) == expected)
        let parsed = try ValueJSON.parse(Array(expected.utf8))
        #expect(text(parsed) == expected)
    }

    @Test(arguments: Fixtures.values)
    func everyValueSurvives(pair: KeyValue) throws {
        #expect(try ValueJSON.parse(Array(text(pair.value).utf8)) == pair.value)
    }

    @Test func aKeyThatLooksLikeAMarkerIsNone() throws {
        let value = AnyValue.kvlist([KeyValue("$double", "NaN")])
        #expect(text(value) == #"{"$$double":"NaN"}"#)
        #expect(try ValueJSON.parse(Array(text(value).utf8)) == value)
    }

    @Test func attributesBecomeOneObject() throws {
        for isJSON in [false, true] {
            let columns =
                isJSON
                ? try OTLPDecoder.spans(json: OTLPEncoder.json(traces: Fixtures.traces))
                : try OTLPDecoder.spans(protobuf: OTLPEncoder.protobuf(traces: Fixtures.traces))
            var out: [UInt8] = []
            ValueJSON.appendObject(
                of: columns.attributes,
                range: 0..<Int(columns.attributeStarts[1]),
                text: columns.text,
                into: &out
            )
            #expect(try ValueJSON.parseObject(out) == Fixtures.values)
        }
    }

    @Test func anObjectOfOneMarkerKeyStaysAnObject() throws {
        let pairs = try ValueJSON.parseObject(Array(#"{"$$bytes":"AA=="}"#.utf8))
        #expect(pairs == [KeyValue("$bytes", "AA==")])
    }

    /// Raw bytes of a string in an array, and the bytes of the text.
    @Test(
        arguments: [
            ([0x61, 0xff, 0x62], "a\u{fffd}b"), ([0xc3], "\u{fffd}"),
            ([0xe6, 0xbc], "\u{fffd}"), ([0xc0, 0x80], "\u{fffd}\u{fffd}"),
            ([0xed, 0xa0, 0x80], "\u{fffd}\u{fffd}\u{fffd}"),
            ([0xf0, 0x9f, 0x98, 0x80], "😀"),
            ([0xf4, 0x90, 0x80, 0x80], "\u{fffd}\u{fffd}\u{fffd}\u{fffd}"),
            ([0xf0, 0x9f, 0x98, 0x41], "\u{fffd}A"),
        ] as [([UInt8], String)]
    )
    func textThatIsNotUTF8IsRepaired(raw: [UInt8], expected: String) throws {
        let body = Wire.span(Wire.attribute(Wire.field(5, Wire.field(1, Wire.field(1, raw)))))
        let columns = try OTLPDecoder.spans(protobuf: body)
        #expect(columns.text.scratch == Array("[\"\(expected)\"]".utf8))
        #expect(String(decoding: raw, as: UTF8.self) == expected)
    }

    @Test(arguments: [
        "", "{", "[1,]", "{\"a\"}", "1 2", "\"\\ud800\"", "nul", "{\"$bytes\":\"*\"}",
    ])
    func brokenTextIsRefused(text: String) {
        #expect(throws: OTLPError.self) { try ValueJSON.parse(Array(text.utf8)) }
    }

    @Test func deepTextIsRefused() {
        let text = [UInt8](repeating: UInt8(ascii: "["), count: 100_000)
        #expect(throws: OTLPError.self) { try ValueJSON.parse(text) }
    }

    @Test func integersThatDoNotFitAreDoubles() throws {
        #expect(try ValueJSON.parse(Array("9223372036854775808".utf8)) == .double(0x1p63))
    }
}
