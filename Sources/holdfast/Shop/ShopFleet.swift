import OTLP

/// The services of the shop.
enum ShopService: String, CaseIterable, Sendable {
    case edge
    case storefront
    case catalog
    case search
    case recommendations
    case ads
    case basket
    case checkout
    case payments
    case pricing
    case shipping
    case inventory
    case accounts
    case notifications
    case fulfilment

    /// The language of its SDK.
    var language: String {
        switch self {
        case .edge, .pricing: "cpp"
        case .storefront, .notifications: "nodejs"
        case .catalog, .checkout, .inventory: "go"
        case .search: "rust"
        case .recommendations: "python"
        case .ads, .payments: "java"
        case .basket, .fulfilment: "dotnet"
        case .shipping: "php"
        case .accounts: "ruby"
        }
    }

    /// The version of its SDK.
    var sdkVersion: String {
        switch language {
        case "cpp": "1.21.0"
        case "nodejs": "2.1.0"
        case "go": "1.38.0"
        case "rust": "0.30.0"
        case "python": "1.37.0"
        case "java": "1.54.0"
        case "dotnet": "1.12.0"
        case "php": "1.7.0"
        default: "1.8.0"
        }
    }

    /// How many copies of it run.
    var replicas: Int {
        switch self {
        case .storefront, .catalog: 3
        case .edge, .basket, .checkout, .payments, .pricing, .recommendations: 2
        default: 1
        }
    }

    /// Its name with a capital letter, as its RPC service has it.
    var title: String { rawValue.prefix(1).uppercased() + rawValue.dropFirst() }

    /// How it calls itself in logs.
    var logger: String {
        switch language {
        case "java", "dotnet": "shop.\(rawValue).\(title)Service"
        case "go": "slog"
        case "nodejs": "pino"
        default: rawValue
        }
    }
}

/// One running copy of a service.
struct ShopInstance: Sendable {
    let service: ShopService
    let resource: Resource
}

/// Every running copy of every service.
struct ShopFleet: Sendable {
    let instances: [ShopInstance]
    private let byService: [ShopService: [Int]]

    /// A fleet of `scale` times as many copies as usual.
    init(scale: Int = 1, random: inout SeededGenerator) {
        let nodes = (1...4).map { "node-\($0).eu-west.shop.internal" }
        var instances: [ShopInstance] = []
        var byService: [ShopService: [Int]] = [:]
        for service in ShopService.allCases {
            let replicaSet = random.hex(9)
            for _ in 0..<service.replicas * scale {
                let pod = "\(service.rawValue)-\(replicaSet)-\(random.hex(5))"
                byService[service, default: []].append(instances.count)
                let attributes = [
                    KeyValue("service.name", .string(service.rawValue)),
                    KeyValue("service.namespace", "shop"),
                    KeyValue("service.version", .string("2.\(service.rawValue.count % 4).1")),
                    KeyValue("service.instance.id", .string(random.uuid())),
                    KeyValue("deployment.environment.name", "production"),
                    KeyValue("telemetry.sdk.name", "opentelemetry"),
                    KeyValue("telemetry.sdk.language", .string(service.language)),
                    KeyValue("telemetry.sdk.version", .string(service.sdkVersion)),
                    KeyValue("k8s.namespace.name", "shop"),
                    KeyValue("k8s.deployment.name", .string(service.rawValue)),
                    KeyValue("k8s.pod.name", .string(pod)),
                    KeyValue("k8s.node.name", .string(random.pick(nodes))),
                    KeyValue("host.name", .string(pod)),
                ]
                instances.append(
                    ShopInstance(service: service, resource: Resource(attributes: attributes))
                )
            }
        }
        self.instances = instances
        self.byService = byService
    }

    /// One copy of each service, as a trace meets them.
    func route(_ random: inout SeededGenerator) -> [ShopService: Int] {
        var route: [ShopService: Int] = [:]
        for service in ShopService.allCases {
            guard let copies = byService[service] else { continue }
            route[service] = random.pick(copies)
        }
        return route
    }
}
