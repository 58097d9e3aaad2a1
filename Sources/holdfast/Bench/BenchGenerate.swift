import ArgumentParser
import Foundation
import OTLP

/// Writes files of export requests, and queries to ask afterwards.
struct BenchGenerate: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "generate",
        abstract: "Write the demo shop's telemetry to files for `bench ingest`.",
        discussion: """
            Writes traces.bin, logs.bin, metrics.bin (repeated: length as little-endian u32, OTLP protobuf request) \
            and queries.json. The spans of a trace are spread over several requests, as SDKs send them. The same seed \
            and base give the same bytes.

              holdfast bench generate --out /tmp/load --spans 1000000 --seed 3
            """
    )

    @Option(help: "The directory to write to; made when missing.")
    var out: String

    @Option(help: "How many spans, about.")
    var spans = 1_000_000

    @Option(help: "How many log records.")
    var logs = 1_000_000

    @Option(help: "How many metric points, about.")
    var points = 450_000

    @Option(help: "What decides everything but the clock.")
    var seed: UInt64 = 1

    @Option(help: "When the telemetry ends, in Unix seconds (default: now).")
    var base: Int64?

    @Option(help: "How much time it covers.")
    var window = DurationArgument(minutes: 30)

    func validate() throws {
        guard spans >= 0, logs >= 0, points >= 0 else {
            throw ValidationError("counts are not negative.")
        }
        guard logs == 0 || spans > 0 else {
            throw ValidationError("logs come with spans: give --spans.")
        }
        guard window.seconds >= 1 else { throw ValidationError("--window is at least 1s.") }
        guard base ?? .max > window.nanoseconds / 1_000_000_000, base ?? 0 < 9_000_000_000 else {
            throw ValidationError("--base is Unix seconds, later than --window.")
        }
    }

    func run() throws {
        do {
            try FileManager.default.createDirectory(atPath: out, withIntermediateDirectories: true)
        } catch {
            throw CommandFailure("\(out) cannot be made")
        }
        let end = UInt64(base ?? TimeText.now() / 1_000_000_000) * 1_000_000_000
        let start = end - UInt64(window.nanoseconds)
        try writeTracesAndLogs(from: start)
        try writeMetrics(from: start)
    }

    private func writeTracesAndLogs(from start: UInt64) throws {
        var traceFile = try RequestFileWriter(path: "\(out)/traces.bin")
        var logFile = try RequestFileWriter(path: "\(out)/logs.bin")
        var rate = Double(spans) / Shop.meanSpans(seed: seed) / window.seconds
        rate = max(rate, 0.001)
        var shop = Shop(
            Shop.Settings(
                seed: seed,
                tracesPerSecond: rate,
                start: start,
                logsPerSpan: Double(logs) / Double(max(1, spans)),
                delayMax: 5,
                metricInterval: nil
            )
        )
        var sampler = QuerySampler(fleet: shop.fleet, seed: seed &+ 7)
        var logsLeft = logs
        var spansWritten = 0
        var time = start
        var isLast = spans == 0
        repeat {
            time += 100_000_000
            if !isLast { shop.advance(to: time) { sampler.offer($0) } }
            isLast = shop.spanCount >= spans
            for request in shop.takeRequests(until: time, isFull: true, isLast: isLast) {
                switch request.signal {
                case .traces:
                    spansWritten += request.records
                    try traceFile.append(request.body)
                case .logs where logsLeft > 0:
                    logsLeft -= request.records
                    try logFile.append(request.body)
                case .logs, .metrics: break
                }
            }
        } while !isLast
        try traceFile.finish()
        try logFile.finish()
        try sampler.queries().write(to: "\(out)/queries.json")
        report("traces.bin", traceFile, spansWritten, "spans")
        report("logs.bin", logFile, logs - logsLeft, "log records")
    }

    private func writeMetrics(from start: UInt64) throws {
        var file = try RequestFileWriter(path: "\(out)/metrics.bin")
        let interval = 15.0
        let steps = max(1, Int(window.seconds / interval))
        var random = SeededGenerator(seed: seed)
        // As many copies of every service as it takes to come near the wanted number of points.
        var probe = ShopMeters(
            fleet: ShopFleet(random: &random),
            startTime: start,
            random: SeededGenerator(seed: seed)
        )
        probe.simulate()
        let pointsPerStep = probe.collect(at: start).reduce(0) { $0 + $1.points }
        let scale = max(1, Int((Double(points) / Double(steps * pointsPerStep)).rounded()))
        let fleet = ShopFleet(scale: scale, random: &random)
        var meters = ShopMeters(
            fleet: fleet,
            startTime: start,
            random: SeededGenerator(seed: seed &+ 1)
        )
        var written = 0
        for step in 1...steps where written < points {
            meters.simulate()
            let time = start + UInt64(Double(step) * interval * 1e9)
            for request in ShopFleet.requests(
                meters.collect(at: time),
                limit: Shop.recordsPerRequest
            ) {
                try file.append(request.body)
                written += request.records
            }
        }
        try file.finish()
        report("metrics.bin", file, written, "points")
    }

    private func report(_ name: String, _ file: RequestFileWriter, _ records: Int, _ noun: String) {
        print(
            "\(name): \(file.requests) requests, \(TimeText.count(records)) \(noun), \(TimeText.bytes(file.bytes))"
        )
    }
}
