/// The hour windows that segments are filed under.
enum TimeWindow {
    static let nanosPerHour: Int64 = 3_600_000_000_000

    /// The number of the hour since 1970 that `time` (Unix nanoseconds) falls in.
    static func hour(of time: Int64) -> Int64 {
        time / nanosPerHour - (time % nanosPerHour < 0 ? 1 : 0)
    }

    /// `yyyymmddhh` of an hour, in UTC, by the proleptic Gregorian calendar.
    static func name(hour: Int64) -> String {
        let days = hour >= 0 ? hour / 24 : (hour - 23) / 24
        let hourOfDay = hour - days * 24
        // Days to civil date, with years that begin in March.
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let month = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * month + 2) / 5 + 1
        let civilMonth = month < 10 ? month + 3 : month - 9
        let year = yearOfEra + era * 400 + (civilMonth <= 2 ? 1 : 0)
        return [(year, 4), (civilMonth, 2), (day, 2), (hourOfDay, 2)].map { value, width in
            let digits = String(value)
            return String(repeating: "0", count: max(0, width - digits.count)) + digits
        }.joined()
    }
}
