import OTLP
import Storage
import Testing

@testable import Telemetry

/// A point that was acknowledged stays, unless it equals another in everything.
struct PointIdentityTests {
    /// Between two ticks of a node that is to merge only when it is told to, in milliseconds.
    private static let longTime = 3_600_000

    enum Shape: CaseIterable {
        case gauge, sum, histogram, exponentialHistogram, summary
    }

    /// What makes another stream.
    private enum StreamChange: CaseIterable {
        case resource, resourceSchema, scopeName, scopeVersion, scopeAttributes, scopeSchema, unit
        case attributes
    }

    /// What makes another point of the same stream and time.
    private enum PointChange: CaseIterable {
        case start, flags, exemplars, value, description, metadata, droppedOfScope
    }

    private static func metrics(
        _ shape: Shape,
        _ stream: StreamChange? = nil,
        _ point: PointChange? = nil
    ) -> ResourceMetrics {
        let attributes = [KeyValue("code", .int(stream == .attributes ? 500 : 200))]
        let start: UInt64 = point == .start ? 5 : 4
        let flags: UInt32 = point == .flags ? 2 : 0
        let exemplars = [Exemplar(time: point == .exemplars ? 8 : 7, value: .double(1))]
        let data: MetricData
        switch shape {
        case .gauge, .sum:
            // An integer and a double of the same value.
            let number = NumberPoint(
                attributes: attributes,
                startTime: start,
                time: 10,
                flags: flags,
                value: point == .value ? .int(0) : .double(0),
                exemplars: exemplars
            )
            data =
                shape == .gauge
                ? .gauge([number]) : .sum([number], temporality: 2, isMonotonic: true)
        case .histogram:
            let buckets: [UInt64] = point == .value ? [2, 1] : [1, 2]
            data = .histogram(
                [
                    HistogramPoint(
                        attributes: attributes,
                        startTime: start,
                        time: 10,
                        flags: flags,
                        count: 3,
                        bucketCounts: buckets,
                        bounds: [1],
                        exemplars: exemplars
                    )
                ],
                temporality: 1
            )
        case .exponentialHistogram:
            data = .exponentialHistogram(
                [
                    ExponentialHistogramPoint(
                        attributes: attributes,
                        startTime: start,
                        time: 10,
                        flags: flags,
                        count: 3,
                        negative: BucketRun(offset: point == .value ? 1 : 0, counts: [3]),
                        exemplars: exemplars
                    )
                ],
                temporality: 1
            )
        case .summary:
            data = .summary([
                SummaryPoint(
                    attributes: attributes,
                    startTime: start,
                    time: 10,
                    flags: flags,
                    count: 3,
                    quantiles: [Quantile(quantile: 0.5, value: point == .value ? -0.0 : 0)]
                )
            ])
        }
        let metric = Metric(
            name: "load",
            description: point == .description ? "other" : "how much",
            unit: stream == .unit ? "1" : "By",
            metadata: point == .metadata ? [KeyValue("a", .int(1))] : [],
            data: data
        )
        return ResourceMetrics(
            resource: Resource(attributes: [
                KeyValue("service.name", .string("shop")),
                KeyValue("host.name", .string(stream == .resource ? "b" : "a")),
            ]),
            scopes: [
                ScopeMetrics(
                    scope: Scope(
                        name: stream == .scopeName ? "other" : "lib",
                        version: stream == .scopeVersion ? "2" : "1",
                        attributes: stream == .scopeAttributes ? [KeyValue("part", .int(1))] : [],
                        droppedAttributes: point == .droppedOfScope ? 1 : 0
                    ),
                    metrics: [metric],
                    schemaURL: stream == .scopeSchema ? "https://example.com/2" : ""
                )
            ],
            schemaURL: stream == .resourceSchema ? "https://example.com/3" : ""
        )
    }

    private static func request(_ metrics: [ResourceMetrics]) -> IngestRequest {
        IngestRequest(
            space: "default",
            signal: .metrics,
            encoding: .protobuf,
            body: OTLPEncoder.protobuf(metrics: metrics)
        )
    }

    private static func labels(_ series: [MetricSeries]) -> [[String]] {
        series.map { $0.labels.map { "\($0.key)=\($0.value)" } }
    }

    private static func expect(
        _ node: TelemetryNode,
        points: Int,
        series: Int,
        _ comment: Comment,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let found = try node.metricRange(MetricSearch(name: "load"), space: "default").filter {
            $0.labels.allSatisfy { $0.key != "statistic" || $0.value == "count" }
        }
        #expect(found.count == series, comment, sourceLocation: sourceLocation)
        let count = found.reduce(0) { $0 + $1.points.count }
        #expect(count == points, comment, sourceLocation: sourceLocation)
        #expect(Set(labels(found)).count == series, comment, sourceLocation: sourceLocation)
    }

    /// Every one is sent twice, and each has a segment of its own before they are merged.
    @Test(arguments: Shape.allCases)
    func pointsThatDifferInAnythingStay(_ shape: Shape) async throws {
        try await withNode(tickMilliseconds: Self.longTime) { node, _ in
            let changes = PointChange.allCases.filter { shape != .summary || $0 != .exemplars }
            let sent =
                [Self.metrics(shape)] + StreamChange.allCases.map { Self.metrics(shape, $0) }
                + changes.map { Self.metrics(shape, nil, $0) }
            let series = 1 + StreamChange.allCases.count
            for metrics in sent + sent { _ = try await node.ingest(Self.request([metrics])) }
            try Self.expect(node, points: sent.count, series: series, "in memory")
            let engine = try node.openEngine()
            _ = try engine.flush(space: "default")
            try Self.expect(node, points: sent.count, series: series, "flushed")
            for metrics in sent {
                _ = try await node.ingest(Self.request([metrics]))
                _ = try engine.flush(space: "default")
            }
            try Self.expect(node, points: sent.count, series: series, "in many segments")
            #expect(try engine.compact(space: "default") > 0)
            try Self.expect(node, points: sent.count, series: series, "merged")
            let tables = [
                "metric_points", "metric_histograms", "metric_exp_histograms", "metric_summaries",
            ]
            let rows = try node.files(space: "default").filter { tables.contains($0.table) }
            #expect(rows.reduce(0) { $0 + $1.rows } == sent.count, "a point sent again is dropped")
        }
    }

