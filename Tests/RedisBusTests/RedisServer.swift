import Foundation
import Synchronization
import TagCache
import Testing

@testable import RedisBus

/// A real `redis-server` on a free port of this machine, killed at the end.
final class RedisServer: @unchecked Sendable {
    // Guard: one test uses it, one call at a time.
    static let path: String? = ["/usr/bin", "/usr/local/bin", "/bin"].lazy
        .map { $0 + "/redis-server" }.first { FileManager.default.isExecutableFile(atPath: $0) }
    static var isInstalled: Bool { path != nil }

    let port: Int
    private let arguments: [String]
    private var process = Process()
    /// Whether it was started and not killed since; what `Process` says comes late.
    private(set) var isRunning = false

    /// Starts a server that keeps nothing; `arguments` come after its own.
    init(isEncrypted: Bool = false, _ arguments: [String] = []) throws {
        port = try Self.freePort()
        let ports = isEncrypted ? ["--port", "0", "--tls-port", "\(port)"] : ["--port", "\(port)"]
        self.arguments =
            ports + ["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"] + arguments
        try start()
    }

    deinit { kill() }

    /// Starts it again on the same port; returns when it takes connections.
    func start() throws {
        guard let path = Self.path else { throw CocoaError(.fileNoSuchFile) }
        process = Process()
        process.executableURL = URL(filePath: path)
        process.arguments = arguments
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        isRunning = true
        var text = ""
        while !text.contains("Ready to accept connections") {
            let more = output.fileHandleForReading.availableData
            if more.isEmpty { throw CocoaError(.executableLoad, userInfo: ["output": text]) }
            text += String(decoding: more, as: UTF8.self)
        }
        // Somebody reads on, so that the server never waits for us.
        Thread { while !output.fileHandleForReading.availableData.isEmpty {} }.start()
    }

    /// Ends it without warning.
    func kill() {
        guard isRunning else { return }
        signal(SIGKILL)
        process.waitUntilExit()
        isRunning = false
    }

    /// It keeps its connections and does nothing more.
    func freeze() { signal(SIGSTOP) }

    func thaw() { signal(SIGCONT) }

    private func signal(_ number: Int32) {
        if isRunning { Glibc.kill(process.processIdentifier, number) }
    }

    var configuration: RedisBusConfiguration { patientConfiguration(port: port) }

    /// A port that nobody listens on.
    ///
    /// It is none of those that the system gives to connections: once the server is gone, such a
    /// connection could reach itself and keep the port.
    static func freePort() throws -> Int {
        while true {
            if let listener = try? Listener(port: .random(in: 20_000..<32_000)) {
                return listener.port
            }
        }
    }
}

/// Listens on a port and answers whatever it is told to.
final class Listener: Sendable {
    let port: Int
    private let file: Int32

    /// Listens on `port`, or on one that the system chooses.
    init(port wanted: UInt16 = 0) throws {
        file = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = wanted.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let number = file
        let code = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                bind(number, pointer, length) | listen(number, 8)
                    | getsockname(number, pointer, &length)
            }
        }
        guard code == 0 else {
            close(file)
            throw CocoaError(.fileReadUnknown)
        }
        port = Int(UInt16(bigEndian: address.sin_port))
    }

    deinit { close(file) }

    /// Sends `bytes` to the next who connects, and leaves the connection open until it is closed
    /// there.
    func answerOnce(with bytes: [UInt8]) {
        Thread { [self] in
            let peer = accept(file, nil, nil)
            var sent = 0
            while sent < bytes.count {
                let count = bytes[sent...].withUnsafeBytes {
                    send(peer, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                }
                if count <= 0 { break }
                sent += count
            }
            var buffer = [UInt8](repeating: 0, count: 256)
            while recv(peer, &buffer, buffer.count, 0) > 0 {}
            close(peer)
        }.start()
    }
}

/// Tries again soon and waits long: on a busy machine a thread may not run for seconds.
func patientConfiguration(port: Int) -> RedisBusConfiguration {
    var configuration = RedisBusConfiguration(host: "127.0.0.1", port: port)
    configuration.reconnectDelay = .milliseconds(5)
    configuration.reconnectDelayMax = .milliseconds(40)
    configuration.connectTimeout = .seconds(60)
    configuration.replyTimeout = .seconds(60)
    return configuration
}

/// Lets other tasks and threads run until a condition holds, or the test has run out of time.
func eventually(_ condition: () throws -> Bool) async rethrows {
    while try !condition() {
        if Task.isCancelled {
            Issue.record("a condition never came to hold")
            return
        }
        await Task.yield()
    }
}

/// What a bus has received, in order.
final class Inbox: Sendable {
    private let messages = Mutex<[[UInt8]]>([])
    private let hearings = Mutex<[BusHearing]>([])

    init(_ bus: RedisBus) {
        _ = bus.subscribe { message in
            self.messages.withLock { $0.append(message) }
        } hearing: { hearing in
            self.hearings.withLock { $0.append(hearing) }
        }
    }

    var received: [[UInt8]] { messages.withLock { $0 } }
    var heard: [BusHearing] { hearings.withLock { $0 } }
}

/// A cache of numbers on a clock that the test moves.
func makeCache(_ clock: ManualClock = ManualClock()) -> TagCache<String, Int> {
    var configuration = TagCacheConfiguration<String, Int>(entryLimit: 1000)
    configuration.clock = .manual(clock)
    return TagCache(configuration)
}

/// A bus that is connected.
func connectedBus(_ configuration: RedisBusConfiguration) async -> RedisBus {
    let bus = RedisBus(configuration)
    await eventually { bus.statistics.subscriptions > 0 }
    return bus
}
