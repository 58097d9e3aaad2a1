import Testing

@testable import holdfast

/// Checks of `Percentiles`.
struct PercentilesTests {
    @Test(arguments: [(0.5, 50.0), (0.9, 90.0), (0.99, 99.0), (1, 100.0), (0, 1.0), (0.001, 1.0)])
    func nearestRankOfAHundred(share: Double, expected: Double) {
        let percentiles = Percentiles((1...100).map(Double.init).reversed())
        #expect(percentiles.value(at: share) == expected)
        #expect(percentiles.count == 100)
        #expect(percentiles.maximum == 100)
    }

    @Test func nothingMeasuredIsZero() {
        let percentiles = Percentiles([])
        #expect(percentiles.value(at: 0.5) == 0)
        #expect(percentiles.maximum == 0)
    }

    @Test func oneMeasurementIsEveryPercentile() {
        let percentiles = Percentiles([7])
        #expect(percentiles.value(at: 0) == 7)
        #expect(percentiles.value(at: 0.99) == 7)
    }
}
