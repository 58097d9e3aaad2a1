// What a decoded request looks like: a column per field, a row per record. Absent text is the empty
// `TextRef`, absent numbers are zero, as in proto3. Child rows (attributes, events, ...) of record i
// are `starts[i]..<starts[i + 1]`; every `...Starts` array has one element more than there are records.

/// The resources and scopes of one request; records refer to them by position.
public struct OriginColumns: Sendable {
    /// Where the attributes of each resource start.
    public var resourceAttributeStarts: [UInt32] = [0]
    /// Attributes of a resource that its sender left out.
    public var resourceDroppedAttributes: [UInt32] = []
    /// The schema of each resource.
    public var resourceSchemaURLs: [TextRef] = []

    /// The name of each scope.
    public var scopeNames: [TextRef] = []
    /// The version of each scope.
    public var scopeVersions: [TextRef] = []
    /// Where the attributes of each scope start.
    public var scopeAttributeStarts: [UInt32] = [0]
    /// Attributes of a scope that its sender left out.
    public var scopeDroppedAttributes: [UInt32] = []
    /// The schema of the records of each scope.
    public var scopeSchemaURLs: [TextRef] = []

    /// The attributes of all resources.
    public var resourceAttributes = AttributeColumns()
    /// The attributes of all scopes.
    public var scopeAttributes = AttributeColumns()

    /// Nothing yet.
    public init() {}
    /// Resources.
    public var resourceCount: Int { resourceSchemaURLs.count }
    /// Scopes.
    public var scopeCount: Int { scopeSchemaURLs.count }
}

/// What of a well-formed request was refused or ignored, and why.
public struct Rejections: Sendable, Equatable {
    /// Refused records.
    public var count = 0
    /// The first few distinct reasons, for people.
    public var reasons: [String] = []
    /// References into a table of strings, which only profiles have: ignored, as if they were absent.
    ///
    /// Whoever sends them should be told: what they stand for is lost.
    public var ignoredStringIndexes = 0
    /// Nothing yet.
    public init() {}
}

/// ExportTraceServiceRequest.
///
/// Spans whose ids, or whose links' ids, are of the wrong length or all zero are refused
/// (`rejections`) and have no row; so are spans whose parent id is of the wrong length.
public struct SpanColumns: Sendable {
    /// The bytes behind every reference.
    public var text: RequestText
    /// The resources and scopes.
    public var origins = OriginColumns()
    /// The records that were refused.
    public var rejections = Rejections()

    /// The row of its resource.
    public var resource: [UInt32] = []
    /// The row of its scope.
    public var scope: [UInt32] = []
    /// Two big-endian words a row.
    public var traceIDs: [UInt64] = []
    /// One big-endian word a row.
    public var spanIDs: [UInt64] = []
    /// 0: no parent.
    public var parentSpanIDs: [UInt64] = []
    /// W3C tracestate.
    public var traceStates: [TextRef] = []
    /// The flags as they came.
    public var flags: [UInt32] = []
    /// The name.
    public var names: [TextRef] = []
    /// SpanKind, an open enumeration.
    public var kinds: [Int32] = []
    /// Nanoseconds since 1970.
    public var startTimes: [UInt64] = []
    /// Nanoseconds since 1970.
    public var endTimes: [UInt64] = []
    /// 0 unset, 1 ok, 2 error; an open enumeration.
    public var statusCodes: [Int32] = []
    /// What went wrong.
    public var statusMessages: [TextRef] = []
    /// Attributes that the sender left out.
    public var droppedAttributes: [UInt32] = []
    /// Events that the sender left out.
    public var droppedEvents: [UInt32] = []
    /// Links that the sender left out.
    public var droppedLinks: [UInt32] = []

    /// Where the attributes of each record start.
    public var attributeStarts: [UInt32] = [0]
    /// The attributes of all records.
    public var attributes = AttributeColumns()

