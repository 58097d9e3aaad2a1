// The remaining points of the object model of metrics.

/// A point of an exponential histogram.
public struct ExponentialHistogramPoint: Sendable, Hashable {
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
    /// Buckets per power of two, as a power of two.
    public var scale: Int32 = 0
    /// Measurements in the zero bucket.
    public var zeroCount: UInt64 = 0
    /// The width of the zero bucket.
    public var zeroThreshold: Double = 0
    /// Buckets of positive measurements.
    public var positive: BucketRun = BucketRun()
    /// Buckets of negative measurements.
    public var negative: BucketRun = BucketRun()
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
        scale: Int32 = 0,
        zeroCount: UInt64 = 0,
        zeroThreshold: Double = 0,
        positive: BucketRun = BucketRun(),
        negative: BucketRun = BucketRun(),
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
        self.scale = scale
        self.zeroCount = zeroCount
        self.zeroThreshold = zeroThreshold
        self.positive = positive
        self.negative = negative
        self.exemplars = exemplars
    }
}

/// Adjacent exponential buckets.
public struct BucketRun: Sendable, Hashable {
    /// Index of the first.
    public var offset: Int32 = 0
    /// Measurements in each.
    public var counts: [UInt64] = []

    /// A run made of these fields.
    public init(offset: Int32 = 0, counts: [UInt64] = []) {
        self.offset = offset
        self.counts = counts
    }
}

/// A point of a summary.
public struct SummaryPoint: Sendable, Hashable {
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
    public var sum: Double = 0
    /// In the order they came.
    public var quantiles: [Quantile] = []

    /// A point made of these fields.
    public init(
        attributes: [KeyValue] = [],
        startTime: UInt64 = 0,
        time: UInt64 = 0,
        flags: UInt32 = 0,
        count: UInt64 = 0,
        sum: Double = 0,
        quantiles: [Quantile] = []
    ) {
        self.attributes = attributes
        self.startTime = startTime
        self.time = time
        self.flags = flags
        self.count = count
        self.sum = sum
        self.quantiles = quantiles
    }
}

/// One quantile of a summary.
public struct Quantile: Sendable, Hashable {
    /// From 0, the minimum, to 1, the maximum.
    public var quantile: Double
    /// What it is.
    public var value: Double

    /// A quantile made of these fields.
    public init(quantile: Double, value: Double) {
        self.quantile = quantile
        self.value = value
    }
}

/// A single measurement with where it came from.
public struct Exemplar: Sendable, Hashable {
    /// When, in nanoseconds since 1970.
    public var time: UInt64 = 0
    /// The number, if there is one.
    public var value: NumberValue? = nil
    /// The trace it was made in.
    public var traceID: TraceID = .none
    /// The span it was made in.
    public var spanID: SpanID = .none
    /// Attributes the aggregation dropped.
    public var filteredAttributes: [KeyValue] = []

    /// An exemplar made of these fields.
    public init(
        time: UInt64 = 0,
        value: NumberValue? = nil,
        traceID: TraceID = .none,
        spanID: SpanID = .none,
        filteredAttributes: [KeyValue] = []
    ) {
        self.time = time
        self.value = value
        self.traceID = traceID
        self.spanID = spanID
        self.filteredAttributes = filteredAttributes
    }
}