    /// In one request; each differs from the others, and the NaNs only in their bits.
    @Test func pointsOfOneTimeAreAllGiven() async throws {
        try await withNode(tickMilliseconds: Self.longTime) { node, _ in
            let values: [NumberValue] = [
                .int(0), .double(0), .double(-0.0), .double(.nan),
                .double(Double(nan: 3, signaling: false)), .int(1),
            ]
            let points = values.map { NumberPoint(time: 10, value: $0) }
            let earlier = NumberPoint(time: 9, value: .int(7))
            let later = NumberPoint(time: 11, value: .int(8))
            let all = [later] + points + [earlier] + points
            let metrics = ResourceMetrics(scopes: [
                ScopeMetrics(metrics: [Metric(name: "load", data: .gauge(all))])
            ])
            _ = try await node.ingest(Self.request([metrics]))
            _ = try await node.ingest(Self.request([metrics]))
            let engine = try node.openEngine()
            func expectAll() throws -> [MetricValue] {
                let search = MetricSearch(name: "load")
                let series = try node.metricRange(search, space: "default")
                let found = try #require(series.first).points
                #expect(series.count == 1)
                #expect(found.map(\.time) == [9] + values.map { _ in 10 } + [11])
                return found.map(\.value)
            }
            func bits(_ values: [MetricValue]) -> [String] {
                values.map { value in
                    guard case .double(let double) = value else { return "\(value)" }
                    return "\(double.bitPattern)"
                }
            }
            let before = bits(try expectAll())
            #expect(Set(before).count == values.count + 2)
            _ = try engine.flush(space: "default")
            #expect(bits(try expectAll()) == before, "the order is that of their content")
            _ = try await node.ingest(Self.request([metrics]))
            _ = try engine.flush(space: "default")
            #expect(try engine.compact(space: "default") > 0)
            #expect(bits(try expectAll()) == before)
        }
    }

    @Test func labelsSayWhatTellsSeriesApart() async throws {
        try await withNode(tickMilliseconds: Self.longTime) { node, _ in
            let changes: [StreamChange?] = [nil, .scopeVersion, .scopeAttributes]
            for change in changes {
                _ = try await node.ingest(Self.request([Self.metrics(.gauge, change)]))
            }
            var search = MetricSearch(name: "load")
            let series = try node.metricRange(search, space: "default")
            let common = ["code=200"]
            #expect(
                Self.labels(series) == [
                    common + ["otel_scope_part=1", "otel_scope_version=1", "service.name=shop"],
                    common + ["otel_scope_version=1", "service.name=shop"],
                    common + ["otel_scope_version=2", "service.name=shop"],
                ]
            )
            #expect(series.map(\.origin.scope.version) == ["1", "1", "2"])
            // One that is alone needs none.
            let other = Self.metrics(.gauge, .scopeVersion)
            var alone = other
            alone.scopes[0].metrics[0].name = "alone"
            _ = try await node.ingest(Self.request([alone]))
            search.name = "alone"
            let single = Self.labels(try node.metricRange(search, space: "default"))
            #expect(single == [["code=200", "service.name=shop"]])
        }
    }

    /// The order of attributes makes no other stream.
    @Test func attributesAreASet() async throws {
        try await withNode(tickMilliseconds: Self.longTime) { node, _ in
            let pairs = [KeyValue("a", .int(1)), KeyValue("b", .string("x"))]
            for attributes in [pairs, pairs.reversed()] {
                let point = NumberPoint(attributes: attributes, time: 10, value: .int(1))
                let metrics = ResourceMetrics(
                    resource: Resource(attributes: attributes),
                    scopes: [
                        ScopeMetrics(
                            scope: Scope(name: "lib", attributes: attributes),
                            metrics: [Metric(name: "load", data: .gauge([point]))]
                        )
                    ]
                )
                _ = try await node.ingest(Self.request([metrics]))
            }
            #expect(try node.metricRange(MetricSearch(name: "load"), space: "default").count == 1)
        }
    }

    /// Temporalities are an open enumeration, and numbers below zero are numbers.
    ///
    /// Rows say "unspecified" of those that nobody knows: ids differ, but the stream is one, as when another program has
    /// given the ids.
    @Test func anyTemporalityIsTaken() async throws {
        try await withNode(tickMilliseconds: Self.longTime) { node, _ in
            let point = NumberPoint(time: 10, value: .int(1))
            let metrics = [Int32.min, -1, 0, 1, 2, 3, .max].map { temporality in
                Metric(
                    name: "load",
                    data: .sum([point], temporality: temporality, isMonotonic: false)
                )
            }
            let group = ResourceMetrics(scopes: [ScopeMetrics(metrics: metrics)])
            _ = try await node.ingest(Self.request([group]))
            let series = try node.metricRange(MetricSearch(name: "load"), space: "default")
            #expect(series.map(\.points.count).sorted() == [1, 1, 5])
            #expect(Set(Self.labels(series)).count == 3)
        }
    }
}
