// The object model of metrics.

/// The metrics of one resource.
public struct ResourceMetrics: Sendable, Hashable {
    /// Where they come from.
    public var resource: Resource = Resource()
    /// The same, by scope.
    public var scopes: [ScopeMetrics] = []
    /// The schema of the resource.
    public var schemaURL: String = ""

    /// A group made of these fields.
    public init(
        resource: Resource = Resource(),
        scopes: [ScopeMetrics] = [],
        schemaURL: String = ""
    ) {
        self.resource = resource
        self.scopes = scopes
        self.schemaURL = schemaURL
    }
}

/// The metrics of one scope.
public struct ScopeMetrics: Sendable, Hashable {
    /// Which instrumentation made them.
    public var scope: Scope = Scope()
    /// The metrics.
    public var metrics: [Metric] = []
    /// The schema of the metrics.
    public var schemaURL: String = ""

    /// A group made of these fields.
    public init(scope: Scope = Scope(), metrics: [Metric] = [], schemaURL: String = "") {
        self.scope = scope
        self.metrics = metrics
        self.schemaURL = schemaURL
    }
}

/// A named series of data points of one shape.
public struct Metric: Sendable, Hashable {
    /// What is measured.
    public var name: String
    /// The field "description".
    public var description: String = ""
    /// UCUM unit.
    public var unit: String = ""
    /// What else is known about it.
    public var metadata: [KeyValue] = []
    /// The points.
    public var data: MetricData

    /// A metric made of these fields.
    public init(
        name: String,
        description: String = "",
        unit: String = "",
        metadata: [KeyValue] = [],
        data: MetricData
    ) {
        self.name = name
        self.description = description
        self.unit = unit
        self.metadata = metadata
        self.data = data
    }
}

/// How points follow one another in time.
public enum Temporality: Int32, Sendable {
    /// Not said.
    case unspecified = 0
    /// Each point counts since the one before.
    case delta = 1
    /// Each point counts since the start.
    case cumulative = 2
}

/// The points of a metric, in one of five shapes.
///
/// Temporalities are an open enumeration: `Temporality` has the known raw values.
public enum MetricData: Sendable, Hashable {
    /// Last values.
    case gauge([NumberPoint])
    /// Sums.
    case sum([NumberPoint], temporality: Int32, isMonotonic: Bool)
    /// Histograms with explicit bounds.
    case histogram([HistogramPoint], temporality: Int32)
    /// Histograms with exponential bounds.
    case exponentialHistogram([ExponentialHistogramPoint], temporality: Int32)
    /// Precomputed quantiles.
    case summary([SummaryPoint])
}

/// The number of a gauge or sum point, or of an exemplar.
public enum NumberValue: Sendable, Hashable {
    /// An integer.
    case int(Int64)
    /// A double.
    case double(Double)
}

/// A point of a gauge or a sum.
public struct NumberPoint: Sendable, Hashable {
    /// What is known about it.
    public var attributes: [KeyValue] = []
    /// When the aggregation began, in nanoseconds since 1970.
    public var startTime: UInt64 = 0
    /// When it was made, in nanoseconds since 1970.
    public var time: UInt64 = 0
    /// Bit 0: no value was recorded.
    public var flags: UInt32 = 0
    /// The number, if there is one.
    public var value: NumberValue? = nil
    /// Measurements that went into it.
    public var exemplars: [Exemplar] = []

    /// A point made of these fields.
    public init(
        attributes: [KeyValue] = [],
        startTime: UInt64 = 0,
        time: UInt64 = 0,
        flags: UInt32 = 0,
        value: NumberValue? = nil,
        exemplars: [Exemplar] = []
    ) {
        self.attributes = attributes
        self.startTime = startTime
        self.time = time
        self.flags = flags
        self.value = value
        self.exemplars = exemplars
    }
}

/// A point of a histogram.
public struct HistogramPoint: Sendable, Hashable {
    /// What is known about it.
    public var attributes: [KeyValue] = []
    /// When the aggregation began, in nanoseconds since 1970.
    public var startTime: UInt64 = 0
    /// When it was made, in nanoseconds since 1970.
    public var time: UInt64 = 0
    /// Bit 0: no value was recorded.
    public var flags: UInt32 = 0
    /// How many measurements.
    public var count: UInt64 = 0
    /// Their sum.
    public var sum: Double? = nil
    /// The least of them.
    public var minimum: Double? = nil
    /// The greatest of them.
    public var maximum: Double? = nil
    /// One more than there are bounds, or none.
    public var bucketCounts: [UInt64] = []
    /// Upper bounds of all buckets but the last.
    public var bounds: [Double] = []
    /// Measurements that went into it.
    public var exemplars: [Exemplar] = []

    /// A point made of these fields.
    public init(
        attributes: [KeyValue] = [],
        startTime: UInt64 = 0,
        time: UInt64 = 0,
        flags: UInt32 = 0,
        count: UInt64 = 0,
        sum: Double? = nil,
        minimum: Double? = nil,
        maximum: Double? = nil,
        bucketCounts: [UInt64] = [],
        bounds: [Double] = [],
        exemplars: [Exemplar] = []
    ) {
        self.attributes = attributes
        self.startTime = startTime
        self.time = time
        self.flags = flags
        self.count = count
        self.sum = sum
        self.minimum = minimum
        self.maximum = maximum
        self.bucketCounts = bucketCounts
        self.bounds = bounds
        self.exemplars = exemplars
    }
}
