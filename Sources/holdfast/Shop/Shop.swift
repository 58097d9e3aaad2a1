import OTLP

/// A lifelike shop: visitors come and go, and what its services send of that leaves when SDKs would send it.
///
/// Time is a parameter. The same settings give the same telemetry, byte for byte.
struct Shop {
    /// What kind of a shop.
    struct Settings {
        var seed: UInt64 = 1
        /// Visits a second.
        var tracesPerSecond = 5.0
        /// When it opens, in Unix nanoseconds.
        var start: UInt64
        var logsPerSpan = 0.6
        /// The longest that a span waits in its SDK after its end, in seconds.
        var delayMax = 0.8
        /// Between two reports of metrics, in seconds; nil for none.
        var metricInterval: UInt64? = 10
    }

    /// A trace that was planned, for those who want to ask for it later.
    struct Planned {
        let id: TraceID
        let spans: [ShopSpan]
        let logs: [ShopLog]
    }

    /// Records that a request may hold.
    static let recordsPerRequest = 500

    let settings: Settings
    let fleet: ShopFleet
    /// Spans planned so far.
    private(set) var spanCount = 0
    private var scenarios: ShopScenarios
    private var logs = ShopLogs()
    private var meters: ShopMeters
    private var random: SeededGenerator
    private var cursor: UInt64
    private var nextVisit: UInt64
    private var nextReport: UInt64?
    private var loggingSpanCount = 0
    private var logCount = 0
    private var orders: [(due: UInt64, order: ShopScenarios.Order, link: SpanLink)] = []
    private var pendingSpans = Pending<ShopSpan>()
    private var pendingLogs = Pending<ShopLog>()
    private var pendingReports: [(metrics: ResourceMetrics, points: Int)] = []

    init(_ settings: Settings) {
        self.settings = settings
        var random = SeededGenerator(seed: settings.seed)
        fleet = ShopFleet(random: &random)
        scenarios = ShopScenarios(random: SeededGenerator(seed: random.next()))
        meters = ShopMeters(
            fleet: fleet,
            startTime: settings.start,
            random: SeededGenerator(seed: random.next())
        )
        cursor = settings.start
        nextVisit = settings.start
        nextReport = settings.metricInterval.map { settings.start + $0 * 1_000_000_000 }
        self.random = random
    }

    /// How many spans a visit makes on average, found by planning some.
    static func meanSpans(seed: UInt64) -> Double {
        var scenarios = ShopScenarios(random: SeededGenerator(seed: seed))
        let sample = 2_000
        let total = (0..<sample).reduce(0) { total, _ in
            let visit = scenarios.next(at: 60_000_000_000)
            return total + visit.root.count + (visit.order.map { $0.lines + 5 } ?? 0)
        }
        return Double(total) / Double(sample)
    }

    /// Lets visitors in until `time`; `planned` sees every trace.
    mutating func advance(to time: UInt64, planned: (Planned) -> Void = { _ in }) {
        while true {
            let order = orders.indices.min { orders[$0].due < orders[$1].due }
            let orderDue = order.map { orders[$0].due } ?? .max
            let reportDue = nextReport ?? .max
            let next = min(nextVisit, orderDue, reportDue)
            guard next <= time else { break }
            cursor = max(cursor, next)
            if next == reportDue {
                pendingReports += meters.collect(at: next)
                nextReport = next + (settings.metricInterval ?? 10) * 1_000_000_000
            } else if let order, next == orderDue {
                let due = orders.remove(at: order)
                planned(plan(scenarios.fulfil(due.order, link: due.link), at: next, order: nil))
            } else {
                let visit = scenarios.next(at: next)
                planned(plan(visit.root, at: next, order: visit.order))
                nextVisit = next + UInt64(random.gap(rate: settings.tracesPerSecond) * 1e9) + 1
            }
        }
        cursor = max(cursor, time)
    }

    /// Takes what has left the SDKs by `time`, in requests; with `isLast`, all there is.
    ///
    /// With `isFull`, the rest that does not fill a request is left for later.
    mutating func takeRequests(
        until time: UInt64,
        isFull: Bool = false,
        isLast: Bool = false
    ) -> [ShopRequest] {
        let limit = Self.recordsPerRequest
        let time = isLast ? .max : time
        var requests = pendingSpans.take(until: time, by: limit, isFull: isFull && !isLast).map {
            fleet.request($0)
        }
        requests += pendingLogs.take(until: time, by: limit, isFull: isFull && !isLast).map {
            fleet.request($0)
        }
        requests += ShopFleet.requests(pendingReports, limit: limit)
        pendingReports = []
        return requests
    }

    // MARK: - One trace

