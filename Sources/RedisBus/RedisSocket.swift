// A TCP connection with deadlines. Every call may block its thread until its deadline.
#if canImport(Glibc)
import Glibc
#endif

/// A moment on the monotonic clock.
struct Deadline: Sendable {
    private let nanoseconds: Int64

    /// The moment `duration` from now.
    init(after duration: Duration) {
        let (seconds, attoseconds) = duration.components
        let wait = min(max(seconds, 0), 1_000_000_000) * 1_000_000_000 + attoseconds / 1_000_000_000
        nanoseconds = Self.now + wait
    }

    private static var now: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    /// Milliseconds that are left, rounded up; 0 when it has passed.
    var millisecondsLeft: Int32 {
        Int32(clamping: max(0, (nanoseconds - Self.now + 999_999) / 1_000_000))
    }

    var hasPassed: Bool { Self.now >= nanoseconds }
}

/// Ends the waiting of a thread from another one.
final class WakeSignal: Sendable {
    private let readEnd: Int32
    private let writeEnd: Int32

    init() {
        var ends: [Int32] = [0, 0]
        precondition(pipe(&ends) == 0, "no file descriptors are left")
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        (readEnd, writeEnd) = (ends[0], ends[1])
    }

    deinit {
        close(readEnd)
        close(writeEnd)
    }

    /// Wakes whoever waits, now and ever after.
    func signal() { _ = [UInt8(1)].withUnsafeBytes { write(writeEnd, $0.baseAddress, 1) } }

    /// Waits for the signal; whether it came before the deadline.
    func wait(until deadline: Deadline) -> Bool {
        (try? Self.poll(-1, 0, deadline, self)) == nil && !deadline.hasPassed
    }

    /// Waits until a file is ready.
    ///
    /// - Throws: `timedOut`, and `closed` when the signal came.
    static func poll(
        _ file: Int32,
        _ events: Int32,
        _ deadline: Deadline,
        _ wake: WakeSignal?
    ) throws(RedisBusError) {
        while true {
            var files = [
                pollfd(fd: file, events: Int16(events), revents: 0),
                pollfd(fd: wake?.readEnd ?? -1, events: Int16(POLLIN), revents: 0),
            ]
            let ready = Glibc.poll(&files, 2, deadline.millisecondsLeft)
            if ready < 0, errno != EINTR { throw .unreachable(String(cString: strerror(errno))) }
            if files[1].revents != 0 { throw .closed }
            if ready > 0, files[0].revents != 0 { return }
            if deadline.hasPassed { throw .timedOut }
        }
    }
}

/// A connected socket.
struct RedisSocket: ~Copyable {
    private let file: Int32
    private let wake: WakeSignal?

    /// Connects to the first address of the host that answers; looking the name up is not bounded.
    init(
        _ host: String,
        _ port: Int,
        _ deadline: Deadline,
        _ wake: WakeSignal?
    ) throws(RedisBusError) {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, "\(port)", &hints, &found)
        guard code == 0, let found else {
            throw .unreachable(String(cString: gai_strerror(code)))
        }
        defer { freeaddrinfo(found) }
        var failure = RedisBusError.unreachable("the host has no address")
        var candidate: UnsafeMutablePointer<addrinfo>? = found
        while let address = candidate?.pointee {
            do {
                file = try Self.connect(address, deadline, wake)
                self.wake = wake
                return
            } catch {
                failure = error
            }
            candidate = address.ai_next
        }
        throw failure
    }

    deinit { close(file) }

    private static func connect(
        _ address: addrinfo,
        _ deadline: Deadline,
        _ wake: WakeSignal?
    ) throws(RedisBusError) -> Int32 {
        let kind = address.ai_socktype | Int32(SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let file = socket(address.ai_family, kind, address.ai_protocol)
        guard file >= 0 else { throw .unreachable(String(cString: strerror(errno))) }
        do throws(RedisBusError) {
            if Glibc.connect(file, address.ai_addr, address.ai_addrlen) != 0 {
                guard errno == EINPROGRESS else {
                    throw .unreachable(String(cString: strerror(errno)))
                }
                try WakeSignal.poll(file, POLLOUT, deadline, wake)
                var code: Int32 = 0
                var length = socklen_t(MemoryLayout<Int32>.size)
                getsockopt(file, SOL_SOCKET, SO_ERROR, &code, &length)
                guard code == 0 else {
                    throw .unreachable(String(cString: strerror(code)))
                }
            }
            // Where nobody listens, the system may give a connection the port that it asks for: it reaches itself.
            guard !isItsOwnPeer(file) else { throw .unreachable("Connection refused") }
            var isOn: Int32 = 1
            setsockopt(file, Int32(IPPROTO_TCP), TCP_NODELAY, &isOn, 4)
            return file
        } catch {
            close(file)
            throw error
        }
    }

    private static func isItsOwnPeer(_ file: Int32) -> Bool {
        func bytes(_ ask: (UnsafeMutablePointer<sockaddr>, inout socklen_t) -> Int32) -> [UInt8] {
            var storage = sockaddr_storage()
            var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
            let code = withUnsafeMutablePointer(to: &storage) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { ask($0, &length) }
            }
            guard code == 0 else { return [] }
            return withUnsafeBytes(of: storage) { Array($0.prefix(Int(length))) }
        }
        let own = bytes { getsockname(file, $0, &$1) }
        return !own.isEmpty && own == bytes { getpeername(file, $0, &$1) }
    }

    /// Sends all bytes.
    func write(_ bytes: [UInt8], _ deadline: Deadline) throws(RedisBusError) {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes { rest in
                send(file, rest.baseAddress, rest.count, Int32(MSG_NOSIGNAL))
            }
            if count >= 0 {
                sent += count
            } else if errno == EAGAIN {
                try WakeSignal.poll(file, POLLOUT, deadline, wake)
            } else if errno != EINTR {
                throw .disconnected
            }
        }
    }

    /// What has come in, at least one byte.
    func read(_ deadline: Deadline) throws(RedisBusError) -> [UInt8] {
        while true {
            var buffer = [UInt8](repeating: 0, count: 16 * 1024)
            let count = recv(file, &buffer, buffer.count, 0)
            if count > 0 { return Array(buffer.prefix(count)) }
            if count == 0 { throw .disconnected }
            if errno == EAGAIN {
                try WakeSignal.poll(file, POLLIN, deadline, wake)
            } else if errno != EINTR {
                throw .disconnected
            }
        }
    }
}
