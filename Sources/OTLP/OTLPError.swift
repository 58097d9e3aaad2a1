/// Why a whole request could not be decoded; nothing of it was kept.
public struct OTLPError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What the caller should answer.
    public enum Code: String, Sendable {
        /// The bytes are not the message they claim to be: a bad request, not to be retried.
        case malformed
        /// Values nested deeper than `DecodeLimits.maxDepth`.
        case tooDeep
        /// The request, or what it would expand to, exceeds a limit.
        case tooLarge
    }

    /// What the caller should answer.
    public var code: Code
    /// What is wrong, for people; contains no bytes of the request.
    public var message: String
    /// Where in the body the decoder stood.
    public var offset: Int

    /// An error at a position of the body.
    public init(code: Code, message: String, offset: Int) {
        self.code = code
        self.message = message
        self.offset = offset
    }

    /// Code, message and position on one line.
    public var description: String { "\(code.rawValue): \(message) (at byte \(offset))" }

    @inline(never)
    static func malformed(_ message: StaticString, at offset: Int) -> OTLPError {
        OTLPError(code: .malformed, message: "\(message)", offset: offset)
    }

    @inline(never)
    static func tooDeep(at offset: Int) -> OTLPError {
        OTLPError(code: .tooDeep, message: "values are nested too deeply", offset: offset)
    }

    @inline(never)
    static func tooLarge(_ message: StaticString, at offset: Int) -> OTLPError {
        OTLPError(code: .tooLarge, message: "\(message)", offset: offset)
    }
}

/// Bounds on what one request may cost to decode.
public struct DecodeLimits: Sendable, Hashable {
    /// Arrays and key-value lists inside one another in one value; more than 96 are never accepted.
    ///
    /// The protobuf libraries of most SDKs read 100 messages inside one another, which are 48 arrays at most.
    public var maxDepth = 64
    /// Spans, log records or data points, refused ones included.
    public var maxRecords = 1_000_000
    /// Rows of all other kinds: attributes, events, links, resources, scopes, buckets, ...
    public var maxElements = 8_000_000
    /// Bytes of the body, and of the scratch it may expand to.
    ///
    /// More than 2 GiB are never accepted.
    public var maxBodyBytes = 64 << 20

    /// The default limits.
    public init() {}

    /// What `TextRef` can address.
    var bodyBytes: Int { min(maxBodyBytes, 0x7fff_ffff) }

    /// What a stack of 512 KiB can hold: a level takes 4 KiB of it where nothing is optimized.
    var valueDepth: Int { max(0, min(maxDepth, 96)) }

    /// Brackets inside one another in JSON that is stepped over: four for each level of a value, and
    /// those around.
    var syntaxDepth: Int { 32 + 4 * valueDepth }
}
