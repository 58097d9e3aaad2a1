// Reads the text forms. The whole grammar:
//
//     configuration = [ entry *( ";" entry ) ]
//     entry         = point "=" program
//     program       = step *( "->" step )
//     step          = [ percent "%" ] [ count "*" ] action [ "(" argument ")" ]
//
// White space may stand between any two tokens. A step without percent and count takes every
// arrival that is left, so a step after it could never fire and is an error, as is a point that is
// named twice. Positions count UTF-8 bytes from the start of the text that was given.

extension FailpointProgram {
    /// Reads a program such as `3*off->1*errno(EIO)->off`.
    ///
    /// - Throws: `.syntax` with the position of the mistake, `.compiledOut`.
    public init(_ text: String) throws(FailpointError) {
        #if Failpoints
        var parser = FailpointParser(text)
        self = try parser.program()
        try parser.end()
        #else
        throw .compiledOut
        #endif
    }
}

#if Failpoints
/// A recursive-descent parser over one text.
struct FailpointParser {
    private let bytes: [UInt8]
    private var position = 0

    init(_ text: String) { bytes = Array(text.utf8) }

    // MARK: Rules

    mutating func configuration() throws(FailpointError) -> [(String, FailpointProgram)] {
        var entries: [(point: String, program: FailpointProgram)] = []
        if next() == nil { return [] }
        repeat {
            _ = next()
            let start = position
            let point = try word("the name of a point")
            if entries.contains(where: { $0.point == point }) {
                throw mistake("\(point) is named twice", at: start)
            }
            guard take("=") else { throw mistake("'=' is expected after the name of a point") }
            entries.append((point, try program()))
        } while take(";")
        try end()
        return entries
    }

    mutating func program() throws(FailpointError) -> FailpointProgram {
        var steps: [FailpointProgram.Step] = []
        repeat {
            if let last = steps.last, last.count == nil, last.chance == nil {
                throw mistake("this step is never reached: '\(last)' takes every arrival")
            }
            steps.append(try step())
        } while take("->")
        return FailpointProgram(steps)
    }

    func end() throws(FailpointError) {
        var rest = self
        if rest.next() != nil { throw rest.mistake("the text should end here") }
    }

    private mutating func step() throws(FailpointError) -> FailpointProgram.Step {
        var chance: Int?
        var count: Int?
        var start = skipSpace()
        if isDigit(next()) {
            let whole = try number()
            if peek("%") || peek(".") {
                chance = try percent(whole, at: start)
                start = skipSpace()
                if isDigit(next()) { count = try times(try number(), at: start) }
            } else {
                count = try times(whole, at: start)
            }
        }
        return FailpointProgram.Step(try action(), count: count, chance: chance)
    }

    private mutating func times(_ count: Int, at start: Int) throws(FailpointError) -> Int {
        guard take("*") else { throw mistake("'*' or '%' is expected after a number") }
        guard count > 0 else { throw mistake("a count is at least 1", at: start) }
        return count
    }

    /// The millionths of `whole` and the fraction that follows.
    private mutating func percent(_ whole: Int, at start: Int) throws(FailpointError) -> Int {
        var millionths = min(whole, 101) * 10_000
        if take(".") {
            let first = position
            let digits = try number()
            let width = position - first
            guard width <= 4, first < bytes.count, isDigit(bytes[first]) else {
                throw mistake("a percentage has at most four decimals", at: first)
            }
            millionths += digits * [1, 1_000, 100, 10, 1][width]
        }
        guard take("%") else { throw mistake("'%' is expected after a percentage") }
        guard 1...1_000_000 ~= millionths else {
            throw mistake("a percentage is above 0 and at most 100", at: start)
        }
        return millionths
    }

