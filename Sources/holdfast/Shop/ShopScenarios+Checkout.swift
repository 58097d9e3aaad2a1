import OTLP

// What it takes to place an order: the longest of all traces, and the one that fails with the bank.

extension ShopScenarios {
    mutating func checkout(session: String, at time: UInt64) -> Visit {
        let order = Order(id: calls.random.uuid(), offset: offset, lines: 1 + calls.random.below(4))
        offset += 1
        let currency = calls.random.pick(Self.currencies)
        let amount = (20 + 900 * calls.random.unit()).rounded() + 0.99
        var prices = [getBasket(session, from: .checkout)]
        for _ in 0..<order.lines {
            let product = calls.random.pick(Self.products)
            prices += [getProduct(product, from: .checkout), convert(from: .checkout)]
        }
        let quote = calls.call(
            from: .checkout,
            to: .shipping,
            "POST",
            "/quotes",
            work: 3,
            [],
            [calls.step(.shipping, "calculate-quote", work: 0.6)]
        )
        let price = calls.step(
            .checkout,
            "price-order",
            work: 1,
            [KeyValue("shop.order.lines", .int(Int64(order.lines)))],
            prices + [quote]
        )
        let reserve = calls.rpc(
            from: .checkout,
            to: .inventory,
            "Reserve",
            work: 1,
            [KeyValue("shop.order.id", .string(order.id))],
            [
                calls.sql(
                    .inventory,
                    "SELECT",
                    "stock",
                    "SELECT on_hand FROM stock WHERE product_id = ANY($1) FOR UPDATE",
                    work: 2
                ),
                calls.sql(
                    .inventory,
                    "UPDATE",
                    "stock",
                    "UPDATE stock SET on_hand = on_hand - $2 WHERE product_id = $1",
                    work: 2
                ),
            ]
        )
        let (charge, failure) = authorize(amount, currency, at: time)
        var steps = [price, reserve, charge]
        if failure == nil {
            var publish = calls.message(
                .checkout,
                "publish",
                "orders",
                offset: order.offset,
                work: 1.5
            )
            var mail = calls.message(
                .notifications,
                "process",
                "orders",
                offset: order.offset,
                group: "notifications",
                work: 2,
                [calls.step(.notifications, "render-confirmation", work: 3), sendMail()]
            )
            mail.delay = 20 + 300 * calls.random.unit()
            publish.children = [mail]
            let clear = calls.rpc(
                from: .checkout,
                to: .basket,
                "Clear",
                work: 0.6,
                [],
                [calls.redis("DEL", session)]
            )
            steps += [clear, publish]
        }
        var place = calls.rpc(
            from: .storefront,
            to: .checkout,
            "PlaceOrder",
            work: 3,
            [
                KeyValue("shop.order.id", .string(order.id)),
                KeyValue("shop.order.amount", .double(amount)),
                KeyValue("shop.order.currency", .string(currency)),
                KeyValue("session.id", .string(session)),
            ],
            steps
        )
        place.children[0].marks =
            failure == nil ? ["priced", "reserved", "charged"] : ["priced", "reserved"]
        if let failure {
            place.fail(failure)
            place.children[0].fail(failure)
        }
        var root = calls.page(
            "POST",
            "/checkout",
            "/checkout",
            session: session,
            work: 3,
            [account(session), place]
        )
        if let failure {
            root.fail(failure)
            root.children[0].fail(failure)
            root.children[0].children[0].fail(failure)
        }
        return Visit(root: root, order: failure == nil ? order : nil)
    }

    mutating func authorize(
        _ amount: Double,
        _ currency: String,
        at time: UInt64
    ) -> (SpanPlan, ShopFailure?) {
        let isSlow = Self.isBankSlow(at: time)
        let failure: ShopFailure? =
            isSlow && calls.random.chance(0.35)
            ? .bankTimeout : calls.random.chance(0.04) ? .declined : nil
        var bank = SpanPlan(
            service: .payments,
            scope: .web(.payments),
            name: "POST",
            kind: .client,
            attributes: [
                KeyValue("http.request.method", "POST"),
                KeyValue("url.full", "https://bank.example/v2/authorizations"),
                KeyValue("server.address", "bank.example"), KeyValue("server.port", 443),
                KeyValue("http.response.status_code", 200), KeyValue("peer.service", "bank"),
            ],
            work: failure?.httpStatus == 504
                ? 4_000 : calls.random.milliseconds(isSlow ? 1_900 : 42)
        )
        if let failure { bank.fail(failure) }
        let fraud = calls.step(
            .payments,
            "check-fraud",
            work: 4,
            [KeyValue("shop.fraud.score", .double(calls.random.unit()))]
        )
        var charge = calls.rpc(
            from: .checkout,
            to: .payments,
            "Authorize",
            work: 2,
            [
                KeyValue("shop.payment.amount", .double(amount)),
                KeyValue("shop.payment.currency", .string(currency)),
                KeyValue(
                    "shop.payment.card",
                    .string(calls.random.pick(["visa", "mastercard", "amex"]))
                ),
                KeyValue("shop.payment.authorized", .bool(failure == nil)),
            ],
            [fraud, bank]
        )
        if let failure {
            charge.fail(failure)
            charge.children[0].fail(failure)
        }
        return (charge, failure)
    }

    mutating func sendMail() -> SpanPlan {
        SpanPlan(
            service: .notifications,
            scope: .web(.notifications),
            name: "smtp send",
            kind: .client,
            attributes: [
                KeyValue("server.address", "smtp.example"), KeyValue("server.port", 587),
                KeyValue("network.protocol.name", "smtp"), KeyValue("peer.service", "mail"),
            ],
            work: calls.random.milliseconds(35)
        )
    }
}
