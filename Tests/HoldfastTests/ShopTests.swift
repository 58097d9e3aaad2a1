import OTLP
import Testing

@testable import holdfast

/// Checks of the generator of telemetry.
struct ShopTests {
    private static let start: UInt64 = 1_795_247_700_000_000_000

    /// A minute and a half of the shop, in which the bank is slow for a while.
    private static func requests(seed: UInt64) -> [ShopRequest] {
        var shop = Shop(Shop.Settings(seed: seed, tracesPerSecond: 8, start: start))
        var requests: [ShopRequest] = []
        for second in 1...90 as ClosedRange<UInt64> {
            let time = start + second * 1_000_000_000
            shop.advance(to: time)
            requests += shop.takeRequests(until: time)
        }
        return requests + shop.takeRequests(until: 0, isLast: true)
    }

    @Test func theSameSeedGivesTheSameBytes() {
        let first = Self.requests(seed: 3)
        let second = Self.requests(seed: 3)
        #expect(first.map(\.body) == second.map(\.body))
        #expect(first.map(\.body) != Self.requests(seed: 4).map(\.body))
    }

    @Test func everyRequestDecodesWithoutRejections() throws {
        var spans = 0
        var errors = 0
        var links = 0
        var parents: [SpanKey: UInt64] = [:]
        var logs = 0
        var types: Set<MetricType> = []
        var exemplars = 0
        for request in Self.requests(seed: 5) {
            #expect(request.records > 0)
            switch request.signal {
            case .traces:
                let columns = try OTLPDecoder.spans(protobuf: request.body)
                #expect(columns.count == request.records)
                #expect(columns.count <= Shop.recordsPerRequest)
                #expect(columns.rejections.count == 0)
                spans += columns.count
                errors += columns.statusCodes.count { $0 == 2 }
                links += columns.linkSpanIDs.count
                for row in 0..<columns.count {
                    let trace = (columns.traceIDs[2 * row], columns.traceIDs[2 * row + 1])
                    let key = SpanKey(high: trace.0, low: trace.1, span: columns.spanIDs[row])
                    #expect(parents.updateValue(columns.parentSpanIDs[row], forKey: key) == nil)
                    #expect(columns.startTimes[row] < columns.endTimes[row])
                }
            case .logs:
                let columns = try OTLPDecoder.logs(protobuf: request.body)
                #expect(columns.count == request.records)
                #expect(columns.rejections.count == 0)
                logs += columns.count
            case .metrics:
                let columns = try OTLPDecoder.metrics(protobuf: request.body)
                #expect(columns.count == request.records)
                #expect(columns.rejections.count == 0)
                types.formUnion(columns.types)
                exemplars += columns.exemplarTimes.count
            }
        }
        #expect(spans > 5_000)
        #expect(errors > 20)
        #expect(links > 5)
        #expect(logs > spans / 2)
        #expect(types == [.gauge, .sum, .histogram, .exponentialHistogram, .summary])
        #expect(exemplars > 100)
        // Every parent was sent too.
        for (key, parent) in parents where parent != 0 {
            #expect(parents[SpanKey(high: key.high, low: key.low, span: parent)] != nil)
        }
    }

    private struct SpanKey: Hashable {
        let high: UInt64
        let low: UInt64
        let span: UInt64
    }

    @Test func theBankIsSlowNowAndThen() {
        let minute: UInt64 = 60_000_000_000
        #expect(ShopScenarios.isBankSlow(at: 2 * minute))
        #expect(ShopScenarios.isBankSlow(at: 2 * minute + 19_999_999_999))
        #expect(!ShopScenarios.isBankSlow(at: 2 * minute + 20_000_000_000))
        #expect(!ShopScenarios.isBankSlow(at: 3 * minute))
    }

    @Test func aTraceIsSpreadOverRequests() {
        var shop = Shop(
            Shop.Settings(
                seed: 1,
                tracesPerSecond: 50,
                start: Self.start,
                delayMax: 5,
                metricInterval: nil
            )
        )
        var planned: Set<TraceID> = []
        shop.advance(to: Self.start + 5_000_000_000) { planned.insert($0.id) }
        let part = shop.takeRequests(until: Self.start + 5_000_000_000, isFull: true)
        #expect(part.allSatisfy { $0.records == Shop.recordsPerRequest })
        let taken = part.filter { $0.signal == .traces }.reduce(0) { $0 + $1.records }
        #expect(taken < shop.spanCount)
        #expect(planned.count > 200)
        let rest = shop.takeRequests(until: 0, isFull: true, isLast: true)
        #expect(
            taken + rest.filter { $0.signal == .traces }.reduce(0) { $0 + $1.records }
                == shop.spanCount
        )
    }

    @Test func dueItemsLeaveInOrder() {
        var pending = Pending<Int>()
        for (item, due) in [(1, 30), (2, 10), (3, 20), (4, 10)] as [(Int, UInt64)] {
            pending.append(item, due: due)
        }
        #expect(pending.take(until: 20, by: 2, isFull: true) == [[2, 4]])
        #expect(pending.take(until: 30, by: 2, isFull: true) == [[3, 1]])
        #expect(pending.take(until: 99, by: 2, isFull: false).isEmpty)
    }

    @Test func randomNumbersStayInTheirBounds() {
        var random = SeededGenerator(seed: 9)
        for _ in 0..<1_000 {
            #expect((0..<7).contains(random.below(7)))
            #expect((0..<1).contains(random.unit()))
            #expect(random.milliseconds(3) > 0)
        }
        #expect(random.uuid().count == 36)
        #expect(random.hex(5).count == 5)
    }
}