    private mutating func action() throws(FailpointError) -> FailpointAction {
        let start = skipSpace()
        let name = try word("an action")
        switch name {
        case "off": return .off
        case "count": return .count
        case "crash": return .crash
        case "pause": return .pause
        case "abort": return .abort
        case "kill": return .kill
        case "error":
            guard take("(") else { return .error("") }
            return .error(try close(try word("a label")))
        case "errno", "return":
            try open(name)
            return .errno(try close(try errorNumber()))
        case "short":
            try open(name)
            return .short(try close(try number()))
        case "corrupt":
            try open(name)
            return .corrupt(bits: try close(try positive("bits")))
        case "delay":
            try open(name)
            return .delay(try close(try duration()))
        case "callback":
            try open(name)
            return .callback(try close(try word("the name of a callback")))
        case "rendezvous":
            try open(name)
            let meeting = try word("the name of a rendezvous")
            guard take(",") else { throw mistake("',' and the number of parties are expected") }
            return .rendezvous(meeting, parties: try close(try positive("parties")))
        default: throw mistake("no action is called '\(name)'", at: start)
        }
    }

    private mutating func errorNumber() throws(FailpointError) -> CInt {
        let start = skipSpace()
        if isDigit(next()) {
            guard let number = CInt(exactly: try number()), number > 0 else {
                throw mistake("this is no error number", at: start)
            }
            return number
        }
        let name = try word("an error number or its name")
        guard let number = ErrorNumbers.number(name) else {
            throw mistake("no error number is called '\(name)'", at: start)
        }
        return number
    }

    private mutating func duration() throws(FailpointError) -> Duration {
        let amount = Int64(try number())
        let start = position
        switch try word("a unit: ns, us, ms or s") {
        case "ns": return .nanoseconds(amount)
        case "us": return .microseconds(amount)
        case "ms": return .milliseconds(amount)
        case "s": return .seconds(amount)
        default: throw mistake("a unit is ns, us, ms or s", at: start)
        }
    }

    // MARK: Tokens

    private mutating func open(_ name: String) throws(FailpointError) {
        guard take("(") else { throw mistake("'\(name)' needs an argument in parentheses") }
    }

    private mutating func close<Value>(_ value: Value) throws(FailpointError) -> Value {
        guard take(")") else { throw mistake("')' is expected") }
        return value
    }

    private mutating func positive(_ noun: String) throws(FailpointError) -> Int {
        let start = skipSpace()
        let value = try number()
        guard value > 0 else { throw mistake("the number of \(noun) is at least 1", at: start) }
        return value
    }

    private mutating func number() throws(FailpointError) -> Int {
        let start = skipSpace()
        var value = 0
        while position < bytes.count, isDigit(bytes[position]) {
            let tens = value.multipliedReportingOverflow(by: 10)
            let sum = tens.partialValue.addingReportingOverflow(Int(bytes[position] - 48))
            guard !tens.overflow, !sum.overflow else {
                throw mistake("this number is too large", at: start)
            }
            value = sum.partialValue
            position += 1
        }
        guard position > start else { throw mistake("a number is expected") }
        return value
    }

    private mutating func word(_ what: String) throws(FailpointError) -> String {
        let start = skipSpace()
        while position < bytes.count, isNamePart(at: position) { position += 1 }
        guard position > start else { throw mistake("\(what) is expected") }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    /// Letters, digits, `.`, `_` and `-`; the `-` of an arrow ends a name.
    private func isNamePart(at index: Int) -> Bool {
        switch bytes[index] {
        case UInt8(ascii: "-"):
            index + 1 >= bytes.count || bytes[index + 1] != UInt8(ascii: ">")
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    private func isDigit(_ byte: UInt8?) -> Bool { byte.map { 48...57 ~= $0 } ?? false }

    /// The next byte that is no white space, which is then at `position`.
    private mutating func next() -> UInt8? {
        skipSpace() < bytes.count ? bytes[position] : nil
    }

    @discardableResult
    private mutating func skipSpace() -> Int {
        while position < bytes.count, [9, 10, 13, 32].contains(bytes[position]) { position += 1 }
        return position
    }

    private mutating func peek(_ token: String) -> Bool {
        skipSpace()
        return bytes[position...].starts(with: token.utf8)
    }

    private mutating func take(_ token: String) -> Bool {
        guard peek(token) else { return false }
        position += token.utf8.count
        return true
    }

    private func mistake(_ reason: String, at place: Int? = nil) -> FailpointError {
        .syntax(position: place ?? position, reason: reason)
    }
}
#endif
