import Hummingbird

/// The query string of a request, with readers that say what is wrong and how to mend it.
struct QueryParameters {
    private let parameters: [(key: String, value: String)]

    init(_ request: Request) {
        // Forms write a space as "+", which only the raw text tells from an escaped plus.
        parameters = (request.uri.query ?? "").split(separator: "&").map { pair in
            let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (
                PercentCoding.decoded(sides[0], plusIsSpace: true),
                sides.count == 2 ? PercentCoding.decoded(sides[1], plusIsSpace: true) : ""
            )
        }
    }

    /// The value of the first of `names` that is there and not empty.
    func text(_ names: String...) -> String? {
        for name in names {
            if let found = parameters.first(where: { $0.key == name }), !found.value.isEmpty {
                return found.value
            }
        }
        return nil
    }

    /// Every value of `name`.
    func all(_ name: String) -> [String] {
        parameters.filter { $0.key == name }.map(\.value)
    }

    func integer(_ names: String..., in range: ClosedRange<Int>) throws(APIError) -> Int? {
        for name in names {
            guard let text = text(name) else { continue }
            guard let value = Int(text), range.contains(value) else {
                throw .badRequest(
                    "\(name) is \(text)",
                    remedy: "Give a whole number from \(range.lowerBound) to \(range.upperBound)."
                )
            }
            return value
        }
        return nil
    }

    /// A moment as Unix nanoseconds: a whole number (seconds, milliseconds, microseconds or nanoseconds, told
    /// by its size) or RFC 3339 text.
    func time(_ names: String...) throws(APIError) -> Int64? {
        for name in names {
            if let text = text(name) { return try Self.time(text, name) }
        }
        return nil
    }

    private static func time(_ text: String, _ name: String) throws(APIError) -> Int64 {
        if let number = Int64(text) {
            let scale = scale(number.magnitude)
            let (value, overflow) = number.multipliedReportingOverflow(by: scale)
            if !overflow { return value }
        }
        guard let value = Timestamp.parse(text) else {
            throw .badRequest(
                "\(name) is \(text)",
                remedy:
                    "Give Unix time as a whole number, or RFC 3339 such as 2026-01-31T12:00:00Z."
            )
        }
        return value
    }

    /// Nanoseconds in the unit that a Unix time of this size is in.
    private static func scale(_ magnitude: UInt64) -> Int64 {
        switch magnitude {
        case ..<100_000_000_000: 1_000_000_000
        case ..<100_000_000_000_000: 1_000_000
        case ..<100_000_000_000_000_000: 1_000
        default: 1
        }
    }

    /// A time in microseconds, as Jaeger's first API has it, as nanoseconds.
    func micros(_ name: String) throws(APIError) -> Int64? {
        guard let text = text(name) else { return nil }
        guard let number = Int64(text),
            case let (value, overflow) = number.multipliedReportingOverflow(by: 1_000),
            !overflow
        else {
            throw .badRequest("\(name) is \(text)", remedy: "Give Unix time in microseconds.")
        }
        return value
    }

    /// A length of time as nanoseconds: `1.5s`, `300ms`, `1h2m`; a bare number counts `unit`s.
    func duration(_ names: String..., unit: Int64 = 1_000) throws(APIError) -> Int64? {
        for name in names {
            guard let text = text(name) else { continue }
            guard let value = DurationText.nanoseconds(text, unit: unit) else {
                throw .badRequest(
                    "\(name) is \(text)",
                    remedy: "Give a duration such as 1.5s, 300ms or 20us."
                )
            }
            return value
        }
        return nil
    }
}

/// Durations as Go writes them.
enum DurationText {
    private static let units: [(suffix: String, nanoseconds: Double)] = [
        ("ns", 1), ("us", 1e3), ("µs", 1e3), ("ms", 1e6), ("s", 1e9), ("m", 60e9), ("h", 3_600e9),
        ("d", 86_400e9),
    ]

