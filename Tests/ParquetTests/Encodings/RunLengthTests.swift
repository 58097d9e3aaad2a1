import Testing

@testable import Parquet

struct RunLengthTests {
    private func encode(_ codes: [UInt32], width: Int) -> [UInt8] {
        (codes + [0]).withUnsafeBufferPointer { buffer in
            Coding.encode { output in
                guard let base = buffer.baseAddress else { return }
                RunLengthEncoder.codes(base, count: codes.count, width: width, into: &output)
            }
        }
    }

    private func decode(_ bytes: [UInt8], width: Int, count: Int) throws -> [UInt32] {
        try Coding.decode(bytes) { input in
            try Coding.array(count, 0 as UInt32) {
                try RunLengthDecoder.codes(&input, width: width, count: count, into: $0)
            }
        }
    }

    @Test(arguments: [8, 16, 24, 32], [0, 1, 7, 8, 63, 64, 65, 500])
    func codesReadBack(_ width: Int, _ count: Int) throws {
        var generator = SeededGenerator(seed: UInt64(width * 1_000 + count))
        let mask = UInt32(truncatingIfNeeded: (1 as UInt64) << UInt64(width) - 1)
        let random = (0..<count).map { _ in UInt32(truncatingIfNeeded: generator.next()) & mask }
        let runs = (0..<count).map { UInt32($0 / 100) & mask }
        let mixed = (0..<count).map { $0 % 200 < 130 ? 9 : random[$0] }
        for codes in [random, runs, mixed, [UInt32](repeating: mask, count: count)] {
            #expect(try decode(encode(codes, width: width), width: width, count: count) == codes)
        }
    }

    @Test func aConstantPageIsOneRun() {
        #expect(encode([UInt32](repeating: 0, count: 4_096), width: 1) == [0x80, 0x40, 0])
        #expect(encode([UInt32](repeating: 3, count: 10), width: 8) == [20, 3])
    }

    @Test(arguments: 1...32)
    func packedRunsOfOtherWritersReadBack(_ width: Int) throws {
        // Values 0, 1, 2 ... packed by hand.
        let codes = (0..<24 as Range<UInt64>).map { $0 & ((1 << UInt64(width)) - 1) }
        var bytes = [UInt8](repeating: 0, count: 3 * width)
        for (index, code) in codes.enumerated() {
            for bit in 0..<width where code >> UInt64(bit) & 1 == 1 {
                bytes[(index * width + bit) / 8] |= 1 << UInt8((index * width + bit) % 8)
            }
        }
        let read = try decode([3 << 1 | 1] + bytes, width: width, count: 24)
        #expect(read == codes.map { UInt32($0) })
    }

    @Test func bitmapsReadBackFromAnyOffset() throws {
        var generator = SeededGenerator(seed: 1)
        let words = (0..<5).map { _ in generator.next() }
        for range in [0..<0, 0..<1, 0..<64, 3..<100, 57..<58, 60..<70, 64..<320, 61..<319] {
            let bytes = words.withUnsafeBufferPointer { buffer in
                Coding.encode { output in
                    guard let base = buffer.baseAddress else { return }
                    RunLengthEncoder.bits(base, range, into: &output)
                }
            }
            let expected = range.map { UInt8(words[$0 / 64] >> UInt64($0 % 64) & 1) }
            var only: UInt8?
            let read = try Coding.decode(bytes) { input in
                try Coding.array(range.count + 8, 0 as UInt8) {
                    only = try RunLengthDecoder.levels(&input, max: 1, count: range.count, into: $0)
                }
            }
            let found =
                only.map { [UInt8](repeating: $0, count: range.count) }
                ?? Array(read[..<range.count])
            #expect(found == expected, "\(range)")
        }
    }

    @Test(
        arguments: [
            [], [0], [1], [0, 0], [3], [3, 1],
            [255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1],
        ] as [[UInt8]]
    )
    func malformedRunsThrow(_ bytes: [UInt8]) {
        #expect(throws: Damage.self) { try decode(bytes, width: 8, count: 20) }
    }

    @Test func levelsAboveTheHighestThrow() {
        #expect(throws: Damage.self) {
            try Coding.decode([8 << 1, 3]) { input in
                try Coding.array(8, 0 as UInt8) {
                    _ = try RunLengthDecoder.levels(&input, max: 2, count: 8, into: $0)
                }
            }
        }
    }
}
