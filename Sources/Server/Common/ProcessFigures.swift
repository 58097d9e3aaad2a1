import Foundation

/// What the kernel says of this process, under the names that Prometheus gives to such figures.
struct ProcessFigures {
    /// Of all threads, in the program and in the kernel.
    let cpuSeconds: Double
    let residentBytes: Int
    /// When the process started, in Unix seconds.
    let startSeconds: Double
    /// Nil when they cannot be counted.
    let openFiles: Int?

    /// The figures of this moment; nil where there is no /proc.
    init?() {
        guard let process = try? String(contentsOfFile: "/proc/self/stat", encoding: .utf8),
            let system = try? String(contentsOfFile: "/proc/stat", encoding: .utf8)
        else { return nil }
        let files = try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")
        self.init(
            process: process,
            system: system,
            ticksPerSecond: Double(sysconf(Int32(_SC_CLK_TCK))),
            pageBytes: Int(getpagesize()),
            // One of them is open to read the others.
            openFiles: files.map { $0.count - 1 }
        )
    }

    /// Reads the text of /proc/self/stat and /proc/stat; nil when it is something else.
    init?(
        process: String,
        system: String,
        ticksPerSecond: Double,
        pageBytes: Int,
        openFiles: Int?
    ) {
        // The name in parentheses may hold anything, so count from the last one: see proc(5).
        guard let end = process.lastIndex(of: ")") else { return nil }
        let fields = process[process.index(after: end)...].split(whereSeparator: \.isWhitespace)
        let boot = system.split(separator: "\n").first { $0.hasPrefix("btime ") }
        guard fields.count > 21, let user = Double(fields[11]), let kernel = Double(fields[12]),
            let start = Double(fields[19]), let pages = Int(fields[21]),
            let boot, let bootSeconds = Double(boot.dropFirst("btime ".count))
        else { return nil }
        cpuSeconds = (user + kernel) / ticksPerSecond
        residentBytes = pages * pageBytes
        startSeconds = bootSeconds + start / ticksPerSecond
        self.openFiles = openFiles
    }

    /// The same for Prometheus.
    func samples() -> [MetricSample] {
        var samples = [
            MetricSample(
                "process_cpu_seconds_total",
                help: "CPU time of the process, user and system, in seconds.",
                kind: .counter,
                value: cpuSeconds
            ),
            MetricSample(
                "process_resident_memory_bytes",
                help: "Memory of the process that is resident, in bytes.",
                kind: .gauge,
                value: Double(residentBytes)
            ),
            MetricSample(
                "process_start_time_seconds",
                help: "When the process started, in Unix seconds.",
                kind: .gauge,
                value: startSeconds
            ),
        ]
        if let openFiles {
            samples.append(
                MetricSample(
                    "process_open_fds",
                    help: "File descriptors that are open.",
                    kind: .gauge,
                    value: Double(openFiles)
                )
            )
        }
        return samples
    }
}
