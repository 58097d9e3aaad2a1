import OTLP

// The pages of the shop, each as the trace that one visit makes.

extension ShopScenarios {
    mutating func home(session: String) -> SpanPlan {
        let word = calls.random.pick(Self.words)
        let ads = calls.rpc(
            from: .storefront,
            to: .ads,
            "ForContext",
            work: 1.4,
            [KeyValue("shop.ads.context", .string(word))],
            [calls.step(.ads, "select-campaign", work: 0.5)]
        )
        let list = listProducts(from: .storefront)
        return calls.page(
            "GET",
            "/",
            "/",
            session: session,
            work: 4,
            [list, ads],
            isParallel: true
        )
    }

    mutating func listing(session: String) -> SpanPlan {
        let list = listProducts(from: .storefront)
        let prices = convert(from: .storefront)
        return calls.page(
            "GET",
            "/products",
            "/products?page=\(calls.random.below(9))",
            session: session,
            work: 3,
            [list, prices]
        )
    }

    mutating func product(session: String) -> SpanPlan {
        let product = calls.random.pick(Self.products)
        let stock = calls.rpc(
            from: .storefront,
            to: .inventory,
            "Stock",
            work: 0.9,
            [KeyValue("shop.product.id", .string(product))],
            [
                calls.sql(
                    .inventory,
                    "SELECT",
                    "stock",
                    "SELECT on_hand FROM stock WHERE product_id = $1"
                )
            ]
        )
        let similar = recommend(product)
        let page = [
            getProduct(product, from: .storefront), convert(from: .storefront), stock, similar,
        ]
        return calls.page(
            "GET",
            "/products/{id}",
            "/products/\(product)",
            session: session,
            work: 3,
            page,
            isParallel: true
        )
    }

    mutating func searching(session: String) -> SpanPlan {
        let word = calls.random.pick(Self.words)
        let index = SpanPlan(
            service: .search,
            scope: .database(.search),
            name: "search products",
            kind: .client,
            attributes: [
                KeyValue("db.system.name", "opensearch"), KeyValue("db.operation.name", "search"),
                KeyValue("db.collection.name", "products"),
                KeyValue("server.address", "opensearch"),
                KeyValue("server.port", 9200), KeyValue("http.request.method", "POST"),
            ],
            work: calls.random.milliseconds(7)
        )
        let rank = calls.step(
            .search,
            "rank-results",
            work: 1.2,
            [KeyValue("shop.search.hits", .int(Int64(calls.random.below(80))))]
        )
        let query = calls.call(
            from: .storefront,
            to: .search,
            "POST",
            "/query",
            work: 1.1,
            [KeyValue("shop.search.text", .string(word))],
            [index, rank]
        )
        let path = "/search?q=\(word.replacing(" ", with: "+"))"
        return calls.page(
            "GET",
            "/search",
            path,
            session: session,
            work: 2.5,
            [query, convert(from: .storefront)]
        )
    }

    mutating func basket(session: String) -> SpanPlan {
        var children = [getBasket(session, from: .storefront)]
        for _ in 0..<calls.random.below(5) {
            let product = calls.random.pick(Self.products)
            children.append(getProduct(product, from: .storefront))
        }
        children.append(convert(from: .storefront))
        return calls.page("GET", "/basket", "/basket", session: session, work: 2.5, children)
    }

    mutating func adding(session: String) -> SpanPlan {
        let product = calls.random.pick(Self.products)
        let add = calls.rpc(
            from: .storefront,
            to: .basket,
            "AddItem",
            work: 0.9,
            [
                KeyValue("shop.product.id", .string(product)),
                KeyValue("shop.quantity", .int(Int64(calls.random.below(4) + 1))),
            ],
            [
                calls.redis("HGETALL", session), calls.redis("HSET", session),
                calls.redis("EXPIRE", session),
            ]
        )
        return calls.page(
            "POST",
            "/basket/items",
            "/basket/items",
            session: session,
            work: 2,
            [add, getBasket(session, from: .storefront)]
        )
    }

    mutating func orderStatus(session: String) -> SpanPlan {
        let order = calls.random.uuid()
        let track = calls.call(
            from: .storefront,
            to: .shipping,
            "GET",
            "/shipments/{id}",
            work: 2,
            [KeyValue("shop.order.id", .string(order))],
            [
                calls.sql(
                    .shipping,
                    "SELECT",
                    "shipments",
                    "SELECT state, updated_at FROM shipments WHERE order_id = ?"
                )
            ]
        )
        return calls.page(
            "GET",
            "/orders/{id}",
            "/orders/\(order)",
            session: session,
            work: 2,
            [account(session), track]
        )
    }

    mutating func signIn(session: String) -> SpanPlan {
        calls.page(
            "POST",
            "/sessions",
            "/sessions",
            session: session,
            work: 1.5,
            [account(session)]
        )
    }

    mutating func health() -> SpanPlan {
        let service = calls.random.pick([
            ShopService.catalog, .checkout, .inventory, .basket, .payments,
        ])
        return SpanPlan(
            service: service,
            scope: .grpc(service),
            name: "grpc.health.v1.Health/Check",
            kind: .server,
            attributes: [
                KeyValue("rpc.system", "grpc"), KeyValue("rpc.service", "grpc.health.v1.Health"),
                KeyValue("rpc.method", "Check"), KeyValue("rpc.grpc.status_code", 0),
                KeyValue("network.peer.address", .string(calls.random.address())),
            ],
            work: calls.random.milliseconds(0.15)
        )
    }
}