    /// Where the events of each span start.
    public var eventStarts: [UInt32] = [0]
    /// Nanoseconds since 1970.
    public var eventTimes: [UInt64] = []
    /// The name of each event.
    public var eventNames: [TextRef] = []
    /// Attributes of an event that the sender left out.
    public var eventDroppedAttributes: [UInt32] = []
    /// Where the attributes of each event start.
    public var eventAttributeStarts: [UInt32] = [0]
    /// The attributes of all events.
    public var eventAttributes = AttributeColumns()

    /// Where the links of each span start.
    public var linkStarts: [UInt32] = [0]
    /// Two big-endian words a link.
    public var linkTraceIDs: [UInt64] = []
    /// One big-endian word a link.
    public var linkSpanIDs: [UInt64] = []
    /// W3C tracestate of each link.
    public var linkTraceStates: [TextRef] = []
    /// The flags of each link.
    public var linkFlags: [UInt32] = []
    /// Attributes of a link that the sender left out.
    public var linkDroppedAttributes: [UInt32] = []
    /// Where the attributes of each link start.
    public var linkAttributeStarts: [UInt32] = [0]
    /// The attributes of all links.
    public var linkAttributes = AttributeColumns()

    /// Columns of a request of which nothing has been read yet.
    public init(body: [UInt8]) { text = RequestText(body: body) }
    /// Records.
    public var count: Int { spanIDs.count }
}

/// ExportLogsServiceRequest.
///
/// A trace or span id of the wrong length refuses the record; absent or all-zero ids mean "none"
/// for logs.
public struct LogColumns: Sendable {
    /// The bytes behind every reference.
    public var text: RequestText
    /// The resources and scopes.
    public var origins = OriginColumns()
    /// The records that were refused.
    public var rejections = Rejections()

    /// The row of its resource.
    public var resource: [UInt32] = []
    /// The row of its scope.
    public var scope: [UInt32] = []
    /// Nanoseconds since 1970.
    public var times: [UInt64] = []
    /// Nanoseconds since 1970.
    public var observedTimes: [UInt64] = []
    /// 1 to 24, 0 unknown.
    public var severityNumbers: [Int32] = []
    /// The severity in the words of the source.
    public var severityTexts: [TextRef] = []
    /// What each body is.
    public var bodyKinds: [ValueKind] = []
    /// As `AttributeColumns.payloads`.
    public var bodyPayloads: [UInt64] = []
    /// Two words a row.
    public var traceIDs: [UInt64] = []
    /// One big-endian word a row.
    public var spanIDs: [UInt64] = []
    /// The flags as they came.
    public var flags: [UInt32] = []
    /// The name of the event, if the record is one.
    public var eventNames: [TextRef] = []
    /// Attributes that the sender left out.
    public var droppedAttributes: [UInt32] = []
    /// Where the attributes of each record start.
    public var attributeStarts: [UInt32] = [0]
    /// The attributes of all records.
    public var attributes = AttributeColumns()

    /// Columns of a request of which nothing has been read yet.
    public init(body: [UInt8]) { text = RequestText(body: body) }
    /// Records.
    public var count: Int { times.count }
}

/// The five data shapes of a metric.
public enum MetricType: UInt8, Sendable {
    case gauge, sum, histogram, exponentialHistogram, summary
}

/// Bucket counts of one side of an exponential histogram.
public struct ExponentialBuckets: Sendable {
    /// Index of the first bucket of each point.
    public var offsets: [Int32] = []
    /// Where the counts of each point start.
    public var countStarts: [UInt32] = [0]
    /// The counts of all points.
    public var counts: [UInt64] = []
    /// Nothing yet.
    public init() {}
}

/// ExportMetricsServiceRequest: metrics, and one row per data point that refers to its metric.
///
/// A column that does not apply to a point's type holds zero or an empty range.
public struct MetricColumns: Sendable {
    /// The bytes behind every reference.
    public var text: RequestText
    /// The resources and scopes.
    public var origins = OriginColumns()
    /// Points refused (a metric without data, histogram bounds and counts that do not fit, ...).
    public var rejections = Rejections()

