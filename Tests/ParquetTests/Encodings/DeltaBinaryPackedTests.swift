import Testing

@testable import Parquet

struct DeltaBinaryPackedTests {
    private func encode(_ values: [Int64], wrap32: Bool = false) -> [UInt8] {
        (values + [0]).withUnsafeBufferPointer { buffer in
            Coding.encode { output in
                guard let base = buffer.baseAddress else { return }
                DeltaBinaryPacked.encode(base, count: values.count, wrap32: wrap32, into: &output)
            }
        }
    }

    private func decode(_ bytes: [UInt8], count: Int) throws -> [Int64] {
        try Coding.decode(bytes) { input in
            let values = try Coding.array(count, 0 as Int64) {
                try DeltaBinaryPacked.decode(&input, count: count, into: $0)
            }
            try input.expectEnd()
            return values
        }
    }

    @Test(
        arguments: [
            [], [7], [-1], [1, 2], [.min, .max, .min, .max, 0], [.max, .min], [0, .min],
            Array(repeating: 5, count: 129), Array(0..<128), Array(0..<129), Array(0..<130),
        ] as [[Int64]]
    )
    func valuesReadBack(_ values: [Int64]) throws {
        #expect(try decode(encode(values), count: values.count) == values)
    }

    @Test(arguments: 0...64)
    func deltasOfEveryWidthReadBack(_ width: Int) throws {
        var generator = SeededGenerator(seed: UInt64(width))
        let mask: UInt64 = width == 64 ? .max : (1 << UInt64(width)) - 1
        var values: [Int64] = [3]
        for _ in 0..<300 {
            values.append(values[values.count - 1] &+ Int64(bitPattern: generator.next() & mask))
        }
        #expect(try decode(encode(values), count: values.count) == values)
    }

    @Test func deltasOf32BitsNeverTakeMore() throws {
        let values: [Int64] = (0..<200).map { $0 % 2 == 0 ? Int64(Int32.min) : Int64(Int32.max) }
        let bytes = encode(values, wrap32: true)
        let read = try decode(bytes, count: values.count).map {
            Int64(Int32(truncatingIfNeeded: $0))
        }
        #expect(read == values)
        #expect(bytes.count < 200 * 4)
    }

    @Test func theSpecificationsFirstExampleHasItsBytes() {
        // 1, 2, 3, 4, 5: header 128, 4, 5, 1 and one block of equal deltas.
        #expect(encode([1, 2, 3, 4, 5]) == [0x80, 0x01, 4, 5, 2, 2, 0, 0, 0, 0])
    }

    @Test(arguments: 0..<60)
    func truncatedOrWrongBytesThrow(_ count: Int) throws {
        let values = (0..<150 as Range<Int64>).map { $0 * $0 % 37 }
        let bytes = encode(values)
        #expect(throws: Damage.self) { try decode(Array(bytes[..<count]), count: 150) }
        #expect(throws: Damage.self) { try decode(bytes, count: 149) }
        #expect(throws: Damage.self) { try decode([1] + bytes, count: 150) }
    }
}
