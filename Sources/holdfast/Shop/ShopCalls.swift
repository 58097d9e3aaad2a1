import OTLP

/// What the services of the shop do to one another, with the attributes that OpenTelemetry's semantic
/// conventions ask for.
struct ShopCalls {
    var random: SeededGenerator

    private static let agents = [
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/128.0.0.0 Safari/537.36",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Version/17.5 Mobile/15E148",
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:130.0) Gecko/20100101 Firefox/130.0",
    ]

    /// What a visitor asks of the shop: through the edge to the storefront.
    mutating func page(
        _ method: String,
        _ route: String,
        _ path: String,
        session: String,
        work: Double,
        _ children: [SpanPlan],
        isParallel: Bool = false
    ) -> SpanPlan {
        let agent = random.pick(Self.agents)
        let client =
            "\(random.below(180) + 20).\(random.below(255)).\(random.below(255)).\(random.below(254) + 1)"
        let front = SpanPlan(
            service: .storefront,
            scope: .nodeHTTP,
            name: "\(method) \(route)",
            kind: .server,
            attributes: http(method) + [
                KeyValue("http.route", .string(route)), KeyValue("url.path", .string(path)),
                KeyValue("url.scheme", "http"), KeyValue("server.address", "storefront"),
                KeyValue("server.port", 8080),
                KeyValue("network.peer.address", .string(random.address())),
                KeyValue("client.address", .string(client)),
                KeyValue("user_agent.original", .string(agent)),
                KeyValue("session.id", .string(session)),
            ],
            work: random.milliseconds(work),
            children: children,
            isParallel: isParallel
        )
        let egress = SpanPlan(
            service: .edge,
            scope: .envoy,
            name: "router storefront egress",
            kind: .client,
            attributes: http(method) + [
                KeyValue("url.full", .string("http://storefront:8080\(path)")),
                KeyValue("server.address", "storefront"), KeyValue("server.port", 8080),
                KeyValue("upstream_cluster", "storefront"), KeyValue("response_flags", "-"),
            ],
            work: random.milliseconds(0.3),
            children: [front]
        )
        return SpanPlan(
            service: .edge,
            scope: .envoy,
            name: "\(method) \(route)",
            kind: .server,
            attributes: http(method) + [
                KeyValue("url.path", .string(path)), KeyValue("url.scheme", "https"),
                KeyValue("server.address", "shop.example"),
                KeyValue("client.address", .string(client)),
                KeyValue("user_agent.original", .string(agent)),
                KeyValue("http.request.header.x-request-id", .array([.string(random.uuid())])),
                KeyValue("http.request.body.size", .int(Int64(random.below(900)))),
                KeyValue("http.response.body.size", .int(Int64(random.below(40_000)))),
            ],
            work: random.milliseconds(0.4),
            children: [egress]
        )
    }

    /// A gRPC call: the client's span around the server's.
    mutating func rpc(
        from client: ShopService,
        to server: ShopService,
        _ method: String,
        work: Double,
        _ attributes: [KeyValue] = [],
        _ children: [SpanPlan] = [],
        isParallel: Bool = false
    ) -> SpanPlan {
        let name = "shop.\(server.title)/\(method)"
        let common = [
            KeyValue("rpc.system", "grpc"),
            KeyValue("rpc.service", .string("shop.\(server.title)")),
            KeyValue("rpc.method", .string(method)), KeyValue("rpc.grpc.status_code", 0),
            KeyValue("network.transport", "tcp"), KeyValue("network.type", "ipv4"),
        ]
        let served = SpanPlan(
            service: server,
            scope: .grpc(server),
            name: name,
            kind: .server,
            attributes: common + [
                KeyValue("network.peer.address", .string(random.address())),
                KeyValue("network.peer.port", .int(Int64(32_768 + random.below(28_000)))),
            ] + attributes,
            work: random.milliseconds(work),
            children: children,
            isParallel: isParallel
        )
        return SpanPlan(
            service: client,
            scope: .grpc(client),
            name: name,
            kind: .client,
            attributes: common + [
                KeyValue("server.address", .string(server.rawValue)),
                KeyValue("server.port", 50_051),
            ],
            work: random.milliseconds(0.4),
            children: [served]
        )
    }

    /// A call over HTTP between services.
    mutating func call(
        from client: ShopService,
        to server: ShopService,
        _ method: String,
        _ route: String,
        work: Double,
        _ attributes: [KeyValue] = [],
        _ children: [SpanPlan] = []
    ) -> SpanPlan {
        let served = SpanPlan(
            service: server,
            scope: .web(server),
            name: "\(method) \(route)",
            kind: .server,
            attributes: http(method) + [
                KeyValue("http.route", .string(route)), KeyValue("url.path", .string(route)),
                KeyValue("url.scheme", "http"),
                KeyValue("network.peer.address", .string(random.address())),
            ] + attributes,
            work: random.milliseconds(work),
            children: children
        )
        return SpanPlan(
            service: client,
            scope: .web(client),
            name: method,
            kind: .client,
            attributes: http(method) + [
                KeyValue("url.full", .string("http://\(server.rawValue):8080\(route)")),
                KeyValue("server.address", .string(server.rawValue)), KeyValue("server.port", 8080),
            ],
            work: random.milliseconds(0.5),
            children: [served]
        )
    }

    /// A statement to PostgreSQL.
    mutating func sql(
        _ service: ShopService,
        _ operation: String,
        _ table: String,
        _ text: String,
        work: Double = 1.3
    ) -> SpanPlan {
        SpanPlan(
            service: service,
            scope: .database(service),
            name: "\(operation) \(table)",
            kind: .client,
            attributes: [
                KeyValue("db.system.name", "postgresql"), KeyValue("db.namespace", "shop"),
                KeyValue("db.collection.name", .string(table)),
                KeyValue("db.operation.name", .string(operation)),
                KeyValue("db.query.text", .string(text)), KeyValue("server.address", "postgres"),
                KeyValue("server.port", 5432),
                KeyValue("db.response.returned_rows", .int(Int64(random.below(24)))),
            ],
            work: random.milliseconds(work)
        )
    }

    /// A command to the basket's Redis.
    mutating func redis(_ command: String, _ key: String) -> SpanPlan {
        SpanPlan(
            service: .basket,
            scope: .redis,
            name: command,
            kind: .client,
            attributes: [
                KeyValue("db.system.name", "redis"), KeyValue("db.namespace", "0"),
                KeyValue("db.operation.name", .string(command)),
                KeyValue("db.query.text", .string("\(command) basket:\(key)")),
                KeyValue("server.address", "valkey-basket"), KeyValue("server.port", 6379),
                KeyValue("network.transport", "tcp"),
            ],
            work: random.milliseconds(0.4)
        )
    }

    /// Something a service does on its own.
    mutating func step(
        _ service: ShopService,
        _ name: String,
        work: Double,
        _ attributes: [KeyValue] = [],
        _ children: [SpanPlan] = []
    ) -> SpanPlan {
        SpanPlan(
            service: service,
            scope: .manual(service),
            name: name,
            kind: .internal,
            attributes: attributes + [
                KeyValue("code.function.name", .string("\(service.rawValue).\(name)")),
                KeyValue("code.line.number", .int(Int64(20 + name.count * 37 % 400))),
            ],
            work: random.milliseconds(work),
            children: children
        )
    }

    /// A message given to or taken from Kafka.
    mutating func message(
        _ service: ShopService,
        _ operation: String,
        _ topic: String,
        offset: Int64,
        group: String? = nil,
        work: Double,
        _ children: [SpanPlan] = []
    ) -> SpanPlan {
        var attributes = [
            KeyValue("messaging.system", "kafka"),
            KeyValue("messaging.destination.name", .string(topic)),
            KeyValue("messaging.operation.name", .string(operation)),
            KeyValue("messaging.operation.type", .string(group == nil ? "send" : "process")),
            KeyValue("messaging.destination.partition.id", .string("\(offset % 6)")),
            KeyValue("messaging.kafka.offset", .int(offset)), KeyValue("server.address", "kafka"),
        ]
        if let group {
            attributes.append(KeyValue("messaging.consumer.group.name", .string(group)))
        }
        return SpanPlan(
            service: service,
            scope: .kafka(service),
            name: "\(operation) \(topic)",
            kind: group == nil ? .producer : .consumer,
            attributes: attributes,
            work: random.milliseconds(work),
            children: children
        )
    }

    private func http(_ method: String) -> [KeyValue] {
        [
            KeyValue("http.request.method", .string(method)),
            KeyValue("http.response.status_code", 200),
            KeyValue("network.protocol.version", "1.1"),
        ]
    }
}

extension Scope {
    static let nodeHTTP = Scope(name: "@opentelemetry/instrumentation-http", version: "0.203.0")
    static let envoy = Scope(name: "envoy")
    static let redis = Scope(
        name: "OpenTelemetry.Instrumentation.StackExchangeRedis",
        version: "1.12.0"
    )

    static func manual(_ service: ShopService) -> Scope {
        Scope(name: "shop.\(service.rawValue)", version: "2.1.0")
    }

    static func grpc(_ service: ShopService) -> Scope { instrumentation(service, "grpc") }

    static func web(_ service: ShopService) -> Scope { instrumentation(service, "http") }

    static func database(_ service: ShopService) -> Scope { instrumentation(service, "sql") }

    static func kafka(_ service: ShopService) -> Scope { instrumentation(service, "kafka") }

    private static func instrumentation(_ service: ShopService, _ library: String) -> Scope {
        Scope(
            name: "opentelemetry.instrumentation.\(service.language).\(library)",
            version: service.sdkVersion
        )
    }
}