    /// Nil when `text` is not a duration; a bare number counts `unit` nanoseconds each.
    static func nanoseconds(_ text: String, unit: Int64) -> Int64? {
        if let number = Double(text), number.isFinite { return clamped(number * Double(unit)) }
        var rest = text[...]
        var total = 0.0
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isNumber || $0 == "." }
            let name = rest.dropFirst(digits.count).prefix { !$0.isNumber && $0 != "." }
            guard let number = Double(digits), let unit = units.first(where: { $0.suffix == name })
            else {
                return nil
            }
            total += number * unit.nanoseconds
            rest = rest.dropFirst(digits.count + name.count)
        }
        return text.isEmpty ? nil : clamped(total)
    }

    private static func clamped(_ value: Double) -> Int64? {
        value.magnitude < 9e18 ? Int64(value) : nil
    }
}

/// RFC 3339 moments.
enum Timestamp {
    /// Unix nanoseconds of `2026-01-31T12:00:00.5Z` or `...+02:00`; nil when `text` is no such thing.
    static func parse(_ text: String) -> Int64? {
        let bytes = Array(text.utf8)
        guard bytes.count >= 20, bytes.count <= 40 else { return nil }
        let number = { (range: Range<Int>) -> Int64? in
            var value: Int64 = 0
            for byte in bytes[range] {
                guard (0x30...0x39).contains(byte) else { return nil }
                value = value * 10 + Int64(byte - 0x30)
            }
            return value
        }
        guard let year = number(0..<4), bytes[4] == 0x2d, let month = number(5..<7),
            bytes[7] == 0x2d,
            let day = number(8..<10), bytes[10] | 0x20 == 0x74, let hour = number(11..<13),
            bytes[13] == 0x3a, let minute = number(14..<16), bytes[16] == 0x3a,
            let second = number(17..<19),
            (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60, second < 61
        else { return nil }
        var position = 19
        var nanoseconds: Int64 = 0
        if bytes[position] == 0x2e {
            position += 1
            var scale: Int64 = 100_000_000
            while position < bytes.count, (0x30...0x39).contains(bytes[position]) {
                nanoseconds += Int64(bytes[position] - 0x30) * scale
                scale /= 10
                position += 1
            }
        }
        guard position < bytes.count else { return nil }
        var offset: Int64 = 0
        if bytes[position] | 0x20 != 0x7a {
            guard bytes.count == position + 6, bytes[position] == 0x2b || bytes[position] == 0x2d,
                let hours = number((position + 1)..<(position + 3)), bytes[position + 3] == 0x3a,
                let minutes = number((position + 4)..<(position + 6))
            else { return nil }
            offset = (hours * 60 + minutes) * 60 * (bytes[position] == 0x2b ? 1 : -1)
        } else if bytes.count != position + 1 {
            return nil
        }
        let seconds = days(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second - offset
        let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, overflows) = scaled.addingReportingOverflow(nanoseconds)
        return overflow || overflows ? nil : sum
    }

    /// Days from 1970-01-01 to a date of the proleptic Gregorian calendar.
    private static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
            - 719_468
    }
}

/// Percent-encoding of URLs (RFC 3986, section 2.1).
enum PercentCoding {
    /// The text behind the escapes; what is no escape stays, and invalid UTF-8 is repaired.
    static func decoded(_ text: some StringProtocol, plusIsSpace: Bool = false) -> String {
        let bytes = Array(text.utf8)
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        var index = 0
        while index < bytes.count {
            if bytes[index] == UInt8(ascii: "%"), index + 2 < bytes.count,
                let high = digit(bytes[index + 1]), let low = digit(bytes[index + 2])
            {
                result.append(high << 4 | low)
                index += 3
            } else {
                let isSpace = plusIsSpace && bytes[index] == UInt8(ascii: "+")
                result.append(isSpace ? UInt8(ascii: " ") : bytes[index])
                index += 1
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x41 + 10
        case 0x61...0x66: byte - 0x61 + 10
        default: nil
        }
    }
}
