import HTTPTypes
import OTLP
import Telemetry

/// The door of OTLP/HTTP: `POST /v1/traces`, `/v1/logs` and `/v1/metrics`.
///
/// What the export requests of all connections have in common.
struct ExportDoor: Sendable {
    let gatekeeper: Gatekeeper
    let ingest: any TelemetryIngest
    let admission: Admission
    let metrics: DoorMetrics
    let maxRequestBytes: Int

    /// The signal whose requests go to this path, however many slashes clients put around its parts.
    static func signal(ofPath path: String) -> Signal? {
        switch path {
        case "/v1/traces": return .traces
        case "/v1/logs": return .logs
        case "/v1/metrics": return .metrics
        default:
            guard path.utf8.count < 64 else { return nil }
            let parts = path.prefix { $0 != "?" }.split(separator: "/")
            guard parts.count == 2, parts[0] == "v1" else { return nil }
            return Signal(rawValue: String(parts[1]))
        }
    }

    /// Whether a path is one of OTLP, served or not: all begin with a version, as
    /// `/v1development/profiles` does.
    static func isOTLP(path: String) -> Bool {
        path.split(separator: "/").first?.hasPrefix("v1") ?? false
    }

    /// Counts a request that is over.
    func record(
        _ signal: Signal,
        _ outcome: DoorOutcome,
        wireBytes: Int,
        bodyBytes: Int,
        since started: ContinuousClock.Instant
    ) {
        metrics.record(
            DoorMetrics.Exchange(
                signal: signal,
                transport: .http,
                outcome: outcome,
                wireBytes: wireBytes,
                bodyBytes: bodyBytes,
                duration: started.duration(to: .now)
            )
        )
    }
}
