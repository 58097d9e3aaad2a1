import Testing

@testable import Server

/// Inflating and packing, without a server.
struct GzipTests {
    /// Inflates bytes that arrive in parts of `count` bytes.
    private static func inflated(
        _ bytes: [UInt8],
        part count: Int = .max,
        limit: Int = 1 << 20
    ) throws -> [UInt8] {
        var inflater = try GzipInflater(limit: limit)
        var start = 0
        while start < bytes.count {
            let end = count < bytes.count - start ? start + count : bytes.count
            try bytes[start..<end].withUnsafeBytes { try inflater.push($0) }
            start = end
        }
        return try inflater.finish()
    }

    private static let text = (0..<200_000).map { UInt8(truncatingIfNeeded: $0 / 7 ^ $0) }

    @Test(arguments: [1, 2, 3, 17, 1000, 65_536, .max])
    func inflatesWhateverThePartsAre(_ part: Int) throws {
        let packed = try #require(Gzip.deflated(Self.text))
        #expect(try Self.inflated(packed, part: part) == Self.text)
    }

    @Test(arguments: [0, 1, 65_535, 65_536, 65_537, 200_000])
    func inflatesEverySize(_ count: Int) throws {
        let bytes = Array(Self.text.prefix(count))
        #expect(try Self.inflated(try #require(Gzip.deflated(bytes)), limit: count) == bytes)
    }

    @Test(arguments: [1, 9, .max])
    func inflatesMembersOneAfterTheOther(_ part: Int) throws {
        let members = try [[1, 2], [], [3], Self.text].map { try #require(Gzip.deflated($0)) }
        let packed = Array(members.joined())
        #expect(try Self.inflated(packed, part: part) == [1, 2, 3] + Self.text)
    }

    @Test func refusesOneByteTooMany() throws {
        let packed = try #require(Gzip.deflated(Self.text))
        #expect(throws: GzipError.tooLarge) {
            try Self.inflated(packed, limit: Self.text.count - 1)
        }
        let two = packed + packed
        #expect(throws: GzipError.tooLarge) {
            try Self.inflated(two, limit: 2 * Self.text.count - 1)
        }
    }

    @Test func neverHasRoomForMoreThanTheLimit() throws {
        let bomb = try #require(Gzip.deflated([UInt8](repeating: 0, count: 64 << 20)))
        let limit = 3_000_000
        var inflater = try GzipInflater(limit: limit)
        var failure: (any Error)?
        for byte in bomb where failure == nil {
            do {
                try withUnsafeBytes(of: byte) { try inflater.push($0) }
            } catch {
                failure = error
            }
            // Allocations are rounded up by less than a page.
            #expect(inflater.output.capacity <= limit + 4096)
        }
        #expect(failure as? GzipError == .tooLarge)
        #expect(inflater.output.count <= limit)
    }

    @Test func tellsDamageFromAnEarlyEnd() throws {
        let packed = try #require(Gzip.deflated(Self.text))
        #expect(throws: GzipError.truncated) { try Self.inflated([]) }
        #expect(throws: GzipError.truncated) { try Self.inflated(Array(packed.dropLast())) }
        #expect(throws: GzipError.truncated) { try Self.inflated(packed + packed.prefix(1)) }
        #expect(throws: GzipError.trailingGarbage) { try Self.inflated(packed + [0, 0, 0]) }
        #expect(throws: GzipError.corrupt) { try Self.inflated(Array("hello".utf8)) }
        var damaged = packed
        damaged[damaged.count - 6] ^= 1
        #expect(throws: GzipError.corrupt) { try Self.inflated(damaged) }
    }
}
