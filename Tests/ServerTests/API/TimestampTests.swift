import Testing

@testable import Server

struct TimestampTests {
    @Test(arguments: [
        ("1970-01-01T00:00:00Z", 0), ("2026-01-31T12:00:00.5Z", 1_769_860_800_500_000_000),
        ("2026-01-31t12:00:00z", 1_769_860_800_000_000_000),
        ("2026-01-31T13:30:00+01:30", 1_769_860_800_000_000_000),
        ("1969-12-31T23:59:59.999999999Z", -1),
        ("2262-04-11T23:47:16.854775807Z", Int64.max),
    ])
    func aMomentIsNanoseconds(text: String, nanoseconds: Int64) {
        #expect(Timestamp.parse(text) == nanoseconds)
    }

    @Test(arguments: [
        "", "2026-01-31", "2026-13-31T12:00:00Z", "2026-01-31T24:00:00Z", "2026-01-31T12:00:00",
        "2026-01-31T12:00:00+0100", "2026-01-31T12:00:00Zx", "2262-04-11T23:47:16.854775808Z",
        "2262-04-11T23:47:16.9Z", "9999-12-31T23:59:59Z", "0000-01-01T00:00:00Z",
    ])
    func whatIsNoMomentOrBeyondTheRangeIsRefused(text: String) {
        #expect(Timestamp.parse(text) == nil)
    }
}
