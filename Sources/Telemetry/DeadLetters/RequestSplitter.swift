import OTLP
import Storage

/// Divides a journaled request into two with half of its records each.
///
/// Only for requests that cannot be applied: it goes through the object model, so that every record keeps its
/// resource, scope and fields.
enum RequestSplitter {
    /// The halves, in protobuf, or nil for a request of one record or one that cannot be read.
    static func split(_ record: JournalRecord) -> (JournalRecord, JournalRecord)? {
        guard let (signal, encoding) = BatchCodec.signal(kind: record.kind) else { return nil }
        let halves: ([UInt8], [UInt8])?
        do throws(OTLPError) {
            switch try RequestModel(signal, encoding, record.payload) {
            case .traces(let groups):
                halves = groups.halves.map {
                    (OTLPEncoder.protobuf(traces: $0), OTLPEncoder.protobuf(traces: $1))
                }
            case .logs(let groups):
                halves = groups.halves.map {
                    (OTLPEncoder.protobuf(logs: $0), OTLPEncoder.protobuf(logs: $1))
                }
            case .metrics(let groups):
                halves = groups.halves.map {
                    (OTLPEncoder.protobuf(metrics: $0), OTLPEncoder.protobuf(metrics: $1))
                }
            }
        } catch {
            return nil
        }
        return halves.map { first, second in
            let half = { (payload: [UInt8]) in
                JournalRecord(
                    kind: BatchCodec.kind(signal, .protobuf),
                    space: record.space,
                    receivedAt: record.receivedAt,
                    payload: payload
                )
            }
            return (half(first), half(second))
        }
    }
}

/// A request in the object model.
enum RequestModel {
    case traces([ResourceSpans])
    case logs([ResourceLogs])
    case metrics([ResourceMetrics])

    /// Decodes a request.
    init(_ signal: Signal, _ encoding: WireEncoding, _ body: [UInt8]) throws(OTLPError) {
        switch (signal, encoding) {
        case (.traces, .protobuf):
            self = .traces(OTLPReader.spans(from: try OTLPDecoder.spans(protobuf: body)))
        case (.traces, .json):
            self = .traces(OTLPReader.spans(from: try OTLPDecoder.spans(json: body)))
        case (.logs, .protobuf):
            self = .logs(OTLPReader.logs(from: try OTLPDecoder.logs(protobuf: body)))
        case (.logs, .json):
            self = .logs(OTLPReader.logs(from: try OTLPDecoder.logs(json: body)))
        case (.metrics, .protobuf):
            self = .metrics(OTLPReader.metrics(from: try OTLPDecoder.metrics(protobuf: body)))
        case (.metrics, .json):
            self = .metrics(OTLPReader.metrics(from: try OTLPDecoder.metrics(json: body)))
        }
    }

    /// The request in OTLP/JSON.
    var json: [UInt8] {
        switch self {
        case .traces(let groups): OTLPEncoder.json(traces: groups)
        case .logs(let groups): OTLPEncoder.json(logs: groups)
        case .metrics(let groups): OTLPEncoder.json(metrics: groups)
        }
    }
}

// MARK: - Halves

/// A part of a request that holds records.
private protocol RecordHolder {
    var recordCount: Int { get }
    /// The first `count` records and the others; asked only for a `count` between none and all.
    func divided(after count: Int) -> (Self, Self)
}

extension Array where Element: RecordHolder {
    fileprivate var recordCount: Int { reduce(0) { $0 + $1.recordCount } }

    fileprivate func divided(after count: Int) -> (Self, Self) {
        var (first, second) = (Self(), Self())
        var rest = count
        for element in self {
            let records = element.recordCount
            if records <= rest {
                first.append(element)
            } else if rest == 0 {
                second.append(element)
            } else {
                let (left, right) = element.divided(after: rest)
                first.append(left)
                second.append(right)
            }
            rest = Swift.max(0, rest - records)
        }
        return (first, second)
    }

    /// Two halves, or nil when there is only one record.
    fileprivate var halves: (Self, Self)? {
        let count = recordCount
        return count > 1 ? divided(after: count / 2) : nil
    }
}

/// A group whose records are those of its members.
private protocol RecordGroup: RecordHolder {
    associatedtype Member: RecordHolder
    var members: [Member] { get set }
}

extension RecordGroup {
    var recordCount: Int { members.recordCount }

    func divided(after count: Int) -> (Self, Self) {
        var (first, second) = (self, self)
        (first.members, second.members) = members.divided(after: count)
        return (first, second)
    }
}

/// One record.
private protocol SingleRecord: RecordHolder {}

extension SingleRecord {
    var recordCount: Int { 1 }

    func divided(after count: Int) -> (Self, Self) {
        preconditionFailure("one record is not divided")
    }
}

extension OTLP.Span: SingleRecord {}
extension LogRecord: SingleRecord {}

extension ResourceSpans: RecordGroup {
    fileprivate var members: [ScopeSpans] {
        get { scopes }
        set { scopes = newValue }
    }
}

extension ScopeSpans: RecordGroup {
    fileprivate var members: [OTLP.Span] {
        get { spans }
        set { spans = newValue }
    }
}

extension ResourceLogs: RecordGroup {
    fileprivate var members: [ScopeLogs] {
        get { scopes }
        set { scopes = newValue }
    }
}

extension ScopeLogs: RecordGroup {
    fileprivate var members: [LogRecord] {
        get { records }
        set { records = newValue }
    }
}

extension ResourceMetrics: RecordGroup {
    fileprivate var members: [ScopeMetrics] {
        get { scopes }
        set { scopes = newValue }
    }
}

extension ScopeMetrics: RecordGroup {
    fileprivate var members: [Metric] {
        get { metrics }
        set { metrics = newValue }
    }
}

extension Metric: RecordHolder {
    fileprivate var recordCount: Int {
        switch data {
        case .gauge(let points): points.count
        case .sum(let points, _, _): points.count
        case .histogram(let points, _): points.count
        case .exponentialHistogram(let points, _): points.count
        case .summary(let points): points.count
        }
    }

    fileprivate func divided(after count: Int) -> (Metric, Metric) {
        var (first, second) = (self, self)
        switch data {
        case .gauge(let points):
            first.data = .gauge(Array(points.prefix(count)))
            second.data = .gauge(Array(points.dropFirst(count)))
        case .sum(let points, let temporality, let isMonotonic):
            let sum = { (points: ArraySlice<NumberPoint>) in
                MetricData.sum(Array(points), temporality: temporality, isMonotonic: isMonotonic)
            }
            first.data = sum(points.prefix(count))
            second.data = sum(points.dropFirst(count))
        case .histogram(let points, let temporality):
            let histogram = { (points: ArraySlice<HistogramPoint>) in
                MetricData.histogram(Array(points), temporality: temporality)
            }
            first.data = histogram(points.prefix(count))
            second.data = histogram(points.dropFirst(count))
        case .exponentialHistogram(let points, let temporality):
            let histogram = { (points: ArraySlice<ExponentialHistogramPoint>) in
                MetricData.exponentialHistogram(Array(points), temporality: temporality)
            }
            first.data = histogram(points.prefix(count))
            second.data = histogram(points.dropFirst(count))
        case .summary(let points):
            first.data = .summary(Array(points.prefix(count)))
            second.data = .summary(Array(points.dropFirst(count)))
        }
        return (first, second)
    }
}
