import OTLP
import TagCache
import Testing

@testable import Server
@testable import Telemetry

struct AnswerTagTests {
    private static let names = [
        "", "checkout", "a:b", "a_b", "a b", "größe", "🛒", "a/b-c.d", "_", "_5f", "x:",
        String(repeating: "long-service.", count: 40), String(repeating: "ü", count: 300),
    ]

    @Test func everyNameMakesATag() async throws {
        let cache = TagCache<Int, Int>(TagCacheConfiguration(entryLimit: 10))
        for space in Self.names {
            for service in Self.names {
                for signal in Signal.allCases {
                    let tag = AnswerTag.service(service, signal, in: space)
                    #expect(throws: Never.self) { try cache.hold(tag) }
                }
            }
        }
    }

    @Test func differentNamesMakeDifferentTags() {
        #expect(Set(Self.names.map(AnswerTag.word)).count == Self.names.count)
        let long = String(repeating: "x", count: 500)
        #expect(AnswerTag.word(long + "a") != AnswerTag.word(long + "b"))
    }

    @Test func bucketsHoldWhatWasInserted() {
        var buckets = TraceBuckets()
        let ids = (0..<200 as Range<UInt64>).map {
            TraceID(high: 1, low: $0 &* 0x9E37_79B9_7F4A_7C15)
        }
        let expected = Set(ids.map(TraceBuckets.bucket))
        for bucket in expected { buckets.insert(low: UInt64(bucket)) }
        var found: [Int] = []
        buckets.forEach { found.append($0) }
        #expect(found == expected.sorted())
    }
}
