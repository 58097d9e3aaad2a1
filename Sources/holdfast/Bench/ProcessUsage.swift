import Foundation

/// What a process has used so far, by /proc.
struct ProcessUsage: Sendable, Encodable {
    /// CPU seconds in its own code.
    var userSeconds: Double
    /// CPU seconds in the kernel on its behalf.
    var systemSeconds: Double
    /// The most memory it ever had resident, in bytes.
    var peakResidentBytes: Int

    /// CPU seconds of both kinds.
    var cpuSeconds: Double { userSeconds + systemSeconds }

    init(pid: Int) throws {
        guard let stat = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8),
            let status = try? String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8),
            let usage = ProcessUsage(
                stat: stat,
                status: status,
                ticksPerSecond: Double(sysconf(Int32(_SC_CLK_TCK)))
            )
        else {
            throw CommandFailure("there is no process \(pid)")
        }
        self = usage
    }

    /// Reads the text of /proc/PID/stat and /proc/PID/status.
    init?(stat: String, status: String, ticksPerSecond: Double) {
        // The name in parentheses may hold anything, so count from the last parenthesis.
        guard let end = stat.lastIndex(of: ")") else { return nil }
        let fields = stat[stat.index(after: end)...].split(separator: " ")
        guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12])
        else {
            return nil
        }
        userSeconds = user / ticksPerSecond
        systemSeconds = system / ticksPerSecond
        // A process that has ended, and waits to be reaped, has no memory any more.
        let peak = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
        guard let peak,
            let kilobytes = Int(peak.split(whereSeparator: \.isWhitespace).dropFirst().first ?? "")
        else {
            return nil
        }
        peakResidentBytes = kilobytes * 1024
    }

    /// What was used between `earlier` and now; the peak is that of now.
    func since(_ earlier: ProcessUsage) -> ProcessUsage {
        var difference = self
        difference.userSeconds -= earlier.userSeconds
        difference.systemSeconds -= earlier.systemSeconds
        return difference
    }
}
