import HTTPTypes
import Hummingbird
import OTLP
import Telemetry

/// `/api/dead-letters`: what was acknowledged and could not be applied, of all spaces.
struct DeadLetterRoutes: RouteGroup {
    let runner: QueryRunner

    func add(to router: Router<HoldfastRequestContext>) {
        router.get("/api/dead-letters") { request, _ in
            try await runner.json(request) { node in
                JaegerJSON.named("deadLetters", try node.deadLetters()) { writer, letter in
                    writer.object { writer in Self.members(letter, &writer) }
                }
            }
        }
        router.get("/api/dead-letters/{id}") { request, context in
            let id = Self.id(context)
            return try await runner.json(request) { node in
                Self.content(try node.deadLetter(id))
            }
        }
        router.post("/api/dead-letters/{id}/replay") { request, context in
            let id = Self.id(context)
            try Self.checkOrigin(request)
            return try await runner.json(request) { node in
                try node.replayDeadLetter(id)
                return Self.done(id, "replayed")
            }
        }
        router.delete("/api/dead-letters/{id}") { request, context in
            let id = Self.id(context)
            try Self.checkOrigin(request)
            return try await runner.json(request) { node in
                try node.discardDeadLetter(id)
                return Self.done(id, "discarded")
            }
        }
    }

    private static func id(_ context: HoldfastRequestContext) -> String {
        PercentCoding.decoded(context.parameters.get("id") ?? "")
    }

    private static func checkOrigin(_ request: Request) throws(APIError) {
        guard OriginCheck.allows(request.headers[.origin]) else { throw .forbiddenOrigin }
    }

    private static func members(_ letter: DeadLetterSummary, _ writer: inout JSONWriter) {
        writer.member("id", letter.id)
        writer.member("space", letter.space)
        writer.key("signal")
        if let signal = letter.signal { writer.string(signal.rawValue) } else { writer.null() }
        writer.member("attempts", letter.attempts)
        writer.member("error", letter.error)
        writer.member("bytes", letter.bytes)
        writer.member("since", "\(letter.since)")
        writer.key("nextAttempt")
        if let next = letter.nextAttempt { writer.string("\(next)") } else { writer.null() }
    }

    private static func content(_ letter: DeadLetterContent) -> [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            members(letter.summary, &writer)
            if let json = letter.json {
                writer.key("request")
                writer.json(json)
            } else {
                writer.member("payload", TelemetryText.base64(letter.payload))
            }
        }
        return writer.bytes
    }

    private static func done(_ id: String, _ what: String) -> [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("id", id)
            writer.member(what, true)
        }
        return writer.bytes
    }
}
