// The object model of logs.

/// The log records of one resource.
public struct ResourceLogs: Sendable, Hashable {
    /// Where they come from.
    public var resource: Resource = Resource()
    /// The same, by scope.
    public var scopes: [ScopeLogs] = []
    /// The schema of the resource.
    public var schemaURL: String = ""

    /// A group made of these fields.
    public init(resource: Resource = Resource(), scopes: [ScopeLogs] = [], schemaURL: String = "") {
        self.resource = resource
        self.scopes = scopes
        self.schemaURL = schemaURL
    }
}

/// The log records of one scope.
public struct ScopeLogs: Sendable, Hashable {
    /// Which instrumentation made them.
    public var scope: Scope = Scope()
    /// The log records.
    public var records: [LogRecord] = []
    /// The schema of the log records.
    public var schemaURL: String = ""

    /// A group made of these fields.
    public init(scope: Scope = Scope(), records: [LogRecord] = [], schemaURL: String = "") {
        self.scope = scope
        self.records = records
        self.schemaURL = schemaURL
    }
}

/// One log line.
public struct LogRecord: Sendable, Hashable {
    /// When it happened, in nanoseconds since 1970.
    public var time: UInt64 = 0
    /// When it was first seen, in nanoseconds since 1970.
    public var observedTime: UInt64 = 0
    /// 1 to 24, 0 unknown.
    public var severityNumber: Int32 = 0
    /// The severity in the words of the source.
    public var severityText: String = ""
    /// What it says.
    public var body: AnyValue = .empty
    /// What is known about it.
    public var attributes: [KeyValue] = []
    /// Attributes the sender left out.
    public var droppedAttributes: UInt32 = 0
    /// W3C trace flags.
    public var flags: UInt32 = 0
    /// The trace it belongs to.
    public var traceID: TraceID = .none
    /// The span it belongs to.
    public var spanID: SpanID = .none
    /// The name of the event, if it is one.
    public var eventName: String = ""

    /// A log record made of these fields.
    public init(
        time: UInt64 = 0,
        observedTime: UInt64 = 0,
        severityNumber: Int32 = 0,
        severityText: String = "",
        body: AnyValue = .empty,
        attributes: [KeyValue] = [],
        droppedAttributes: UInt32 = 0,
        flags: UInt32 = 0,
        traceID: TraceID = .none,
        spanID: SpanID = .none,
        eventName: String = ""
    ) {
        self.time = time
        self.observedTime = observedTime
        self.severityNumber = severityNumber
        self.severityText = severityText
        self.body = body
        self.attributes = attributes
        self.droppedAttributes = droppedAttributes
        self.flags = flags
        self.traceID = traceID
        self.spanID = spanID
        self.eventName = eventName
    }
}
