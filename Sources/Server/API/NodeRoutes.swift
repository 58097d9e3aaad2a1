import HTTPTypes
import Hummingbird
import Storage
import Telemetry

/// What a person asks of the node itself: its spaces, its state, its files.
struct NodeRoutes: RouteGroup {
    let runner: QueryRunner

    func add(to router: Router<HoldfastRequestContext>) {
        router.get("/api/spaces") { request, _ in
            try await runner.json(request) { node in Self.spaces(try node.status()) }
        }
        router.post("/api/spaces/{name}") { request, context in
            let name = PercentCoding.decoded(context.parameters.get("name") ?? "")
            guard OriginCheck.allows(request.headers[.origin]) else {
                throw APIError.forbiddenOrigin
            }
            return try await runner.json(request) { node in
                try node.createSpace(name)
                return Self.spaces(try node.status())
            }
        }
        router.get("/api/status") { request, _ in
            try await runner.json(request) { node in Self.status(try node.status()) }
        }
        router.get("/api/cache") { request, _ in
            Response(
                packing: runner.cacheFigures.json(),
                contentType: "application/json",
                acceptEncoding: request.headers[.acceptEncoding]
            )
        }
        router.get("/api/files") { request, context in
            let space = context.space
            return try await runner.json(request) { node in
                JaegerJSON.named("files", try node.files(space: space)) { writer, file in
                    writer.object { writer in
                        writer.member("table", file.table)
                        writer.member("path", file.path)
                        writer.member("rows", file.rows)
                        writer.member("bytes", file.bytes)
                    }
                }
            }
        }
    }

    private static func spaces(_ status: NodeStatus) -> [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.key("ready")
            writer.array { writer in
                for space in status.spaces {
                    writer.object { writer in
                        writer.member("space", space.space)
                        writer.member("version", space.version)
                    }
                }
            }
            writer.key("quarantined")
            writer.array { _ in }
        }
        return writer.bytes
    }

    /// Tables that are made from others when segments are written: rows in memory have none yet, which is not to
    /// be taken for "no traces".
    private static let derivedTables: Set = ["traces", "metric_series"]

    private static func status(_ status: NodeStatus) -> [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("storeId", status.storeID)
            writer.member("epoch", status.epoch)
            writer.key("spaces")
            writer.array { writer in
                for space in status.spaces {
                    writer.object { writer in
                        writer.member("space", space.space)
                        writer.member("version", space.version)
                        writer.member("journaledLsn", space.journaledLSN)
                        writer.member("foldedLsn", space.foldedLSN)
                        writer.member("segments", space.segments)
                        writer.key("rows")
                        writer.object { writer in
                            for (table, rows) in space.rows.sorted(by: { $0.key < $1.key })
                            where rows > 0 || !Self.derivedTables.contains(table) {
                                writer.member(table, rows)
                            }
                        }
                        writer.member("bytes", space.segmentBytes)
                        writer.member("memtableBytes", space.memtableBytes)
                    }
                }
            }
            writer.key("acknowledged")
            writer.object { writer in
                writer.member("batches", status.acknowledged.batches)
                writer.member("spans", status.acknowledged.spans)
                writer.member("logs", status.acknowledged.logs)
                writer.member("points", status.acknowledged.points)
            }
            writer.key("journal")
            writer.object { writer in
                writer.member("lastLsn", status.journalLastLSN)
                writer.member("bytes", status.journalBytes)
                writer.member("barriers", status.journalBarriers)
                writer.member("recoveredBatches", status.recovery.records)
                writer.member("truncatedTails", status.recovery.truncatedTails)
            }
            writer.key("disk")
            writer.object { writer in
                writer.key("usedFraction")
                writer.double(status.diskUsedFraction)
                writer.key("refusesAbove")
                writer.double(status.diskUsedFractionMax)
                writer.member("isFull", status.diskIsFull)
            }
            writer.key("deadLetters")
            writer.object { writer in
                writer.member("count", status.deadLetters.count)
                writer.member("bytes", status.deadLetters.bytes)
                writer.key("problems")
                writer.array { writer in
                    for problem in status.deadLetters.problems { writer.string(problem) }
                }
            }
        }
        return writer.bytes
    }
}
