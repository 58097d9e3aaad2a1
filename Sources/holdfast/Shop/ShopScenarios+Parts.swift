import OTLP

// What several pages are made of.

extension ShopScenarios {
    mutating func listProducts(from client: ShopService) -> SpanPlan {
        calls.rpc(
            from: client,
            to: .catalog,
            "List",
            work: 1.5,
            [KeyValue("shop.products.count", 12)],
            [
                calls.sql(
                    .catalog,
                    "SELECT",
                    "products",
                    "SELECT id, name, price_cents, picture FROM products ORDER BY rank LIMIT $1",
                    work: 2.6
                )
            ]
        )
    }

    mutating func getProduct(_ product: String, from client: ShopService) -> SpanPlan {
        calls.rpc(
            from: client,
            to: .catalog,
            "Get",
            work: 0.8,
            [KeyValue("shop.product.id", .string(product))],
            [
                calls.sql(
                    .catalog,
                    "SELECT",
                    "products",
                    "SELECT id, name, description, price_cents, picture FROM products WHERE id = $1"
                )
            ]
        )
    }

    mutating func convert(from client: ShopService) -> SpanPlan {
        let currency = calls.random.pick(Self.currencies)
        return calls.rpc(
            from: client,
            to: .pricing,
            "Convert",
            work: 0.2,
            [KeyValue("shop.currency.to", .string(currency))]
        )
    }

    mutating func getBasket(_ session: String, from client: ShopService) -> SpanPlan {
        let size = KeyValue("shop.basket.items", .int(Int64(calls.random.below(8))))
        return calls.rpc(
            from: client,
            to: .basket,
            "Get",
            work: 0.7,
            [size],
            [calls.redis("HGETALL", session)]
        )
    }

    mutating func recommend(_ product: String) -> SpanPlan {
        let isHit = calls.random.chance(0.6)
        let score = calls.step(
            .recommendations,
            "score-candidates",
            work: isHit ? 0.6 : 5,
            [KeyValue("shop.cache.hit", .bool(isHit))],
            isHit ? [] : [listProducts(from: .recommendations)]
        )
        return calls.rpc(
            from: .storefront,
            to: .recommendations,
            "ForProduct",
            work: 2,
            [KeyValue("shop.product.id", .string(product))],
            [score]
        )
    }

    mutating func account(_ session: String) -> SpanPlan {
        calls.call(
            from: .storefront,
            to: .accounts,
            "GET",
            "/accounts/{session}",
            work: 2,
            [KeyValue("session.id", .string(session))],
            [
                calls.sql(
                    .accounts,
                    "SELECT",
                    "accounts",
                    "SELECT * FROM accounts WHERE session_id = $1 LIMIT 1"
                )
            ]
        )
    }
}
