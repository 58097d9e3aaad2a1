import Testing

@testable import Storage

/// Hours and their names, for every time that sixty-four bits can say.
struct TimeWindowTests {
    @Test(
        arguments: [
            (0, "1970010100"), (3_599_999_999_999, "1970010100"), (3_600_000_000_000, "1970010101"),
            (-1, "1969123123"), (951_782_400_000_000_000, "2000022900"),
            (1_785_538_800_000_000_000, "2026073123"),
        ] as [(Int64, String)]
    )
    func anHourHasItsName(time: Int64, name: String) {
        #expect(TimeWindow.name(hour: TimeWindow.hour(of: time)) == name)
    }

    @Test(arguments: [Int64.min, .min + 1, .max - 1, .max])
    func noTimeIsTooFar(time: Int64) {
        #expect(!TimeWindow.name(hour: TimeWindow.hour(of: time)).isEmpty)
    }
}
