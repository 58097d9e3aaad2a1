import OTLP
import Testing

/// The rules of OTLP/JSON.
struct JSONDecodingTests {
    /// One span with these members besides its ids.
    private func span(_ members: String) throws(OTLPError) -> (SpanColumns, Span?) {
        let ids = #""traceId":"0102030405060708090A0b0c0d0e0F10","spanId":"00000000000000aB""#
        let body = #"{"resourceSpans":[{"scopeSpans":[{"spans":[{\#(ids),\#(members)}]}]}]}"#
        let columns = try OTLPDecoder.spans(json: Array(body.utf8))
        #expect(columns.violation() == nil)
        return (columns, OTLPReader.spans(from: columns).first?.scopes.first?.spans.first)
    }

    private func value(_ json: String) throws(OTLPError) -> AnyValue? {
        let members = #""attributes":[{"key":"k","value":\#(json)}]"#
        return try span(members).1?.attributes.first?.value
    }

    private func code(_ body: String, limits: DecodeLimits = DecodeLimits()) -> OTLPError.Code? {
        do throws(OTLPError) {
            _ = try OTLPDecoder.spans(json: Array(body.utf8), limits: limits)
            return nil
        } catch {
            return error.code
        }
    }

    @Test func idsAreHexadecimalOfEitherCase() throws {
        let span = try #require(try span(#""name":"x""#).1)
        #expect(span.traceID.description == "0102030405060708090a0b0c0d0e0f10")
        #expect(span.spanID.description == "00000000000000ab")
    }

