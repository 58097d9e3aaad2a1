import Foundation
import OTLP

/// What the services of the shop measure: an instrument of each of OTLP's five kinds, and then some.
struct ShopMeters {
    /// A measured quantity.
    enum Instrument: String, CaseIterable {
        case httpDuration = "http.server.request.duration"
        case rpcDuration = "rpc.server.duration"
        case dbDuration = "db.client.operation.duration"
        case orders = "shop.orders"
        case bankQuantiles = "shop.bank.latency"
        case messages = "messaging.client.sent.messages"
        case cpu = "process.cpu.utilization"
        case memory = "process.memory.usage"
        case connections = "db.client.connection.count"

        var unit: String {
            switch self {
            case .httpDuration, .dbDuration, .bankQuantiles: "s"
            case .rpcDuration: "ms"
            case .orders: "{order}"
            case .messages: "{message}"
            case .cpu: "1"
            case .memory: "By"
            case .connections: "{connection}"
            }
        }

        var text: String {
            switch self {
            case .httpDuration: "Duration of HTTP server requests."
            case .rpcDuration: "Duration of inbound RPCs."
            case .dbDuration: "Duration of database client operations."
            case .orders: "Orders placed."
            case .bankQuantiles: "Latency of the bank, as its old client library reports it."
            case .messages: "Messages producers sent since the last report."
            case .cpu: "Share of the CPU limit in use."
            case .memory: "Resident memory."
            case .connections: "Connections in the pool."
            }
        }
    }

    struct Key: Hashable {
        let instance: Int
        let instrument: Instrument
        let attributes: [KeyValue]
    }

    struct Series {
        var count: UInt64 = 0
        var sum = 0.0
        var minimum = Double.infinity
        var maximum = -Double.infinity
        var buckets: [Int: UInt64] = [:]
        var recent: [Double] = []
        var exemplar: Exemplar?
    }

    static let bounds: [Double] = [
        0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10,
    ]
    static let scale: Int32 = 3
    private static let recentMax = 128

    let fleet: ShopFleet
    let startTime: UInt64
    var lastTime: UInt64
    var series: [Series] = []
    var keys: [Key] = []
    private var indexes: [Key: Int] = [:]
    var random: SeededGenerator

    init(fleet: ShopFleet, startTime: UInt64, random: SeededGenerator) {
        self.fleet = fleet
        self.startTime = startTime
        lastTime = startTime
        self.random = random
    }

    // MARK: - Measuring

    /// Measures a finished span.
    mutating func observe(_ plan: SpanPlan, _ span: Span, instance: Int) {
        let seconds = Double(span.endTime - span.startTime) / 1e9
        let kept = { (keys: [String]) in plan.attributes.filter { keys.contains($0.key) } }
        switch (plan.kind, plan.attributes.first?.key) {
        case (.server, "http.request.method"):
            record(
                .httpDuration,
                instance,
                kept(["http.request.method", "http.route", "http.response.status_code"]),
                seconds,
                span
            )
        case (.server, "rpc.system"):
            record(
                .rpcDuration,
                instance,
                kept(["rpc.service", "rpc.method", "rpc.grpc.status_code"]),
                seconds * 1e3,
                span
            )
            if plan.name.hasSuffix("/PlaceOrder") {
                let outcome = plan.failure == nil ? "placed" : "failed"
                record(.orders, instance, [KeyValue("outcome", .string(outcome))], 1, span)
            }
        case (.client, "db.system.name"):
            record(
                .dbDuration,
                instance,
                kept(["db.system.name", "db.operation.name", "db.collection.name"]),
                seconds,
                span
            )
        case (.client, "http.request.method") where plan.service == .payments:
            record(.bankQuantiles, instance, [KeyValue("peer.service", "bank")], seconds, span)
        case (.producer, _):
            record(.messages, instance, kept(["messaging.destination.name"]), 1, span)
        default: break
        }
    }

    /// Measures as if some requests had passed through every instance: for load without traces.
    mutating func simulate() {
        for instance in fleet.instances.indices {
            for route in 0..<8 {
                let attributes = [
                    KeyValue("http.route", .string("/api/r\(route)")),
                    KeyValue("http.request.method", "GET"),
                ]
                record(.httpDuration, instance, attributes, random.milliseconds(20) / 1e3, nil)
                let method = [
                    KeyValue("rpc.service", "shop.Load"),
                    KeyValue("rpc.method", .string("M\(route)")),
                ]
                record(.rpcDuration, instance, method, random.milliseconds(8), nil)
                record(
                    .orders,
                    instance,
                    [KeyValue("outcome", .string("o\(route)"))],
                    Double(random.below(9)),
                    nil
                )
            }
            record(.bankQuantiles, instance, [], random.milliseconds(42) / 1e3, nil)
            record(.messages, instance, [], 1, nil)
        }
    }

    private mutating func record(
        _ instrument: Instrument,
        _ instance: Int,
        _ attributes: [KeyValue],
        _ value: Double,
        _ span: Span?
    ) {
        let key = Key(instance: instance, instrument: instrument, attributes: attributes)
        let index: Int
        if let known = indexes[key] {
            index = known
        } else {
            index = series.count
            indexes[key] = index
            keys.append(key)
            series.append(Series())
        }
        series[index].count += 1
        series[index].sum += value
        series[index].minimum = min(series[index].minimum, value)
        series[index].maximum = max(series[index].maximum, value)
        switch instrument {
        case .httpDuration, .dbDuration:
            let bucket = Self.bounds.firstIndex { value <= $0 } ?? Self.bounds.count
            series[index].buckets[bucket, default: 0] += 1
        case .rpcDuration:
            let bucket = Int((log2(max(value, 1e-6)) * Double(1 << Self.scale)).rounded(.up)) - 1
            series[index].buckets[bucket, default: 0] += 1
        case .bankQuantiles:
            series[index].recent.append(value)
            if series[index].recent.count > Self.recentMax { series[index].recent.removeFirst() }
        default: break
        }
        guard let span, value >= (series[index].exemplar?.value.map(Self.number) ?? 0) else {
            return
        }
        series[index].exemplar = Exemplar(
            time: span.endTime,
            value: .double(value),
            traceID: span.traceID,
            spanID: span.spanID
        )
    }

    private static func number(_ value: NumberValue) -> Double {
        switch value {
        case .int(let value): Double(value)
        case .double(let value): value
        }
    }
}
