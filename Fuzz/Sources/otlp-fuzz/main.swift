import Glibc
import OTLP

// Throws damaged requests at every decoder. A decoder either refuses a request or gives columns whose
// invariants hold and which survive a round trip; it never traps.
//
//     otlp-fuzz [gzip] [--runs N] [--seed S] [--first CASE]
//
// With `gzip`, requests come packed, in several members, with bombs among them, and then damaged. What
// inflates them refuses a body with an error of its own or gives the bytes that were packed, never holds
// more than its limit, and does the same in whatever parts a body arrives; the decoders get what it gave.
//
// Case number n of seed S is always the same request. Before each chunk of cases its first number is
// printed: after a crash, `--first` with that number and a small `--runs` finds it again.

private struct Options {
    var isGzip = false
    var runs = 1_000_000
    var seed: UInt64 = 1
    var first = 0

    init(_ arguments: [String]) {
        var rest = arguments.dropFirst()
        if rest.first == "gzip" {
            isGzip = true
            rest.removeFirst()
        }
        while let name = rest.popFirst() {
            guard let text = rest.popFirst(), let value = UInt64(text) else { Options.usage() }
            switch name {
            case "--runs": runs = Int(truncatingIfNeeded: value)
            case "--seed": seed = value
            case "--first": first = Int(truncatingIfNeeded: value)
            default: Options.usage()
            }
        }
    }

    private static func usage() -> Never {
        print("usage: otlp-fuzz [gzip] [--runs N] [--seed S] [--first CASE]")
        exit(2)
    }
}

private func say(_ text: String) {
    print(text)
    fflush(nil)
}

/// Decodes one body; gives what is wrong with the result, if it was accepted.
///
/// Round trips go through JSON first, which has only one NaN.
private func outcome(
    _ decoder: Decoder,
    _ body: [UInt8],
    isThorough: Bool
) throws(OTLPError) -> String? {
    switch decoder {
    case .tracesProtobuf, .tracesJSON:
        let columns =
            decoder.isJSON
            ? try OTLPDecoder.spans(json: body) : try OTLPDecoder.spans(protobuf: body)
        if let violation = columns.violation() { return violation }
        guard isThorough else { return nil }
        let text = OTLPEncoder.json(traces: OTLPReader.spans(from: columns))
        let second = OTLPReader.spans(from: try OTLPDecoder.spans(json: text))
        let bytes = OTLPEncoder.protobuf(traces: second)
        let third = OTLPReader.spans(from: try OTLPDecoder.spans(protobuf: bytes))
        return OTLPEncoder.json(traces: third) == text ? nil : "round trip differs"
    case .logsProtobuf, .logsJSON:
        let columns =
            decoder.isJSON
            ? try OTLPDecoder.logs(json: body) : try OTLPDecoder.logs(protobuf: body)
        if let violation = columns.violation() { return violation }
        guard isThorough else { return nil }
        let text = OTLPEncoder.json(logs: OTLPReader.logs(from: columns))
        let second = OTLPReader.logs(from: try OTLPDecoder.logs(json: text))
        let bytes = OTLPEncoder.protobuf(logs: second)
        let third = OTLPReader.logs(from: try OTLPDecoder.logs(protobuf: bytes))
        return OTLPEncoder.json(logs: third) == text ? nil : "round trip differs"
    case .metricsProtobuf, .metricsJSON:
        let columns =
            decoder.isJSON
            ? try OTLPDecoder.metrics(json: body) : try OTLPDecoder.metrics(protobuf: body)
        if let violation = columns.violation() { return violation }
        guard isThorough else { return nil }
        let text = OTLPEncoder.json(metrics: OTLPReader.metrics(from: columns))
        let second = OTLPReader.metrics(from: try OTLPDecoder.metrics(json: text))
        let bytes = OTLPEncoder.protobuf(metrics: second)
        let third = OTLPReader.metrics(from: try OTLPDecoder.metrics(protobuf: bytes))
        return OTLPEncoder.json(metrics: third) == text ? nil : "round trip differs"
    }
}

/// What became of a case.
private enum Verdict {
    case accepted
    case refused
    /// What is wrong.
    case failed(String)
}

private func decode(_ decoder: Decoder, _ body: [UInt8], isThorough: Bool) -> Verdict {
    do throws(OTLPError) {
        guard let problem = try outcome(decoder, body, isThorough: isThorough) else {
            return .accepted
        }
        return .failed("\(decoder): \(problem): \(body)")
    } catch {
        return .refused
    }
}

private func decode(_ decoder: Decoder, _ gzip: GzipCase) -> Verdict {
    switch gzip.outcome() {
    case .inflated(let bytes): return decode(decoder, bytes, isThorough: false)
    case .refused: return .refused
    case .failed(let problem):
        return .failed("gzip, at most \(gzip.limit) bytes: \(problem): \(gzip.body)")
    }
}

private func run(_ options: Options) {
    let corpus = Corpus()
    let mutator = Mutator(corpus: corpus)
    let packer = GzipPacker(corpus: corpus, mutator: mutator)
    let chunk = 100_000
    var accepted = 0
    var refused = 0
    for number in options.first..<(options.first + options.runs) {
        if (number - options.first) % chunk == 0 {
            say("seed \(options.seed), case \(number): \(accepted) accepted, \(refused) refused")
        }
        var generator = Generator(
            seed: (options.seed &* 0x2545_f491_4f6c_dd1d) ^ UInt64(truncatingIfNeeded: number)
        )
        let decoder = Decoder.allCases[generator.below(Decoder.allCases.count)]
        let verdict =
            options.isGzip
            ? decode(decoder, packer.body(for: decoder, &generator))
            : decode(decoder, mutator.body(for: decoder, &generator), isThorough: number % 16 == 0)
        switch verdict {
        case .accepted: accepted += 1
        case .refused: refused += 1
        case .failed(let problem):
            let subject = options.isGzip ? "gzip " : ""
            say("FAILED: \(problem)")
            say("replay: otlp-fuzz \(subject)--seed \(options.seed) --first \(number) --runs 1")
            exit(1)
        }
    }
    say("\(options.runs) runs, \(accepted) accepted, \(refused) refused, seed \(options.seed)")
}

run(Options(CommandLine.arguments))
