import HTTPTypes
import Hummingbird

/// One thing that must be well for a server to be of use.
package struct ReadinessCheck: Sendable, Hashable {
    /// What is checked, such as "journal".
    package var name: String
    /// Whether it is well.
    package var ok: Bool
    /// What was found, with numbers.
    package var detail: String

    /// A check that was made.
    package init(_ name: String, ok: Bool, detail: String = "") {
        self.name = name
        self.ok = ok
        self.detail = detail
    }
}

/// What whoever operates the server asks it: is it alive, is it ready, what does it count.
struct HealthRoutes: RouteGroup {
    let readiness: @Sendable () async -> [ReadinessCheck]
    let metrics: @Sendable () async -> [MetricSample]

    func add(to router: Router<HoldfastRequestContext>) {
        router.get("/livez") { _, _ in
            Self.response(.ok, "application/json", Array(#"{"ok":true}"#.utf8))
        }
        router.get("/readyz") { _, _ in
            let checks = await readiness()
            let isReady = checks.allSatisfy(\.ok)
            return Self.response(
                isReady ? .ok : .serviceUnavailable,
                "application/json",
                Self.json(checks, isReady: isReady)
            )
        }
        router.get("/metrics") { _, _ in
            let text = PrometheusText.render(await metrics())
            return Self.response(.ok, PrometheusText.contentType, Array(text.utf8))
        }
    }

    private static func json(_ checks: [ReadinessCheck], isReady: Bool) -> [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("ok", isReady)
            writer.key("checks")
            writer.array { writer in
                for check in checks {
                    writer.object { writer in
                        writer.member("name", check.name)
                        writer.member("ok", check.ok)
                        writer.member("detail", check.detail)
                    }
                }
            }
        }
        return writer.bytes
    }

    private static func response(
        _ status: HTTPResponse.Status,
        _ contentType: String,
        _ bytes: [UInt8]
    ) -> Response {
        Response(
            status: status,
            headers: [.contentType: contentType],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes))
        )
    }
}
