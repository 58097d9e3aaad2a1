import Foundation

/// One `holdfast serve` of this very program on a data directory, with ports of its own.
///
/// Used by one thread at a time.
final class ServerProcess {
    /// No process was made: nothing was done to the store.
    struct NotStarted: Error, CustomStringConvertible {
        let description: String
    }

    /// It ended, or was ended, before it could serve.
    struct NotReady: Error {
        let exit: Exit
        let output: String
    }

    /// How a process ended.
    enum Exit: Equatable, CustomStringConvertible {
        case code(Int32)
        case signal(Int32)

        var description: String {
            switch self {
            case .code(let code): "exit code \(code)"
            case .signal(let number): "signal \(number)"
            }
        }
    }

    /// Scheme, host and port of the HTTP door.
    private var base = ""
    private let process = Process()
    private let output = Pipe()
    private var received = ""

    private static let readySecondsMax = 60.0
    private static let mark = "holdfast is ready: "

    /// Starts the process; `waitUntilReady` says when it serves.
    ///
    /// - Parameters:
    ///   - data: the data directory.
    ///   - limits: bounds that differ from the defaults.
    ///   - failpoints: what is armed in it; nothing if empty.
    ///   - log: the file that its standard error is added to.
    /// - Throws: `NotStarted`.
    init(
        data: String,
        limits: [NodeLimit],
        failpoints: String = "",
        log: String
    ) throws(NotStarted) {
        process.arguments =
            [
                "serve", "--data", data, "--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0",
                "--memtable-mib", "8", "--log-level", "warning",
            ] + limits.flatMap { ["--limit", $0.description] }
        var environment = ProcessInfo.processInfo.environment
        #if Failpoints
        environment["HOLDFAST_FAILPOINTS"] = failpoints
        #endif
        process.environment = environment
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        let descriptor = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw NotStarted(
                description: "\(log) cannot be written: \(String(cString: strerror(errno)))"
            )
        }
        let errors = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        process.standardError = errors
        do {
            process.executableURL = URL(filePath: try Self.executable())
            try process.run()
            try errors.close()
            try output.fileHandleForWriting.close()
        } catch {
            throw NotStarted(description: "no server can be started: \(error)")
        }
    }

    deinit { if process.isRunning { kill() } }

    /// The program that is running.
    private static func executable() throws -> String {
        try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    }

    var isRunning: Bool { process.isRunning }

    /// Asks the server, once it is ready.
    var client: APIClient { APIClient(base: base, space: "default", token: nil) }

    var pid: Int32 { process.processIdentifier }

    /// Blocks until the server says where it listens.
    ///
    /// - Throws: `NotReady`.
    func waitUntilReady() throws {
        let deadline = ContinuousClock.now + .seconds(Self.readySecondsMax)
        while true {
            if let start = received.firstRange(of: Self.mark)?.upperBound,
                let end = received[start...].firstIndex(where: \.isWhitespace)
            {
                base = String(received[start..<end])
                return
            }
            guard try read(until: deadline) else {
                // The end of its output is the end of the process, or it hangs.
                if .now >= deadline { kill() }
                throw NotReady(exit: wait(), output: received)
            }
        }
    }

    /// Reads what there is; false at the end of the output or when `deadline` has passed.
    private func read(until deadline: ContinuousClock.Instant) throws -> Bool {
        let descriptor = output.fileHandleForReading.fileDescriptor
        let left = max(0, (deadline - .now) / .milliseconds(1))
        var wanted = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        let count = poll(&wanted, 1, Int32(left))
        if count < 0, errno == EINTR { return true }
        guard count > 0 else { return false }
        let bytes = output.fileHandleForReading.availableData
        received += String(decoding: bytes, as: UTF8.self)
        return !bytes.isEmpty
    }

    /// Ends the process without warning, if it runs, and waits for its end.
    @discardableResult
    func kill() -> Exit {
        if process.isRunning { Foundation.kill(pid, SIGKILL) }
        return wait()
    }

    /// Asks the process to stop and waits for its end.
    func terminate() -> Exit {
        if process.isRunning { Foundation.kill(pid, SIGTERM) }
        return wait()
    }

    private func wait() -> Exit {
        process.waitUntilExit()
        return process.terminationReason == .uncaughtSignal
            ? .signal(process.terminationStatus) : .code(process.terminationStatus)
    }
}
