/// Encodes export requests from the object model.
public enum OTLPEncoder {
    /// An ExportTraceServiceRequest in protobuf.
    public static func protobuf(traces: [ResourceSpans]) -> [UInt8] {
        protobuf { sink in sink.encode(traces) }
    }

    /// An ExportLogsServiceRequest in protobuf.
    public static func protobuf(logs: [ResourceLogs]) -> [UInt8] {
        protobuf { sink in sink.encode(logs) }
    }

    /// An ExportMetricsServiceRequest in protobuf.
    public static func protobuf(metrics: [ResourceMetrics]) -> [UInt8] {
        protobuf { sink in sink.encode(metrics) }
    }

    /// An ExportTraceServiceRequest in OTLP/JSON; also what `TracesData` looks like.
    public static func json(traces: [ResourceSpans]) -> [UInt8] {
        json { sink in sink.encode(traces) }
    }

    /// An ExportLogsServiceRequest in OTLP/JSON.
    public static func json(logs: [ResourceLogs]) -> [UInt8] {
        json { sink in sink.encode(logs) }
    }

    /// An ExportMetricsServiceRequest in OTLP/JSON.
    public static func json(metrics: [ResourceMetrics]) -> [UInt8] {
        json { sink in sink.encode(metrics) }
    }

    /// One span in OTLP/JSON, for APIs that show spans on their own.
    public static func json(span: Span) -> [UInt8] {
        json { sink in sink.encode(span) }
    }

    /// One log record in OTLP/JSON, for APIs that show records on their own.
    public static func json(log: LogRecord) -> [UInt8] {
        json { sink in sink.encode(log) }
    }

    static func protobuf(_ body: (inout ProtobufSink) -> Void) -> [UInt8] {
        var sink = ProtobufSink()
        body(&sink)
        return sink.output
    }

    static func json(_ body: (inout JSONSink) -> Void) -> [UInt8] {
        var sink = JSONSink()
        sink.object(body)
        return sink.output
    }
}
