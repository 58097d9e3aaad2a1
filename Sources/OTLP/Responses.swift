/// What kind of telemetry a request carries.
public enum Signal: String, Sendable, Hashable, CaseIterable {
    /// Spans.
    case traces
    /// Log records.
    case logs
    /// Data points.
    case metrics

    /// The name of the counter in a partial success.
    var rejectedField: StaticString {
        switch self {
        case .traces: "rejectedSpans"
        case .logs: "rejectedLogRecords"
        case .metrics: "rejectedDataPoints"
        }
    }
}

private enum ResponseField: UInt32, WireField {
    case partialSuccess = 0x0a
}

private enum PartialSuccessField: UInt32, WireField {
    case rejected = 0x08
    case message = 0x12
}

/// The answer to an export request that was, at least in part, accepted.
public struct ExportResponse: Sendable, Hashable {
    /// Records that were refused; the client must not send them again.
    public var rejected: Int
    /// Why, or a warning when nothing was refused.
    public var message: String
    /// What the request carried.
    public var signal: Signal

    /// A response; without rejections and message it is a full success, and empty.
    public init(rejected: Int = 0, message: String = "", signal: Signal) {
        self.rejected = rejected
        self.message = message
        self.signal = signal
    }

    /// The Export...ServiceResponse in protobuf.
    public func protobuf() -> [UInt8] { OTLPEncoder.protobuf { sink in encode(to: &sink) } }

    /// The Export...ServiceResponse in OTLP/JSON.
    public func json() -> [UInt8] { OTLPEncoder.json { sink in encode(to: &sink) } }

    private func encode(to sink: inout some MessageSink) {
        guard rejected != 0 || !message.isEmpty else { return }
        sink.message(ResponseField.partialSuccess, "partialSuccess") { sink in
            sink.int(
                PartialSuccessField.rejected,
                signal.rejectedField,
                Int64(rejected),
                isChosen: false
            )
            sink.string(PartialSuccessField.message, "errorMessage", message)
        }
    }
}

private enum RPCStatusField: UInt32, WireField {
    case code = 0x08
    case message = 0x12
    case details = 0x1a
}

private enum AnyField: UInt32, WireField {
    case type = 0x0a
    case value = 0x12
}

private enum BadRequestField: UInt32, WireField {
    case violations = 0x0a
}

private enum ViolationField: UInt32, WireField {
    case field = 0x0a
    case description = 0x12
}

private enum RetryInfoField: UInt32, WireField {
    case delay = 0x0a
}

private enum DurationField: UInt32, WireField {
    case seconds = 0x08
    case nanoseconds = 0x10
}

/// `google.rpc.Status`: the body of every refused export request.
public struct RPCStatus: Sendable, Hashable {
    /// Further information of a known type.
    public enum Detail: Sendable, Hashable {
        /// What is wrong with the request: a field, which may be empty, and a description each.
        case badRequest([Violation])
        /// The request may be repeated after this time.
        case retryInfo(delayMilliseconds: Int64)
    }

    /// One thing that is wrong with a request.
    public struct Violation: Sendable, Hashable {
        /// The path of the field, or nothing.
        public var field: String
        /// What is wrong with it.
        public var description: String

        /// A violation.
        public init(field: String = "", description: String) {
            self.field = field
            self.description = description
        }
    }

    /// A gRPC status code.
    public var code: Int32
    /// For people.
    public var message: String
    /// Further information.
    public var details: [Detail]

    /// A status.
    public init(code: Int32, message: String, details: [Detail] = []) {
        self.code = code
        self.message = message
        self.details = details
    }

    /// The status in protobuf.
    public func protobuf() -> [UInt8] {
        OTLPEncoder.protobuf { sink in
            sink.code(RPCStatusField.code, "code", code)
            sink.string(RPCStatusField.message, "message", message)
            sink.messages(RPCStatusField.details, "details", details) { detail, sink in
                sink.string(AnyField.type, "@type", detail.type)
                let body = OTLPEncoder.protobuf { sink in
                    switch detail {
                    case .badRequest(let violations): sink.encode(violations)
                    case .retryInfo(let milliseconds):
                        sink.message(RetryInfoField.delay, "retryDelay") { sink in
                            let (seconds, rest) = milliseconds.quotientAndRemainder(
                                dividingBy: 1000
                            )
                            sink.int(DurationField.seconds, "seconds", seconds, isChosen: false)
                            sink.int(
                                DurationField.nanoseconds,
                                "nanos",
                                rest * 1_000_000,
                                isChosen: false
                            )
                        }
                    }
                }
                sink.bytes(AnyField.value, "value", body)
            }
        }
    }

    /// The status in JSON.
    public func json() -> [UInt8] {
        OTLPEncoder.json { sink in
            sink.code(RPCStatusField.code, "code", code)
            sink.string(RPCStatusField.message, "message", message)
            sink.messages(RPCStatusField.details, "details", details) { detail, sink in
                sink.string(AnyField.type, "@type", detail.type)
                switch detail {
                case .badRequest(let violations): sink.encode(violations)
                case .retryInfo(let milliseconds):
                    sink.string(
                        RetryInfoField.delay,
                        "retryDelay",
                        RPCStatus.duration(milliseconds)
                    )
                }
            }
        }
    }

    /// A duration as protobuf writes it in JSON, such as "1.500s".
    private static func duration(_ milliseconds: Int64) -> String {
        let sign = milliseconds < 0 ? "-" : ""
        let (seconds, rest) = milliseconds.magnitude.quotientAndRemainder(dividingBy: 1000)
        guard rest > 0 else { return "\(sign)\(seconds)s" }
        let digits = "\(1000 + rest)".dropFirst()
        return "\(sign)\(seconds).\(digits)s"
    }
}

extension RPCStatus.Detail {
    fileprivate var type: String {
        switch self {
        case .badRequest: "type.googleapis.com/google.rpc.BadRequest"
        case .retryInfo: "type.googleapis.com/google.rpc.RetryInfo"
        }
    }
}

extension MessageSink {
    fileprivate mutating func encode(_ violations: [RPCStatus.Violation]) {
        messages(BadRequestField.violations, "fieldViolations", violations) { violation, sink in
            sink.string(ViolationField.field, "field", violation.field)
            sink.string(ViolationField.description, "description", violation.description)
        }
    }
}
