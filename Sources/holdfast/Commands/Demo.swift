import ArgumentParser
import Foundation

/// Sends the traffic of a lifelike shop to a server, through the public OTLP door.
struct Demo: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Send a lifelike shop's traces, logs and metrics to a server.",
        discussion: """
            Fifteen services, some eighty operations, failures, and a bank that is slow for 20 seconds every two \
            minutes. First the past is sent at once, then the present as it happens; what the server refuses is sent \
            again. Ctrl-C ends it cleanly.

              holdfast demo
              holdfast demo --rate 20 --duration 5m --seed 7
            """
    )

    @OptionGroup var server: ServerOptions

    @Option(help: "Visits to the shop (traces) each second.")
    var rate = 5.0

    @Option(help: "How long to go on, such as 90s or 10m (default: until Ctrl-C).")
    var duration: DurationArgument?

    @Option(help: "The same seed makes the same shop, apart from the clock.")
    var seed: UInt64 = 1

    @Option(help: "How much of the past to send first; 0 for none.")
    var backfill = DurationArgument(minutes: 10)

    func validate() throws {
        guard rate > 0, rate <= 10_000 else {
            throw ValidationError("--rate is above 0, at most 10000.")
        }
        guard backfill.seconds <= 7 * 86_400 else {
            throw ValidationError("--backfill is at most 7d.")
        }
    }

    func run() async throws {
        let interrupt = Interrupt()
        let client = try server.client()
        let sender = DemoSender(client: client, interrupt: interrupt)
        try await sender.waitUntilReady()
        let begin = UInt64(TimeText.now())
        let start = begin - UInt64(backfill.nanoseconds)
        var shop = Shop(Shop.Settings(seed: seed, tracesPerSecond: rate, start: start))
        if backfill.nanoseconds > 0 {
            print(
                "sending the last \(TimeText.duration(backfill.nanoseconds)) of the shop to \(client.base)"
            )
            var time = start
            while time < begin, !interrupt.isRaised {
                time = min(begin, time + 10_000_000_000)
                shop.advance(to: time)
                try await sender.send(shop.takeRequests(until: time))
            }
        }
        sender.endStatus()
        print("sending \(TimeText.fixed(rate, decimals: 1)) visits a second; Ctrl-C ends it")
        let end = duration.map { UInt64(TimeText.now()) + UInt64($0.nanoseconds) } ?? .max
        while !interrupt.isRaised {
            let now = UInt64(TimeText.now())
            guard now < end else { break }
            shop.advance(to: now)
            try await sender.send(shop.takeRequests(until: now))
            await interrupt.sleep(seconds: 1)
        }
        try await sender.finish(shop.takeRequests(until: 0, isLast: true))
        sender.endStatus()
        print(sender.summary)
        guard sender.isComplete else { throw ExitCode.failure }
    }
}