    @Test(arguments: [#""1544712660000000001""#, "1544712660000000001"])
    func longIntegersAreStringsOrNumbers(time: String) throws {
        #expect(
            try span(#""startTimeUnixNano":\#(time)"#).1?.startTime == 1_544_712_660_000_000_001
        )
        #expect(try value(#"{"intValue":\#(time)}"#) == .int(1_544_712_660_000_000_001))
    }

    @Test func integersMayBeWrittenWithAnExponent() throws {
        #expect(try span(#""startTimeUnixNano":1.5e3"#).1?.startTime == 1500)
        #expect(throws: OTLPError.self) { try span(#""startTimeUnixNano":1.5"#) }
        #expect(throws: OTLPError.self) { try span(#""startTimeUnixNano":-1"#) }
        #expect(throws: OTLPError.self) { try span(#""startTimeUnixNano":18446744073709551616"#) }
        #expect(throws: OTLPError.self) { try span(#""startTimeUnixNano":"1e3""#) }
        #expect(throws: OTLPError.self) { try span(#""flags":4294967296"#) }
    }

    @Test func theSmallestIntegerFits() throws {
        #expect(try value(#"{"intValue":"-9223372036854775808"}"#) == .int(.min))
        #expect(throws: OTLPError.self) { try value(#"{"intValue":"-9223372036854775809"}"#) }
        #expect(throws: OTLPError.self) { try value(#"{"intValue":"9223372036854775808"}"#) }
    }

    @Test func enumerationsAreNumbersOnly() throws {
        #expect(try span(#""kind":2"#).1?.kind == 2)
        #expect(throws: OTLPError.self) { try span(#""kind":"SPAN_KIND_SERVER""#) }
        #expect(throws: OTLPError.self) { try span(#""kind":"2""#) }
        #expect(throws: OTLPError.self) { try span(#""status":{"code":"STATUS_CODE_OK"}"#) }
    }

    @Test func onlyLowerCamelCaseIsKnown() throws {
        #expect(try span(#""start_time_unix_nano":1,"Name":"x""#).1?.startTime == 0)
    }

    @Test func unknownMembersAreIgnored() throws {
        let members =
            #""new":[{"a":[1,-2.5e-3,true,null,"\u00e9"]},{}],"name":"n","other":{"x":{}}"#
        #expect(try span(members).1?.name == "n")
    }

    @Test func nullIsAbsent() throws {
        let (columns, span) = try span(
            #""name":null,"attributes":null,"kind":null,"status":null,"startTimeUnixNano":null"#
        )
        #expect(span?.name == "")
        #expect(columns.attributes.count == 0)
        #expect(try value("null") == .empty)
        #expect(try value(#"{"stringValue":null}"#) == .empty)
    }

    @Test(
        arguments: [
            ("1.5", 1.5), ("-0", -0.0), ("1e2", 100), (#""NaN""#, .nan),
            (#""Infinity""#, .infinity),
            (#""-Infinity""#, -.infinity), (#""2.5""#, 2.5), ("5e-324", .leastNonzeroMagnitude),
            ("0.1", 0.1), ("123456789012345678901234567890", 1.2345678901234568e29),
            ("1.7976931348623157e308", .greatestFiniteMagnitude), ("4.35", 4.35),
        ] as [(String, Double)]
    )
    func doublesAreNumbersOrNames(text: String, expected: Double) throws {
        guard case .double(let number) = try value(#"{"doubleValue":\#(text)}"#) else {
            Issue.record("not a double")
            return
        }
        #expect(number.bitPattern == expected.bitPattern)
    }

    @Test(arguments: ["1e400", #""inf""#, "01", "1.", ".5", "+1", "-", "1e", #""1 ""#, "NaN"])
    func oddDoublesAreMalformed(text: String) {
        #expect(throws: OTLPError.self) { try value(#"{"doubleValue":\#(text)}"#) }
    }

    @Test(
        arguments: [
            ("AAH+/w==", [0, 1, 254, 255]), ("AAH+/w", [0, 1, 254, 255]),
            ("AAH-_w==", [0, 1, 254, 255]), ("", []), ("/w==", [255]),
        ] as [(String, [UInt8])]
    )
    func bytesAreBase64(text: String, expected: [UInt8]) throws {
        #expect(try value(#"{"bytesValue":"\#(text)"}"#) == .bytes(expected))
        #expect(
            try value(#"{"arrayValue":{"values":[{"bytesValue":"\#(text)"}]}}"#)
                == [.bytes(expected)]
        )
    }

    @Test(arguments: ["A", "A===", "****", "AA==AA"])
    func oddBase64IsMalformed(text: String) {
        #expect(throws: OTLPError.self) { try value(#"{"bytesValue":"\#(text)"}"#) }
    }

    @Test func plainStringsAreNotCopied() throws {
        let (columns, _) = try span(#""name":"plain é","traceState":"escaped \n""#)
        #expect(!columns.names[0].isInScratch)
        #expect(columns.traceStates[0].isInScratch)
        #expect(columns.text.scratch == Array("escaped \n".utf8))
    }

    @Test func escapesAreUndone() throws {
        let text = #"\" \\ \/ \b \f \n \r \t \u0041 \u00e9 \u6F22 \ud83D\uDE00 \u0000"#
        let expected = "\" \\ / \u{8} \u{c} \n \r \t A é 漢 😀 \0"
        #expect(try span(#""name":"\#(text)""#).1?.name == expected)
        #expect(try value(#"{"stringValue":"\#(text)"}"#) == .string(expected))
        #expect(
            try value(#"{"arrayValue":{"values":[{"stringValue":"\#(text)"}]}}"#)
                == [.string(expected)]
        )
        #expect(try span(#""n\u0061me":"found""#).1?.name == "found")
    }

    @Test(
        arguments: [
            #"\ud83d"#, #"\ud83d x"#, #"\ude00"#, #"\ud83d\ud83d"#, #"\u12g4"#, #"\u12"#, #"\x"#,
            "\n", "\u{1}",
        ]
    )
    func brokenStringsAreMalformed(text: String) {
        #expect(throws: OTLPError.self) { try span(#""name":"\#(text)""#) }
        #expect(throws: OTLPError.self) { try span(#""unknown":"\#(text)""#) }
    }

    @Test(
        arguments: [
            "", " ", "[]", "null", "1", "{", "{}x", "{} {}", "{,}", #"{"a"}"#, #"{"a":}"#,
            #"{"a":1,}"#, #"{"a":[1,]}"#, #"{"a":[1 2]}"#, #"{"a":tru}"#, #"{"a":nul"#, #"{a:1}"#,
            #"{"resourceSpans":{}}"#, #"{"resourceSpans":[null]}"#, #"{"resourceSpans":[1]}"#,
            "\u{feff}{}",
        ]
    )
    func brokenSyntaxIsMalformed(body: String) {
        #expect(code(body) == .malformed)
    }

    @Test func whiteSpaceIsAllowedEverywhere() {
        #expect(code(" \t\r\n{ \"resourceSpans\" : [ { \"scopeSpans\" : [ ] } ] } \n") == nil)
    }

    @Test func aValueMayComeBeforeItsKey() throws {
        let pairs = #"{"values":[{"value":{"intValue":1},"key":"a"},{"value":null,"key":"b"}]}"#
        #expect(
            try value(#"{"kvlistValue":\#(pairs)}"#)
                == .kvlist([KeyValue("a", 1), KeyValue("b", .empty)])
        )
        let nested = #"{"values":[{"value":{"kvlistValue":\#(pairs)},"key":"c"}]}"#
        #expect(
            try value(#"{"kvlistValue":\#(nested)}"#)
                == .kvlist([
                    KeyValue("c", .kvlist([KeyValue("a", 1), KeyValue("b", .empty)]))
                ])
        )
    }

    @Test(
        arguments: [
            #"{"key":"a","value":{"intValue":1},"key":"b"}"#,
            #"{"value":{"intValue":2},"key":"b","value":{"intValue":1}}"#,
            #"{"value":{"intValue":1},"key":"a\\n","key":"b"}"#,
        ]
    )
    func repeatedMembersOfAPairReplaceEarlierOnes(pair: String) throws {
        #expect(
            try value(#"{"kvlistValue":{"values":[\#(pair)]}}"#) == .kvlist([KeyValue("b", 1)])
        )
    }

    @Test func theLastMemberOfAOneofWins() throws {
        #expect(try value(#"{"stringValue":"a","intValue":2}"#) == 2)
        #expect(
            try value(#"{"arrayValue":{"values":[{"stringValue":"a","boolValue":true}]}}"#)
                == [true]
        )
    }

    /// References into a table of strings, which only profiles have.
    @Test func profilesOnlyReferencesAreEmptyAndCounted() throws {
        #expect(try value(#"{"stringValueStrindex":5}"#) == .empty)
        #expect(try value(#"{"stringValue":"a","stringValueStrindex":5}"#) == .empty)
        let members =
            #""attributes":[{"keyStrindex":5,"key":"k","value":{"arrayValue":{"values":["#
            + #"{"stringValueStrindex":6},{"kvlistValue":{"values":[{"keyStrindex":7,"key":"l"}]}}"#
            + "]}}}]"
        let (columns, span) = try span(members)
        #expect(columns.rejections.ignoredStringIndexes == 3)
        #expect(columns.rejections.count == 0 && columns.rejections.reasons.isEmpty)
        #expect(
            span?.attributes == [
                KeyValue("k", .array([.empty, .kvlist([KeyValue("l", .empty)])]))
            ]
        )
    }

    @Test func valuesMayNestToTheLimitAndNoDeeper() {
        func nested(_ depth: Int) -> String {
            let open = String(repeating: #"{"arrayValue":{"values":["#, count: depth)
            let close = String(repeating: "]}}", count: depth)
            return #"{"resourceSpans":[{"resource":{"attributes":[{"key":"k","value":"#
                + open + "{}" + close + "}]}}]}"
        }
        #expect(code(nested(64)) == nil)
        #expect(code(nested(65)) == .tooDeep)
        let deep = String(repeating: "[", count: 100_000)
        #expect(code(#"{"unknown":\#(deep)"#) == .tooDeep)
    }

    @Test func limitsAreKept() {
        let body = String(decoding: OTLPEncoder.json(traces: Fixtures.traces), as: UTF8.self)
        var limits = DecodeLimits()
        limits.maxBodyBytes = body.utf8.count - 1
        #expect(code(body, limits: limits) == .tooLarge)
        limits = DecodeLimits()
        limits.maxRecords = 3
        #expect(code(body, limits: limits) == .tooLarge)
        limits = DecodeLimits()
        limits.maxElements = 20
        #expect(code(body, limits: limits) == .tooLarge)
    }

    @Test func exponentialBucketsAndQuantilesAreRead() throws {
        let body = """
            {"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"e","exponentialHistogram":
            {"dataPoints":[{"scale":-1,"count":"3","positive":{"offset":2,"bucketCounts":["1",2]},
            "zeroThreshold":0.5}],"aggregationTemporality":2}},
            {"summary":{"dataPoints":[{"quantileValues":[{"quantile":0.5,"value":"NaN"}]}]}}]}]}]}
            """
        let columns = try OTLPDecoder.metrics(json: Array(body.utf8))
        #expect(columns.violation() == nil)
        #expect(columns.scales == [-1, 0])
        #expect(columns.positive.counts == [1, 2])
        #expect(columns.positive.offsets == [2, 0])
        #expect(columns.quantileValues == [Double.nan.bitPattern])
        #expect(columns.temporalities == [2, 0])
    }
}
