import Parquet

/// Well-known attributes that have a column of their own.
///
/// An attribute goes there when its value has the column's type, and into the typed map otherwise;
/// reading puts it back under its own name. The lists only grow: a column never changes its meaning.
struct PromotedAttributes: Sendable {
    struct Attribute: Sendable {
        let key: String
        let type: LeafType

        /// The column: the key with underscores for dots.
        var column: String { String(key.map { $0 == "." ? "_" : $0 }) }
    }

    let attributes: [Attribute]
    private let positions: [[UInt8]: Int]

    private init(strings: [String], integers: [String], doubles: [String] = []) {
        attributes =
            strings.map { Attribute(key: $0, type: .string) }
            + integers.map { Attribute(key: $0, type: .int64) }
            + doubles.map { Attribute(key: $0, type: .double) }
        positions = Dictionary(
            uniqueKeysWithValues: attributes.enumerated().map { (Array($1.key.utf8), $0) }
        )
    }

    /// The position of the attribute called `key`, or nil.
    func position(of key: UnsafeRawBufferPointer) -> Int? { positions[Array(key)] }

    func position(of key: String) -> Int? { positions[Array(key.utf8)] }

    /// Each attribute and its column, for the definition of a table.
    var columns: [(attribute: String, column: String)] {
        attributes.map { (attribute: $0.key, column: $0.column) }
    }

    /// The columns, in order.
    var fields: [Field] { attributes.map { Field($0.column, .leaf($0.type, optional: true)) } }

    static let spans = PromotedAttributes(
        strings: [
            "http.request.method", "http.route", "url.path", "url.full", "url.scheme",
            "user_agent.original", "client.address", "server.address", "network.peer.address",
            "network.transport", "network.type", "network.protocol.version",
            "rpc.system", "rpc.service", "rpc.method",
            "db.system.name", "db.namespace", "db.collection.name", "db.operation.name",
            "db.query.text",
            "messaging.system", "messaging.destination.name", "messaging.operation.name",
            "messaging.operation.type",
            "error.type", "exception.type", "session.id", "code.function.name",
            "gen_ai.operation.name", "gen_ai.provider.name", "gen_ai.request.model",
            "gen_ai.response.model", "gen_ai.conversation.id", "gen_ai.agent.name",
            "gen_ai.tool.name",
        ],
        integers: [
            "http.response.status_code", "server.port", "network.peer.port", "rpc.grpc.status_code",
            "code.line.number", "thread.id",
            "gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens",
            "gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.reasoning.output_tokens",
        ],
        doubles: ["gen_ai.response.time_to_first_chunk"]
    )

    static let logs = PromotedAttributes(
        strings: [
            "exception.type", "exception.message", "exception.stacktrace", "logger.name",
            "code.file.path", "code.function.name", "thread.name", "log.file.name", "error.type",
            "http.request.method", "http.route", "url.path", "session.id",
        ],
        integers: ["code.line.number", "thread.id", "http.response.status_code"]
    )

    static let metrics = PromotedAttributes(strings: [], integers: [])
}
