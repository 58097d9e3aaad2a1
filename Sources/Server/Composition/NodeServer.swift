package import Logging
import Storage
package import Telemetry

/// One node behind its doors: the composition root.
///
/// Joins telemetry, the query APIs and the web pages.
package struct NodeServer: Sendable {
    private let server: HoldfastServer

    /// - Parameters:
    ///   - configuration: where the doors are, and their limits.
    ///   - node: the open node; closed when the server has stopped.
    ///   - logger: where the server tells what it does.
    package init(configuration: ServerConfiguration, node: TelemetryNode, logger: Logger) {
        let cache =
            configuration.cacheBytesMax > 0
            ? AnswerCache(byteLimit: configuration.cacheBytesMax) : nil
        node.observer = cache
        let runner = QueryRunner(node: node, cache: cache, logger: logger)
        server = HoldfastServer(
            configuration: configuration,
            ingest: node,
            routes: [
                JaegerRoutes(runner: runner), LogRoutes(runner: runner),
                MetricRoutes(runner: runner),
                NodeRoutes(runner: runner), DeadLetterRoutes(runner: runner), WebRoutes(),
            ],
            readiness: { Self.readiness(node) },
            metrics: { Self.samples(node) + runner.cacheFigures.samples() },
            logger: logger,
            shutdown: { node.close() }
        )
    }

    /// Where the server listens, once both doors are open.
    package var addresses: ServerAddresses {
        get async throws { try await server.addresses }
    }

    /// Serves until the process is told to stop (SIGTERM, SIGINT).
    ///
    /// - Throws: `HoldfastServerError` when an address, a file or a setting is unusable.
    package func run() async throws { try await server.run() }

    private static func readiness(_ node: TelemetryNode) -> [ReadinessCheck] {
        do throws(QueryFailure) {
            let status = try node.status()
            return [
                ReadinessCheck("store", ok: true, detail: "epoch \(status.epoch)"),
                ReadinessCheck(
                    "disk",
                    ok: !status.diskIsFull,
                    detail: status.diskIsFull ? "nearly full: new data is refused" : "has room"
                ),
                deadLetters(status.deadLetters),
            ]
        } catch {
            return [ReadinessCheck("store", ok: false, detail: error.message)]
        }
    }

    private static func deadLetters(_ letters: DeadLetterFigures) -> ReadinessCheck {
        ReadinessCheck(
            "dead letters",
            ok: !letters.areFull,
            detail: letters.areFull
                ? "\(letters.count), at the limit of bytes: new data is refused"
                : letters.count == 0 ? "none" : "\(letters.count) to be replayed or discarded"
        )
    }

    private static func samples(_ node: TelemetryNode) -> [MetricSample] {
        guard let status = try? node.status() else { return [] }
        let acknowledged = status.acknowledged
        var samples = [
            MetricSample(
                "holdfast_acknowledged_batches_total",
                help: "Batches that were made durable.",
                kind: .counter,
                value: Double(acknowledged.batches)
            ),
            MetricSample(
                "holdfast_journal_last_lsn",
                help: "Number of the newest durable batch.",
                kind: .gauge,
                value: Double(status.journalLastLSN)
            ),
            MetricSample(
                "holdfast_journal_bytes",
                help: "Bytes of journal files.",
                kind: .gauge,
                value: Double(status.journalBytes)
            ),
            MetricSample(
                "holdfast_journal_barriers_total",
                help: "Barriers (fdatasync) of the journal.",
                kind: .counter,
                value: Double(status.journalBarriers)
            ),
            MetricSample(
                "holdfast_recovered_batches",
                help: "Batches replayed when the store was opened.",
                kind: .gauge,
                value: Double(status.recovery.records)
            ),
            MetricSample(
                "holdfast_recovered_torn_tails",
                help: "Torn journal tails cut when the store was opened.",
                kind: .gauge,
                value: Double(status.recovery.truncatedTails)
            ),
            MetricSample(
                "holdfast_disk_full",
                help: "1 while new data is refused for lack of disk.",
                kind: .gauge,
                value: status.diskIsFull ? 1 : 0
            ),
            MetricSample(
                "holdfast_disk_used_ratio",
                help: "Share of the volume that is in use, 0 to 1.",
                kind: .gauge,
                value: status.diskUsedFraction
            ),
        ]
        samples.append(
            MetricSample(
                "holdfast_journal_queue_bytes",
                help: "Bytes of requests that wait for the journal.",
                kind: .gauge,
                value: Double(status.queueBytes)
            )
        )
        samples += Self.maintenance(status)
        samples += [
            MetricSample(
                "holdfast_dead_letters",
                help: "Batches, or parts of one, that were acknowledged and could not be applied.",
                kind: .gauge,
                value: Double(status.deadLetters.count)
            ),
            MetricSample(
                "holdfast_dead_letter_bytes",
                help: "Bytes of dead letters.",
                kind: .gauge,
                value: Double(status.deadLetters.bytes)
            ),
            MetricSample(
                "holdfast_dead_letter_replays_total",
                help: "Dead letters that were replayed with success.",
                kind: .counter,
                value: Double(status.deadLetters.replays)
            ),
        ]
        for (signal, count) in [
            ("spans", acknowledged.spans), ("logs", acknowledged.logs),
            ("points", acknowledged.points),
        ] {
            samples.append(
                MetricSample(
                    "holdfast_acknowledged_records_total",
                    help: "Records that were made durable.",
                    kind: .counter,
                    labels: [.init("signal", signal)],
                    value: Double(count)
                )
            )
        }
        for space in status.spaces {
            let label = MetricSample.Label("space", space.space)
            let figures: [(String, String, Double)] = [
                ("holdfast_space_version", "Number of the newest version.", Double(space.version)),
                (
                    "holdfast_space_segments", "Segments of the newest version.",
                    Double(space.segments)
                ),
                (
                    "holdfast_space_segment_bytes", "Bytes of those segments.",
                    Double(space.segmentBytes)
                ),
                (
                    "holdfast_space_memtable_bytes", "Bytes of rows not yet in segments.",
                    Double(space.memtableBytes)
                ),
            ]
            for (name, help, value) in figures {
                samples.append(
                    MetricSample(name, help: help, kind: .gauge, labels: [label], value: value)
                )
            }
        }
        return samples
    }

    private static func maintenance(_ status: NodeStatus) -> [MetricSample] {
        func samples(
            _ name: String,
            _ help: String,
            _ value: (MaintenanceFigures) -> Double
        ) -> [MetricSample] {
            MaintenanceTask.allCases.map { task in
                MetricSample(
                    "holdfast_maintenance_\(name)_total",
                    help: help,
                    kind: .counter,
                    labels: [.init("task", task.rawValue)],
                    value: value(status.maintenance[task] ?? MaintenanceFigures())
                )
            }
        }
        return samples(
            "done",
            "Flushes, merges, segments dropped by retention, objects deleted by collection."
        ) { Double($0.done) }
            + samples("failures", "Runs that failed, which are repeated.") { Double($0.failures) }
            + samples("seconds", "Seconds spent.") { $0.duration / .seconds(1) }
    }
}
