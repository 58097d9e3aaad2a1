import OTLP

/// What a span will be, before it has ids and times.
struct SpanPlan {
    /// SpanKind as OTLP numbers it.
    enum Kind: Int32 {
        case `internal` = 1
        case server = 2
        case client = 3
        case producer = 4
        case consumer = 5
    }

    var service: ShopService
    var scope: Scope
    var name: String
    var kind: Kind
    var attributes: [KeyValue]
    /// Milliseconds that it works itself, besides waiting for its children.
    var work: Double
    var children: [SpanPlan] = []
    /// Whether its children run at the same time.
    var isParallel = false
    /// Milliseconds after its parent that it begins, when nobody waits for it.
    var delay: Double?
    var failure: ShopFailure?
    /// Things that happen meanwhile.
    var marks: [String] = []
    var link: SpanLink?

    /// How many spans it is.
    var count: Int { children.reduce(1) { $0 + $1.count } }

    /// Replaces the value of an attribute it has.
    mutating func set(_ key: String, _ value: AnyValue) {
        for index in attributes.indices where attributes[index].key == key {
            attributes[index].value = value
        }
    }

    /// Fails with `failure`, in the terms of its protocol.
    mutating func fail(_ failure: ShopFailure) {
        self.failure = failure
        set("http.response.status_code", .int(failure.httpStatus))
        set("rpc.grpc.status_code", .int(failure.grpcStatus))
        attributes.append(KeyValue("error.type", .string(failure.type)))
    }

    /// Fails along a random path from here to a leaf: the deepest spans first, some of it handled on the way.
    mutating func failSomewhere(_ failure: ShopFailure, random: inout SeededGenerator) {
        var isHandled = random.chance(0.25)
        failDown(failure, isHandled: &isHandled, random: &random)
    }

    private mutating func failDown(
        _ failure: ShopFailure,
        isHandled: inout Bool,
        random: inout SeededGenerator
    ) {
        let reached = children.indices.filter { children[$0].delay == nil }
        if !reached.isEmpty {
            children[random.pick(reached)].failDown(failure, isHandled: &isHandled, random: &random)
            // A caller that handles the failure of what it called hides it from those above.
            if isHandled, kind == .server || kind == .internal { return }
        }
        fail(failure)
    }
}

/// What goes wrong in the shop.
struct ShopFailure: Sendable {
    let type: String
    let message: String
    let stack: String
    let httpStatus: Int64
    let grpcStatus: Int64

    static let bankTimeout = ShopFailure(
        type: "java.net.http.HttpTimeoutException",
        message: "bank.example did not answer within 4000 ms",
        stack: stack("\tat shop.payments.BankClient.authorize(BankClient.java:", 88, lines: 9),
        httpStatus: 504,
        grpcStatus: 4
    )

    static let declined = ShopFailure(
        type: "shop.payments.CardDeclinedException",
        message: "card declined by issuer: insufficient funds",
        stack: stack("\tat shop.payments.Authorizer.check(Authorizer.java:", 141, lines: 6),
        httpStatus: 402,
        grpcStatus: 9
    )

    /// Failures that may strike anywhere.
    static let common: [ShopFailure] = [
        ShopFailure(
            type: "StackExchange.Redis.RedisTimeoutException",
            message:
                "Timeout awaiting response (5002ms elapsed, timeout is 5000ms), command=HGETALL",
            stack: stack(
                "   at StackExchange.Redis.RedisDatabase.HashGetAllAsync(RedisKey key) line ",
                40,
                lines: 8
            ),
            httpStatus: 500,
            grpcStatus: 13
        ),
        ShopFailure(
            type: "*pgconn.PgError",
            message: "ERROR: could not serialize access due to concurrent update (SQLSTATE 40001)",
            stack: stack("main.(*server).reserve /src/inventory/reserve.go:", 212, lines: 5),
            httpStatus: 500,
            grpcStatus: 10
        ),
        ShopFailure(
            type: "Error",
            message: "14 UNAVAILABLE: connection reset by peer",
            stack: stack("    at async Storefront.render (/usr/src/app/render.js:", 37, lines: 7),
            httpStatus: 503,
            grpcStatus: 14
        ),
        ShopFailure(
            type: "ConnectionError",
            message: "HTTPConnectionPool(host='features', port=8080): Max retries exceeded",
            stack: stack("  File \"/app/recommendations/model.py\", line ", 187, lines: 6),
            httpStatus: 500,
            grpcStatus: 13
        ),
    ]

    private static func stack(_ frame: String, _ line: Int, lines: Int) -> String {
        (0..<lines).map { "\(frame)\(line + $0 * 17))" }.joined(separator: "\n")
    }
}
