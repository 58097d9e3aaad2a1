/// Counts what a request expands to against its limits.
struct ElementBudget {
    let limits: DecodeLimits
    private var elements = 0
    private var records = 0

    init(limits: DecodeLimits) { self.limits = limits }

    /// Refuses a body that is too large to begin with.
    func check(bodyOf count: Int) throws(OTLPError) {
        guard count <= limits.bodyBytes else {
            throw .tooLarge("the body is larger than allowed", at: 0)
        }
    }

    /// Counts a span, a log record or a data point.
    @inline(__always)
    mutating func countRecord(at position: Int) throws(OTLPError) {
        records &+= 1
        guard records <= limits.maxRecords else {
            throw .tooLarge("more records than allowed", at: position)
        }
    }

    /// Counts a row that is not a record.
    @inline(__always)
    mutating func countElement(at position: Int) throws(OTLPError) {
        elements &+= 1
        guard elements <= limits.maxElements else {
            throw .tooLarge("more attributes, events, links or buckets than allowed", at: position)
        }
    }

    /// Counts rows that are not records.
    mutating func countElements(_ count: Int, at position: Int) throws(OTLPError) {
        guard count <= limits.maxElements - elements else {
            throw .tooLarge("more attributes, events, links or buckets than allowed", at: position)
        }
        elements += count
    }

    /// Refuses a scratch that would outgrow the limit with `count` more bytes.
    @inline(__always)
    func checkScratch(_ scratch: [UInt8], adding count: Int, at position: Int) throws(OTLPError) {
        guard count <= limits.bodyBytes - scratch.count else {
            throw .tooLarge("structured values expand to more bytes than allowed", at: position)
        }
    }

    /// Refuses a scratch that would outgrow the limit with a string, escapes included.
    func checkScratch(
        _ scratch: [UInt8],
        adding bytes: Bytes,
        _ range: Range<Int>
    ) throws(OTLPError) {
        var count = range.count
        // Every byte may become six; only a long string is worth counting.
        if count > 4096 {
            for position in range where bytes[position] < 0x20 || bytes[position] >= 0x80 {
                count += bytes[position] < 0x20 ? 5 : 2
            }
        }
        try checkScratch(scratch, adding: count, at: range.lowerBound)
    }
}
