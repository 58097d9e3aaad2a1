import Foundation
import OTLP

/// Hands requests to a server one by one, and again when it refuses them, so that nothing is dropped silently.
final class DemoSender {
    private let client: APIClient
    private let interrupt: Interrupt
    private var sent: [Signal: Int] = [:]
    private var refusals = 0
    private var rejected = 0
    private var unsent = 0

    private static let readySecondsMax = 30.0
    private static let lastSecondsMax = 5.0

    init(client: APIClient, interrupt: Interrupt) {
        self.client = client
        self.interrupt = interrupt
    }

    /// Whether everything was taken.
    var isComplete: Bool { unsent == 0 && rejected == 0 }

    /// What was sent and what was not.
    var summary: String {
        var text =
            "sent \(count(.traces)) spans, \(count(.logs)) log records, \(count(.metrics)) metric points"
        text += "; \(refusals) requests were refused and sent again"
        if rejected > 0 { text += "; \(rejected) records were rejected for good" }
        if unsent > 0 { text += "; \(unsent) records were not sent" }
        return text
    }

    /// `GET /readyz` of a Holdfast server; another program on its port answers something else.
    private struct Readiness: Decodable {
        struct Check: Decodable {
            let name: String
        }

        let ok: Bool
        let checks: [Check]
    }

    /// Waits until the server says that it is ready.
    ///
    /// - Throws: `CommandFailure` when it does not say so in time, or is not a server of ours: the shop's
    ///   telemetry is nothing for anybody's Collector.
    func waitUntilReady() async throws {
        let deadline = ContinuousClock.now + .seconds(Self.readySecondsMax)
        while true {
            var reason: CommandFailure
            do {
                let answer = try await client.send(.get, "/readyz", timeoutSeconds: 5)
                if let readiness = try? JSONDecoder().decode(Readiness.self, from: answer.body) {
                    if readiness.ok { return }
                } else if !(502...504).contains(answer.status) {
                    endStatus()
                    throw CommandFailure(
                        "what answers at \(client.base) is not a Holdfast server",
                        remedy: "Nothing was sent there. Name a server of Holdfast with --url."
                    )
                }
                reason = CommandFailure("the server at \(client.base) is not ready")
            } catch let error as Unreachable {
                reason = error.failure
            }
            guard .now < deadline, !interrupt.isRaised else {
                endStatus()
                throw reason
            }
            Terminal.status("waiting for \(client.base)")
            await interrupt.sleep(seconds: 0.5)
        }
    }

    /// Sends requests in order; returns when each is taken, or a signal came.
    func send(_ requests: [ShopRequest]) async throws {
        for request in requests { try await send(request, until: nil) }
    }

    /// Sends the last requests, giving up after a few seconds.
    func finish(_ requests: [ShopRequest]) async throws {
        let deadline = ContinuousClock.now + .seconds(Self.lastSecondsMax)
        for request in requests { try await send(request, until: deadline) }
    }

    /// Leaves the status line as it is and goes on below it.
    func endStatus() {
        if Terminal.isErrorInteractive { Terminal.complain("") }
    }

    private func send(_ request: ShopRequest, until deadline: ContinuousClock.Instant?) async throws
    {
        var attempt = 0
        while true {
            var wait = min(5, 0.1 * Double(1 << min(attempt, 6)))
            var reason: String
            do {
                let answer = try await client.send(
                    .post,
                    "/v1/\(request.signal.rawValue)",
                    contentType: "application/x-protobuf",
                    body: request.body,
                    timeoutSeconds: 30
                )
                switch answer.status {
                case 200..<300:
                    take(request, PartialSuccess(response: answer.body))
                    return
                case 429, 502, 503, 504:
                    wait = answer.retryAfter ?? wait
                    reason = "refused with status \(answer.status)"
                default:
                    rejected += request.records
                    endStatus()
                    Terminal.complain(
                        "\(request.signal.rawValue) rejected with status \(answer.status)"
                    )
                    return
                }
            } catch let error as Unreachable {
                reason = error.failure.message
            }
            refusals += 1
            attempt += 1
            let isLate = deadline.map { .now + .seconds(wait) > $0 } ?? interrupt.isRaised
            guard !isLate else {
                unsent += request.records
                return
            }
            show(" (\(reason); again in \(TimeText.fixed(wait, decimals: 1)) s)")
            if deadline == nil {
                await interrupt.sleep(seconds: wait)
            } else {
                try await Task.sleep(for: .seconds(wait))
            }
        }
    }

    private func take(_ request: ShopRequest, _ partial: PartialSuccess?) {
        let lost = min(request.records, Int(clamping: max(0, partial?.rejected ?? 0)))
        sent[request.signal, default: 0] += request.records - lost
        rejected += lost
        if let partial {
            endStatus()
            Terminal.complain(
                "\(partial.rejected) of \(request.records) \(request.signal.rawValue) rejected: "
                    + Terminal.clean(partial.message)
            )
        }
        show()
    }

    private func show(_ note: String = "") {
        let text =
            "sent \(count(.traces)) spans, \(count(.logs)) logs, \(count(.metrics)) points; refused \(refusals)"
        Terminal.status(Table.cut(text + note, to: Terminal.width - 1))
    }

    private func count(_ signal: Signal) -> String { TimeText.count(sent[signal] ?? 0) }
}
