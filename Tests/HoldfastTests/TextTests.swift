import Foundation
import Testing

@testable import holdfast

/// Checks of how times, numbers and text of others are shown.
struct TextTests {
    @Test(
        arguments: [
            ("250ms", 250_000_000), ("1.5s", 1_500_000_000), ("10m", 600_000_000_000),
            ("90", 90_000_000_000),
            ("1h30m", 5_400_000_000_000), ("2d", 172_800_000_000_000), ("5us", 5_000),
            ("5µs", 5_000), ("0", 0),
        ] as [(String, Int64)]
    )
    func durationsAreRead(text: String, nanoseconds: Int64) {
        #expect(DurationArgument(argument: text)?.nanoseconds == nanoseconds)
    }

    @Test(arguments: [
        "", "abc", "5x", "m", "1h-2m", "-3s", "-3", "inf", "nan", "1e30", "99999999d", "3 m",
    ])
    func whatIsNoDurationIsRefused(text: String) {
        #expect(DurationArgument(argument: text) == nil)
    }

    @Test(
        arguments: [
            (870, "870ns"), (12_345, "12.3µs"), (4_560_000, "4.56ms"), (1_200_000_000, "1.20s"),
            (185_000_000_000, "3m05s"), (600_000_000_000, "10m"), (7_620_000_000_000, "2h07m"),
            (3_600_000_000_000, "1h"), (99_960, "100µs"), (999_960, "1000µs"),
        ] as [(Int64, String)]
    )
    func durationsAreShown(nanoseconds: Int64, text: String) {
        #expect(TimeText.duration(nanoseconds) == text)
    }

    @Test func momentsAreShownInUTC() {
        #expect(TimeText.moment(1_795_247_796_007_000_000) == "2026-11-21 07:56:36.007")
        #expect(TimeText.moment(0) == "1970-01-01 00:00:00.000")
    }

    @Test(arguments: [
        (0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567"), (-12_345, "-12,345"),
    ])
    func countsHaveTheirThousandsApart(value: Int, text: String) {
        #expect(TimeText.count(value) == text)
    }

    @Test func bytesAreScaled() {
        #expect(TimeText.bytes(999) == "999 B")
        #expect(TimeText.bytes(1_234_567) == "1.23 MB")
    }

    @Test func controlCharactersDoNotReachTheTerminal() {
        #expect(Terminal.clean("a\u{1b}[2Jb\nc\u{202e}d") == "a\u{fffd}[2Jb c\u{fffd}d")
        #expect(Terminal.clean("plain é ✗") == "plain é ✗")
    }

    @Test func jsonIsIndentedWithoutReadingItsValues() {
        let text = #"{"a":[1,{"b":"x,{\"}"},[]],"n":12345678901234567890,"e":{ },"z":1.10}"#
        let expected = """
            {
              "a": [
                1,
                {
                  "b": "x,{\\"}"
                },
                []
              ],
              "n": 12345678901234567890,
              "e": {},
              "z": 1.10
            }
            """
        #expect(String(decoding: PrettyJSON.format(Array(text.utf8)), as: UTF8.self) == expected)
    }

    @Test(
        arguments: [
            (0, "0"), (-3, "-3"), (0.25, "0.2500"), (12.345, "12.3"), (2_500_000, "2.50M"),
            (.nan, "NaN"), (.infinity, "+Inf"), (-.infinity, "-Inf"),
        ] as [(Double, String)]
    )
    func numbersHaveAFewDigits(value: Double, text: String) {
        #expect(Sparkline.number(value) == text)
    }

    @Test(
        arguments: [
            (#"["7",1.5]"#, 1.5), (#"["7","Infinity"]"#, .infinity),
            (#"["7","-Infinity"]"#, -.infinity),
        ] as [(String, Double)]
    )
    func valuesThatAreNoNumbersAreRead(json: String, value: Double) throws {
        let point = try APIClient.decode(Metrics.Range.Point.self, Data(json.utf8), "/")
        #expect(point.time == 7 && point.value == value)
        let unknown = Data(#"["7","NaN"]"#.utf8)
        #expect(try APIClient.decode(Metrics.Range.Point.self, unknown, "/").value.isNaN)
    }

    @Test func sparklinesSpanTheirRange() {
        #expect(Sparkline.draw([0, 1, 2, 3, 4, 5, 6, 7], width: 8) == "▁▂▃▄▅▆▇█")
        #expect(Sparkline.draw([5, 5, 5], width: 8) == "▁▁▁")
        #expect(Sparkline.draw([1, .nan, 2], width: 8) == "▁ █")
        #expect(Sparkline.draw([], width: 8) == "")
        #expect(Sparkline.draw([.nan, .infinity], width: 8) == "  ")
        #expect(Sparkline.draw((0..<1_000).map(Double.init), width: 30).count == 30)
        #expect(
            Sparkline.draw([-.greatestFiniteMagnitude, .greatestFiniteMagnitude], width: 2) == "▁█"
        )
    }
}