    // One row per metric.
    /// The row of its resource.
    public var resource: [UInt32] = []
    /// The row of its scope.
    public var scope: [UInt32] = []
    /// The name of each metric.
    public var names: [TextRef] = []
    /// What the metric is, for people.
    public var descriptions: [TextRef] = []
    /// UCUM unit.
    public var units: [TextRef] = []
    /// Which of the five shapes its points have.
    public var types: [MetricType] = []
    /// AggregationTemporality: 0 unspecified, 1 delta, 2 cumulative.
    public var temporalities: [Int32] = []
    /// Whether a sum only grows.
    public var monotonic: [Bool] = []
    /// Where the metadata of each metric starts.
    public var metadataStarts: [UInt32] = [0]
    /// The metadata of all metrics.
    public var metadata = AttributeColumns()

    // One row per data point.
    /// The row of its metric.
    public var metric: [UInt32] = []
    /// Nanoseconds since 1970.
    public var startTimes: [UInt64] = []
    /// Nanoseconds since 1970.
    public var times: [UInt64] = []
    /// The flags as they came.
    public var flags: [UInt32] = []
    /// Gauge and sum: `.int`, `.double`, or `.empty` without a value.
    public var valueKinds: [ValueKind] = []
    /// What the kind says.
    public var values: [UInt64] = []
    /// Histogram, exponential histogram, summary.
    public var counts: [UInt64] = []
    /// Sums, minima and maxima: bit patterns of doubles; NaN pattern `MetricColumns.none` when absent.
    public var sums: [UInt64] = []
    /// As `sums`.
    public var minima: [UInt64] = []
    /// As `sums`.
    public var maxima: [UInt64] = []
    /// Where the bucket counts of each histogram start.
    public var bucketStarts: [UInt32] = [0]
    /// The bucket counts of all histograms.
    public var bucketCounts: [UInt64] = []
    /// Where the bounds of each histogram start.
    public var boundStarts: [UInt32] = [0]
    /// Bit patterns of doubles.
    public var bounds: [UInt64] = []
    /// The scale of each exponential histogram.
    public var scales: [Int32] = []
    /// Measurements in the zero bucket.
    public var zeroCounts: [UInt64] = []
    /// Bit patterns of doubles.
    public var zeroThresholds: [UInt64] = []
    /// The buckets of positive measurements.
    public var positive = ExponentialBuckets()
    /// The buckets of negative measurements.
    public var negative = ExponentialBuckets()
    /// Where the quantiles of each summary start.
    public var quantileStarts: [UInt32] = [0]
    /// Bit patterns of doubles.
    public var quantiles: [UInt64] = []
    /// Bit patterns of doubles.
    public var quantileValues: [UInt64] = []
    /// Where the attributes of each point start.
    public var attributeStarts: [UInt32] = [0]
    /// The attributes of all points.
    public var attributes = AttributeColumns()

    /// Where the exemplars of each point start.
    public var exemplarStarts: [UInt32] = [0]
    /// Nanoseconds since 1970.
    public var exemplarTimes: [UInt64] = []
    /// `.int`, `.double`, or `.empty` without a value.
    public var exemplarKinds: [ValueKind] = []
    /// What the kind says.
    public var exemplarValues: [UInt64] = []
    /// Two words a row, zero when absent.
    public var exemplarTraceIDs: [UInt64] = []
    /// One word a row, zero when absent.
    public var exemplarSpanIDs: [UInt64] = []
    /// Where the filtered attributes of each exemplar start.
    public var exemplarAttributeStarts: [UInt32] = [0]
    /// The filtered attributes of all exemplars.
    public var exemplarAttributes = AttributeColumns()

    /// The bit pattern that marks an absent sum, minimum or maximum: a NaN no arithmetic produces.
    public static let none: UInt64 = 0x7ff8_0000_4846_4e4f

    /// Columns of a request of which nothing has been read yet.
    public init(body: [UInt8]) { text = RequestText(body: body) }
    /// Data points.
    public var count: Int { times.count }
    /// Metrics.
    public var metricCount: Int { names.count }
}
