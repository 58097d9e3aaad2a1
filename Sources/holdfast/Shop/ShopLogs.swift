import OTLP

/// What the services of the shop write into their logs.
struct ShopLogs {
    private enum Piece {
        case text(String)
        case blank(String)
    }

    private struct Template {
        let severity: Int32
        let pieces: [Piece]
    }

    /// How often templates of a severity are used, next to one another.
    private static let weights: [Int32: Double] = [5: 4, 9: 10, 13: 0.5, 17: 0]

    private static let severityNames: [Int32: String] = [
        5: "DEBUG", 9: "INFO", 13: "WARN", 17: "ERROR",
    ]

    private static let texts: [ShopService: [String]] = [
        .edge: [
            "I \"GET {route} HTTP/1.1\" 200 - via_upstream - 0 {number} {ms} \"{ip}\" \"{uuid}\" \"storefront:8080\"",
            "I \"POST /basket/items HTTP/1.1\" 201 - via_upstream - {number} 0 {ms} \"{ip}\" \"{uuid}\"",
            "W \"GET {route} HTTP/1.1\" 503 UF upstream_reset_before_response_started \"{uuid}\"",
            "E request {uuid} failed upstream",
        ],
        .storefront: [
            "I GET {route} 200 in {ms}ms", "I session {uuid} established from {ip}",
            "D cache miss for product {product} locale en_GB",
            "W slow render of {route}: {slow}ms exceeds budget 200ms",
            "E page {route} could not be rendered",
        ],
        .catalog: [
            "I product found id={product} took={ms}ms",
            "D pool acquired connection {small} after {number}us",
            "W slow query ({slow}ms): SELECT id, name FROM products WHERE id = {product}",
            "E query failed for product {product}",
        ],
        .search: [
            "I query matched {small} of {number} documents in {ms}ms",
            "D shard {small} answered in {ms}ms",
            "W query fell back to prefix match",
            "E query failed on shard {small}",
        ],
        .recommendations: [
            "I scored {small} candidates for {product}", "D feature cache hit for {product}",
            "W feature cache grew to {number} entries",
            "E scoring failed for {product}",
        ],
        .ads: [
            "I targeted ad request for context {word}", "I campaign {small} selected for {word}",
            "W no campaign matches {word}, showing a random one",
            "E no ad served for {word}",
        ],
        .basket: [
            "I GetAsync called for session {uuid}",
            "I AddItemAsync session {uuid} product {product} quantity {small}",
            "W Redis command HGETALL took {slow}ms",
            "E cannot access the basket of session {uuid}",
        ],
        .checkout: [
            "I placing order {uuid} for session {uuid}",
            "I order {uuid} placed, total {four}.99 {currency}",
            "I published order {uuid} to partition {small}",
            "W order {uuid} waited {slow}ms for its payment",
            "E order {uuid} was not placed",
        ],
        .payments: [
            "I authorization requested: {four}.99 {currency}",
            "I authorized, transaction {uuid}, card ending {four}",
            "W bank.example answered slowly: {slow}ms",
            "E authorization failed for transaction {uuid}",
        ],
        .pricing: [
            "D rate EUR->{currency} 1.{number}", "I conversion to {currency} done",
            "W stale exchange rate for {currency}, age {number}s",
            "E conversion to {currency} failed",
        ],
        .shipping: [
            "I quote for zip {number}: {small} parcels", "I tracking id created: {uuid}",
            "W carrier responded in {slow}ms",
            "E request for parcel {uuid} failed",
        ],
        .inventory: [
            "I reserved {small} of {product}", "D stock of {product} is {number}",
            "W stock of {product} is low: {small} left",
            "E reservation of {product} failed",
        ],
        .accounts: [
            "I account loaded for session {uuid}",
            "D password hash upgraded for user{number}@example.com",
            "W {small} failed sign-ins from {ip}", "E account of session {uuid} was not loaded",
        ],
        .notifications: [
            "I order confirmation sent to user{number}@example.com",
            "D rendering confirmation.mjml took {ms}ms",
            "W mail to user{number}@example.com deferred: 451 try again later",
            "E confirmation of order {uuid} was not sent",
        ],
        .fulfilment: [
            "I picked order {uuid}: {small} lines",
            "I poll returned {small} records at offset {number}",
            "W consumer lag is {number} on topic orders", "E order {uuid} was not picked",
        ],
    ]