    private mutating func plan(
        _ root: SpanPlan,
        at time: UInt64,
        order: ShopScenarios.Order?
    ) -> Planned {
        let traceID = random.traceID()
        let route = fleet.route(&random)
        var made: [(plan: SpanPlan, span: Span)] = []
        lay(root, parent: .none, traceID, at: time, &made)
        spanCount += made.count
        var spans: [ShopSpan] = []
        var records: [ShopLog] = []
        for (plan, span) in made {
            guard let instance = route[plan.service] else { continue }
            meters.observe(plan, span, instance: instance)
            let item = ShopSpan(instance: instance, scope: plan.scope, span: span)
            pendingSpans.append(
                item,
                due: span.endTime + UInt64(random.unit() * settings.delayMax * 1e9)
            )
            spans.append(item)
            records += write(plan, span, instance, route)
            if plan.kind == .producer, let order {
                let offset = KeyValue("messaging.kafka.offset", .int(order.offset))
                let link = SpanLink(traceID: traceID, spanID: span.spanID, attributes: [offset])
                orders.append(
                    (span.endTime + 20_000_000 + UInt64(random.unit() * 500e6), order, link)
                )
            }
        }
        for record in records {
            pendingLogs.append(
                record,
                due: record.record.time + UInt64(random.unit() * settings.delayMax * 4e8)
            )
        }
        return Planned(id: traceID, spans: spans, logs: records)
    }

    /// Gives a plan and those below it ids and times.
    ///
    /// - Returns: when its end lets its parent go on.
    @discardableResult
    private mutating func lay(
        _ plan: SpanPlan,
        parent: SpanID,
        _ traceID: TraceID,
        at start: UInt64,
        _ made: inout [(plan: SpanPlan, span: Span)]
    ) -> UInt64 {
        let position = made.count
        var span = Span(
            traceID: traceID,
            spanID: random.spanID(),
            parentSpanID: parent,
            flags: plan.kind == .server && !parent.isNone ? 0x301 : 0x101,
            name: plan.name,
            kind: plan.kind.rawValue,
            startTime: start,
            attributes: plan.attributes
        )
        if let link = plan.link { span.links = [link] }
        made.append((plan, span))
        let begin = start + Self.nanoseconds(plan.work * 0.35)
        var end = begin
        var delayed: [SpanPlan] = []
        for child in plan.children {
            guard child.delay == nil else {
                delayed.append(child)
                continue
            }
            let from =
                (plan.isParallel ? begin : end) + Self.nanoseconds(0.02 + 0.08 * random.unit())
            end = max(end, lay(child, parent: span.spanID, traceID, at: from, &made))
        }
        end += Self.nanoseconds(plan.work * 0.65) + 1_000
        span.endTime = end
        for (index, mark) in plan.marks.enumerated() {
            let share = UInt64(index + 1) * (end - start) / UInt64(plan.marks.count + 1)
            span.events.append(SpanEvent(time: start + share, name: mark))
        }
        if let failure = plan.failure {
            span.status = SpanStatus(code: 2, message: failure.message)
            span.events.append(
                SpanEvent(
                    time: end - 1_000,
                    name: "exception",
                    attributes: [
                        KeyValue("exception.type", .string(failure.type)),
                        KeyValue("exception.message", .string(failure.message)),
                        KeyValue("exception.stacktrace", .string(failure.stack)),
                    ]
                )
            )
        }
        made[position].span = span
        for child in delayed {
            lay(
                child,
                parent: span.spanID,
                traceID,
                at: end + Self.nanoseconds(child.delay ?? 0),
                &made
            )
        }
        return end
    }

    private mutating func write(
        _ plan: SpanPlan,
        _ span: Span,
        _ instance: Int,
        _ route: [ShopService: Int]
    ) -> [ShopLog] {
        var written: [ShopLog] = []
        loggingSpanCount += 1
        let due = Double(loggingSpanCount) * settings.logsPerSpan
        var failure = plan.kind == .client ? nil : plan.failure
        while Double(logCount) < due || (failure != nil && settings.logsPerSpan > 0) {
            logCount += 1
            let isCorrelated = failure != nil || random.chance(0.7)
            let other = random.pick(ShopService.allCases)
            var record = logs.record(
                isCorrelated ? plan.service : other,
                failure: failure,
                random: &random
            )
            record.time =
                span.startTime + UInt64(random.unit() * Double(span.endTime - span.startTime))
            record.observedTime = record.time + UInt64(random.below(2_000_000))
            if isCorrelated {
                record.traceID = span.traceID
                record.spanID = span.spanID
                record.flags = 1
            }
            written.append(
                ShopLog(
                    instance: isCorrelated ? instance : route[other] ?? instance,
                    record: record
                )
            )
            failure = nil
        }
        return written
    }

    private static func nanoseconds(_ milliseconds: Double) -> UInt64 { UInt64(milliseconds * 1e6) }
}

/// Items that wait until they are due.
struct Pending<Item> {
    private var waiting: [(due: UInt64, item: Item)] = []
    private var ready: [Item] = []

    mutating func append(_ item: Item, due: UInt64) { waiting.append((due, item)) }

    /// Takes what is due at `time` in the order it became so, in groups of `limit`.
    ///
    /// With `isFull`, the rest that does not fill a group is left for later.
    mutating func take(until time: UInt64, by limit: Int, isFull: Bool) -> [[Item]] {
        let due = waiting.enumerated().filter { $0.element.due <= time }
            .sorted { ($0.element.due, $0.offset) < ($1.element.due, $1.offset) }
        waiting.removeAll { $0.due <= time }
        ready += due.map(\.element.item)
        var groups: [[Item]] = []
        var position = 0
        while ready.count - position >= (isFull ? limit : 1) {
            let end = min(position + limit, ready.count)
            groups.append(Array(ready[position..<end]))
            position = end
        }
        ready.removeFirst(position)
        return groups
    }
}
