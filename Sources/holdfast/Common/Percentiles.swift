/// Sorted measurements, and what of them is worth printing.
struct Percentiles: Sendable {
    private let sorted: [Double]

    init(_ values: [Double]) { sorted = values.sorted() }

    var count: Int { sorted.count }

    /// The greatest of them; 0 when there are none.
    var maximum: Double { sorted.last ?? 0 }

    /// The least value that at least `share` (0 to 1) of all do not exceed; 0 when there are none.
    func value(at share: Double) -> Double {
        guard !sorted.isEmpty else { return 0 }
        let rank = (share * Double(sorted.count)).rounded(.up)
        return sorted[min(max(Int(rank) - 1, 0), sorted.count - 1)]
    }
}