    private let templates: [ShopService: [Template]]

    init() { templates = Self.texts.mapValues { $0.map(Self.template) } }

    /// Words that occur in what `service` writes, for queries.
    func words(of service: ShopService) -> [String] {
        (templates[service] ?? []).filter { $0.severity != 17 }.flatMap(\.pieces).flatMap {
            piece -> [String] in
            guard case .text(let text) = piece else { return [] }
            return text.split { !$0.isLetter }.filter { $0.count > 3 }.map(String.init)
        }
    }

    /// One line of `service`, an error if it has a `failure` to tell of.
    func record(
        _ service: ShopService,
        failure: ShopFailure?,
        random: inout SeededGenerator
    ) -> LogRecord {
        let template = pick(service, isError: failure != nil, &random)
        var body = template.pieces.reduce(into: "") { body, piece in
            switch piece {
            case .text(let text): body += text
            case .blank(let name): body += Self.fill(name, &random)
            }
        }
        var attributes = [
            KeyValue("logger.name", .string(service.logger)),
            KeyValue("thread.id", .int(Int64(random.below(40)))),
        ]
        if let failure {
            body += ": \(failure.message)"
            attributes += [
                KeyValue("exception.type", .string(failure.type)),
                KeyValue("exception.message", .string(failure.message)),
                KeyValue("exception.stacktrace", .string(failure.stack)),
            ]
        } else if random.chance(0.3) {
            attributes += [
                KeyValue(
                    "code.file.path",
                    .string("/src/\(service.rawValue)/handler.\(service.language)")
                ),
                KeyValue("code.line.number", .int(Int64(random.below(600)))),
            ]
        }
        return LogRecord(
            severityNumber: template.severity,
            severityText: Self.severityNames[template.severity] ?? "",
            body: .string(body),
            attributes: attributes
        )
    }

    private func pick(
        _ service: ShopService,
        isError: Bool,
        _ random: inout SeededGenerator
    ) -> Template {
        let choices = (templates[service] ?? []).filter { ($0.severity == 17) == isError }
        var draw = random.unit() * choices.reduce(0) { $0 + (Self.weights[$1.severity] ?? 0) }
        for choice in choices {
            draw -= Self.weights[choice.severity] ?? 0
            if draw < 0 { return choice }
        }
        return choices.last ?? Template(severity: 9, pieces: [.text("ready")])
    }

    private static func fill(_ name: String, _ random: inout SeededGenerator) -> String {
        switch name {
        case "uuid": random.uuid()
        case "ip": random.address()
        case "ms": "\(Int(random.milliseconds(12)) + 1)"
        case "small": "\(random.below(20) + 1)"
        case "four": "\(1_000 + random.below(9_000))"
        case "slow": "\(200 + random.below(2_400))"
        case "number": "\(random.below(100_000))"
        case "product":
            random.pick(["KEEL", "MAST", "ROPE", "SAIL", "LAMP"])
                + "-\(1_000 + random.below(9_000))"
        case "currency": random.pick(["EUR", "USD", "GBP", "JPY"])
        case "route": random.pick(["/", "/products", "/search", "/basket", "/checkout"])
        default: random.pick(["rope", "lantern", "chart", "anchor"])
        }
    }

    private static func template(_ text: String) -> Template {
        let severities: [Character: Int32] = ["D": 5, "I": 9, "W": 13, "E": 17]
        var pieces: [Piece] = []
        var rest = text.dropFirst(2)
        while let open = rest.firstIndex(of: "{"), let close = rest[open...].firstIndex(of: "}") {
            if open > rest.startIndex { pieces.append(.text(String(rest[..<open]))) }
            pieces.append(.blank(String(rest[rest.index(after: open)..<close])))
            rest = rest[rest.index(after: close)...]
        }
        if !rest.isEmpty { pieces.append(.text(String(rest))) }
        return Template(severity: text.first.flatMap { severities[$0] } ?? 9, pieces: pieces)
    }
}
