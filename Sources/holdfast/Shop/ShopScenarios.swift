import OTLP

/// What visitors do in the shop.
struct ShopScenarios {
    /// A trace, and what it makes others do later.
    struct Visit {
        var root: SpanPlan
        /// An order that the warehouse will pick up, in a trace of its own.
        var order: Order?
    }

    /// What the warehouse needs to know.
    struct Order {
        let id: String
        let offset: Int64
        let lines: Int
    }

    static let products = [
        "KEEL-0412", "MAST-7781", "ROPE-1150", "CLEAT-090", "SAIL-3307", "BUOY-0061", "LAMP-4478",
        "CHART-802",
        "HULL-5513", "WINCH-219", "PULLEY-34", "ANCHOR-16",
    ]
    static let currencies = ["EUR", "USD", "GBP", "JPY", "CHF", "SEK"]
    static let words = [
        "rope", "lantern", "chart", "anchor", "sail cloth", "winch", "compass",
    ]

    private static let choices:
        [(weight: Int, make: @Sendable (inout ShopScenarios, String) -> SpanPlan)] = [
            (14, { $0.home(session: $1) }), (13, { $0.listing(session: $1) }),
            (22, { $0.product(session: $1) }),
            (12, { $0.searching(session: $1) }), (12, { $0.basket(session: $1) }),
            (10, { $0.adding(session: $1) }),
            (5, { $0.orderStatus(session: $1) }), (4, { $0.signIn(session: $1) }),
            (4, { scenarios, _ in scenarios.health() }),
        ]

    var calls: ShopCalls
    var offset: Int64 = 100_000

    init(random: SeededGenerator) { calls = ShopCalls(random: random) }

    /// What the next visitor does, at `time` (Unix nanoseconds).
    mutating func next(at time: UInt64) -> Visit {
        let session = calls.random.uuid()
        var visit: Visit
        if calls.random.chance(0.06) {
            visit = checkout(session: session, at: time)
        } else {
            var draw = calls.random.below(Self.choices.reduce(0) { $0 + $1.weight })
            visit = Visit(root: health())
            for choice in Self.choices {
                draw -= choice.weight
                if draw < 0 {
                    visit = Visit(root: choice.make(&self, session))
                    break
                }
            }
        }
        if calls.random.chance(0.03) {
            let failure = calls.random.pick(ShopFailure.common)
            visit.root.failSomewhere(failure, random: &calls.random)
        }
        return visit
    }

    /// Whether the bank is slow: for 20 seconds every two minutes.
    static func isBankSlow(at time: UInt64) -> Bool { time / 1_000_000_000 % 120 < 20 }

    /// What the warehouse does with an order; it refers to the span that published it.
    mutating func fulfil(_ order: Order, link: SpanLink) -> SpanPlan {
        var inserts = [
            calls.sql(
                .fulfilment,
                "INSERT",
                "shipments",
                "INSERT INTO shipments (order_id, state) VALUES ($1, $2)"
            )
        ]
        for _ in 0..<order.lines {
            inserts.append(
                calls.sql(
                    .fulfilment,
                    "INSERT",
                    "shipment_lines",
                    "INSERT INTO shipment_lines VALUES ($1, $2, $3)"
                )
            )
        }
        let pick = calls.step(
            .fulfilment,
            "pick-order",
            work: 2,
            [
                KeyValue("shop.order.id", .string(order.id)),
                KeyValue("shop.order.lines", .int(Int64(order.lines))),
            ],
            inserts
        )
        let label = calls.call(from: .fulfilment, to: .shipping, "POST", "/labels", work: 6)
        var root = calls.message(
            .fulfilment,
            "process",
            "orders",
            offset: order.offset,
            group: "fulfilment",
            work: 1,
            [pick, label]
        )
        root.link = link
        return root
    }
}
