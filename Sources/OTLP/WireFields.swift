// The field tags (field number and wire type) of the OTLP messages, shared by the decoder and the
// encoder. A tag that is not listed is an unknown field, unless its field number is listed with
// another wire type: then the message is malformed.

/// The fields of one message, named by tag.
protocol WireField: RawRepresentable<UInt32> {}

enum WireType {
    static let varint: UInt32 = 0
    static let fixed64: UInt32 = 1
    static let bytes: UInt32 = 2
    static let fixed32: UInt32 = 5
}

/// ExportTraceServiceRequest and its two siblings.
enum RequestField: UInt32, WireField {
    case resources = 0x0a
}

/// ResourceSpans, ResourceLogs, ResourceMetrics.
enum ResourceGroupField: UInt32, WireField {
    case resource = 0x0a
    case scopes = 0x12
    case schemaURL = 0x1a
}

/// ScopeSpans, ScopeLogs, ScopeMetrics.
enum ScopeGroupField: UInt32, WireField {
    case scope = 0x0a
    case records = 0x12
    case schemaURL = 0x1a
}

enum ResourceField: UInt32, WireField {
    case attributes = 0x0a
    case droppedAttributes = 0x10
}

enum ScopeField: UInt32, WireField {
    case name = 0x0a
    case version = 0x12
    case attributes = 0x1a
    case droppedAttributes = 0x20
}

enum KeyValueField: UInt32, WireField {
    case key = 0x0a
    case value = 0x12
    /// Profiles only: counted and ignored.
    case keyIndex = 0x18
}

enum AnyValueField: UInt32, WireField {
    case string = 0x0a
    case bool = 0x10
    case int = 0x18
    case double = 0x21
    case array = 0x2a
    case kvlist = 0x32
    case bytes = 0x3a
    /// Profiles only: counted, and an empty value.
    case stringIndex = 0x40
}

/// ArrayValue and KeyValueList.
enum ListField: UInt32, WireField {
    case values = 0x0a
}

enum SpanField: UInt32, WireField {
    case traceID = 0x0a
    case spanID = 0x12
    case traceState = 0x1a
    case parentSpanID = 0x22
    case name = 0x2a
    case kind = 0x30
    case startTime = 0x39
    case endTime = 0x41
    case attributes = 0x4a
    case droppedAttributes = 0x50
    case events = 0x5a
    case droppedEvents = 0x60
    case links = 0x6a
    case droppedLinks = 0x70
    case status = 0x7a
    case flags = 0x85
}

enum EventField: UInt32, WireField {
    case time = 0x09
    case name = 0x12
    case attributes = 0x1a
    case droppedAttributes = 0x20
}

enum LinkField: UInt32, WireField {
    case traceID = 0x0a
    case spanID = 0x12
    case traceState = 0x1a
    case attributes = 0x22
    case droppedAttributes = 0x28
    case flags = 0x35
}

enum StatusField: UInt32, WireField {
    case message = 0x12
    case code = 0x18
}

enum LogField: UInt32, WireField {
    case time = 0x09
    case severityNumber = 0x10
    case severityText = 0x1a
    case body = 0x2a
    case attributes = 0x32
    case droppedAttributes = 0x38
    case flags = 0x45
    case traceID = 0x4a
    case spanID = 0x52
    case observedTime = 0x59
    case eventName = 0x62
}

enum MetricField: UInt32, WireField {
    case name = 0x0a
    case description = 0x12
    case unit = 0x1a
    case gauge = 0x2a
    case sum = 0x3a
    case histogram = 0x4a
    case exponentialHistogram = 0x52
    case summary = 0x5a
    case metadata = 0x62
}

/// Gauge, Sum, Histogram, ExponentialHistogram and Summary; the last two fields are not in all.
enum MetricDataField: UInt32, WireField {
    case points = 0x0a
    case temporality = 0x10
    case monotonic = 0x18
}

enum NumberPointField: UInt32, WireField {
    case startTime = 0x11
    case time = 0x19
    case double = 0x21
    case exemplars = 0x2a
    case int = 0x31
    case attributes = 0x3a
    case flags = 0x40
}

enum HistogramPointField: UInt32, WireField {
    case startTime = 0x11
    case time = 0x19
    case count = 0x21
    case sum = 0x29
    case bucketCounts = 0x32
    case oneBucketCount = 0x31
    case bounds = 0x3a
    case oneBound = 0x39
    case exemplars = 0x42
    case attributes = 0x4a
    case flags = 0x50
    case minimum = 0x59
    case maximum = 0x61
}

enum ExponentialPointField: UInt32, WireField {
    case attributes = 0x0a
    case startTime = 0x11
    case time = 0x19
    case count = 0x21
    case sum = 0x29
    case scale = 0x30
    case zeroCount = 0x39
    case positive = 0x42
    case negative = 0x4a
    case flags = 0x50
    case exemplars = 0x5a
    case minimum = 0x61
    case maximum = 0x69
    case zeroThreshold = 0x71
}

enum BucketsField: UInt32, WireField {
    case offset = 0x08
    case counts = 0x12
    case oneCount = 0x10
}

enum SummaryPointField: UInt32, WireField {
    case startTime = 0x11
    case time = 0x19
    case count = 0x21
    case sum = 0x29
    case quantiles = 0x32
    case attributes = 0x3a
    case flags = 0x40
}

enum QuantileField: UInt32, WireField {
    case quantile = 0x09
    case value = 0x11
}

enum ExemplarField: UInt32, WireField {
    case time = 0x11
    case double = 0x19
    case spanID = 0x22
    case traceID = 0x2a
    case int = 0x31
    case attributes = 0x3a
}
