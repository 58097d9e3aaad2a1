import ArgumentParser
import Storage
import Telemetry

/// A bound of a node by name, as in `--limit journalFileBytesMax=65536`.
///
/// Only tests set them: bounds that are small make every step of the engine happen within a second.
struct NodeLimit: ExpressibleByArgument, CustomStringConvertible, Sendable {
    let name: String
    let value: Int

    init(_ name: String, _ value: Int) {
        self.name = name
        self.value = value
    }

    init?(argument: String) {
        let parts = argument.split(separator: "=", maxSplits: 1)
        guard parts.count == 2, let value = Int(parts[1]), value >= 0,
            Self.known[String(parts[0])] != nil
        else { return nil }
        self.init(String(parts[0]), value)
    }

    var description: String { "\(name)=\(value)" }

    func apply(_ configuration: inout NodeConfiguration) {
        guard let path = Self.known[name] else { return }
        configuration[keyPath: path] = value
    }

    private static let known: [String: any WritableKeyPath<NodeConfiguration, Int> & Sendable] = [
        "compactionFanIn": \.limits.compactionFanIn,
        "deadLetterAttemptsMax": \.limits.deadLetterAttemptsMax,
        "garbageGraceSeconds": \.limits.garbageGraceSeconds,
        "journalFileBytesMax": \.limits.journalFileBytesMax,
        "journalGroupBytesMax": \.limits.journalGroupBytesMax,
        "manifestsRetained": \.limits.manifestsRetained,
        "memtableAgeMaxSeconds": \.limits.memtableAgeMaxSeconds,
        "memtableBytesMax": \.limits.memtableBytesMax,
        "memtableFlushBytes": \.limits.memtableFlushBytes,
        "segmentValueBytesMax": \.limits.segmentValueBytesMax,
        "segmentsPerPageMax": \.limits.segmentsPerPageMax,
        "tickMilliseconds": \.tickMilliseconds,
        "ticksPerCleaning": \.ticksPerCleaning,
    ]
}
