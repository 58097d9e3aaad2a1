import OTLP

/// A span and who sends it.
struct ShopSpan {
    let instance: Int
    let scope: Scope
    let span: Span
}

/// A log record and who sends it.
struct ShopLog {
    let instance: Int
    let record: LogRecord
}

/// An encoded export request.
struct ShopRequest: Sendable {
    let signal: Signal
    let body: [UInt8]
    /// Spans, log records or points.
    let records: Int
}

extension ShopFleet {
    /// One request with all of `spans`, grouped by who sends them and by scope.
    func request(_ spans: some Collection<ShopSpan>) -> ShopRequest {
        var order: [Int] = []
        var groups: [Int: ResourceSpans] = [:]
        for span in spans {
            if groups[span.instance] == nil { order.append(span.instance) }
            var group =
                groups[span.instance] ?? ResourceSpans(resource: instances[span.instance].resource)
            groups[span.instance] = nil
            if let index = group.scopes.firstIndex(where: { $0.scope == span.scope }) {
                group.scopes[index].spans.append(span.span)
            } else {
                group.scopes.append(ScopeSpans(scope: span.scope, spans: [span.span]))
            }
            groups[span.instance] = group
        }
        return ShopRequest(
            signal: .traces,
            body: OTLPEncoder.protobuf(traces: order.compactMap { groups[$0] }),
            records: spans.count
        )
    }

    /// One request with all of `logs`, grouped by who sends them.
    func request(_ logs: some Collection<ShopLog>) -> ShopRequest {
        var order: [Int] = []
        var records: [Int: [LogRecord]] = [:]
        for log in logs {
            if records[log.instance] == nil { order.append(log.instance) }
            records[log.instance, default: []].append(log.record)
        }
        let groups = order.map { instance in
            let scope = Scope(name: instances[instance].service.logger)
            return ResourceLogs(
                resource: instances[instance].resource,
                scopes: [ScopeLogs(scope: scope, records: records[instance] ?? [])]
            )
        }
        return ShopRequest(
            signal: .logs,
            body: OTLPEncoder.protobuf(logs: groups),
            records: logs.count
        )
    }

    /// Requests of about `limit` points each.
    static func requests(
        _ reports: [(metrics: ResourceMetrics, points: Int)],
        limit: Int
    ) -> [ShopRequest] {
        var requests: [ShopRequest] = []
        var pending: [ResourceMetrics] = []
        var points = 0
        for report in reports {
            pending.append(report.metrics)
            points += report.points
            guard points >= limit else { continue }
            requests.append(
                ShopRequest(
                    signal: .metrics,
                    body: OTLPEncoder.protobuf(metrics: pending),
                    records: points
                )
            )
            pending = []
            points = 0
        }
        if points > 0 {
            requests.append(
                ShopRequest(
                    signal: .metrics,
                    body: OTLPEncoder.protobuf(metrics: pending),
                    records: points
                )
            )
        }
        return requests
    }
}
