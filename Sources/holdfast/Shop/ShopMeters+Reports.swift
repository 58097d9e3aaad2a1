import Foundation
import OTLP

// What is measured becomes metrics, as SDKs report them every few seconds.

extension ShopMeters {
    /// What each instance reports at `time`.
    mutating func collect(at time: UInt64) -> [(metrics: ResourceMetrics, points: Int)] {
        var byInstance: [[Instrument: [Int]]] = Array(repeating: [:], count: fleet.instances.count)
        for (index, key) in keys.enumerated() {
            byInstance[key.instance][key.instrument, default: []].append(index)
        }
        var reports: [(metrics: ResourceMetrics, points: Int)] = []
        for (instance, instruments) in byInstance.enumerated() {
            var metrics: [Metric] = []
            var points = 0
            for instrument in Instrument.allCases {
                let data = data(of: instrument, instance, instruments[instrument] ?? [], at: time)
                guard let (data, count) = data else { continue }
                points += count
                metrics.append(
                    Metric(
                        name: instrument.rawValue,
                        description: instrument.text,
                        unit: instrument.unit,
                        data: data
                    )
                )
            }
            let scope = ScopeMetrics(
                scope: .manual(fleet.instances[instance].service),
                metrics: metrics
            )
            reports.append(
                (
                    ResourceMetrics(resource: fleet.instances[instance].resource, scopes: [scope]),
                    points
                )
            )
        }
        lastTime = time
        return reports
    }

    private mutating func data(
        of instrument: Instrument,
        _ instance: Int,
        _ indexes: [Int],
        at time: UInt64
    ) -> (MetricData, Int)? {
        let cumulative = Temporality.cumulative.rawValue
        switch instrument {
        case .cpu:
            let load =
                0.15 + 0.1 * sin(Double(time / 1_000_000_000 % 600) / 600 * 2 * .pi) + 0.05
                * random.unit()
            return (.gauge([NumberPoint(time: time, value: .double(load))]), 1)
        case .memory:
            let bytes = Int64(120_000_000 + instance * 9_000_000 + random.below(8_000_000))
            return (
                .sum(
                    [NumberPoint(startTime: startTime, time: time, value: .int(bytes))],
                    temporality: cumulative,
                    isMonotonic: false
                ),
                1
            )
        case .connections:
            let points = ["idle", "used"].map { state in
                NumberPoint(
                    attributes: [KeyValue("db.client.connection.state", .string(state))],
                    startTime: startTime,
                    time: time,
                    value: .int(Int64(random.below(16)))
                )
            }
            return (.sum(points, temporality: cumulative, isMonotonic: false), points.count)
        default: break
        }
        guard !indexes.isEmpty else { return nil }
        let data: MetricData =
            switch instrument {
            case .httpDuration, .dbDuration:
                .histogram(indexes.map { histogram($0, time) }, temporality: cumulative)
            case .rpcDuration:
                .exponentialHistogram(
                    indexes.map { exponential($0, time) },
                    temporality: cumulative
                )
            case .bankQuantiles: .summary(indexes.map { summary($0, time) })
            case .messages:
                .sum(
                    indexes.map { number($0, from: lastTime, time) },
                    temporality: Temporality.delta.rawValue,
                    isMonotonic: true
                )
            default:
                .sum(
                    indexes.map { number($0, from: startTime, time) },
                    temporality: cumulative,
                    isMonotonic: true
                )
            }
        for index in indexes {
            series[index].exemplar = nil
            if instrument == .messages { series[index] = Series() }
        }
        return (data, indexes.count)
    }

    private func histogram(_ index: Int, _ time: UInt64) -> HistogramPoint {
        let series = series[index]
        return HistogramPoint(
            attributes: keys[index].attributes,
            startTime: startTime,
            time: time,
            count: series.count,
            sum: series.sum,
            minimum: series.minimum,
            maximum: series.maximum,
            bucketCounts: (0...Self.bounds.count).map { series.buckets[$0] ?? 0 },
            bounds: Self.bounds,
            exemplars: series.exemplar.map { [$0] } ?? []
        )
    }

    private func exponential(_ index: Int, _ time: UInt64) -> ExponentialHistogramPoint {
        let series = series[index]
        let first = series.buckets.keys.min() ?? 0
        let last = series.buckets.keys.max() ?? 0
        return ExponentialHistogramPoint(
            attributes: keys[index].attributes,
            startTime: startTime,
            time: time,
            count: series.count,
            sum: series.sum,
            minimum: series.minimum,
            maximum: series.maximum,
            scale: Self.scale,
            positive: BucketRun(
                offset: Int32(first),
                counts: (first...last).map { series.buckets[$0] ?? 0 }
            ),
            exemplars: series.exemplar.map { [$0] } ?? []
        )
    }

    private func summary(_ index: Int, _ time: UInt64) -> SummaryPoint {
        let recent = Percentiles(series[index].recent)
        return SummaryPoint(
            attributes: keys[index].attributes,
            startTime: startTime,
            time: time,
            count: series[index].count,
            sum: series[index].sum,
            quantiles: [0.5, 0.9, 0.99, 1].map {
                Quantile(quantile: $0, value: recent.value(at: $0))
            }
        )
    }

    private func number(_ index: Int, from start: UInt64, _ time: UInt64) -> NumberPoint {
        NumberPoint(
            attributes: keys[index].attributes,
            startTime: start,
            time: time,
            value: .int(Int64(series[index].sum)),
            exemplars: series[index].exemplar.map { [$0] } ?? []
        )
    }
}
