import Failpoints
import Testing

/// The text form of programs: what can be written, what it means, and where mistakes are found.
struct GrammarTests {
    @Test(arguments: [
        "off", "count", "error", "error(contention)", "errno(EIO)", "errno(ENOSPC)", "errno(4095)",
        "short(0)", "short(512)", "corrupt(3)", "crash", "delay(0s)", "delay(5ms)", "delay(7us)",
        "delay(1500ms)", "delay(1ns)", "delay(3s)", "pause", "rendezvous(two-writers,2)",
        "callback(move_clock)", "abort", "kill", "3*off->1*errno(EIO)->off", "25%error",
        "0.0001%kill", "12.5%2*error->delay(1ms)", "99.99%pause->1*crash", "100%count->off",
    ])
    func textThatIsReadIsWrittenTheSame(text: String) throws {
        let program = try FailpointProgram(text)
        #expect(program.description == text)
        #expect(try FailpointProgram(program.description) == program)
    }

    @Test(arguments: [
        (" 3 * off -> 1 * return ( EIO ) -> off\n", "3*off->1*errno(EIO)->off"),
        ("return(28)", "errno(ENOSPC)"), ("errno(5)", "errno(EIO)"), ("025.50%error", "25.5%error"),
        ("delay(1000us)", "delay(1ms)"), ("delay(1000ms)", "delay(1s)"),
        ("rendezvous( a , 2 )", "rendezvous(a,2)"), ("1*error(a-b)->off", "1*error(a-b)->off"),
    ])
    func otherSpellingsMeanTheSame(text: String, canonical: String) throws {
        #expect(try FailpointProgram(text).description == canonical)
    }

    @Test(arguments: [
        ("", 0, "an action is expected"),
        ("explode", 0, "no action is called 'explode'"),
        ("1*off->explode", 7, "no action is called 'explode'"),
        ("error x", 6, "the text should end here"),
        ("error(", 6, "a label is expected"),
        ("error(a", 7, "')' is expected"),
        ("errno", 5, "'errno' needs an argument in parentheses"),
        ("return(EWHAT)", 7, "no error number is called 'EWHAT'"),
        ("errno(0)", 6, "this is no error number"),
        ("errno(99999999999)", 6, "this is no error number"),
        ("short()", 6, "a number is expected"),
        ("short(99999999999999999999)", 6, "this number is too large"),
        ("corrupt(0)", 8, "the number of bits is at least 1"),
        ("delay(5)", 7, "a unit: ns, us, ms or s is expected"),
        ("delay(5min)", 7, "a unit is ns, us, ms or s"),
        ("rendezvous(a)", 12, "',' and the number of parties are expected"),
        ("rendezvous(a,0)", 13, "the number of parties is at least 1"),
        ("callback()", 9, "the name of a callback is expected"),
        ("0*error", 0, "a count is at least 1"),
        ("3error", 1, "'*' or '%' is expected after a number"),
        ("3", 1, "'*' or '%' is expected after a number"),
        ("0%error", 0, "a percentage is above 0 and at most 100"),
        ("101%error", 0, "a percentage is above 0 and at most 100"),
        ("100.0001%error", 0, "a percentage is above 0 and at most 100"),
        ("1.00001%error", 2, "a percentage has at most four decimals"),
        ("1.%error", 2, "a number is expected"),
        ("1. 5%error", 2, "a percentage has at most four decimals"),
        ("5.5*error", 3, "'%' is expected after a percentage"),
        ("error->off", 7, "this step is never reached: 'error' takes every arrival"),
        ("1*error->", 9, "an action is expected"),
        ("1*error-off", 2, "no action is called 'error-off'"),
        ("1*\u{e9}", 2, "an action is expected"),
    ])
    func aMistakeNamesItsPosition(text: String, position: Int, reason: String) {
        #expect(throws: FailpointError.syntax(position: position, reason: reason)) {
            try FailpointProgram(text)
        }
    }

    @Test(arguments: [
        ("=off", 0, "the name of a point is expected"),
        ("journal.write", 13, "'=' is expected after the name of a point"),
        ("journal.write=off;", 18, "the name of a point is expected"),
        ("journal.write=off,journal.sync=off", 17, "the text should end here"),
        ("journal.write=off; journal.write=error", 19, "journal.write is named twice"),
        ("journal.write=off;journal.sync=2*", 33, "an action is expected"),
    ])
    func aMistakeInAConfigurationNamesItsPosition(text: String, position: Int, reason: String) {
        #expect(throws: FailpointError.syntax(position: position, reason: reason)) {
            try FailpointRegistry().arm(configuration: text)
        }
    }

    /// Every prefix and every one-byte change of a long text is read or refused, never trapped on.
    @Test func damagedTextNeverTraps() {
        let text = Array("12.5%2*error(a)->3*delay(5ms)->1*rendezvous(b,2)->return(EIO)".utf8)
        var refused = 0
        for length in 0...text.count {
            for byte: UInt8 in [0, 32, 37, 40, 42, 45, 46, 48, 57, 59, 62, 97, 200, 255] {
                var damaged = Array(text.prefix(length))
                if let last = damaged.indices.last { damaged[last] = byte }
                do throws(FailpointError) {
                    let program = try FailpointProgram(String(decoding: damaged, as: UTF8.self))
                    #expect(try FailpointProgram(program.description) == program)
                } catch {
                    refused += 1
                }
            }
        }
        #expect(refused > 400)
    }

    @Test func programsBuiltInCodeHaveTheSameText() {
        #expect(FailpointProgram.always(.error).description == "error")
        #expect(FailpointProgram.nth(1, .crash).description == "1*crash")
        #expect(FailpointProgram.nth(4, .errno(5)).description == "3*off->1*errno(EIO)")
        #expect(FailpointProgram.from(3, .kill).description == "2*off->kill")
    }
}
