/// Decodes export requests into columns.
///
/// Both encodings of a request give the same columns, apart from where the text lies.
///
/// Text is not checked to be UTF-8: it may hold any bytes, and whoever shows it repairs it.
public enum OTLPDecoder {
    /// Decodes an ExportTraceServiceRequest.
    public static func spans(
        protobuf body: [UInt8],
        limits: DecodeLimits = DecodeLimits()
    ) throws(OTLPError) -> SpanColumns {
        try ElementBudget(limits: limits).check(bodyOf: body.count)
        var decoder = ProtobufSpanDecoder(body: body, limits: limits)
        try decoder.request(body.span)
        return decoder.finish()
    }

    /// Decodes an ExportLogsServiceRequest.
    public static func logs(
        protobuf body: [UInt8],
        limits: DecodeLimits = DecodeLimits()
    ) throws(OTLPError) -> LogColumns {
        try ElementBudget(limits: limits).check(bodyOf: body.count)
        var decoder = ProtobufLogDecoder(body: body, limits: limits)
        try decoder.request(body.span)
        return decoder.finish()
    }

    /// Decodes an ExportMetricsServiceRequest.
    public static func metrics(
        protobuf body: [UInt8],
        limits: DecodeLimits = DecodeLimits()
    ) throws(OTLPError) -> MetricColumns {
        try ElementBudget(limits: limits).check(bodyOf: body.count)
        var decoder = ProtobufMetricDecoder(body: body, limits: limits)
        try decoder.request(body.span)
        return decoder.finish()
    }

    /// Decodes an ExportTraceServiceRequest in OTLP/JSON.
    public static func spans(
        json body: [UInt8],
        limits: DecodeLimits = DecodeLimits()
    ) throws(OTLPError) -> SpanColumns {
        try ElementBudget(limits: limits).check(bodyOf: body.count)
        var decoder = JSONSpanDecoder(body: body, limits: limits)
        try decoder.request(body.span)
        return decoder.finish()
    }

    /// Decodes an ExportLogsServiceRequest in OTLP/JSON.
    public static func logs(
        json body: [UInt8],
        limits: DecodeLimits = DecodeLimits()
    ) throws(OTLPError) -> LogColumns {
        try ElementBudget(limits: limits).check(bodyOf: body.count)
        var decoder = JSONLogDecoder(body: body, limits: limits)
        try decoder.request(body.span)
        return decoder.finish()
    }

    /// Decodes an ExportMetricsServiceRequest in OTLP/JSON.
    public static func metrics(
        json body: [UInt8],
        limits: DecodeLimits = DecodeLimits()
    ) throws(OTLPError) -> MetricColumns {
        try ElementBudget(limits: limits).check(bodyOf: body.count)
        var decoder = JSONMetricDecoder(body: body, limits: limits)
        try decoder.request(body.span)
        return decoder.finish()
    }
}
