import OTLP
import Testing

/// Bytes that are not the message they claim to be raise an error and never trap.
struct MalformedProtobufTests {
    private func code(of body: [UInt8], limits: DecodeLimits = DecodeLimits()) -> OTLPError.Code? {
        do throws(OTLPError) {
            _ = try OTLPDecoder.spans(protobuf: body, limits: limits)
            return nil
        } catch {
            return error.code
        }
    }

    @Test(
        arguments: [
            // A truncated varint, tag and length.
            [0x80], [0x0a], [0x0a, 0x80],
            // A length past the end, and one that overflows.
            [0x0a, 0x01], [0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
            // An eleven-byte varint, and one of more than 64 bits.
            [0x10] + [UInt8](repeating: 0x80, count: 10) + [0x00],
            [0x10] + [UInt8](repeating: 0xff, count: 9) + [0x02],
            // Field number 0, and one above 2^29 - 1.
            [0x02, 0x00], [0x82, 0x80, 0x80, 0x80, 0x10, 0x00],
            // Groups, and wire types that do not exist.
            [0x1b, 0x1c], [0x1c], [0x1e], [0x1f],
            // A known field with another wire type.
            [0x08, 0x01], [0x09, 0, 0, 0, 0, 0, 0, 0, 0], [0x0d, 0, 0, 0, 0],
            // Truncated fixed64 and fixed32 of unknown fields.
            [0x11, 0, 0, 0, 0, 0, 0, 0], [0x15, 0, 0, 0],
        ] as [[UInt8]]
    )
    func brokenWireFormatIsMalformed(body: [UInt8]) {
        #expect(code(of: body) == .malformed)
    }

    @Test(
        arguments: [
            Wire.field(7, varint: 1), Wire.field(5, varint: 1), Wire.field(16, varint: 1),
            Wire.field(9, varint: 1), Wire.field(6, "kind"), Wire.field(15, fixed64: 1),
            Wire.attribute(Wire.field(4, varint: 1)), Wire.attribute(Wire.field(1, varint: 1)),
        ]
    )
    func aWrongWireTypeInsideASpanIsMalformed(field: [UInt8]) {
        #expect(code(of: Wire.span(field)) == .malformed)
    }

    /// An attribute of this many arrays or key-value lists inside one another.
    private func nested(_ depth: Int, _ member: Int) -> [UInt8] {
        var value: [UInt8] = []
        for _ in 0..<depth {
            value = Wire.field(
                member,
                Wire.field(1, member == 5 ? value : Wire.field(2, value))
            )
        }
        return Wire.span(Wire.attribute(value))
    }

    @Test(arguments: [5, 6])
    func valuesMayNestToTheLimitAndNoDeeper(member: Int) {
        #expect(code(of: nested(64, member)) == nil)
        #expect(code(of: nested(65, member)) == .tooDeep)
        #expect(code(of: nested(5000, member)) == .tooDeep)
    }

    @Test func limitsAreKept() {
        let body = OTLPEncoder.protobuf(traces: Fixtures.traces)
        var limits = DecodeLimits()
        limits.maxBodyBytes = body.count - 1
        #expect(code(of: body, limits: limits) == .tooLarge)

        limits = DecodeLimits()
        limits.maxRecords = 3
        #expect(code(of: body, limits: limits) == .tooLarge)
        limits.maxRecords = 4
        #expect(code(of: body, limits: limits) == nil)

        limits.maxElements = 20
        #expect(code(of: body, limits: limits) == .tooLarge)
    }

    @Test func theScratchIsLimitedLikeTheBody() {
        // Two bytes in the body, five in the text.
        let empties = [[UInt8]](repeating: [0x0a, 0x00], count: 1000).flatMap { $0 }
        let body = Wire.span(Wire.attribute(Wire.field(5, empties)))
        var limits = DecodeLimits()
        limits.maxBodyBytes = body.count + 100
        #expect(code(of: body, limits: limits) == .tooLarge)
        limits.maxBodyBytes = 6000
        #expect(code(of: body, limits: limits) == nil)

        let controls = [UInt8](repeating: 1, count: 10_000)
        let text = Wire.span(Wire.attribute(Wire.field(5, Wire.field(1, Wire.field(1, controls)))))
        limits.maxBodyBytes = 20_000
        #expect(code(of: text, limits: limits) == .tooLarge)
    }

    @Test(arguments: Format.all)
    func aRequestCutAnywhereNeverTraps(format: Format) {
        let body = format.compactBody
        var accepted = 0
        for length in 0..<body.count {
            let result = Result { try format.violation(of: Array(body.prefix(length))) }
            if case .success(let violation) = result {
                accepted += 1
                #expect(violation == nil)
            }
        }
        // Only a cut between the outermost groups leaves a whole message.
        #expect(accepted <= 4)
        #expect(!format.isJSON || accepted == 0)
    }

    @Test(arguments: Format.all)
    func randomBytesNeverTrap(format: Format) {
        var generator = SplitMix(state: 42)
        for _ in 0..<2000 {
            let count = Int(generator.next() % 64)
            let body = (0..<count).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
            let result = Result { try format.violation(of: body) }
            if case .success(let violation) = result { #expect(violation == nil) }
        }
    }

    @Test(arguments: Format.all)
    func aRichRequestWithRandomBytesNeverTraps(format: Format) {
        var generator = SplitMix(state: 43)
        let body = format.compactBody
        for _ in 0..<500 {
            var mutant = body
            for _ in 0...(generator.next() % 4) {
                let position = Int(generator.next() % UInt64(mutant.count))
                mutant[position] = UInt8(truncatingIfNeeded: generator.next())
            }
            let result = Result { try format.violation(of: mutant) }
            if case .success(let violation) = result { #expect(violation == nil) }
        }
    }
}

/// The splitmix64 generator.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
