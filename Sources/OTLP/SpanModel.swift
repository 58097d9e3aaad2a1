// The object model of traces: for senders, tests and display. The decoder does not build it.

/// The spans of one resource.
public struct ResourceSpans: Sendable, Hashable {
    /// Where they come from.
    public var resource: Resource = Resource()
    /// The same, by scope.
    public var scopes: [ScopeSpans] = []
    /// The schema of the resource.
    public var schemaURL: String = ""

    /// A group made of these fields.
    public init(
        resource: Resource = Resource(),
        scopes: [ScopeSpans] = [],
        schemaURL: String = ""
    ) {
        self.resource = resource
        self.scopes = scopes
        self.schemaURL = schemaURL
    }
}

/// The spans of one scope.
public struct ScopeSpans: Sendable, Hashable {
    /// Which instrumentation made them.
    public var scope: Scope = Scope()
    /// The spans.
    public var spans: [Span] = []
    /// The schema of the spans.
    public var schemaURL: String = ""

    /// A group made of these fields.
    public init(scope: Scope = Scope(), spans: [Span] = [], schemaURL: String = "") {
        self.scope = scope
        self.spans = spans
        self.schemaURL = schemaURL
    }
}

/// One operation.
public struct Span: Sendable, Hashable {
    /// The trace it belongs to.
    public var traceID: TraceID
    /// Its own id.
    public var spanID: SpanID
    /// The operation that caused it.
    public var parentSpanID: SpanID = .none
    /// W3C tracestate.
    public var traceState: String = ""
    /// W3C trace flags and whether the parent is remote.
    public var flags: UInt32 = 0
    /// What it is called.
    public var name: String
    /// SpanKind: 1 internal, 2 server, 3 client, 4 producer, 5 consumer.
    public var kind: Int32 = 0
    /// When it began, in nanoseconds since 1970.
    public var startTime: UInt64 = 0
    /// When it ended, in nanoseconds since 1970.
    public var endTime: UInt64 = 0
    /// What is known about it.
    public var attributes: [KeyValue] = []
    /// Attributes the sender left out.
    public var droppedAttributes: UInt32 = 0
    /// What happened meanwhile.
    public var events: [SpanEvent] = []
    /// Events the sender left out.
    public var droppedEvents: UInt32 = 0
    /// Spans it is related to.
    public var links: [SpanLink] = []
    /// Links the sender left out.
    public var droppedLinks: UInt32 = 0
    /// How it ended.
    public var status: SpanStatus = SpanStatus()

    /// A span made of these fields.
    public init(
        traceID: TraceID,
        spanID: SpanID,
        parentSpanID: SpanID = .none,
        traceState: String = "",
        flags: UInt32 = 0,
        name: String,
        kind: Int32 = 0,
        startTime: UInt64 = 0,
        endTime: UInt64 = 0,
        attributes: [KeyValue] = [],
        droppedAttributes: UInt32 = 0,
        events: [SpanEvent] = [],
        droppedEvents: UInt32 = 0,
        links: [SpanLink] = [],
        droppedLinks: UInt32 = 0,
        status: SpanStatus = SpanStatus()
    ) {
        self.traceID = traceID
        self.spanID = spanID
        self.parentSpanID = parentSpanID
        self.traceState = traceState
        self.flags = flags
        self.name = name
        self.kind = kind
        self.startTime = startTime
        self.endTime = endTime
        self.attributes = attributes
        self.droppedAttributes = droppedAttributes
        self.events = events
        self.droppedEvents = droppedEvents
        self.links = links
        self.droppedLinks = droppedLinks
        self.status = status
    }
}

/// A point in time during a span.
public struct SpanEvent: Sendable, Hashable {
    /// When, in nanoseconds since 1970.
    public var time: UInt64 = 0
    /// What happened.
    public var name: String
    /// What is known about it.
    public var attributes: [KeyValue] = []
    /// Attributes the sender left out.
    public var droppedAttributes: UInt32 = 0

    /// An event made of these fields.
    public init(
        time: UInt64 = 0,
        name: String,
        attributes: [KeyValue] = [],
        droppedAttributes: UInt32 = 0
    ) {
        self.time = time
        self.name = name
        self.attributes = attributes
        self.droppedAttributes = droppedAttributes
    }
}

/// A reference from a span to another one.
public struct SpanLink: Sendable, Hashable {
    /// The trace of the other span.
    public var traceID: TraceID
    /// The other span.
    public var spanID: SpanID
    /// W3C tracestate of the link.
    public var traceState: String = ""
    /// W3C trace flags of the link.
    public var flags: UInt32 = 0
    /// What is known about it.
    public var attributes: [KeyValue] = []
    /// Attributes the sender left out.
    public var droppedAttributes: UInt32 = 0

    /// A link made of these fields.
    public init(
        traceID: TraceID,
        spanID: SpanID,
        traceState: String = "",
        flags: UInt32 = 0,
        attributes: [KeyValue] = [],
        droppedAttributes: UInt32 = 0
    ) {
        self.traceID = traceID
        self.spanID = spanID
        self.traceState = traceState
        self.flags = flags
        self.attributes = attributes
        self.droppedAttributes = droppedAttributes
    }
}

/// How an operation ended.
public struct SpanStatus: Sendable, Hashable {
    /// 0 unset, 1 ok, 2 error.
    public var code: Int32 = 0
    /// What went wrong.
    public var message: String = ""

    /// A status made of these fields.
    public init(code: Int32 = 0, message: String = "") {
        self.code = code
        self.message = message
    }
}
