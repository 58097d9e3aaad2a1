import Testing

@testable import Parquet

struct TextAndNumberTests {
    enum TextEncoding: CaseIterable { case plain, deltaLength, delta }

    private func roundTrip(_ texts: [[UInt8]], _ encoding: TextEncoding) throws -> [[UInt8]] {
        let bytes: [UInt8] = Array(texts.joined()) + [0]
        var offsets: [UInt32] = [0]
        for text in texts { offsets.append(offsets[offsets.count - 1] + UInt32(text.count)) }
        let codes = (0...texts.count).map { UInt32($0) }
        let encoded = bytes.withUnsafeBytes { bytes in
            offsets.withUnsafeBufferPointer { offsets in
                codes.withUnsafeBufferPointer { codes -> [UInt8] in
                    guard let base = bytes.baseAddress, let offsets = offsets.baseAddress,
                        let codes = codes.baseAddress
                    else { return [] }
                    let entries = TextEntries(bytes: base, offsets: offsets, count: texts.count)
                    var lengths = Scratch<Int64>()
                    let room = lengths.require(texts.count * 2 + 1)
                    return Coding.encode { output in
                        switch encoding {
                        case .plain:
                            TextOutput.encodePlain(
                                entries,
                                codes,
                                count: texts.count,
                                into: &output
                            )
                        case .deltaLength:
                            TextOutput.encodeDeltaLength(
                                entries,
                                codes,
                                count: texts.count,
                                lengths: room,
                                into: &output
                            )
                        case .delta:
                            TextOutput.encodeDelta(
                                entries,
                                codes,
                                count: texts.count,
                                lengths: room,
                                into: &output
                            )
                        }
                    }
                }
            }
        }
        return try Coding.decode(encoded) { input in
            var reader = TextInput()
            let page =
                switch encoding {
                case .plain: try reader.plain(&input, count: texts.count)
                case .deltaLength: try reader.deltaLength(&input, count: texts.count)
                case .delta: try reader.delta(&input, count: texts.count)
                }
            try input.expectEnd()
            return (0..<page.count).map { index in
                let start = Int(page.offsets[index])
                return Array(
                    UnsafeRawBufferPointer(
                        start: page.base + start,
                        count: Int(page.offsets[index + 1]) - start
                    )
                )
            }
        }
    }

    @Test(arguments: TextEncoding.allCases)
    func textsReadBack(_ encoding: TextEncoding) throws {
        let huge = [UInt8](repeating: 65, count: 3_000_000)
        let cases: [[[UInt8]]] = [
            [], [[]], [[], [], [1]],
            [Array("a".utf8), Array("ab".utf8), Array("abc".utf8), Array("b".utf8)],
            [huge, huge + [66], []],
            (0..<500).map { Array("prefix/\($0 / 7)/\($0)".utf8) },
        ]
        for texts in cases { #expect(try roundTrip(texts, encoding) == texts) }
    }

    @Test func textsThatClaimMoreThanThereIsThrow() {
        #expect(throws: Damage.self) {
            try Coding.decode([255, 255, 255, 255, 1]) { input in
                var reader = TextInput()
                _ = try reader.plain(&input, count: 1)
            }
        }
        #expect(throws: Damage.self) {
            try Coding.decode([1, 2, 3]) { input in
                var reader = TextInput()
                _ = try reader.plain(&input, count: 1_000_000)
            }
        }
    }

    @Test func aShortDeltaTextCannotGrowWithoutBound() throws {
        // The first text shares bytes with nothing.
        let shared = Coding.encode { output in
            [5 as Int64, 0].withUnsafeBufferPointer { buffer in
                guard let base = buffer.baseAddress else { return }
                DeltaBinaryPacked.encode(base, count: 1, wrap32: true, into: &output)
                DeltaBinaryPacked.encode(base, count: 1, wrap32: true, into: &output)
            }
        }
        #expect(throws: Damage.self) {
            try Coding.decode(shared + Array("hello".utf8)) { input in
                var reader = TextInput()
                _ = try reader.delta(&input, count: 1)
            }
        }
    }

    @Test(arguments: [0, 1, 0x0123_4567_89ab_cdef, .max, 0xa0b0_c0d0_e0f0_9080] as [UInt64])
    func wordsAsHexadecimalTextReadBack(_ word: UInt64) {
        let text = HexText.text([word])
        let digits = String(word, radix: 16)
        #expect(
            String(decoding: text, as: UTF8.self) == String(
                repeating: "0",
                count: 16 - digits.count
            ) + digits
        )
        #expect(text.withUnsafeBytes { $0.baseAddress.flatMap { HexText.decode($0) } } == word)
    }

    @Test(arguments: 0..<256)
    func onlyLowerCaseDigitsAreHexadecimal(_ byte: Int) {
        var text = Array("0123456789abcdef".utf8)
        text[5] = UInt8(byte)
        let isDigit = (48...57).contains(byte) || (97...102).contains(byte)
        let word = text.withUnsafeBytes { $0.baseAddress.flatMap { HexText.decode($0) } }
        #expect((word != nil) == isDigit)
    }

    @Test(arguments: [FixedFormat.bit, .int32, .int64, .float, .double], [0, 1, 8, 9, 100])
    func numbersReadBack(_ format: FixedFormat, _ count: Int) throws {
        var generator = SeededGenerator(seed: UInt64(count))
        let values = (0...count).map { _ in
            format.loaded(
                format == .float ? UInt64(generator.next() % 0x7f00_0000) : generator.next()
            )
        }
        for isSplit in [false, true] where !(isSplit && format == .bit) {
            let bytes = values.withUnsafeBufferPointer { buffer in
                Coding.encode { output in
                    guard let base = buffer.baseAddress else { return }
                    if isSplit {
                        FixedValues.encodeSplit(base, count: count, format, into: &output)
                    } else {
                        FixedValues.encodePlain(base, count: count, format, into: &output)
                    }
                }
            }
            let read = try Coding.decode(bytes) { input in
                let read = try Coding.array(count, 0 as Int64) {
                    if isSplit {
                        try FixedValues.decodeSplit(&input, count: count, format, into: $0)
                    } else {
                        try FixedValues.decodePlain(&input, count: count, format, into: $0)
                    }
                }
                try input.expectEnd()
                return read
            }
            #expect(read == Array(values[..<count]))
        }
    }
}
